use rusqlite::{Connection, OptionalExtension, Row, Transaction, params, params_from_iter, types::Value};
use serde_json::json;
use uuid::Uuid;

use super::{
    SqliteStore, audit, codes, counts, detail, distinct,
    notify::Outbox,
    rows::{self, EVENT_COLUMNS},
    selection::Selection,
};
use crate::{
    clock::TimeRange,
    store::{
        Act, ActorFilter, ActorRow, ActorSort, Appended, CategoryCount, Combination, DayActors, DayCount,
        DistinctField, Endpoint, EndpointSort, EventDetail, EventFilter, EventRow, EventSort, EventStatus,
        EventStore, Listing, NewEvent, Order, Page, Result, SampleQuery, Totals,
    },
};
use portcullis_detection::Severity;

impl EventStore for SqliteStore {
    fn append(&self, events: Vec<NewEvent>) -> Result<Appended> {
        self.write(move |connection| append(connection, &events))
    }

    fn list(&self, filter: &EventFilter, page: &Page<EventSort>) -> Result<Listing<EventRow>> {
        self.read(|view| list(view, filter, page))
    }

    fn details(&self, ids: &[Uuid]) -> Result<Vec<EventDetail>> {
        self.read(|view| {
            let mut statement = view.prepare_cached(
                "SELECT d.raw_len, d.body FROM event e JOIN event_detail d ON d.seq = e.seq WHERE e.id = ?",
            )?;
            let mut details = Vec::with_capacity(ids.len());
            for id in ids {
                let stored = statement.query_row([id.as_bytes()], packed).optional()?;
                // Deleted since the list was read: it has no detail any more.
                details.push(stored.map_or_else(|| Ok(EventDetail::default()), unpack)?);
            }
            Ok(details)
        })
    }

    fn samples(&self, query: &SampleQuery) -> Result<Vec<EventDetail>> {
        self.read(|view| samples(view, query))
    }

    fn combinations(&self, filter: &EventFilter, limit: usize) -> Result<Vec<Combination>> {
        self.read(|view| combinations(view, filter, limit))
    }

    fn set_status(&self, act: &Act, filter: &EventFilter, named: &str, status: EventStatus) -> Result<u64> {
        let (act, named, filter) = (act.clone(), named.to_owned(), filter.clone());
        self.write(move |connection| set_status(connection, &act, &filter, &named, status))
    }

    fn delete(&self, act: &Act, filter: &EventFilter, named: &str) -> Result<u64> {
        let (act, object, selection) = (act.clone(), object(named), Selection::of(filter));
        self.write(move |connection| {
            let before = by_status(connection, &selection)?;
            let sql =
                format!("DELETE FROM event WHERE seq IN (SELECT e.seq FROM event e{})", selection.clause());
            let gone = connection.execute(&sql, params_from_iter(selection.values()))? as u64;
            if gone > 0 {
                audit::append(connection, &act, &object, Some(&before), None)?;
            }
            Ok(gone)
        })
    }

    fn distinct(&self, field: DistinctField, range: TimeRange, limit: usize) -> Result<Vec<String>> {
        self.read(|view| distinct::values(view, field, range, limit))
    }

    fn actors(&self, filter: &ActorFilter, page: &Page<ActorSort>) -> Result<Listing<ActorRow>> {
        self.read(|view| counts::actors(view, filter, page))
    }

    fn activity(&self, actor: &str, range: TimeRange, limit: usize) -> Result<Vec<EventRow>> {
        let filter = EventFilter { range, actors: vec![actor.to_owned()], ..EventFilter::all() };
        self.read(|view| newest(view, &filter, limit))
    }

    fn endpoints(
        &self,
        range: TimeRange,
        policies: &[String],
        page: &Page<EndpointSort>,
    ) -> Result<Listing<Endpoint>> {
        self.read(|view| counts::endpoints(view, range, policies, page))
    }

    fn timeline(&self, range: TimeRange, policies: &[String]) -> Result<Vec<DayCount>> {
        self.read(|view| counts::timeline(view, range, policies))
    }

    fn severity_counts(&self, range: TimeRange, policies: &[String]) -> Result<Vec<(Severity, u64)>> {
        self.read(|view| counts::severities(view, range, policies))
    }

    fn category_counts(&self, range: TimeRange, policies: &[String]) -> Result<Vec<CategoryCount>> {
        self.read(|view| counts::categories(view, range, policies))
    }

    fn daily_actors(&self, range: TimeRange, policies: &[String]) -> Result<(Vec<DayActors>, Totals)> {
        self.read(|view| counts::daily_actors(view, range, policies))
    }

