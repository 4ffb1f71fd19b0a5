//! The command line: one file per verb, and here what they share.

mod detach;
mod evaluate;
mod exit;
mod log;
mod parse;
mod policies;
mod replay;
mod run;
mod terminal;

use clap::{Parser, Subcommand};

use exit::Exit;

#[derive(Parser)]
#[command(
    name = "sensor",
    version,
    about = "Sees the HTTP traffic of this node, judges it by threat policies, and drops blocked addresses",
    after_help = "Exit codes: 0 ok, 1 failed, 2 partly done, 64 bad usage or configuration.\n\
                  PORTCULLIS_LOG=debug shows more on standard error."
)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Watch interfaces, send events to the control plane and enforce its blocks
    Run(Box<run::RunArgs>),
    /// Read capture files and print what was seen in them
    Replay(replay::ReplayArgs),
    /// Judge a labelled corpus of requests and print verdicts or a summary
    Evaluate(evaluate::EvaluateArgs),
    /// Take everything this sensor left in the kernel away: gate, tap, maps, blocks
    Detach(detach::DetachArgs),
}

pub(crate) fn main() -> Exit {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return exit::usage(&error),
    };
    log::init();
    let done = match cli.verb {
        Verb::Run(args) => run::run(*args),
        Verb::Replay(args) => replay::replay(&args),
        Verb::Evaluate(args) => evaluate::evaluate(&args),
        Verb::Detach(args) => detach::detach(&args),
    };
    done.unwrap_or_else(|failure| failure.report())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_documented_run_command_parses() {
        let line = "sensor run --capture pcap --interface lo veth0 --control-plane http://127.0.0.1:9090 \
                    --join-token /tmp/token --trusted-proxy 10.0.0.0/8 --trusted-proxy ::1 --allow 192.0.2.7 \
                    --enforce nftables --detach-on-exit";
        assert!(Cli::try_parse_from(line.split_whitespace()).is_ok());
    }
}
