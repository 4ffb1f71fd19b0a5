//! Which of a sensor's counters mean that something went unseen or unjudged.
//!
//! Sensors and `portctl` are updated apart, so a counter is judged by the words of its name, not by a list of names.

use serde_json::{Map, Value};

use crate::reply::Sensor;

const WORDS: [&str; 20] = [
    "bounded",
    "damaged",
    "deep",
    "dropped",
    "errors",
    "evicted",
    "failed",
    "full",
    "gap",
    "gaps",
    "lost",
    "malformed",
    "overflow",
    "overflowed",
    "oversize",
    "refused",
    "shed",
    "torn",
    "truncated",
    "unreadable",
];

/// What is dropped because it is blocked, and a block that is not carried out for a reason, are work and not loss.
const WORK: [&str; 2] = ["gate_dropped", "enforce_refused"];

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
    !WORK.iter().any(|work| name.starts_with(work)) && name.split('_').any(|part| WORDS.contains(&part))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