    fn actors_per_country(&self, range: TimeRange, policies: &[String]) -> Result<Vec<(String, u64)>> {
        self.read(|view| counts::actors_per_country(view, range, policies))
    }
}

fn append(connection: &Connection, events: &[NewEvent]) -> Result<Appended> {
    // Not INSERT OR IGNORE: that would reach into the triggers and hide their failures.
    let mut insert = connection.prepare_cached(
        "INSERT INTO event (id, ref_id, detected_at, actor, country, policy_id, category, sub_category, severity,
                            event_type, detection_type, method, url, host, collection_id, sensor_id, successful,
                            status)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING RETURNING seq",
    )?;
    let mut insert_detail =
        connection.prepare_cached("INSERT INTO event_detail (seq, raw_len, body) VALUES (?, ?, ?)")?;
    let mut outbox = Outbox::open(connection)?;
    let mut appended = Appended::default();
    for NewEvent { row, detail } in events {
        let seq: Option<i64> = insert
            .query_row(
                params![
                    row.id.as_bytes(),
                    row.ref_id,
                    row.detected_at.millis(),
                    row.actor,
                    row.country,
                    row.policy_id,
                    row.category,
                    row.sub_category,
                    codes::severity(row.severity),
                    codes::event_type(row.event_type),
                    codes::detection_type(row.detection_type),
                    row.method,
                    row.url,
                    row.host,
                    row.collection_id,
                    row.sensor_id,
                    row.successful,
                    codes::status(row.status),
                ],
                |row| row.get(0),
            )
            .optional()?;
        match seq {
            Some(seq) => {
                let (raw_len, body) = detail::pack(detail);
                insert_detail.execute(params![seq, raw_len, body])?;
                outbox.put(row)?;
                appended.stored += 1;
            }
            None if update(connection, row, detail)? => appended.updated += 1,
            None => appended.duplicates += 1,
        }
    }
    outbox.close()?;
    Ok(appended)
}

/// An event that comes again from its sensor with a higher count replaces the detail of the one before. Its row says what
/// was first.
fn update(connection: &Connection, row: &EventRow, detail: &EventDetail) -> Result<bool> {
    if detail.match_count <= 1 {
        return Ok(false);
    }
    let mut known = connection.prepare_cached(
        "SELECT d.raw_len, d.body, d.seq FROM event e JOIN event_detail d ON d.seq = e.seq
         WHERE e.id = ? AND e.sensor_id = ?",
    )?;
    let read = |row: &Row<'_>| Ok((packed(row)?, row.get::<_, i64>(2)?));
    let found = known.query_row(params![row.id.as_bytes(), row.sensor_id], read).optional()?;
    let Some((stored, seq)) = found else { return Ok(false) };
    if unpack(stored)?.match_count >= detail.match_count {
        return Ok(false);
    }
    let (raw_len, body) = detail::pack(detail);
    connection
        .prepare_cached("UPDATE event_detail SET raw_len = ?, body = ? WHERE seq = ?")?
        .execute(params![raw_len, body, seq])?;
    Ok(true)
}

/// How many of the selected events are in which status.
fn by_status(connection: &Connection, selection: &Selection) -> Result<serde_json::Value> {
    let sql = format!("SELECT e.status, count(*) FROM event e{} GROUP BY e.status", selection.clause());
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query(params_from_iter(selection.values()))?;
    let mut counts = serde_json::Map::new();
    while let Some(row) = rows.next()? {
        counts.insert(codes::status_of(row.get(0)?)?.name().to_owned(), json!(row.get::<_, i64>(1)?));
    }
    Ok(counts.into())
}

fn object(named: &str) -> String {
    format!("events {named}")
}

fn list(view: &Transaction<'_>, filter: &EventFilter, page: &Page<EventSort>) -> Result<Listing<EventRow>> {
    let selection = Selection::of(filter);
    let clause = selection.clause();
    let total: i64 = view.query_row(
        &format!("SELECT count(*) FROM event e{clause}"),
        params_from_iter(selection.values()),
        |row| row.get(0),
    )?;
    let order = order_by(&page.sort);
    let sql = format!("SELECT {EVENT_COLUMNS} FROM event e{clause} ORDER BY {order} LIMIT ? OFFSET ?");
    let window = [Value::Integer(codes::signed(page.limit)), Value::Integer(codes::signed(page.skip))];
    let rows = collect(view, &sql, selection.values().chain(&window))?;
    Ok(Listing { rows, total: codes::count(total) })
}

