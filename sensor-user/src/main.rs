//! The binary `sensor`: reads the command line and hands over to a verb.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main().into()
}
