use crate::counters::Counters;

/// How much of the traffic was seen, in thousandths, rounded down: 1000 means that nothing is known to be missing.
pub(super) const SEEN: &str = "seen_permille";
pub(super) const SEEN_OF_LATE: &str = "seen_of_late_permille";

/// How much of the segments with payload was not looked at because a capture rule says so, in thousandths, rounded up: 0
/// means that no rule keeps anything from us.
pub(super) const OFF: &str = "capture_off_permille";
pub(super) const OFF_OF_LATE: &str = "capture_off_of_late_permille";

/// Counters of what was seen and of what was not, in one unit.
struct Measure {
    seen: &'static [&'static str],
    missed: &'static [&'static str],
}

/// On the way from the wire to a shard. The tap and libpcap do not count in the same unit; each leaves the other's at
/// zero.
const CAPTURE: [Measure; 3] = [
    Measure {
        seen: &["tap_copied_bytes_total"],
        missed: &[
            "tap_shed_bytes_total",
            "tap_interrupted_bytes_total",
            "tap_ring_full_bytes_total",
            "tap_oversize_bytes_total",
        ],
    },
    Measure { seen: &["tap_flows_total"], missed: &["tap_shed_flows_total"] },
    Measure {
        seen: &["capture_frames_total"],
        missed: &["capture_kernel_dropped_total", "capture_interface_dropped_total"],
    },
];

/// What the shards themselves shed of what the capture gave them.
const SHARDS: Measure = Measure { seen: &["flow_opened_total"], missed: &["flow_shed_total"] };

/// The share seen from `before` to `now`. The capture sees a share by bytes, flows or frames, and the worst of them
/// counts: a few large flows that were shed, or many small ones, are both a blind spot.
pub(super) fn seen(before: &Counters, now: &Counters) -> u64 {
    let captured = CAPTURE.iter().map(|measure| measure.permille(before, now)).fold(1000, u64::min);
    captured * SHARDS.permille(before, now) / 1000
}

/// The share that rules kept out from `before` to `now`.
pub(super) fn off(before: &Counters, now: &Counters) -> u64 {
    let grown = |names: [&str; 2]| {
        names.iter().map(|name| u128::from(now.value(name).saturating_sub(before.value(name)))).sum::<u128>()
    };
    let all = grown(["tap_payload_segments_total", "capture_payload_segments_total"]);
    let off = grown(["tap_off_segments_total", "capture_off_segments_total"]);
    u64::try_from((off * 1000).div_ceil(all.max(1))).unwrap_or(1000)
}

impl Measure {
    fn permille(&self, before: &Counters, now: &Counters) -> u64 {
        let grown = |names: &[&str]| {
            names.iter().map(|name| now.value(name).saturating_sub(before.value(name))).sum::<u64>()
        };
        let (seen, missed) = (u128::from(grown(self.seen)), u128::from(grown(self.missed)));
        u64::try_from((seen * 1000).checked_div(seen + missed).unwrap_or(1000)).unwrap_or(1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(values: &[(&'static str, u64)]) -> Counters {
        values.iter().copied().collect()
    }

    #[test]
    fn without_a_loss_everything_is_seen_and_the_smallest_loss_shows() {
        let nothing = Counters::default();
        assert_eq!(seen(&nothing, &nothing), 1000);
        let mut now = counters(&[("tap_copied_bytes_total", u64::MAX / 2)]);
        assert_eq!(seen(&nothing, &now), 1000);
        now.add("tap_ring_full_bytes_total", 1);
        assert_eq!(seen(&nothing, &now), 999);
    }

    #[test]
    fn the_worst_unit_counts() {
        let now = counters(&[
            ("tap_copied_bytes_total", 900),
            ("tap_shed_bytes_total", 100),
            ("tap_flows_total", 1),
            ("tap_shed_flows_total", 3),
        ]);
        assert_eq!(seen(&Counters::default(), &now), 250);
    }

    #[test]
    fn what_the_shards_shed_is_a_share_of_what_was_captured() {
        let now = counters(&[
            ("capture_frames_total", 500),
            ("capture_kernel_dropped_total", 500),
            ("flow_opened_total", 10),
            ("flow_shed_total", 10),
        ]);
        assert_eq!(seen(&Counters::default(), &now), 250);
    }

    #[test]
    fn the_least_that_a_rule_keeps_out_shows() {
        let mut now = counters(&[("tap_payload_segments_total", 1_000_000)]);
        assert_eq!(
            (off(&Counters::default(), &now), off(&Counters::default(), &Counters::default())),
            (0, 0)
        );
        now.add("tap_off_segments_total", 1);
        assert_eq!((off(&Counters::default(), &now), off(&now, &now)), (1, 0));
    }

    #[test]
    fn what_was_lost_before_is_not_lost_of_late() {
        let before = counters(&[("capture_frames_total", 100), ("capture_kernel_dropped_total", 300)]);
        let now = counters(&[("capture_frames_total", 500), ("capture_kernel_dropped_total", 300)]);
        assert_eq!((seen(&before, &now), seen(&Counters::default(), &now)), (1000, 625));
    }
}
