//! Saved policies as revisions change them.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use sha2::{Digest, Sha256};

use super::super::{codes, rows::time};
use crate::{
    clock::EpochMillis,
    store::{PolicyStep, PolicyVersion, Result, SavedPolicy, StoreError, StoredPolicy},
};

/// Every sensor parses them with each change of one.
const MAX_POLICIES: u64 = 500;
/// Of their texts together.
const MAX_BYTES: u64 = 8 << 20;
/// Older ones of a policy are forgotten.
const KEPT_VERSIONS: u64 = 100;

const COLUMNS: &str = "id, content, author, created_at, updated_at, version, revision";

/// Nothing changes where the text is this already.
pub(super) fn save(connection: &Connection, saved: &SavedPolicy, revision: u64) -> Result<usize> {
    let SavedPolicy { id, content, author, at } = saved;
    if one(connection, id)?.is_some_and(|known| known.saved.content == *content) {
        return Ok(0);
    }
    let step = if content.is_empty() { PolicyStep::Deleted } else { PolicyStep::Saved };
    let version = note(connection, saved, step, revision)?;
    Ok(connection
        .prepare_cached(
            "INSERT INTO saved_policy (id, content, author, created_at, updated_at, version, revision)
             VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6)
             ON CONFLICT (id) DO UPDATE SET content = ?2, author = ?3, updated_at = ?4, version = ?5, revision = ?6",
        )?
        .execute(params![
            id,
            content,
            author,
            at.millis(),
            codes::signed(version),
            codes::signed(revision)
        ])?)
}

/// Nothing changes where nothing was saved.
pub(super) fn restore(
    connection: &Connection,
    id: &str,
    author: &str,
    at: EpochMillis,
    revision: u64,
) -> Result<usize> {
    let gone = connection.prepare_cached("DELETE FROM saved_policy WHERE id = ?")?.execute([id])?;
    if gone > 0 {
        let nothing =
            SavedPolicy { id: id.to_owned(), content: String::new(), author: author.to_owned(), at };
        note(connection, &nothing, PolicyStep::Restored, revision)?;
    }
    Ok(gone)
}

/// Gives the version's number.
fn note(connection: &Connection, saved: &SavedPolicy, step: PolicyStep, revision: u64) -> Result<u64> {
    let SavedPolicy { id, content, author, at } = saved;
    let last: i64 = connection
        .prepare_cached("SELECT coalesce(max(version), 0) FROM policy_version WHERE id = ?")?
        .query_row([id], |row| row.get(0))?;
    let version = last + 1;
    connection
        .prepare_cached(
            "INSERT INTO policy_version (id, version, step, content, digest, author, at, revision)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            id,
            version,
            step.name(),
            content,
            Sha256::digest(content.as_bytes()).as_slice(),
            author,
            at.millis(),
            codes::signed(revision)
        ])?;
    connection
        .prepare_cached("DELETE FROM policy_version WHERE id = ? AND version <= ?")?
        .execute(params![id, version - codes::signed(KEPT_VERSIONS)])?;
    Ok(codes::count(version))
}

/// Whether sensors can hold all that is saved.
pub(super) fn within_bounds(connection: &Connection) -> Result<()> {
    let (count, bytes): (i64, i64) = connection
        .prepare_cached("SELECT count(*), coalesce(sum(length(CAST(content AS BLOB))), 0) FROM saved_policy")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if codes::count(count) > MAX_POLICIES || codes::count(bytes) > MAX_BYTES {
        return Err(StoreError::Full(format!(
            "content: that would be more than {MAX_POLICIES} saved policies or {} MiB of them, which every sensor has to hold: restore some",
            MAX_BYTES >> 20
        )));
    }
    Ok(())
}

pub(in crate::store::sqlite) fn one(view: &Connection, id: &str) -> Result<Option<StoredPolicy>> {
    let mut statement = view.prepare_cached(&format!("SELECT {COLUMNS} FROM saved_policy WHERE id = ?"))?;
    Ok(statement.query_row([id], stored).optional()?)
}

pub(in crate::store::sqlite) fn all(view: &Connection) -> Result<Vec<StoredPolicy>> {
    let mut statement = view.prepare_cached(&format!("SELECT {COLUMNS} FROM saved_policy ORDER BY id"))?;
    let found = statement.query_map([], stored)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

pub(in crate::store::sqlite) fn versions(view: &Connection, id: &str) -> Result<Vec<PolicyVersion>> {
    let mut statement = view.prepare_cached(
        "SELECT version, step, content, digest, author, at, revision FROM policy_version WHERE id = ? ORDER BY version DESC",
    )?;
    let mut rows = statement.query([id])?;
    let mut versions = Vec::new();
    while let Some(row) = rows.next()? {
        let step: String = row.get(1)?;
        versions.push(PolicyVersion {
            version: codes::count(row.get(0)?),
            step: PolicyStep::ALL
                .into_iter()
                .find(|known| known.name() == step)
                .ok_or_else(|| StoreError::Damaged(format!("a policy's step {step:?}")))?,
            content: row.get(2)?,
            digest: row.get(3)?,
            author: row.get(4)?,
            at: time(row, 5)?,
            revision: codes::count(row.get(6)?),
        });
    }
    Ok(versions)
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredPolicy> {
    Ok(StoredPolicy {
        saved: SavedPolicy { id: row.get(0)?, content: row.get(1)?, author: row.get(2)?, at: time(row, 4)? },
        created_at: time(row, 3)?,
        version: codes::count(row.get(5)?),
        revision: codes::count(row.get(6)?),
    })
}