fn newest(view: &Transaction<'_>, filter: &EventFilter, limit: usize) -> Result<Vec<EventRow>> {
    let selection = Selection::of(filter);
    let sql = format!(
        "SELECT {EVENT_COLUMNS} FROM event e{} ORDER BY e.detected_at DESC, e.id DESC LIMIT ?",
        selection.clause()
    );
    let limit = [Value::Integer(codes::signed(limit as u64))];
    collect(view, &sql, selection.values().chain(&limit))
}

fn order_by(sort: &[(EventSort, Order)]) -> String {
    let mut keys: Vec<_> = sort
        .iter()
        .map(|(key, order)| {
            let column = match key {
                EventSort::DetectedAt => "e.detected_at",
                EventSort::Severity => "e.severity",
            };
            format!("{column} {}", direction(*order))
        })
        .collect();
    // In the direction of the key before it: then one index serves both.
    let last = sort.last().map_or(Order::Descending, |(_, order)| *order);
    keys.push(format!("e.id {}", direction(last)));
    keys.join(", ")
}

pub(super) const fn direction(order: Order) -> &'static str {
    match order {
        Order::Ascending => "ASC",
        Order::Descending => "DESC",
    }
}

fn collect<'a>(
    view: &Transaction<'_>,
    sql: &str,
    values: impl Iterator<Item = &'a Value>,
) -> Result<Vec<EventRow>> {
    let mut statement = view.prepare_cached(sql)?;
    let mut found = statement.query(params_from_iter(values))?;
    let mut events = Vec::new();
    while let Some(row) = found.next()? {
        events.push(rows::event(row)?);
    }
    Ok(events)
}

fn samples(view: &Transaction<'_>, query: &SampleQuery) -> Result<Vec<EventDetail>> {
    let (condition, values, limit) = match query {
        SampleQuery::Reference { ref_id, limit } => ("e.ref_id = ?", vec![ref_id.clone()], *limit),
        SampleQuery::Latest { actor, policy_id, limit } => {
            ("e.actor = ? AND e.policy_id = ?", vec![actor.clone(), policy_id.clone()], *limit)
        }
    };
    let mut statement = view.prepare_cached(&format!(
        "SELECT d.raw_len, d.body FROM event e JOIN event_detail d ON d.seq = e.seq
         WHERE {condition} ORDER BY e.detected_at DESC, e.id DESC LIMIT {limit}"
    ))?;
    let mut found = statement.query(params_from_iter(values))?;
    let mut details = Vec::new();
    while let Some(row) = found.next()? {
        details.push(unpack(packed(row)?)?);
    }
    Ok(details)
}

fn packed(row: &Row<'_>) -> rusqlite::Result<(i64, Vec<u8>)> {
    Ok((row.get(0)?, row.get(1)?))
}

fn unpack((raw_len, body): (i64, Vec<u8>)) -> Result<EventDetail> {
    detail::unpack(raw_len, &body)
}

/// Moves rows and tells of it in the audit log.
pub(super) fn set_status(
    connection: &Connection,
    act: &Act,
    filter: &EventFilter,
    named: &str,
    status: EventStatus,
) -> Result<u64> {
    let (object, selection) = (object(named), Selection::of(filter));
    let before = by_status(connection, &selection)?;
    let sql = format!(
        "UPDATE event SET status = {} WHERE seq IN (SELECT e.seq FROM event e{})",
        codes::status(status),
        selection.clause()
    );
    let moved = connection.execute(&sql, params_from_iter(selection.values()))? as u64;
    if moved > 0 {
        let after = json!({ status.name(): moved });
        audit::append(connection, act, &object, Some(&before), Some(&after))?;
    }
    Ok(moved)
}

pub(super) fn combinations(
    view: &Connection,
    filter: &EventFilter,
    limit: usize,
) -> Result<Vec<Combination>> {
    let selection = Selection::of(filter);
    let sql = format!(
        "SELECT DISTINCT e.actor, e.policy_id, e.method, e.url, e.host FROM event e{} LIMIT ?",
        selection.clause()
    );
    let limit = [Value::Integer(codes::signed(limit as u64))];
    let mut statement = view.prepare_cached(&sql)?;
    let found = statement.query_map(params_from_iter(selection.values().chain(&limit)), |row| {
        Ok(Combination {
            actor: row.get(0)?,
            policy_id: row.get(1)?,
            method: row.get(2)?,
            url: row.get(3)?,
            host: row.get(4)?,
        })
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}
