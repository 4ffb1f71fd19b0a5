use rusqlite::{Transaction, named_params};

use crate::{
    clock::TimeRange,
    store::{DistinctField, Result},
};

/// Jumps from one value to the next through the index: the cost is that of the values, not of the events.
pub(super) fn values(
    view: &Transaction<'_>,
    field: DistinctField,
    range: TimeRange,
    limit: usize,
) -> Result<Vec<String>> {
    let column = match field {
        DistinctField::Actor => "actor",
        DistinctField::Url => "url",
        DistinctField::Host => "host",
        DistinctField::PolicyId => "policy_id",
        DistinctField::Country => "country",
    };
    let mut statement = view.prepare_cached(&format!(
        "WITH RECURSIVE value (v) AS (
             SELECT min({column}) FROM event
             UNION ALL
             SELECT (SELECT min({column}) FROM event WHERE {column} > v) FROM value WHERE v IS NOT NULL
         )
         SELECT v FROM value
         WHERE v IS NOT NULL
           AND EXISTS (SELECT 1 FROM event WHERE {column} = v AND detected_at >= :from AND detected_at < :until)
         LIMIT :limit"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found = statement.query_map(
        named_params! { ":from": range.from.millis(), ":until": range.until.millis(), ":limit": limit },
        |row| row.get(0),
    )?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}
