use std::{
    io::{self, BufWriter},
    path::PathBuf,
};

use clap::{Args, ValueEnum};
use sensor_user::evaluate::{self, EvaluateOutput};

use super::{
    exit::{Exit, Failure},
    policies,
};

#[derive(Args)]
pub(crate) struct EvaluateArgs {
    /// Labelled requests, a JSON object a line; plain or gzip; `-` reads standard input
    #[arg(value_name = "CORPUS.jsonl[.gz]")]
    corpus: PathBuf,

    /// Judge by the policies of this folder or file instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,

    #[arg(short, long, value_name = "FORMAT", default_value = "summary")]
    output: Format,

    /// What the summary tells apart, besides classes and tiers
    #[arg(long, value_name = "WHAT")]
    by: Option<By>,

    /// Only what was judged wrong, a verdict a line
    #[arg(long, conflicts_with = "by")]
    misses: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum By {
    /// Where the requests come from
    Source,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// A verdict a line
    Jsonl,
    /// True and false positives per class
    Summary,
}

pub(crate) fn evaluate(args: &EvaluateArgs) -> Result<Exit, Failure> {
    let arguments = evaluate::EvaluateArgs {
        corpus: args.corpus.clone(),
        policies: policies::load(args.policies.as_deref())?,
        output: match (args.output, args.by) {
            (Format::Jsonl, _) => EvaluateOutput::Jsonl,
            (Format::Summary, _) if args.misses => EvaluateOutput::Jsonl,
            (Format::Summary, Some(By::Source)) => EvaluateOutput::Sources,
            (Format::Summary, None) => EvaluateOutput::Summary,
        },
        misses: args.misses,
    };
    let mut out = BufWriter::with_capacity(64 << 10, io::stdout().lock());
    match evaluate::run(&arguments, &mut out) {
        Ok(_) => Ok(Exit::Done),
        Err(error) if reader_left(&error) => Ok(Exit::Done),
        Err(error) => Err(error.into()),
    }
}

/// `… | head` has had enough; serde tells of it in an error of its own kind.
fn reader_left(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let kind = match cause.downcast_ref::<serde_json::Error>() {
            Some(json) => json.io_error_kind(),
            None => cause.downcast_ref::<io::Error>().map(io::Error::kind),
        };
        kind == Some(io::ErrorKind::BrokenPipe)
    })
}
