use std::time::{Duration, Instant};

/// A shard this far behind its packets does not catch up by itself.
const BEHIND: Duration = Duration::from_millis(500);
/// Caught up, as far as anybody can tell.
const CAUGHT_UP: Duration = Duration::from_millis(100);
/// So long it has to stay caught up, without a loss, before new connections are taken up again.
const CALM: Duration = Duration::from_secs(1);

/// When a shard is overloaded: it is behind, or packets were lost because it did not read them.
#[derive(Default)]
pub(super) struct Overload {
    lost: u64,
    is_on: bool,
    calm_since: Option<Instant>,
}

impl Overload {
    /// Whether new connections are to be shed. `lag` is from the newest packet to now, `lost` all packets ever lost.
    pub(super) fn judge(&mut self, now: Instant, lag: Duration, lost: u64) -> bool {
        let is_losing = lost > self.lost;
        self.lost = lost;
        if is_losing || lag >= BEHIND {
            self.is_on = true;
            self.calm_since = None;
        } else if lag >= CAUGHT_UP {
            self.calm_since = None;
        } else if now.duration_since(*self.calm_since.get_or_insert(now)) >= CALM {
            self.is_on = false;
        }
        self.is_on
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Duration = Duration::ZERO;

    #[test]
    fn being_behind_or_losing_packets_is_overload_until_it_was_calm_for_a_second() {
        for (lag, lost) in [(BEHIND, 0), (NONE, 1)] {
            let (mut overload, start) = (Overload::default(), Instant::now());
            let at = |millis| start + Duration::from_millis(millis);
            assert!(!overload.judge(at(0), NONE, 0));
            assert!(overload.judge(at(10), lag, lost));
            assert!(overload.judge(at(20), NONE, lost), "calm, but not for long");
            assert!(overload.judge(at(1019), NONE, lost));
            assert!(!overload.judge(at(1020), NONE, lost));
        }
    }

    #[test]
    fn a_little_behind_neither_begins_it_nor_ends_it() {
        let (mut overload, start) = (Overload::default(), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        assert!(!overload.judge(at(0), BEHIND - Duration::from_millis(1), 0));
        assert!(overload.judge(at(1), BEHIND, 0));
        assert!(overload.judge(at(2), NONE, 0));
        assert!(overload.judge(at(1500), CAUGHT_UP, 0), "calm ends here");
        assert!(overload.judge(at(2499), NONE, 0));
        assert!(!overload.judge(at(3499), NONE, 0));
    }
}
