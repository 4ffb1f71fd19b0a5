use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::{COLUMNS, target};
use crate::{
    clock::EpochMillis,
    store::sqlite::{codes, rows::time},
    store::{Attempt, Due, LogEntry, NotifyOutcome, Queued, Result, Settled, StoreError},
};

/// Attempts that the log keeps of each target.
const MAX_LOG: i64 = 1_000;
/// What could not be delivered for so long is old news.
const MAX_AGE_MS: i64 = 24 * 3_600 * 1_000;

pub(super) fn due(view: &Connection, now: EpochMillis, busy: &[String]) -> Result<Vec<Due>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM notify_target t WHERE t.enabled AND t.queued > 0 AND t.next_at <= ? ORDER BY t.id"
    );
    let mut statement = view.prepare_cached(&sql)?;
    let mut found = statement.query([now.millis()])?;
    let mut due = Vec::new();
    while let Some(row) = found.next()? {
        let target = target(row)?;
        if busy.contains(&target.id) {
            continue;
        }
        // One at a time after a failure: a notification that is refused must not take others with it.
        let limit = if target.failures > 0 { 1 } else { target.kind.at_once() };
        let queued = oldest(view, &target.id, limit)?;
        due.push(Due { target, queued });
    }
    Ok(due)
}

fn oldest(view: &Connection, target: &str, limit: usize) -> Result<Vec<Queued>> {
    let mut statement = view
        .prepare_cached("SELECT seq, id, notice FROM notify_outbox WHERE target = ? ORDER BY seq LIMIT ?")?;
    let mut found = statement.query(params![target, codes::signed(limit as u64)])?;
    let mut queued = Vec::new();
    while let Some(row) = found.next()? {
        let notice: String = row.get(2)?;
        let notice = serde_json::from_str(&notice)
            .map_err(|error| StoreError::Damaged(format!("notification: {error}")))?;
        queued.push(Queued { seq: row.get(0)?, id: Uuid::from_bytes(row.get(1)?), notice });
    }
    Ok(queued)
}

pub(super) fn settle(connection: &Connection, attempt: &Attempt) -> Result<()> {
    log(connection, attempt, false)?;
    let (mut delivered, mut failed, mut given_up) = (0, 0, 0);
    match attempt.settled {
        Settled::Delivered => delivered = take(connection, &attempt.seqs)?,
        Settled::GivenUp => {
            failed = 1;
            given_up = take(connection, &attempt.seqs)?;
        }
        Settled::Retry(_) => {
            failed = 1;
            given_up = connection
                .prepare_cached("DELETE FROM notify_outbox WHERE target = ? AND queued_at < ?")?
                .execute(params![attempt.target, attempt.at.millis().saturating_sub(MAX_AGE_MS)])?;
        }
    }
    let (failures, next_at) = match attempt.settled {
        Settled::Retry(next_at) => (codes::signed(attempt.number), next_at.millis()),
        Settled::Delivered | Settled::GivenUp => (0, 0),
    };
    connection
        .prepare_cached(
            "UPDATE notify_target SET delivered = delivered + ?, failed = failed + ?, given_up = given_up + ?,
                                      failures = ?, next_at = ? WHERE id = ?",
        )?
        .execute(params![delivered as i64, failed, given_up as i64, failures, next_at, attempt.target])?;
    Ok(())
}

/// Those that are still there: their target may have been removed meanwhile.
fn take(connection: &Connection, seqs: &[i64]) -> Result<usize> {
    let mut delete = connection.prepare_cached("DELETE FROM notify_outbox WHERE seq = ?")?;
    let mut taken = 0;
    for seq in seqs {
        taken += delete.execute([seq])?;
    }
    Ok(taken)
}

pub(super) fn log(connection: &Connection, attempt: &Attempt, is_test: bool) -> Result<()> {
    let known = "SELECT count(*) FROM notify_target WHERE id = ?";
    let is_known: bool = connection.prepare_cached(known)?.query_row([&attempt.target], |row| row.get(0))?;
    if !is_known {
        return Ok(());
    }
    connection
        .prepare_cached(
            "INSERT INTO notify_log (target, at, id, count, attempt, is_test, outcome, detail, took_ms)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            attempt.target,
            attempt.at.millis(),
            attempt.id.as_bytes(),
            codes::signed(attempt.count),
            codes::signed(attempt.number),
            is_test,
            attempt.settled.outcome().name(),
            attempt.detail,
            i64::try_from(attempt.took.as_millis()).unwrap_or(i64::MAX),
        ])?;
    connection
        .prepare_cached(
            "DELETE FROM notify_log WHERE target = ?1 AND seq <=
                 (SELECT seq FROM notify_log WHERE target = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute(params![attempt.target, MAX_LOG])?;
    Ok(())
}

pub(super) fn entries(
    view: &Connection,
    name: Option<&str>,
    limit: u64,
    cursor: Option<u64>,
) -> Result<Vec<LogEntry>> {
    let mut statement = view.prepare_cached(
        "SELECT l.seq, t.name, l.at, l.id, l.count, l.attempt, l.is_test, l.outcome, l.detail, l.took_ms
         FROM notify_log l JOIN notify_target t ON t.id = l.target
         WHERE (?1 IS NULL OR t.name = ?1) AND l.seq < ?2 ORDER BY l.seq DESC LIMIT ?3",
    )?;
    let cursor = cursor.map_or(i64::MAX, codes::signed);
    let mut found = statement.query(params![name, cursor, codes::signed(limit)])?;
    let mut entries = Vec::new();
    while let Some(row) = found.next()? {
        entries.push(entry(row)?);
    }
    Ok(entries)
}

fn entry(row: &Row<'_>) -> Result<LogEntry> {
    let outcome: String = row.get(7)?;
    Ok(LogEntry {
        seq: codes::count(row.get(0)?),
        target: row.get(1)?,
        at: time(row, 2)?,
        id: Uuid::from_bytes(row.get(3)?),
        count: codes::count(row.get(4)?),
        attempt: codes::count(row.get(5)?),
        is_test: row.get(6)?,
        outcome: NotifyOutcome::parse(&outcome)
            .ok_or_else(|| StoreError::Damaged(format!("outcome of a notification: {outcome:?}")))?,
        detail: row.get(8)?,
        took_ms: codes::count(row.get(9)?),
    })
}
