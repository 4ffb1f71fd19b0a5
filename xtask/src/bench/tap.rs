//! `cargo xtask bench tap`: what watching HTTP costs the node that serves it.
//!
//! nginx and wrk with connections kept alive over a veth pair, without a watcher and beside each one in turn. Counted is
//! the CPU time of nginx, wrk and the watcher together: what the kernel does for a packet is charged to whoever sent it, so
//! the programs on the hooks are in it too.

mod cpu;
mod stage;
mod watcher;
mod wrk;

use std::{io::Write as _, path::Path, time::Duration};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use self::{
    stage::Stage,
    watcher::{Told, WATCHERS, Watcher},
};
use super::rounds::median;
use crate::caller::{Caller, is_root};

/// Sizes of the answers' bodies.
const SIZES: [usize; 2] = [1 << 10, 64 << 10];

/// One watcher's rounds with one size of answers.
#[derive(Default)]
struct Series {
    micros_per_request: Vec<f64>,
    /// What a request cost without a watcher ÷ with this one, of the same round.
    ratios: Vec<f64>,
    watcher_share: Vec<f64>,
    requests: u64,
    told: Told,
}

/// A JSON object a line: each watcher with each size.
pub(super) fn run(
    caller: &Caller,
    sensor: &Path,
    folder: &Path,
    rounds: u32,
    seconds: u64,
) -> anyhow::Result<()> {
    ensure!(is_root(), "network namespaces and kernel programs need root: run it with sudo");
    for (program, package) in [("nginx", "nginx-light"), ("wrk", "wrk"), ("tcpdump", "tcpdump")] {
        let missing = || format!("{program} is missing: apt-get install {package}");
        caller.which(program).with_context(missing)?;
    }
    let folder = folder.join("tap");
    fs_err::create_dir_all(&folder)?;
    let stage = Stage::set(&folder, &SIZES)?;
    let load = Duration::from_secs(seconds);
    for size in SIZES {
        let mut measured: Vec<Series> = WATCHERS.iter().map(|_| Series::default()).collect();
        for _ in 0..rounds {
            let mut alone = None;
            for (watcher, series) in WATCHERS.iter().zip(&mut measured) {
                let mut running = watcher.start(&stage, sensor, &folder)?;
                let cost = stage.serve(size, load, running.pid())?;
                series.told.add(&running.end()?);
                series.requests += cost.requests;
                series.micros_per_request.push(cost.micros_per_request());
                series.watcher_share.push(cost.watcher_share());
                series
                    .ratios
                    .push(*alone.get_or_insert(cost.micros_per_request()) / cost.micros_per_request());
            }
        }
        for (watcher, series) in WATCHERS.iter().zip(&measured) {
            writeln!(std::io::stdout(), "{}", line(watcher, size, series))?;
        }
    }
    Ok(())
}

fn line(watcher: &Watcher, size: usize, series: &Series) -> Value {
    let served = series.requests * size as u64;
    json!({
        "watcher": watcher.name,
        "answer_bytes": size,
        "rounds": series.ratios.len(),
        "requests": series.requests,
        "cpu_micros_per_request": median(series.micros_per_request.iter().copied()),
        "without_to_with": median(series.ratios.iter().copied()),
        "without_to_with_best": series.ratios.iter().copied().reduce(f64::max),
        "watcher_process_share": median(series.watcher_share.iter().copied()),
        "exchanges": series.told.exchanges,
        "copied_bytes": series.told.copied_bytes,
        "copied_share": series.told.copied_bytes.map(|copied| copied as f64 / served as f64),
        "lost": series.told.lost,
    })
}
