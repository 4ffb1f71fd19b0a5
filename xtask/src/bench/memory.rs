//! What an attacker can make the sensor hold: captures made to fill its memory, and what `sensor replay` takes of it.

mod attack;
mod packets;

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};
use fastrand::Rng;
use serde_json::{Map, Value, json};

use self::{attack::ATTACKS, packets::Packets};
use super::measure;
use crate::program::{say, shown};

/// What the sensor promises for flows and buffers, and what it may take besides: program, capture, and what its
/// allocator keeps of freed memory.
const BUDGET: i64 = 256 << 20;
const ALLOWANCE: i64 = 64 << 20;
const SHOWN: [&str; 9] = [
    "flow_opened_total",
    "flow_evicted_total",
    "flow_evicted_unread_total",
    "flow_evicted_unproven_total",
    "flow_evicted_conversing_total",
    "flow_memory_peak_bytes",
    "flow_segments_total",
    "http_exchanges_total",
    "http_incomplete_total",
];

/// Runs every attack, a JSON object a line. Fails where one made the sensor take more than it may.
pub(super) fn run(sensor: &Path, folder: &Path, seed: u64) -> anyhow::Result<()> {
    let mut broken = Vec::new();
    for attack in &ATTACKS {
        say(&format!("bench: {}: {}", attack.name, attack.what));
        let stderr = folder.join("memory.stderr");
        let mut command = Command::new(sensor);
        command.args(["replay", "-", "--emit", "exchanges", "-o", "jsonl"]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(File::from(fs_err::File::create(&stderr)?));
        let mut child = command.spawn().with_context(|| format!("cannot start {}", shown(&command)))?;
        let stdin = child.stdin.take().context("a pipe to the sensor")?;
        let mut packets = Packets::new(BufWriter::with_capacity(1 << 20, stdin))?;
        let made = (attack.make)(&mut packets, &mut Rng::with_seed(seed));
        let sent = packets.finish();
        let (status, usage) = measure::wait(child.id())?;
        ensure!(status.success(), "{}: {status}; {} says why", shown(&command), stderr.display());
        made.and(sent.as_ref().map(|_| ()).map_err(|error| anyhow::anyhow!("{error:#}")))?;
        let bytes = sent?;
        let said = fs_err::read_to_string(&stderr)?;
        let is_kept = usage.peak_resident_bytes <= BUDGET + ALLOWANCE;
        let mut line = Map::new();
        line.insert("scenario".to_owned(), json!(attack.name));
        line.insert("capture_bytes".to_owned(), json!(bytes));
        for name in SHOWN {
            line.insert(name.to_owned(), json!(counter(&said, name)));
        }
        line.insert("peak_resident_bytes".to_owned(), json!(usage.peak_resident_bytes));
        line.insert("cpu_seconds".to_owned(), json!(usage.cpu_seconds));
        line.insert("within_budget".to_owned(), json!(is_kept));
        writeln!(std::io::stdout(), "{}", Value::Object(line))?;
        if !is_kept {
            broken.push(attack.name);
        }
    }
    ensure!(broken.is_empty(), "took more than {} bytes resident: {}", BUDGET + ALLOWANCE, broken.join(", "));
    Ok(())
}

/// From `replayed: … flow_opened_total=7 …`; a counter at zero is left out.
fn counter(said: &str, name: &str) -> u64 {
    let value = said.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
    value.and_then(|value| value.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::counter;

    #[test]
    fn a_counter_is_found_by_its_whole_name() {
        let said = "replayed: flow_evicted_unread_total=3 flow_evicted_total=5\n";
        assert_eq!(counter(said, "flow_evicted_total"), 5);
        assert_eq!(counter(said, "flow_evicted"), 0);
    }
}
