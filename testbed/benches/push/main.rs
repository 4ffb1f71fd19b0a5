//! From the REST call to the first packet that a real sensor's gate drops, and what a million blocks take there. Prints a
//! JSON line for each measurement. Root, and the built binaries, are needed.

#![expect(clippy::indexing_slicing, reason = "a JSON value answers null for what it has not")]

mod plane;
mod probe;

use std::{
    io::Write as _,
    net::Ipv4Addr,
    path::PathBuf,
    thread::sleep,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use clap::Parser as _;
use serde_json::{Value, json};

use self::{plane::Plane, probe::Probe};

#[derive(clap::Parser)]
struct Args {
    /// Folder with `sensor` and `control-plane`.
    #[arg(long, value_name = "DIR")]
    binaries: PathBuf,
    /// Blocks, one after the other, that are measured with each back end.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=240))]
    rounds: u32,
    /// Then so many blocks in calls of 10,000.
    #[arg(long, default_value_t = 1_000_000)]
    import: u32,
    /// `cargo bench` says so.
    #[arg(long, hide = true)]
    bench: bool,
}

/// With the 240 rounds at most no more than there are addresses in 203.0.113.0/24, where clients may call from.
const WARM_UP: u32 = 10;
/// Packets before the call, and after its answer.
const MARGIN: u64 = 100;

fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    for enforce in ["xdp", "nftables"] {
        let mut plane = Plane::start(&args.binaries, enforce)?;
        first_drop(&plane, enforce, args.rounds)?;
        if args.import > 0 {
            million(&mut plane, enforce, args.import)?;
        }
    }
    Ok(())
}

fn first_drop(plane: &Plane, enforce: &str, rounds: u32) -> anyhow::Result<()> {
    let mut probe = Probe::between(&plane.network)?;
    let (mut dropped, mut acknowledged, mut gaps) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..rounds + WARM_UP {
        let attacker = Ipv4Addr::from(u32::from(Ipv4Addr::new(203, 0, 113, 1)) + round);
        let sending = probe.send_from(attacker)?;
        sending.more(MARGIN)?;
        let began = Instant::now();
        let reply = plane.rest.call("addBlock", &json!({"cidr": attacker, "waitSeconds": 30}))?;
        let took = began.elapsed();
        ensure!(reply["sensors"]["applied"] == json!(1), "not applied: {reply}");
        sending.more(MARGIN)?;
        let run = sending.end()?;
        if round >= WARM_UP {
            dropped.push(run.first_lost()?.saturating_duration_since(began));
            acknowledged.push(took);
            gaps.extend(run.gaps());
        }
    }
    for times in [&mut dropped, &mut acknowledged, &mut gaps] {
        times.sort_unstable();
    }
    print(&json!({
        "bench": "push-first-drop",
        "what": "REST call to the sending of the first packet that did not arrive",
        "enforce": enforce,
        "rounds": rounds,
        "p50_ms": milliseconds(quantile(&dropped, 50)),
        "p99_ms": milliseconds(quantile(&dropped, 99)),
        "max_ms": milliseconds(quantile(&dropped, 100)),
        "answered_p50_ms": milliseconds(quantile(&acknowledged, 50)),
        "answered_p99_ms": milliseconds(quantile(&acknowledged, 99)),
        "packets_every_p50_ms": milliseconds(quantile(&gaps, 50)),
        "packets_every_p99_ms": milliseconds(quantile(&gaps, 99)),
    }))
}

fn million(plane: &mut Plane, enforce: &str, count: u32) -> anyhow::Result<()> {
    let before = plane.resident()?;
    let addresses: Vec<_> = (0..count).map(|n| Ipv4Addr::from(0x2000_0000 + n.wrapping_mul(101))).collect();
    let began = Instant::now();
    let mut revision = Value::Null;
    for some in addresses.chunks(10_000) {
        let blocks: Vec<_> = some.iter().map(|address| json!({ "cidr": address })).collect();
        let reply = plane.rest.call("importBlocks", &json!({"blocks": blocks, "reason": "feed"}))?;
        ensure!(reply["accepted"] == json!(some.len()), "{reply}");
        revision = reply["revision"].clone();
    }
    let stored = began.elapsed();
    let waiting = Instant::now();
    plane.until_applied(&revision)?;
    let applied = waiting.elapsed();
    sleep(Duration::from_secs(3));
    let after = plane.resident()?;

    let restarted = Instant::now();
    plane.restart_sensor()?;
    let ready = restarted.elapsed();
    plane.until_applied(&revision)?;
    sleep(Duration::from_secs(3));
    let from_disk = plane.resident()?;

    let anew = Instant::now();
    plane.new_sensor()?;
    plane.until_applied(&revision)?;
    let snapshot = anew.elapsed();
    sleep(Duration::from_secs(3));
    let from_snapshot = plane.resident()?;
    print(&json!({
        "bench": "push-million",
        "enforce": enforce,
        "blocks": count,
        "stored_s": stored.as_secs_f64(),
        "applied_after_ms": milliseconds(applied),
        "restart_from_disk_ready_s": ready.as_secs_f64(),
        "start_of_a_new_sensor_until_applied_s": snapshot.as_secs_f64(),
        "sensor_resident_before_mb": before.now >> 20,
        "sensor_resident_mb": after.now >> 20,
        "sensor_peak_mb": after.peak >> 20,
        "sensor_resident_from_disk_mb": from_disk.now >> 20,
        "sensor_peak_from_disk_mb": from_disk.peak >> 20,
        "sensor_resident_from_snapshot_mb": from_snapshot.now >> 20,
        "sensor_peak_from_snapshot_mb": from_snapshot.peak >> 20,
    }))
}

fn quantile(sorted: &[Duration], percent: usize) -> Duration {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}

fn print(line: &Value) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{line}").context("standard output")
}
