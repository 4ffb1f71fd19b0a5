//! `cargo xtask bench wire`: what reading HTTP off the wire costs, beside what only reading the packets costs and what
//! other programs need. One JSON object a line. `cargo xtask bench kernel`: what a packet costs in the kernel.

mod contender;
mod conversation;
mod measure;
mod traffic;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;
use clap::ValueEnum;
use contender::{FLOOR, OTHERS, SENSOR};
use serde_json::json;

use crate::{
    caller::Caller,
    program::{finish, output, say},
    workspace,
};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to measure.
    #[arg(value_enum)]
    subject: Subject,
    /// Size of the capture that is made for it.
    #[arg(long, value_name = "N", default_value_t = 100_000_000)]
    bytes: u64,
    /// The same seed and size give the same capture.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Measure this sensor instead of building the checkout's.
    #[arg(long, value_name = "FILE")]
    sensor: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Subject {
    /// From packets to exchanges: `sensor replay`, and whichever of tshark, suricata and tcpflow are installed.
    Wire,
    /// What a packet costs in the gate and in the tap; needs root and the built kernel programs.
    Kernel,
    /// Nothing: only makes that capture, and prints how many transactions it holds.
    Traffic,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let folder = workspace::target().join("portcullis/bench");
    fs_err::create_dir_all(&folder)?;
    let capture = folder.join("wire.pcap");
    match args.subject {
        Subject::Wire => wire(args, &folder, &capture),
        Subject::Kernel => finish(Caller::find()?.cargo().args([
            "bench",
            "--locked",
            "--package",
            "sensor-user",
            "--bench",
            "kernel",
        ])),
        Subject::Traffic => {
            let transactions = traffic::write(&capture, args.bytes, args.seed)?;
            Ok(writeln!(std::io::stdout(), "{transactions}")?)
        }
    }
}

fn wire(args: &Args, folder: &Path, capture: &Path) -> anyhow::Result<()> {
    let caller = Caller::find()?;
    let sensor = match &args.sensor {
        Some(sensor) => std::path::absolute(sensor)?,
        None => build(&caller)?,
    };
    let tcpdump = caller.which(FLOOR.program).context("tcpdump is missing: cargo xtask setup --for test")?;
    let generated = generate(args)?;
    let bytes = fs_err::metadata(capture)?.len();
    say(&format!("bench: {} holds {generated} transactions in {bytes} bytes", capture.display()));

    let mut floor = None;
    for (contender, binary) in [(&FLOOR, Some(tcpdump)), (&SENSOR, Some(sensor))]
        .into_iter()
        .chain(OTHERS.iter().map(|other| (other, caller.which(other.program))))
    {
        let Some(binary) = binary else {
            say(&format!("bench: {} is not installed", contender.program));
            continue;
        };
        let (usage, found) = contender.run(&caller, &binary, capture, &folder.join(contender.program))?;
        let floor = *floor.get_or_insert(usage.cpu_seconds);
        let line = json!({
            "command": contender.shown(),
            "cpu_seconds": usage.cpu_seconds,
            "peak_resident_bytes": usage.peak_resident_bytes,
            "transactions": found,
            "generated": generated,
            "cpu_to_floor": usage.cpu_seconds / floor,
        });
        writeln!(std::io::stdout(), "{line}")?;
    }
    Ok(())
}

/// In a process of its own: the kernel counts our peak memory as that of every program that we start.
fn generate(args: &Args) -> anyhow::Result<u64> {
    let mut xtask = Command::new(std::env::current_exe().context("where is this program?")?);
    xtask.args(["bench", "traffic"]);
    xtask.arg(format!("--bytes={}", args.bytes)).arg(format!("--seed={}", args.seed));
    let transactions = String::from_utf8(output(&mut xtask)?.stdout)?;
    transactions.trim().parse().context("bench traffic prints a number")
}

fn build(caller: &Caller) -> anyhow::Result<PathBuf> {
    finish(caller.cargo().args(["build", "--release", "--locked", "--package", "sensor-user"]))?;
    Ok(workspace::target().join("release/sensor"))
}
