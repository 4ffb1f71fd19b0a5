use std::time::Duration;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(300);

/// How long to wait after so many failures in a row: twice as long each time, and up to half of it less by chance, so that
/// targets that failed together do not come back together. `asked` is what the target wants (`Retry-After`).
pub(crate) fn after(failures: u64, asked: Option<Duration>) -> Duration {
    let doublings = u32::try_from(failures.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
    let whole = FIRST.saturating_mul(2_u32.saturating_pow(doublings)).min(LONGEST);
    let half = whole / 2;
    (half + half.mul_f64(chance())).max(asked.unwrap_or_default()).min(LONGEST)
}

/// From 0 to 1.
fn chance() -> f64 {
    let mut bits = [0; 4];
    // Without random numbers every wait is whole, which harms nobody.
    match getrandom::fill(&mut bits) {
        Ok(()) => f64::from(u32::from_le_bytes(bits)) / f64::from(u32::MAX),
        Err(_) => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_within_their_jitter_and_end_at_five_minutes() {
        for (failures, whole) in [(1, 1), (2, 2), (3, 4), (9, 256), (10, 300), (u64::MAX, 300)] {
            for _ in 0..50 {
                let wait = after(failures, None);
                let whole = Duration::from_secs(whole);
                assert!(wait >= whole / 2 && wait <= whole, "{wait:?} after {failures} failures");
            }
        }
        let waits: std::collections::BTreeSet<_> = (0..20).map(|_| after(5, None)).collect();
        assert!(waits.len() > 1, "no jitter");
    }

    #[test]
    fn what_the_target_asks_for_counts_up_to_the_longest_wait() {
        assert_eq!(after(1, Some(Duration::from_secs(30))), Duration::from_secs(30));
        assert_eq!(after(1, Some(Duration::from_secs(86_400))), LONGEST);
    }
}
