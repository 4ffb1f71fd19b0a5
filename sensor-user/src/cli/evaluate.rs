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
    let output = match args.output {
        Format::Jsonl => EvaluateOutput::Jsonl,
        Format::Summary => EvaluateOutput::Summary,
    };
    let policies = policies::load(args.policies.as_deref())?;
    let job = evaluate::EvaluateArgs { corpus: args.corpus.clone(), policies, output };
    evaluate::run(&job, &mut BufWriter::new(io::stdout().lock()))?;
    Ok(Exit::Done)
}
