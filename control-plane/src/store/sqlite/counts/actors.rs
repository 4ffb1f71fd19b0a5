use rusqlite::{Transaction, params_from_iter, types::Value};

use super::{
    span::{DAY, Span},
    statuses,
};
use crate::{
    clock::{EpochMillis, TimeRange},
    store::{
        ActorFilter, ActorRow, ActorSort, DayActors, EventStatus, Listing, Order, Page, Result, Totals,
        sqlite::{
            codes,
            events::direction,
            rows::{self, EVENT_COLUMNS},
            selection::Selection,
        },
    },
};

/// Per day and actor the worst severity, from the roll-up and the edges.
const SEEN: &str = "WITH counted AS (
    SELECT day, actor, country, policy_id, severity FROM daily_actor
     WHERE day >= :first AND day < :end AND count > 0
    UNION ALL
    SELECT detected_at / 86400000, actor, country, policy_id, severity
      FROM event WHERE detected_at >= :head_from AND detected_at < :head_until
    UNION ALL
    SELECT detected_at / 86400000, actor, country, policy_id, severity
      FROM event WHERE detected_at >= :tail_from AND detected_at < :tail_until
), seen AS (
    SELECT day, actor, country, max(severity) AS worst FROM counted
     WHERE :policies IS NULL OR policy_id IN (SELECT value FROM json_each(:policies))
     GROUP BY day, actor
)";

/// HIGH and CRITICAL.
const CRITICAL_FROM: i64 = 3;

pub(in super::super) fn daily_actors(
    view: &Transaction<'_>,
    range: TimeRange,
    policies: &[String],
) -> Result<(Vec<DayActors>, Totals)> {
    let span = Span::new(range, DAY, policies);
    let mut statement = view.prepare_cached(&format!(
        "{SEEN} SELECT day * 86400000, count(*), sum(worst >= {CRITICAL_FROM}) FROM seen GROUP BY day ORDER BY day"
    ))?;
    let days = statement.query_map(span.params().as_slice(), |row| {
        Ok(DayActors {
            day: EpochMillis::from_millis(row.get(0)?),
            actors: codes::count(row.get(1)?),
            critical: codes::count(row.get(2)?),
        })
    })?;
    let days = days.collect::<rusqlite::Result<_>>()?;

    let mut statement = view.prepare_cached(&format!(
        "{SEEN} SELECT count(DISTINCT actor) FROM seen WHERE worst >= {CRITICAL_FROM}"
    ))?;
    let critical: i64 = statement.query_row(span.params().as_slice(), |row| row.get(0))?;

    let mut totals = Totals { critical_actors: codes::count(critical), ..Totals::default() };
    for (code, count) in statuses(view, range, policies)? {
        totals.events += count;
        match codes::status_of(code)? {
            EventStatus::Active => totals.active += count,
            EventStatus::UnderReview => totals.under_review += count,
            EventStatus::Ignored => totals.ignored += count,
        }
    }
    Ok((days, totals))
}

pub(in super::super) fn actors_per_country(
    view: &Transaction<'_>,
    range: TimeRange,
    policies: &[String],
) -> Result<Vec<(String, u64)>> {
    let span = Span::new(range, DAY, policies);
    let mut statement = view.prepare_cached(&format!(
        "{SEEN} SELECT country, count(DISTINCT actor) FROM seen GROUP BY country ORDER BY 2 DESC, 1"
    ))?;
    let found =
        statement.query_map(span.params().as_slice(), |row| Ok((row.get(0)?, codes::count(row.get(1)?))))?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// One row per actor, from its latest event in the range, which one step in the index finds.
pub(in super::super) fn actors(
    view: &Transaction<'_>,
    filter: &ActorFilter,
    page: &Page<ActorSort>,
) -> Result<Listing<ActorRow>> {
    let mut selection = Selection::default();
    let (from, until) = (filter.range.from.millis(), filter.range.until.millis());
    selection.push("a.last_seen >= ?", Value::Integer(from));
    selection.push("a.first_seen < ?", Value::Integer(until));
    selection.texts("a.actor", &filter.actors);
    selection.texts("e.policy_id", &filter.latest_policies);
    selection.texts("e.host", &filter.latest_hosts);
    selection.texts("e.country", &filter.countries);
    let joined = format!(
        "FROM actor a JOIN event e ON e.seq = (
             SELECT seq FROM event WHERE actor = a.actor AND detected_at >= {from} AND detected_at < {until}
             ORDER BY detected_at DESC, id DESC LIMIT 1)
         {}",
        selection.clause()
    );
    let total: i64 =
        view.query_row(&format!("SELECT count(*) {joined}"), params_from_iter(selection.values()), |row| {
            row.get(0)
        })?;
    let (ActorSort::DiscoveredAt, order) =
        page.sort.first().copied().unwrap_or((ActorSort::DiscoveredAt, Order::Descending));
    let direction = direction(order);
    let mut statement = view.prepare(&format!(
        "SELECT {EVENT_COLUMNS}, a.first_seen, a.last_seen, a.events {joined}
         ORDER BY e.detected_at {direction}, a.actor {direction} LIMIT ? OFFSET ?"
    ))?;
    let window = [Value::Integer(codes::signed(page.limit)), Value::Integer(codes::signed(page.skip))];
    let mut found = statement.query(params_from_iter(selection.values().chain(&window)))?;
    let mut actors = Vec::new();
    while let Some(row) = found.next()? {
        actors.push(ActorRow {
            latest: rows::event(row)?,
            first_seen: rows::time(row, 18)?,
            last_seen: rows::time(row, 19)?,
            events: codes::count(row.get(20)?),
        });
    }
    Ok(Listing { rows: actors, total: codes::count(total) })
}
