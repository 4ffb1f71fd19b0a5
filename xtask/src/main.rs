//! Chores of this repository, one file per verb: `cargo xtask --help`.

mod bench;
mod build_ebpf;
mod caller;
mod console;
mod fuzz;
mod program;
mod setup;
mod test;
mod train;
mod up;
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
    /// Measures what the sensor costs, beside other programs, on traffic that it makes itself.
    Bench(bench::Args),
    /// Builds the kernel programs into target/portcullis/sensor-ebpf.o, which the sensor embeds.
    BuildEbpf(build_ebpf::Args),
    /// Builds the web console into console/dist, which the control plane embeds.
    Console,
    /// Feeds one part of the sensor bytes that a fuzzer makes up.
    Fuzz(fuzz::Args),
    /// Installs what this machine lacks.
    Setup(setup::Args),
    /// Builds everything and runs all tests, or one part of them.
    Test(test::Args),
    /// Says how well the score detects on sources it was not made of, and makes its table anew.
    Train(train::Args),
    /// Builds and runs the control plane and a sensor, or the demo; needs root.
    Up(up::Args),
}

/// What a wrong command line ends with (EX_USAGE of sysexits.h).
const USAGE: u8 = 64;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // A closed terminal leaves nobody to tell.
            error.print().ok();
            return ExitCode::from(if error.use_stderr() { USAGE } else { 0 });
        }
    };
    let done = match cli.verb {
        Verb::Bench(args) => bench::run(&args),
        Verb::BuildEbpf(args) => build_ebpf::run(&args),
        Verb::Console => console::run(),
        Verb::Fuzz(args) => fuzz::run(&args),
        Verb::Setup(args) => setup::run(&args),
        Verb::Test(args) => test::run(&args),
        Verb::Train(args) => train::run(&args),
        Verb::Up(args) => up::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            program::say(&format!("xtask: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
