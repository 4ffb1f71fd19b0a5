use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch: what is stored. REST speaks epoch seconds, so the two never mix by accident.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EpochMillis(i64);

impl EpochMillis {
    pub const MIN: Self = Self(0);
    pub const MAX: Self = Self(i64::MAX);

    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    /// Times before 1970 do not occur here; they become 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(if millis < 0 { 0 } else { millis })
    }

    pub fn from_seconds(seconds: u64) -> Self {
        Self(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000))
    }

    pub const fn millis(self) -> i64 {
        self.0
    }

    pub const fn seconds(self) -> i64 {
        self.0 / 1000
    }

    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)))
    }

    /// How long until then; zero where it has passed.
    pub fn remaining(self, now: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(now.0)).unwrap_or(0))
    }
}

/// A half-open span of time. REST's bounds are inclusive seconds, where 0 is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRange {
    pub from: EpochMillis,
    pub until: EpochMillis,
}

impl TimeRange {
    pub const ALL: Self = Self { from: EpochMillis::MIN, until: EpochMillis::MAX };

    pub fn inclusive_seconds(start: u64, end: u64) -> Self {
        let until = match end {
            0 => EpochMillis::MAX,
            end => EpochMillis::from_seconds(end.saturating_add(1)),
        };
        Self { from: EpochMillis::from_seconds(start), until }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_inclusive_seconds_and_zero_is_open() {
        let range = TimeRange::inclusive_seconds(10, 11);
        assert_eq!((range.from.millis(), range.until.millis()), (10_000, 12_000));
        assert_eq!(TimeRange::inclusive_seconds(0, 0), TimeRange::ALL);
        assert_eq!(TimeRange::inclusive_seconds(0, u64::MAX).until, EpochMillis::MAX);
    }
}
