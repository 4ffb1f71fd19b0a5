//! `cargo xtask fuzz`: feeds one part of the sensor whatever a fuzzer comes up with, starting from `fuzz/seeds`.
//!
//! What it finds on the way is kept in `fuzz/corpus`, an input that fails in `fuzz/artifacts`.

use std::process::Command;

use clap::ValueEnum;

use crate::{caller::Caller, program::finish, setup, workspace};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to feed.
    #[arg(value_enum)]
    target: Target,
    /// How long to look; 0 until something is found.
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u64,
}

#[derive(Clone, Copy, ValueEnum)]
enum Target {
    /// Captured frames of any link type, decoded.
    Frame,
    /// TCP segments in any order, under a memory budget.
    Flow,
    /// The two streams of a connection, cut anywhere.
    Http1,
    /// Bodies in gzip, deflate, brotli and zstd.
    Decode,
    /// Policy files.
    Policy,
    /// Requests and responses, judged by the built-in policies.
    Judge,
}

/// A longer input finds nothing more, later.
const MAX_LEN: u32 = 4096;
/// One input that takes longer is a finding: the sensor has microseconds for each.
const TIMEOUT_SECONDS: u32 = 10;

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let mut caller = Caller::find()?;
    setup::ready_for_fuzzing(&mut caller)?;
    let name = args.target.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
    let folder = workspace::root().join("fuzz");
    let (corpus, seeds) = (folder.join("corpus").join(&name), folder.join("seeds").join(&name));
    finish(caller.command("mkdir").arg("-p").arg(&corpus))?;
    let mut fuzz = cargo_fuzz(&caller);
    // These paths are safe Rust: they fail by a panic, an overflow or a broken bound, for which no sanitizer is needed.
    fuzz.args(["run", "--sanitizer", "none", &name]).args([corpus, seeds]);
    fuzz.args(["--", "-print_final_stats=1", "-rss_limit_mb=2048"]);
    fuzz.arg(format!("-max_total_time={}", args.seconds));
    fuzz.arg(format!("-max_len={MAX_LEN}")).arg(format!("-timeout={TIMEOUT_SECONDS}"));
    finish(&mut fuzz)
}

/// Coverage instrumentation is an unstable option: a nightly takes it, and so does a stable compiler that is told to.
fn cargo_fuzz(caller: &Caller) -> Command {
    let mut rustc = caller.command("rustup");
    let has_nightly = rustc
        .args(["run", "nightly", "rustc", "--version"])
        .output()
        .is_ok_and(|output| output.status.success());
    let mut command = if has_nightly {
        let mut command = caller.command("rustup");
        command.args(["run", "nightly", "cargo-fuzz"]);
        command
    } else {
        let mut command = caller.command("cargo-fuzz");
        command.env("RUSTC_BOOTSTRAP", "1");
        command
    };
    command.arg("fuzz");
    for inherited in ["CARGO", "RUSTC", "RUSTFLAGS", "CARGO_TARGET_DIR", "CARGO_BUILD_TARGET"] {
        command.env_remove(inherited);
    }
    command
}
