use rusqlite::{Connection, Transaction, params};

use super::{
    super::{codes, rows::time},
    packing::{self, Packed},
};
use crate::{
    clock::EpochMillis,
    store::{Change, Difference, Result, StoredRevision},
};

/// A sensor further behind, by revisions or by changes in them, gets everything instead: cheaper than so many steps.
const LONGEST_DIFFERENCE: u64 = 1_000;
const LARGEST_DIFFERENCE: u64 = 200_000;
/// Changes read at once, or a little more: whoever needs further ones asks again.
const CHANGES_AT_ONCE: u64 = 10_000;
/// Revisions kept, for late sensors and for the audit of who did what.
const KEPT_REVISIONS: u64 = 100_000;

pub(super) fn last_number(connection: &Connection) -> Result<u64> {
    let last: Option<i64> =
        connection.prepare_cached("SELECT max(number) FROM revision")?.query_row([], |row| row.get(0))?;
    Ok(codes::count(last.unwrap_or(0)))
}

pub(super) fn append(
    connection: &Connection,
    number: u64,
    author: &str,
    now: EpochMillis,
    changes: &[Change],
) -> Result<()> {
    let (plain, packed) = match packing::pack(changes)? {
        Packed::Plain(json) => (json, None),
        Packed::Deflated(bytes) => (String::new(), Some(bytes)),
    };
    connection
        .prepare_cached(
            "INSERT INTO revision (number, author, created_at, changes, packed, change_count)
             VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            codes::signed(number),
            author,
            now.millis(),
            plain,
            packed,
            codes::signed(changes.len() as u64)
        ])?;
    connection
        .prepare_cached("DELETE FROM revision WHERE number <= ?")?
        .execute([codes::signed(number.saturating_sub(KEPT_REVISIONS))])?;
    Ok(())
}

pub(super) fn difference(view: &Transaction<'_>, after: u64) -> Result<Difference> {
    let last = last_number(view)?;
    if after == last {
        return Ok(Difference::Revisions(Vec::new()));
    }
    if after > last || last - after > LONGEST_DIFFERENCE {
        return Ok(Difference::Everything);
    }
    let behind: i64 = view
        .prepare_cached("SELECT coalesce(sum(change_count), 0) FROM revision WHERE number > ?")?
        .query_row([codes::signed(after)], |row| row.get(0))?;
    if codes::count(behind) > LARGEST_DIFFERENCE {
        return Ok(Difference::Everything);
    }
    let steps = revisions_after(view, after)?;
    // A hole at its start, where the log was cut: the whole state instead.
    match steps.first() {
        Some(first) if first.number == after + 1 => Ok(Difference::Revisions(steps)),
        _ => Ok(Difference::Everything),
    }
}

fn revisions_after(view: &Transaction<'_>, after: u64) -> Result<Vec<StoredRevision>> {
    let mut statement = view.prepare_cached(
        "SELECT number, author, created_at, changes, packed FROM revision WHERE number > ? ORDER BY number",
    )?;
    let mut found = statement.query([codes::signed(after)])?;
    let mut revisions: Vec<StoredRevision> = Vec::new();
    let mut read = 0;
    while read < CHANGES_AT_ONCE
        && let Some(row) = found.next()?
    {
        let number = codes::count(row.get(0)?);
        let plain = row.get_ref(3)?.as_str().unwrap_or_default();
        let changes = packing::unpack(number, plain, row.get_ref(4)?.as_blob_or_null().unwrap_or_default())?;
        read += changes.len() as u64;
        revisions.push(StoredRevision { number, author: row.get(1)?, created_at: time(row, 2)?, changes });
    }
    Ok(revisions)
}
