use std::path::PathBuf;

use clap::{Args, ValueEnum};
use ipnet::IpNet;

use super::{
    exit::{Exit, Failure},
    parse,
};

#[derive(Args)]
pub(crate) struct ReplayArgs {
    /// Capture files: pcap or pcapng, plain, gzip or zstd; `-` reads standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Judge by the policies in this folder instead of the built-in ones
    #[arg(long, value_name = "DIR")]
    policies: Option<PathBuf>,

    /// What to print, in order of completion
    #[arg(long, value_name = "WHAT", default_value = "events")]
    emit: Emit,

    #[arg(short, long, value_name = "FORMAT", default_value = "jsonl")]
    output: Format,

    /// A proxy whose forwarded headers may name the actor; repeatable
    #[arg(long, value_name = "CIDR", value_parser = parse::net)]
    trusted_proxy: Vec<IpNet>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Emit {
    /// Every HTTP request with its response
    Exchanges,
    /// What the policies found
    Events,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// A JSON object a line
    Jsonl,
}

pub(crate) fn replay(args: &ReplayArgs) -> Result<Exit, Failure> {
    let _ = (&args.policies, matches!(args.emit, Emit::Events), matches!(args.output, Format::Jsonl));
    Err(anyhow::anyhow!("replay {:?} {:?} is not built yet", args.files, args.trusted_proxy).into())
}
