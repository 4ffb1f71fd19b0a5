use std::time::{Duration, Instant};

/// Packets that waited this long before they were looked at.
const BEHIND: Duration = Duration::from_millis(500);
/// So long they have to keep waiting: a single hitch leaves a backlog, too, but one that is gone at the next look.
const PATIENCE: Duration = Duration::from_secs(1);
/// Caught up, as far as anybody can tell.
const CAUGHT_UP: Duration = Duration::from_millis(100);
/// So long it has to stay caught up, without a loss, before new connections are taken up again.
const CALM: Duration = Duration::from_secs(1);

/// When a shard is overloaded: it stays behind, or packets were lost because it did not read them.
#[derive(Default)]
pub(super) struct Overload {
    lost: u64,
    is_on: bool,
    behind_since: Option<Instant>,
    calm_since: Option<Instant>,
}

impl Overload {
    /// Whether new connections are to be shed. `waited` is how long packets lay there before they were looked at,
    /// `lost` all packets ever lost.
    pub(super) fn judge(&mut self, now: Instant, waited: Duration, lost: u64) -> bool {
        let is_losing = lost > self.lost;
        self.lost = lost;
        self.behind_since = (waited >= BEHIND).then(|| self.behind_since.unwrap_or(now));
        self.calm_since = (waited < CAUGHT_UP && !is_losing).then(|| self.calm_since.unwrap_or(now));
        let lasts =
            |since: Option<Instant>, time| since.is_some_and(|since| now.duration_since(since) >= time);
        if is_losing || lasts(self.behind_since, PATIENCE) {
            self.is_on = true;
        } else if lasts(self.calm_since, CALM) {
            self.is_on = false;
        }
        self.is_on
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Duration = Duration::ZERO;

    /// Looks at these milliseconds, and what was found then.
    fn judged(looks: &[(u64, Duration, u64)]) -> Vec<bool> {
        let (mut overload, start) = (Overload::default(), Instant::now());
        let judge = |&(at, waited, lost): &(u64, Duration, u64)| {
            overload.judge(start + Duration::from_millis(at), waited, lost)
        };
        looks.iter().map(judge).collect()
    }

    #[test]
    fn losing_packets_is_overload_until_it_was_calm_for_a_second() {
        let looks = [(0, NONE, 0), (10, NONE, 1), (20, NONE, 1), (1019, NONE, 1), (1020, NONE, 1)];
        assert_eq!(judged(&looks), [false, true, true, true, false]);
    }

    #[test]
    fn staying_behind_is_overload_and_a_single_hitch_is_none() {
        assert_eq!(judged(&[(0, BEHIND, 0), (999, BEHIND, 0), (1000, BEHIND, 0)]), [false, false, true]);
        assert_eq!(judged(&[(0, BEHIND * 9, 0), (900, NONE, 0), (1000, BEHIND, 0)]), [false; 3]);
    }

    #[test]
    fn a_little_behind_does_not_end_it() {
        let looks = [(0, NONE, 1), (10, NONE, 1), (900, CAUGHT_UP, 1), (1100, NONE, 1), (2100, NONE, 1)];
        assert_eq!(judged(&looks), [true, true, true, true, false]);
    }
}
