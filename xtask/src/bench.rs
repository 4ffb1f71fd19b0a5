//! `cargo xtask bench wire`: what reading HTTP off the wire costs, beside what only reading the packets costs and what
//! other programs need. One JSON object a line. `cargo xtask bench kernel`: what a packet costs in the kernel.

mod bodies;
mod capture;
mod contender;
mod conversation;
mod measure;
mod memory;
mod message;
mod push;
mod rounds;
mod tap;
mod traffic;

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use clap::ValueEnum;

use self::{capture::Capture, contender::Contender, message::Profile, rounds::Rounds};
use crate::{
    caller::Caller,
    program::{finish, say},
    workspace,
};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// What to measure.
    #[arg(value_enum)]
    subject: Subject,
    /// Size of the capture that is made for it.
    #[arg(long, value_name = "N", default_value_t = 1_000_000_000)]
    bytes: u64,
    /// The same seed, size and profile give the same capture.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// What the made traffic is like.
    #[arg(long, value_enum, default_value = "mixed")]
    profile: Profile,
    /// Measure with this capture instead of a made one.
    #[arg(long, value_name = "FILE")]
    capture: Option<PathBuf>,
    /// How many transactions that capture holds; the sensor has to find them all.
    #[arg(long, value_name = "N", requires = "capture")]
    transactions: Option<u64>,
    /// Prefixes that `gate` blocks.
    #[arg(long, value_name = "N", default_value_t = 1_000_000)]
    entries: u32,
    /// Events that `store` begins with.
    #[arg(long, value_name = "N", default_value_t = 10_000_000)]
    events: u64,
    /// Where `store` keeps its database; one that is there is measured as it is [default: a temporary folder].
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Run all in turn so often, and print medians.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Only the floor and the sensor: others may take a hundred times as long.
    #[arg(long)]
    sensor_only: bool,
    /// Labelled requests for `detect` [default: ../shared/corpus/dev.jsonl.gz].
    #[arg(long, value_name = "FILE")]
    corpus: Option<PathBuf>,
    /// Seconds of load in each round of `tap`.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
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
    /// What the gate costs with a million blocks, beside a program that drops everything and beside nftables (left out
    /// with --sensor-only); needs root and the built kernel programs.
    Gate,
    /// What an attacker can make the sensor hold: captures made to fill its memory. Fails where it takes more than it
    /// promises.
    Memory,
    /// What watching costs a server: nginx and wrk without the sensor and beside it. Needs root, nginx and wrk.
    Tap,
    /// Requests judged per CPU-second, beside only reading them, and what a thousand policies that match nothing add.
    Detect,
    /// From a block's REST call to the last of 1,000 made sensors' acknowledgement, and to the first packet that a real one
    /// drops (that alone with --sensor-only); and what a million blocks take. Needs root for the real one.
    Push,
    /// Made events over 90 days in the store: each documented endpoint, ingest through gRPC, bytes an event, and how long
    /// until an event is listed.
    Store,
    /// Nothing: only makes the capture, and prints how many transactions it holds.
    Traffic,
}

pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let folder = workspace::target().join("portcullis/bench");
    fs_err::create_dir_all(&folder)?;
    match args.subject {
        Subject::Wire => wire(args, &folder),
        Subject::Memory => memory::run(&sensor(args, &Caller::find()?)?, &folder, args.seed),
        Subject::Tap => {
            let caller = Caller::find()?;
            tap::run(&caller, &sensor(args, &caller)?, &folder, args.rounds, args.seconds)
        }
        Subject::Kernel => finish(Caller::find()?.cargo().args([
            "bench",
            "--locked",
            "--package",
            "sensor-user",
            "--bench",
            "kernel",
        ])),
        Subject::Gate => {
            let mut bench = Caller::find()?.cargo();
            bench.args(["bench", "--locked", "--package", "sensor-user", "--bench", "gate"]);
            if args.sensor_only {
                bench.args(["--", "--gate-only"]);
            }
            bench.env("PORTCULLIS_BENCH_ENTRIES", args.entries.to_string());
            finish(bench.env("PORTCULLIS_BENCH_ROUNDS", args.rounds.to_string()))
        }
        Subject::Detect => {
            let corpus = crate::train::corpus(args.corpus.as_deref())?;
            let mut cargo = Caller::find()?.cargo();
            cargo.args(["bench", "--locked", "--package", "portcullis-detection", "--bench", "detect", "--"]);
            finish(cargo.arg(corpus))
        }
        Subject::Store => {
            let mut bench = Caller::find()?.cargo();
            bench.args(["bench", "--locked", "--package", "control-plane", "--bench", "store", "--"]);
            bench.arg("--events").arg(args.events.to_string()).arg("--seed").arg(args.seed.to_string());
            finish(
                bench
                    .args(args.folder.iter().flat_map(|folder| [OsStr::new("--folder"), folder.as_os_str()])),
            )
        }
        Subject::Push => push::run(&Caller::find()?, args.sensor_only),
        Subject::Traffic => {
            let file = args.capture.clone().unwrap_or_else(|| folder.join("traffic.pcap"));
            let transactions = traffic::write(&file, args.bytes, args.seed, args.profile)?;
            Ok(writeln!(std::io::stdout(), "{transactions}")?)
        }
    }
}

/// Shards past this are no more than an overload of threads for one reader.
const MOST_SHARDS: usize = 8;

fn wire(args: &Args, folder: &Path) -> anyhow::Result<()> {
    let caller = Caller::find()?;
    let sensor = sensor(args, &caller)?;
    let floor = Contender::floor();
    let tcpdump = caller.which(floor.program).context("tcpdump is missing: cargo xtask setup --for test")?;
    let mut contenders = vec![(floor, tcpdump)];
    contenders.extend(shards()?.into_iter().map(|shards| (Contender::sensor(shards), sensor.clone())));
    for other in Contender::others().into_iter().filter(|_| !args.sensor_only) {
        match caller.which(other.program) {
            Some(binary) => contenders.push((other, binary)),
            None => say(&format!("bench: {} is not installed", other.program)),
        }
    }
    let capture = Capture::of(args, folder)?;
    let mut measured: Vec<Rounds> = contenders.iter().map(|_| Rounds::default()).collect();
    for _ in 0..args.rounds {
        let mut floor = None;
        for ((contender, binary), rounds) in contenders.iter().zip(&mut measured) {
            let (usage, found) =
                contender.run(&caller, binary, &capture.file, &folder.join(contender.program))?;
            rounds.add(usage, *floor.get_or_insert(usage), found);
        }
    }
    for ((contender, _), rounds) in contenders.iter().zip(&measured) {
        if let Some(line) = rounds.line(&contender.shown(), &capture) {
            writeln!(std::io::stdout(), "{line}")?;
        }
    }
    for ((contender, _), rounds) in contenders.iter().zip(&measured).filter(|((of, _), _)| of.is_sensor()) {
        let (found, made) = (rounds.found(), capture.transactions);
        ensure!(
            made.is_none() || found == made,
            "{} found {} of {} transactions",
            contender.shown(),
            found.unwrap_or_default(),
            made.unwrap_or_default()
        );
    }
    Ok(())
}

/// One, two, and as many as there are processors.
fn shards() -> anyhow::Result<BTreeSet<usize>> {
    let processors = std::thread::available_parallelism().context("how many processors are there?")?.get();
    Ok(BTreeSet::from([1, 2, processors.min(MOST_SHARDS)]))
}

fn sensor(args: &Args, caller: &Caller) -> anyhow::Result<PathBuf> {
    match &args.sensor {
        Some(sensor) => Ok(std::path::absolute(sensor)?),
        None => build(caller),
    }
}

fn build(caller: &Caller) -> anyhow::Result<PathBuf> {
    finish(caller.cargo().args(["build", "--release", "--locked", "--package", "sensor-user"]))?;
    Ok(workspace::target().join("release/sensor"))
}
