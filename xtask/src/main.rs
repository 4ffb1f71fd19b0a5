//! Chores of this repository, one file per verb: `cargo xtask --help`.

mod build_ebpf;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Chores of this repository", version)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Builds the kernel programs into target/portcullis/sensor-ebpf.o, which the sensor embeds.
    BuildEbpf(build_ebpf::Args),
}

#[expect(clippy::print_stderr, reason = "a command-line tool says on stderr why it failed")]
fn main() -> ExitCode {
    let done = match Cli::parse().verb {
        Verb::BuildEbpf(args) => build_ebpf::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
