//! Which of a sensor's counters mean that something went unseen or unjudged.
//!
//! Sensors and `portctl` are updated apart, so a counter is judged by the words of its name, not by a list of names.

use serde_json::{Map, Value};

use crate::reply::Sensor;

const WORDS: [&str; 28] = [
    "bad",
    "behind",
    "bounded",
    "damaged",
    "deep",
    "dropped",
    "errors",
    "evicted",
    "failed",
    "failures",
    "full",
    "gap",
    "gaps",
    "interrupted",
    "lost",
    "malformed",
    "missed",
    "overflow",
    "overflowed",
    "oversize",
    "oversized",
    "refused",
    "shed",
    "torn",
    "truncated",
    "unguarded",
    "unread",
    "unreadable",
];

/// What is dropped because it is blocked, and a block that is not carried out for a reason, are work and not loss;
/// nothing was left to read of what was evicted unread; what equal detections are folded into is told with its count when it
/// is evicted; and a sum would be told twice.
const NO_LOSS: [&str; 6] = [
    "gate_dropped",
    "enforce_refused",
    "flow_evicted_unread_total",
    "flow_evicted_silent_total",
    "flow_evicted_total",
    "storm_evicted_total",
];

/// The tap cannot read them; whoever captures by libpcap counts them, too, and puts them together.
const FRAGMENTS: &str = "tap_fragments_total";

/// The counters that stand for a loss and are not zero; what the control plane would not take is one, too.
pub(crate) fn of(sensor: &Sensor) -> Vec<(&str, u64)> {
    let mut losses = counted(&sensor.counters);
    losses.extend(Some(("events_rejected", sensor.ingest.rejected)).filter(|&(_, count)| count > 0));
    losses
}

fn counted(counters: &Map<String, Value>) -> Vec<(&str, u64)> {
    counters
        .iter()
        .filter(|(name, _)| is_loss(name))
        .filter_map(|(name, value)| Some((name.as_str(), value.as_u64().filter(|&count| count > 0)?)))
        .collect()
}

fn is_loss(name: &str) -> bool {
    let is_named_so = name.split('_').any(|part| WORDS.contains(&part));
    name == FRAGMENTS || is_named_so && !NO_LOSS.iter().any(|other| name.starts_with(other))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_documented_losses_are_the_ones_shown() {
        let documented = include_str!("../../docs/counters.md").lines().filter_map(|line| {
            let (name, rest) = line.strip_prefix("| `")?.split_once("` |")?;
            Some((name, rest.trim_start().starts_with("loss")))
        });
        let wrong: Vec<_> = documented.clone().filter(|(name, loss)| is_loss(name) != *loss).collect();
        assert_eq!(wrong, []);
        assert!(documented.count() > 80);
    }

    #[test]
    fn a_loss_is_shown_where_it_is_not_zero_and_work_done_is_none() {
        let counters = json!({
            "gate_dropped_ipv4_total": 4, "enforce_refused_total": 2, "gate_malformed_total": 1, "tap_ring_full_total": 7,
            "tap_segments_total": 9, "capture_kernel_dropped_total": 0, "flow_gap_bytes_total": 3,
        });
        assert_eq!(
            counted(counters.as_object().unwrap()),
            [("gate_malformed_total", 1), ("tap_ring_full_total", 7), ("flow_gap_bytes_total", 3)]
        );
    }
}
