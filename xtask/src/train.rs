//! `cargo xtask train`: how well the score detects on sources that it was not made of, and, with `--write`, its table made
//! anew from a labelled corpus (detection/examples/train.rs).

use std::path::{Path, PathBuf};

use anyhow::ensure;

use crate::{caller::Caller, program::finish, workspace};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Labelled requests, a JSON object a line, plain or gzip [default: ../shared/corpus/dev.jsonl.gz].
    #[arg(long, value_name = "FILE")]
    corpus: Option<PathBuf>,
    /// Texts that are no attacks, of the same form: more of what a table must leave alone. They are not judged.
    #[arg(long, value_name = "FILE")]
    benign: Option<PathBuf>,
    /// Write the table into detection/src/score/weights.bin.
    #[arg(long)]
    write: bool,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let mut cargo = Caller::find()?.cargo();
    cargo.args([
        "run",
        "--release",
        "--locked",
        "--package",
        "portcullis-detection",
        "--example",
        "train",
        "--",
    ]);
    cargo.arg(corpus(args.corpus.as_deref())?);
    if let Some(benign) = &args.benign {
        cargo.arg("--benign").arg(std::path::absolute(benign)?);
    }
    if args.write {
        cargo.arg("--write").arg(workspace::root().join("detection/src/score/weights.bin"));
    }
    finish(&mut cargo)
}

/// The named corpus, or the one next to the checkout.
pub(crate) fn corpus(named: Option<&Path>) -> anyhow::Result<PathBuf> {
    let beside = || workspace::root().join("../shared/corpus/dev.jsonl.gz");
    let corpus = named.map_or_else(beside, Path::to_path_buf);
    ensure!(corpus.is_file(), "{}: no such file; name a corpus with --corpus FILE", corpus.display());
    Ok(std::path::absolute(corpus)?)
}
