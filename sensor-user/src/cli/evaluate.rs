use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::exit::{Exit, Failure};

#[derive(Args)]
pub(crate) struct EvaluateArgs {
    /// Labelled requests, a JSON object a line; plain or gzip; `-` reads standard input
    #[arg(value_name = "CORPUS.jsonl[.gz]")]
    corpus: PathBuf,

    /// Judge by the policies in this folder instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,

    #[arg(short, long, value_name = "FORMAT", default_value = "summary")]
    output: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// A verdict a line
    Jsonl,
    /// True and false positives per class
    Summary,
}

pub(crate) fn evaluate(args: &EvaluateArgs) -> Result<Exit, Failure> {
    let _ = (&args.policies, matches!(args.output, Format::Jsonl));
    Err(anyhow::anyhow!("evaluate {} is not built yet", args.corpus.display()).into())
}
