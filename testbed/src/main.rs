//! `portcullis-demo`: the demo of `scripts/up --demo`, and the API and the clients in it.

mod demo;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

/// What a wrong command line ends with (EX_USAGE of sysexits.h).
const USAGE: u8 = 64;

#[derive(Parser)]
#[command(name = "portcullis-demo", version, about = "A small world to see Portcullis at work in")]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Makes the namespaces and runs everything in them
    Run(demo::Args),
    /// The API, vulnerable on purpose; serves only inside a namespace of `run`
    Api {
        #[arg(long, value_name = "ADDR")]
        listen: SocketAddr,
        /// Where it writes the invoices that it serves
        #[arg(long, value_name = "DIR")]
        folder: PathBuf,
    },
    /// The clients; prints what became of each request, a JSON object a line
    Client(demo::ClientArgs),
}

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
        Verb::Run(args) => demo::run(&args),
        Verb::Api { listen, folder } => portcullis_testbed::api::serve(listen, folder),
        Verb::Client(args) => demo::client(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            demo::say(&format!("demo: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
