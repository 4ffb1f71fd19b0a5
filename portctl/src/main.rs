//! `portctl`: the command line client of the control plane, and the doctor of a node.

mod cli;
mod client;
mod commands;
mod doctor;
mod failure;
mod losses;
mod output;
mod reply;

use std::{io, process::ExitCode};

use clap::Parser;

use crate::{
    cli::Cli,
    failure::Failure,
    output::{Output, Terminal},
};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return report_usage(&error),
    };
    let terminal = Terminal::detect();
    let mut output = Output::new(cli.output, terminal, io::stdout().lock(), io::stderr().lock());
    match commands::run(&cli, &mut output) {
        Ok(outcome) => outcome.exit_code(),
        // `portctl events | head` has seen enough: no failure of ours.
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            output.note(&format!("portctl: {failure}"));
            failure.exit_code()
        }
    }
}

/// Help and version go to standard output with 0; everything else is bad usage.
fn report_usage(error: &clap::Error) -> ExitCode {
    let printed = error.print();
    if error.use_stderr() || printed.is_err() { ExitCode::from(failure::USAGE) } else { ExitCode::SUCCESS }
}
