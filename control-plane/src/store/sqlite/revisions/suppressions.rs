use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::super::{
    codes,
    rows::{time, time_or_none},
};
use crate::{
    clock::EpochMillis,
    store::{Combination, Result, Suppression},
};

pub(in crate::store::sqlite) const COLUMNS: &str = "actor, policy_id, method, url, host, reason, author, created_at, \
     expires_at, hits, sensor_hits, last_hit_at";

/// How many rows it changed: none where it is suppressed already with this end. Another end is another suppression.
pub(super) fn insert(connection: &Connection, suppression: &Suppression, now: EpochMillis) -> Result<usize> {
    let id = suppression.combination().suppression_id();
    // One that has run out but is not swept yet must not shadow the new one.
    connection
        .prepare_cached("DELETE FROM suppression WHERE id = ? AND expires_at <= ?")?
        .execute(params![id, now.millis()])?;
    Ok(connection
        .prepare_cached(
            "INSERT INTO suppression (id, actor, policy_id, method, url, host, reason, author, created_at, expires_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET reason = excluded.reason, author = excluded.author,
                 expires_at = excluded.expires_at
             WHERE expires_at IS NOT excluded.expires_at",
        )?
        .execute(params![
            id,
            suppression.actor,
            suppression.policy_id,
            suppression.method,
            suppression.url,
            suppression.host,
            suppression.reason,
            suppression.author,
            suppression.created_at.millis(),
            suppression.expires_at.map(EpochMillis::millis),
        ])?)
}

/// Counts a hit for each.
pub(super) fn count_hits(connection: &Connection, ids: &[String], now: EpochMillis) -> Result<()> {
    let mut count =
        connection.prepare_cached("UPDATE suppression SET hits = hits + 1, last_hit_at = ? WHERE id = ?")?;
    for id in ids {
        count.execute(params![now.millis(), id])?;
    }
    Ok(())
}

/// Adds what sensors held back since they were last asked.
pub(in crate::store::sqlite) fn count_sensor_hits(
    connection: &Connection,
    hits: &[(String, u64)],
    now: EpochMillis,
) -> Result<()> {
    let mut count = connection.prepare_cached(
        "UPDATE suppression SET sensor_hits = sensor_hits + ?, last_hit_at = ? WHERE id = ?",
    )?;
    for (id, more) in hits {
        count.execute(params![codes::signed(*more), now.millis(), id])?;
    }
    Ok(())
}

pub(super) fn in_force(view: &Transaction<'_>, now: EpochMillis) -> Result<Vec<Suppression>> {
    let mut statement = view.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM suppression
         WHERE expires_at IS NULL OR expires_at > ? ORDER BY created_at DESC, id"
    ))?;
    let found = statement.query_map([now.millis()], suppression)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// Also one whose time is over, until it is swept.
pub(in crate::store::sqlite) fn one(view: &Connection, id: &str) -> Result<Option<Suppression>> {
    let mut statement = view.prepare_cached(&format!("SELECT {COLUMNS} FROM suppression WHERE id = ?"))?;
    Ok(statement.query_row([id], suppression).optional()?)
}

pub(in crate::store::sqlite) fn suppression(row: &Row<'_>) -> rusqlite::Result<Suppression> {
    Ok(Suppression {
        actor: row.get(0)?,
        policy_id: row.get(1)?,
        method: row.get(2)?,
        url: row.get(3)?,
        host: row.get(4)?,
        reason: row.get(5)?,
        author: row.get(6)?,
        created_at: time(row, 7)?,
        expires_at: time_or_none(row, 8)?,
        hits: codes::count(row.get(9)?),
        sensor_hits: codes::count(row.get(10)?),
        last_hit_at: time_or_none(row, 11)?,
    })
}

const COVERS: &str = "policy_id IN ('', ?1) AND actor IN ('', ?2) AND url IN ('', ?3) AND method IN ('', ?4)
     AND host IN ('', ?5) AND (expires_at IS NULL OR expires_at > ?6)";

/// All that cover it.
pub(in crate::store::sqlite) fn covering(
    view: &Connection,
    one: &Combination,
    now: EpochMillis,
) -> Result<Vec<String>> {
    let mut statement = view.prepare_cached(&format!("SELECT id FROM suppression WHERE {COVERS}"))?;
    let values = params![one.policy_id, one.actor, one.url, one.method, one.host, now.millis()];
    Ok(statement.query_map(values, |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn swallowing(
    view: &Transaction<'_>,
    combinations: &[Combination],
    now: EpochMillis,
) -> Result<Vec<Option<String>>> {
    let mut statement = view.prepare_cached(&format!("SELECT id FROM suppression WHERE {COVERS} LIMIT 1"))?;
    combinations
        .iter()
        .map(|one| {
            let values = params![one.policy_id, one.actor, one.url, one.method, one.host, now.millis()];
            Ok(statement.query_row(values, |row| row.get(0)).optional()?)
        })
        .collect()
}
