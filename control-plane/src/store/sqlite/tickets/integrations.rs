use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use serde_json::{Value, json};

use crate::{
    clock::EpochMillis,
    store::sqlite::{
        audit, codes,
        rows::{time, time_or_none},
    },
    store::{
        Act, Integration, IntegrationChange, IntegrationError, IntegrationSettings, NewIntegration, Result,
        StoreError, TrackerKind,
    },
};

const MAX_INTEGRATIONS: u64 = 16;

const COLUMNS: &str = "i.id, i.name, i.kind, i.settings, i.sealed, i.enabled, i.created_at, i.created_by,
    (SELECT count(*) FROM ticket t WHERE t.integration = i.id AND t.state = 'QUEUED'), i.created, i.updated, i.failed,
    i.failures, i.next_at, i.polled_at, i.problem";

// What is refused is an `Ok` for the writer: nothing was written that would have to be taken back.
type Answer<T> = Result<Result<T, IntegrationError>>;

pub(super) fn add(connection: &Connection, act: &Act, new: &NewIntegration) -> Answer<()> {
    if find(connection, &new.name)?.is_some() {
        return Ok(Err(IntegrationError::Exists(new.name.clone())));
    }
    let count: i64 = connection.query_row("SELECT count(*) FROM ticket_integration", [], |row| row.get(0))?;
    if codes::count(count) >= MAX_INTEGRATIONS {
        return Ok(Err(IntegrationError::TooMany(MAX_INTEGRATIONS)));
    }
    connection
        .prepare_cached(
            "INSERT INTO ticket_integration (id, name, kind, settings, sealed, enabled, created_at, created_by)
             VALUES (?, ?, ?, ?, ?, TRUE, ?, ?)",
        )?
        .execute(params![
            new.id,
            new.name,
            new.kind.name(),
            json!(new.settings).to_string(),
            new.sealed,
            new.created_at.millis(),
            act.by.name,
        ])?;
    let after = state(new.kind, &new.settings, true);
    audit::append(connection, act, &object(&new.name), None, Some(&after))?;
    Ok(Ok(()))
}

pub(super) fn alter(
    connection: &Connection,
    act: &Act,
    name: &str,
    change: IntegrationChange,
) -> Answer<Integration> {
    let Some(before) = find(connection, name)? else {
        return Ok(Err(IntegrationError::Unknown(name.to_owned())));
    };
    let is_resealed = change.sealed.is_some();
    let sealed = change.sealed.unwrap_or_else(|| before.sealed.clone());
    let settings = change.settings.unwrap_or_else(|| before.settings.clone());
    let enabled = change.enabled.unwrap_or(before.enabled);
    // Whoever mends an integration does not want to wait for the end of its pause, nor for those of its tickets.
    connection
        .prepare_cached(
            "UPDATE ticket_integration SET settings = ?, sealed = ?, enabled = ?, next_at = 0, failures = 0, problem = ''
             WHERE id = ?",
        )?
        .execute(params![json!(settings).to_string(), sealed, enabled, before.id])?;
    connection.execute("UPDATE ticket SET next_at = 0 WHERE integration = ?", [&before.id])?;
    let old = state(before.kind, &before.settings, before.enabled);
    let mut new = state(before.kind, &settings, enabled);
    if is_resealed && let Some(fields) = new.as_object_mut() {
        fields.insert("credentials".to_owned(), json!("changed"));
    }
    if old != new {
        audit::append(connection, act, &object(&before.name), Some(&old), Some(&new))?;
    }
    let after = find(connection, name)?;
    Ok(after.ok_or_else(|| IntegrationError::Unknown(name.to_owned())))
}

pub(super) fn remove(connection: &Connection, act: &Act, name: &str) -> Answer<u64> {
    let Some(before) = find(connection, name)? else {
        return Ok(Err(IntegrationError::Unknown(name.to_owned())));
    };
    let tickets = connection.execute("DELETE FROM ticket WHERE integration = ?", [&before.id])? as u64;
    connection.execute("DELETE FROM ticket_integration WHERE id = ?", [&before.id])?;
    let mut old = state(before.kind, &before.settings, before.enabled);
    if let Some(fields) = old.as_object_mut() {
        fields.insert("tickets".to_owned(), json!(tickets));
    }
    audit::append(connection, act, &object(&before.name), Some(&old), None)?;
    Ok(Ok(tickets))
}

/// What somebody changed meanwhile begins anew: how it went before says nothing of it.
pub(super) fn settle(connection: &Connection, integration: &Integration) -> Result<()> {
    connection
        .prepare_cached(
            "UPDATE ticket_integration SET failures = ?, next_at = ?, polled_at = ?, problem = ?
             WHERE id = ? AND sealed = ? AND settings = ?",
        )?
        .execute(params![
            codes::signed(integration.failures),
            integration.next_at.millis(),
            integration.polled_at.map(EpochMillis::millis),
            integration.problem,
            integration.id,
            integration.sealed,
            json!(integration.settings).to_string(),
        ])?;
    Ok(())
}

pub(super) fn all(view: &Connection) -> Result<Vec<Integration>> {
    read(view, "ORDER BY i.name", [])
}

pub(super) fn due(view: &Connection, now: EpochMillis) -> Result<Vec<Integration>> {
    read(view, "WHERE i.enabled AND i.next_at <= ? ORDER BY i.id", [now.millis()])
}

pub(super) fn find(connection: &Connection, name: &str) -> Result<Option<Integration>> {
    let sql = format!("SELECT {COLUMNS} FROM ticket_integration i WHERE i.name = ?");
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_row([name], |row| Ok(integration(row))).optional()?.transpose()
}

fn read(view: &Connection, which: &str, parameters: impl Params) -> Result<Vec<Integration>> {
    let mut statement =
        view.prepare_cached(&format!("SELECT {COLUMNS} FROM ticket_integration i {which}"))?;
    let mut found = statement.query(parameters)?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        rows.push(integration(row)?);
    }
    Ok(rows)
}

fn integration(row: &Row<'_>) -> Result<Integration> {
    let (kind, settings): (String, String) = (row.get(2)?, row.get(3)?);
    let count = |index: usize| -> rusqlite::Result<u64> { Ok(codes::count(row.get(index)?)) };
    Ok(Integration {
        id: row.get(0)?,
        name: row.get(1)?,
        kind: TrackerKind::parse(&kind)
            .ok_or_else(|| StoreError::Damaged(format!("kind of integration {kind:?}")))?,
        settings: serde_json::from_str(&settings)
            .map_err(|error| StoreError::Damaged(format!("settings of an integration: {error}")))?,
        sealed: row.get(4)?,
        enabled: row.get(5)?,
        created_at: time(row, 6)?,
        created_by: row.get(7)?,
        queued: count(8)?,
        created: count(9)?,
        updated: count(10)?,
        failed: count(11)?,
        failures: count(12)?,
        next_at: time(row, 13)?,
        polled_at: time_or_none(row, 14)?,
        problem: row.get(15)?,
    })
}

fn object(name: &str) -> String {
    format!("ticket integration {name}")
}

fn state(kind: TrackerKind, settings: &IntegrationSettings, enabled: bool) -> Value {
    json!({ "kind": kind.name(), "settings": settings, "enabled": enabled })
}
