//! Notification targets, their outbox and their log.

mod delivery;
mod outbox;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Value, json};

pub(super) use self::outbox::Outbox;
use super::{SqliteStore, audit, codes, rows::time};
use crate::{
    clock::EpochMillis,
    store::{
        Act, Attempt, Due, LogEntry, NewTarget, NotifyStore, Result, StoreError, TargetChange, TargetError,
        TargetFilter, TargetKind, TargetRecord,
    },
};

/// Each has its place in every look at what is due.
const MAX_TARGETS: u64 = 32;

const COLUMNS: &str =
    "t.id, t.name, t.kind, t.shown, t.sealed, t.filter, t.enabled, t.created_at, t.created_by,
    t.queued, t.delivered, t.failed, t.given_up, t.dropped, t.failures, t.next_at";

impl NotifyStore for SqliteStore {
    fn add_target(&self, act: &Act, target: NewTarget) -> Result<(), TargetError> {
        let act = act.clone();
        self.write(move |connection| add(connection, &act, &target))?
    }

    fn targets(&self) -> Result<Vec<TargetRecord>> {
        self.read(|view| {
            let sql = format!("SELECT {COLUMNS} FROM notify_target t ORDER BY t.name");
            let mut statement = view.prepare_cached(&sql)?;
            let mut found = statement.query([])?;
            let mut targets = Vec::new();
            while let Some(row) = found.next()? {
                targets.push(target(row)?);
            }
            Ok(targets)
        })
    }

    fn target(&self, name: &str) -> Result<Option<TargetRecord>> {
        self.read(|view| find(view, name))
    }

    fn change_target(
        &self,
        act: &Act,
        name: &str,
        change: TargetChange,
    ) -> Result<TargetRecord, TargetError> {
        let (act, name) = (act.clone(), name.to_owned());
        self.write(move |connection| alter(connection, &act, &name, change))?
    }

    fn remove_target(&self, act: &Act, name: &str) -> Result<(), TargetError> {
        let (act, name) = (act.clone(), name.to_owned());
        self.write(move |connection| remove(connection, &act, &name))?
    }

    fn due(&self, now: EpochMillis, busy: &[String]) -> Result<Vec<Due>> {
        self.read(|view| delivery::due(view, now, busy))
    }

    fn settle(&self, attempt: Attempt) -> Result<()> {
        self.write(move |connection| delivery::settle(connection, &attempt))
    }

    fn settle_test(&self, act: &Act, target: &str, attempt: Attempt) -> Result<()> {
        let (act, object) = (act.clone(), object(target));
        self.write(move |connection| {
            delivery::log(connection, &attempt, true)?;
            let after = json!({ "outcome": attempt.settled.outcome().name(), "detail": attempt.detail });
            audit::append(connection, &act, &object, None, Some(&after))
        })
    }

    fn notify_log(&self, name: Option<&str>, limit: u64, cursor: Option<u64>) -> Result<Vec<LogEntry>> {
        self.read(|view| delivery::entries(view, name, limit, cursor))
    }
}

// What is refused is an `Ok` for the writer: nothing was written that would have to be taken back.
type Answer<T> = Result<Result<T, TargetError>>;

fn add(connection: &Connection, act: &Act, new: &NewTarget) -> Answer<()> {
    if find(connection, &new.name)?.is_some() {
        return Ok(Err(TargetError::Exists(new.name.clone())));
    }
    let count: i64 = connection.query_row("SELECT count(*) FROM notify_target", [], |row| row.get(0))?;
    if codes::count(count) >= MAX_TARGETS {
        return Ok(Err(TargetError::TooMany(MAX_TARGETS)));
    }
    connection
        .prepare_cached(
            "INSERT INTO notify_target (id, name, kind, shown, sealed, filter, enabled, created_at, created_by)
             VALUES (?, ?, ?, ?, ?, ?, TRUE, ?, ?)",
        )?
        .execute(params![
            new.id,
            new.name,
            new.kind.name(),
            new.shown,
            new.sealed,
            json!(new.filter).to_string(),
            new.created_at.millis(),
            act.by.name,
        ])?;
    let after = state(new.kind, &new.shown, &new.filter, true);
    audit::append(connection, act, &object(&new.name), None, Some(&after))?;
    Ok(Ok(()))
}

