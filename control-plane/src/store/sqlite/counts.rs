//! What pages count. Whole hours and days come from the roll-ups, the edges of a range from the events themselves,
//! so that a bound in the middle of an hour is exact.

mod actors;
mod endpoints;
mod span;

use portcullis_detection::Severity;
use rusqlite::Transaction;

use self::span::{DAY, HOUR, Span};
pub(super) use self::{
    actors::{actors, actors_per_country, daily_actors},
    endpoints::endpoints,
};
use super::codes;
use crate::{
    clock::{EpochMillis, TimeRange},
    store::{CategoryCount, DayCount, Result},
};

/// Rows of `(at, policy_id, category, sub_category, severity, status, n)` for a range.
const COUNTED: &str = "WITH counted AS (
    SELECT hour * 3600000 AS at, policy_id, category, sub_category, severity, status, count AS n
      FROM hourly WHERE hour >= :first AND hour < :end
    UNION ALL
    SELECT detected_at, policy_id, category, sub_category, severity, status, 1
      FROM event WHERE detected_at >= :head_from AND detected_at < :head_until
    UNION ALL
    SELECT detected_at, policy_id, category, sub_category, severity, status, 1
      FROM event WHERE detected_at >= :tail_from AND detected_at < :tail_until
), wanted AS (
    SELECT * FROM counted
     WHERE n > 0 AND (:policies IS NULL OR policy_id IN (SELECT value FROM json_each(:policies)))
)";

pub(super) fn timeline(
    view: &Transaction<'_>,
    range: TimeRange,
    policies: &[String],
) -> Result<Vec<DayCount>> {
    let span = Span::new(range, HOUR, policies);
    let mut statement = view.prepare_cached(&format!(
        "{COUNTED} SELECT at / {DAY} * {DAY}, sub_category, sum(n) FROM wanted
         GROUP BY 1, 2 ORDER BY 1, 3 DESC, 2"
    ))?;
    let found = statement.query_map(span.params().as_slice(), |row| {
        Ok(DayCount {
            day: EpochMillis::from_millis(row.get(0)?),
            sub_category: row.get(1)?,
            count: codes::count(row.get(2)?),
        })
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn severities(
    view: &Transaction<'_>,
    range: TimeRange,
    policies: &[String],
) -> Result<Vec<(Severity, u64)>> {
    let span = Span::new(range, HOUR, policies);
    let mut statement = view.prepare_cached(&format!(
        "{COUNTED} SELECT severity, sum(n) FROM wanted GROUP BY 1 ORDER BY 1 DESC"
    ))?;
    let mut found = statement.query(span.params().as_slice())?;
    let mut counts = Vec::new();
    while let Some(row) = found.next()? {
        counts.push((codes::severity_of(row.get(0)?)?, codes::count(row.get(1)?)));
    }
    Ok(counts)
}

pub(super) fn categories(
    view: &Transaction<'_>,
    range: TimeRange,
    policies: &[String],
) -> Result<Vec<CategoryCount>> {
    let span = Span::new(range, HOUR, policies);
    let mut statement = view.prepare_cached(&format!(
        "{COUNTED} SELECT category, sub_category, sum(n) FROM wanted GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
    ))?;
    let found = statement.query_map(span.params().as_slice(), |row| {
        Ok(CategoryCount {
            category: row.get(0)?,
            sub_category: row.get(1)?,
            count: codes::count(row.get(2)?),
        })
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// Events per status, by code.
fn statuses(view: &Transaction<'_>, range: TimeRange, policies: &[String]) -> Result<Vec<(i64, u64)>> {
    let span = Span::new(range, HOUR, policies);
    let mut statement =
        view.prepare_cached(&format!("{COUNTED} SELECT status, sum(n) FROM wanted GROUP BY 1"))?;
    let found =
        statement.query_map(span.params().as_slice(), |row| Ok((row.get(0)?, codes::count(row.get(1)?))))?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}
