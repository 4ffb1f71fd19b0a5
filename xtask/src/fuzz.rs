//! `cargo xtask fuzz`: feeds one part of the sensor whatever a fuzzer comes up with, starting from `fuzz/seeds` and from
//! what captures hold.
//!
//! What it finds on the way is kept in `fuzz/corpus`, an input that fails in `fuzz/artifacts`.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;
use clap::ValueEnum;

use crate::{
    caller::Caller,
    program::{finish, say},
    setup, workspace,
};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to feed.
    #[arg(value_enum)]
    target: Target,
    /// How long to look; 0 until something is found.
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u64,
    /// Start also from what the captures in this folder hold [default: ../shared/pcaps if it is there, else a capture
    /// that `cargo xtask bench` makes]. Seeds of them go into fuzz/captured, which git ignores.
    #[arg(long, value_name = "DIR")]
    captures: Option<PathBuf>,
    /// What the compiler adds to find misused memory; addresses are checked at half the speed.
    #[arg(long, value_enum, default_value_t = Sanitizer::Address)]
    sanitizer: Sanitizer,
}

#[derive(Clone, Copy, ValueEnum)]
enum Sanitizer {
    /// Reads and writes outside of what was allocated, in libraries with unsafe code.
    Address,
    /// Only what Rust finds itself: panics, overflows, broken promises.
    None,
}

#[derive(Clone, Copy, ValueEnum)]
enum Target {
    /// Captured frames of any link type, decoded.
    Frame,
    /// TCP segments in any order, under a memory budget.
    Flow,
    /// The two streams of a connection, cut anywhere.
    Http1,
    /// Frames of HTTP/2 and their header blocks, cut anywhere.
    Http2,
    /// Bodies in gzip, deflate, brotli and zstd.
    Decode,
    /// Policy files.
    Policy,
    /// Requests, taken apart and decoded.
    Views,
    /// Values of a request, looked at by every grammar detector.
    Detectors,
    /// Values of a request, scored.
    Score,
    /// Requests and responses, judged by the built-in policies.
    Judge,
}

/// One input that takes longer is a finding: the sensor has microseconds for each.
const TIMEOUT_SECONDS: u32 = 10;
/// Enough to make a capture from; a fuzzer wants few and small seeds.
const MADE_CAPTURE_BYTES: u32 = 400_000;

impl Target {
    /// A longer input finds nothing more, later.
    const fn max_len(self) -> u32 {
        match self {
            Self::Frame | Self::Flow | Self::Http1 | Self::Http2 => 16 << 10,
            Self::Decode | Self::Policy | Self::Judge | Self::Views | Self::Detectors | Self::Score => {
                4 << 10
            }
        }
    }
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let mut caller = Caller::find()?;
    setup::ready_for_fuzzing(&mut caller)?;
    let name = name_of(args.target);
    let folder = workspace::root().join("fuzz");
    let captured = seeds_of_captures(&caller, &folder, args.captures.as_deref())?.join(&name);
    let (corpus, seeds) = (folder.join("corpus").join(&name), folder.join("seeds").join(&name));
    finish(caller.command("mkdir").arg("-p").args([&corpus, &captured]))?;
    let mut fuzz = cargo_fuzz(&caller);
    fuzz.args(["run", "--features", "link", "--sanitizer", &name_of(args.sanitizer)]);
    // Apart from daily work: everything in it is compiled with coverage instrumentation.
    fuzz.arg("--target-dir").arg(folder.join("target"));
    fuzz.arg(&name).args([corpus, seeds, captured]);
    fuzz.args(["--", "-print_final_stats=1", "-rss_limit_mb=2048"]);
    fuzz.arg(format!("-max_total_time={}", args.seconds));
    fuzz.arg(format!("-max_len={}", args.target.max_len())).arg(format!("-timeout={TIMEOUT_SECONDS}"));
    finish(&mut fuzz)
}

fn name_of(value: impl ValueEnum) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// Reads captures anew each time: the form of seeds changes with the targets.
fn seeds_of_captures(caller: &Caller, folder: &Path, captures: Option<&Path>) -> anyhow::Result<PathBuf> {
    let seeds = folder.join("captured");
    let captures = match captures {
        Some(captures) => std::path::absolute(captures)?,
        None => shared_captures().map_or_else(|| made_capture(caller), Ok)?,
    };
    say(&format!("fuzz: seeds of {} into {}", captures.display(), seeds.display()));
    let mut make = caller.cargo();
    make.args(["run", "--quiet", "--locked", "--package", "portcullis-fuzz", "--example", "seeds", "--"]);
    finish(make.args([captures, seeds.clone()]))?;
    Ok(seeds)
}

/// Captures of others, whose licences keep them out of the repository.
fn shared_captures() -> Option<PathBuf> {
    let shared = env::var_os("PORTCULLIS_SHARED")
        .map_or_else(|| workspace::root().join("../shared"), PathBuf::from)
        .join("pcaps");
    shared.is_dir().then_some(shared)
}

fn made_capture(caller: &Caller) -> anyhow::Result<PathBuf> {
    let bytes = format!("--bytes={MADE_CAPTURE_BYTES}");
    let made =
        caller.xtask("bench")?.args(["traffic", &bytes]).output().context("cargo xtask bench traffic")?;
    anyhow::ensure!(made.status.success(), "cargo xtask bench traffic: {}", made.status);
    Ok(workspace::target().join("portcullis/bench"))
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
    // The build takes longer than the minute that a target runs in daily work. An overflow is a finding.
    command.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "1").env("CARGO_PROFILE_RELEASE_OVERFLOW_CHECKS", "true");
    for inherited in ["CARGO", "RUSTC", "RUSTFLAGS", "CARGO_TARGET_DIR", "CARGO_BUILD_TARGET"] {
        command.env_remove(inherited);
    }
    command
}
