use rusqlite::ToSql;

use crate::clock::TimeRange;

pub(super) const HOUR: i64 = 3_600_000;
pub(super) const DAY: i64 = 86_400_000;

/// A range cut into whole units, which a roll-up answers, and what is left before and after them.
pub(super) struct Span {
    first: i64,
    end: i64,
    head: (i64, i64),
    tail: (i64, i64),
    /// A JSON list, or NULL for any.
    policies: Option<String>,
}

impl Span {
    pub(super) fn new(range: TimeRange, unit: i64, policies: &[String]) -> Self {
        let (from, until) = (range.from.millis(), range.until.millis().max(range.from.millis()));
        let first = from / unit + i64::from(from % unit != 0);
        let end = until / unit;
        let policies = (!policies.is_empty()).then(|| serde_json::json!(policies).to_string());
        if first >= end {
            return Self { first: 0, end: 0, head: (from, until), tail: (0, 0), policies };
        }
        Self { first, end, head: (from, first * unit), tail: (end * unit, until), policies }
    }

    pub(super) fn params(&self) -> [(&str, &dyn ToSql); 7] {
        [
            (":first", &self.first),
            (":end", &self.end),
            (":head_from", &self.head.0),
            (":head_until", &self.head.1),
            (":tail_from", &self.tail.0),
            (":tail_until", &self.tail.1),
            (":policies", &self.policies),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::EpochMillis;

    fn span(from: i64, until: i64) -> (i64, i64, (i64, i64), (i64, i64)) {
        let range =
            TimeRange { from: EpochMillis::from_millis(from), until: EpochMillis::from_millis(until) };
        let span = Span::new(range, 10, &[]);
        (span.first, span.end, span.head, span.tail)
    }

    #[test]
    fn the_three_parts_cover_the_range_once() {
        assert_eq!(span(5, 37), (1, 3, (5, 10), (30, 37)));
        assert_eq!(span(10, 30), (1, 3, (10, 10), (30, 30)));
        assert_eq!(span(12, 18), (0, 0, (12, 18), (0, 0)));
        assert_eq!(span(5, 15), (0, 0, (5, 15), (0, 0)));
        assert_eq!(span(30, 10), (0, 0, (30, 30), (0, 0)));
    }
}