fn alter(connection: &Connection, act: &Act, name: &str, change: TargetChange) -> Answer<TargetRecord> {
    let Some(before) = find(connection, name)? else {
        return Ok(Err(TargetError::Unknown(name.to_owned())));
    };
    let is_resealed = change.sealed.is_some();
    let (shown, sealed) = change.sealed.unwrap_or_else(|| (before.shown.clone(), before.sealed.clone()));
    let filter = change.filter.unwrap_or_else(|| before.filter.clone());
    let enabled = change.enabled.unwrap_or(before.enabled);
    // Whoever mends a target does not want to wait for the end of its pause.
    connection
        .prepare_cached(
            "UPDATE notify_target SET shown = ?, sealed = ?, filter = ?, enabled = ?, next_at = 0 WHERE id = ?",
        )?
        .execute(params![shown, sealed, json!(filter).to_string(), enabled, before.id])?;
    let old = state(before.kind, &before.shown, &before.filter, before.enabled);
    let mut new = state(before.kind, &shown, &filter, enabled);
    if is_resealed && let Some(fields) = new.as_object_mut() {
        fields.insert("secrets".to_owned(), json!("changed"));
    }
    if old != new {
        audit::append(connection, act, &object(&before.name), Some(&old), Some(&new))?;
    }
    let after = find(connection, name)?;
    Ok(after.ok_or_else(|| TargetError::Unknown(name.to_owned())))
}

fn remove(connection: &Connection, act: &Act, name: &str) -> Answer<()> {
    let Some(before) = find(connection, name)? else {
        return Ok(Err(TargetError::Unknown(name.to_owned())));
    };
    connection.execute("DELETE FROM notify_outbox WHERE target = ?", [&before.id])?;
    connection.execute("DELETE FROM notify_log WHERE target = ?", [&before.id])?;
    connection.execute("DELETE FROM notify_target WHERE id = ?", [&before.id])?;
    let mut old = state(before.kind, &before.shown, &before.filter, before.enabled);
    if let Some(fields) = old.as_object_mut() {
        fields.insert("queued".to_owned(), json!(before.queued));
    }
    audit::append(connection, act, &object(&before.name), Some(&old), None)?;
    Ok(Ok(()))
}

fn object(name: &str) -> String {
    format!("notification target {name}")
}

fn state(kind: TargetKind, shown: &str, filter: &TargetFilter, enabled: bool) -> Value {
    json!({ "kind": kind.name(), "address": shown, "filter": filter, "enabled": enabled })
}

fn find(connection: &Connection, name: &str) -> Result<Option<TargetRecord>> {
    let sql = format!("SELECT {COLUMNS} FROM notify_target t WHERE t.name = ?");
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_row([name], |row| Ok(target(row))).optional()?.transpose()
}

fn target(row: &Row<'_>) -> Result<TargetRecord> {
    let kind: String = row.get(2)?;
    let count = |index: usize| -> rusqlite::Result<u64> { Ok(codes::count(row.get(index)?)) };
    Ok(TargetRecord {
        id: row.get(0)?,
        name: row.get(1)?,
        kind: TargetKind::parse(&kind)
            .ok_or_else(|| StoreError::Damaged(format!("kind of target {kind:?}")))?,
        shown: row.get(3)?,
        sealed: row.get(4)?,
        filter: filter(&row.get::<_, String>(5)?)?,
        enabled: row.get(6)?,
        created_at: time(row, 7)?,
        created_by: row.get(8)?,
        queued: count(9)?,
        delivered: count(10)?,
        failed: count(11)?,
        given_up: count(12)?,
        dropped: count(13)?,
        failures: count(14)?,
        next_at: time(row, 15)?,
    })
}

fn filter(text: &str) -> Result<TargetFilter> {
    serde_json::from_str(text).map_err(|error| StoreError::Damaged(format!("filter of a target: {error}")))
}
