//! `cargo xtask test`: everything that must hold before a change lands, in the order that fails soonest.

mod build;
mod console;
mod lint;
mod rust;
mod tally;

use std::time::Instant;

use anyhow::ensure;
use clap::ValueEnum;
use tally::Tally;

use crate::{
    caller::Caller,
    program::{finish, say},
    setup::{self, Purpose},
};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only this part; all of them where absent.
    #[arg(value_enum)]
    part: Option<Part>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The console: types, style, tests, build.
    Console,
    /// rustfmt, clippy, cargo-deny.
    Lint,
    /// The Rust tests of every crate.
    Unit,
    /// Every REST call with what schemathesis makes of the OpenAPI document; a part of `unit`.
    Contract,
    /// Real binaries, nginx, curl and a browser in network namespaces; needs root.
    E2e,
}

/// Without a name, these.
const PARTS: [Part; 4] = [Part::Console, Part::Lint, Part::Unit, Part::E2e];

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let mut caller = Caller::find()?;
    timed("setup", || setup::ready(&mut caller, Purpose::Test))?;
    timed("build-ebpf", || finish(&mut caller.xtask("build-ebpf")?))?;
    if args.part.is_some_and(|part| part != Part::Console) {
        // The control plane embeds it.
        finish(&mut caller.xtask("console")?)?;
    }
    let mut sum = Tally::default();
    let parts = args.part.map_or_else(|| PARTS.to_vec(), |part| vec![part]);
    for part in parts {
        sum += timed(&format!("{part:?}").to_lowercase(), || match part {
            Part::Console => console::run(&caller),
            Part::Lint => lint::run(&caller),
            Part::Unit => rust::unit(&caller),
            Part::Contract => rust::contract(&caller),
            Part::E2e => rust::end_to_end(&caller),
        })?;
    }
    sum.show();
    ensure!(sum.failed() == 0, "tests failed, see above");
    Ok(())
}

fn timed<T>(name: &str, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    say(&format!("== {name}"));
    let start = Instant::now();
    let done = work()?;
    say(&format!("== {name}: {} s", start.elapsed().as_secs()));
    Ok(done)
}
