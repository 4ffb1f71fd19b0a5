use std::time::Duration;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(10);

/// Waits between attempts: doubling, and each a random part of that, so that a fleet does not come back in step.
pub(super) struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

impl Backoff {
    pub(super) fn next(&mut self) -> Duration {
        let longest = self.next;
        self.next = (longest * 2).min(LONGEST);
        // Half is fixed: a wait of nothing would be no wait.
        longest / 2 + longest.mul_f64(random_fraction() / 2.0)
    }

    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}

/// From 0 to 1; in the middle where the kernel has no randomness yet.
fn random_fraction() -> f64 {
    getrandom::u32().map_or(0.5, |random| f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_start_over_after_success() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..12).map(|_| backoff.next()).collect();
        assert!(waits.first().unwrap() <= &FIRST);
        assert!(waits.iter().all(|wait| *wait >= FIRST / 2 && *wait <= LONGEST));
        assert!(waits.last().unwrap() >= &(LONGEST / 2));
        backoff.reset();
        assert!(backoff.next() <= FIRST);
    }
}
