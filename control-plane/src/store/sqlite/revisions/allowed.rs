use ipnet::IpNet;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::{codes, rows::time};
use crate::{
    configuration::Configuration,
    store::{Allowed, CaptureRule, GateMode, Result, StoreError},
};

/// Every sensor holds them, and looks them up for each block.
pub(super) const MAX_ALLOWED: u64 = 50_000;

const GATE_MODE: &str = "gate_mode";
const CAPTURE_RULES: &str = "capture_rules";
const CONFIGURATION: &str = "threat_configuration";

pub(super) fn put(connection: &Connection, allowed: &Allowed, number: u64) -> Result<usize> {
    Ok(connection
        .prepare_cached(
            "INSERT INTO allowed (cidr, reason, author, created_at, revision) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (cidr) DO UPDATE SET reason = ?2, author = ?3, created_at = ?4, revision = ?5",
        )?
        .execute(params![
            allowed.cidr.to_string(),
            allowed.reason,
            allowed.author,
            allowed.created_at.millis(),
            codes::signed(number),
        ])?)
}

pub(super) fn one(connection: &Connection, cidr: IpNet) -> Result<Option<Allowed>> {
    let mut statement = connection
        .prepare_cached("SELECT cidr, reason, author, created_at, revision FROM allowed WHERE cidr = ?")?;
    let mut rows = statement.query([cidr.to_string()])?;
    rows.next()?.map(allowed).transpose()
}

pub(super) fn all(connection: &Connection) -> Result<Vec<Allowed>> {
    let mut statement = connection
        .prepare_cached("SELECT cidr, reason, author, created_at, revision FROM allowed ORDER BY cidr")?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(allowed(row)?);
    }
    all.sort_by_key(|one| one.cidr);
    Ok(all)
}

fn allowed(row: &Row<'_>) -> Result<Allowed> {
    let cidr: String = row.get(0)?;
    Ok(Allowed {
        cidr: cidr.parse().map_err(|_| StoreError::Damaged(format!("allowed prefix {cidr:?}")))?,
        reason: row.get(1)?,
        author: row.get(2)?,
        created_at: time(row, 3)?,
        revision: codes::count(row.get(4)?),
    })
}

pub(super) fn set_gate_mode(connection: &Connection, mode: GateMode) -> Result<usize> {
    set(connection, GATE_MODE, mode.name())
}

pub(super) fn set_capture_rules(connection: &Connection, rules: &[CaptureRule]) -> Result<usize> {
    let text = serde_json::to_string(rules).map_err(|error| StoreError::Damaged(error.to_string()))?;
    set(connection, CAPTURE_RULES, &text)
}

/// None before somebody set some.
pub(super) fn capture_rules(connection: &Connection) -> Result<Vec<CaptureRule>> {
    let Some(text) = setting(connection, CAPTURE_RULES)? else { return Ok(Vec::new()) };
    serde_json::from_str(&text).map_err(|error| StoreError::Damaged(format!("capture rules: {error}")))
}

/// Nothing changes where the document is this already.
pub(super) fn configure(connection: &Connection, wanted: &Configuration, revision: u64) -> Result<usize> {
    if configuration(connection)?.is_some_and(|known| known.document == wanted.document) {
        return Ok(0);
    }
    let stored = Configuration { revision, ..wanted.clone() };
    let text = serde_json::to_string(&stored).map_err(|error| StoreError::Damaged(error.to_string()))?;
    set(connection, CONFIGURATION, &text)
}

/// None before somebody set one.
pub(super) fn configuration(connection: &Connection) -> Result<Option<Configuration>> {
    let stored = setting(connection, CONFIGURATION)?;
    let read = |text: String| {
        serde_json::from_str(&text)
            .map_err(|error| StoreError::Damaged(format!("threat configuration: {error}")))
    };
    stored.map(read).transpose()
}

/// Nothing changes where it is this already.
fn set(connection: &Connection, name: &str, value: &str) -> Result<usize> {
    Ok(connection
        .prepare_cached(
            "INSERT INTO setting (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = ?2 WHERE value <> ?2",
        )?
        .execute(params![name, value])?)
}

fn setting(connection: &Connection, name: &str) -> Result<Option<String>> {
    Ok(connection
        .prepare_cached("SELECT value FROM setting WHERE name = ?")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}

pub(super) fn gate_mode(connection: &Connection) -> Result<Option<GateMode>> {
    let stored = setting(connection, GATE_MODE)?;
    let known = |name: String| {
        GateMode::from_name(&name).ok_or_else(|| StoreError::Damaged(format!("gate mode {name:?}")))
    };
    stored.map(known).transpose()
}
