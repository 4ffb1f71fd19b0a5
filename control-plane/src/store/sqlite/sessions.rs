use rusqlite::{Connection, params};

use super::{audit, codes, rows::time};
use crate::{
    clock::EpochMillis,
    store::{Act, NewSession, Owner, Principal, PrincipalKind, Result, SessionRecord},
};

/// Of one user or key; the one not used for the longest time makes room.
const MAX_SESSIONS: i64 = 32;

pub(super) fn create(connection: &Connection, act: &Act, session: &NewSession) -> Result<()> {
    let (user, key) = match &session.owner {
        Owner::User { id } => (Some(id), None),
        Owner::Key { id } => (None, Some(id)),
    };
    let now = session.created_at.millis();
    connection
        .prepare_cached(
            "INSERT INTO session (hash, user_id, key_id, created_at, last_used_at, expires_at)
             VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![session.hash, user, key, now, now, session.expires_at.millis()])?;
    connection
        .prepare_cached(
            "DELETE FROM session WHERE hash IN (SELECT hash FROM session WHERE user_id IS ?1 AND key_id IS ?2
             ORDER BY last_used_at DESC, created_at DESC LIMIT -1 OFFSET ?3)",
        )?
        .execute(params![user, key, MAX_SESSIONS])?;
    if let Some(user) = user {
        connection
            .prepare_cached("UPDATE user SET last_log_in_at = ? WHERE id = ?")?
            .execute(params![now, user])?;
    }
    audit::append(connection, act, "session", None, None)
}

pub(super) fn find(
    view: &Connection,
    hash: &[u8; 32],
    now: EpochMillis,
    idle_since: EpochMillis,
) -> Result<Option<SessionRecord>> {
    let mut statement = view.prepare_cached(
        "SELECT s.hash, s.last_used_at, s.expires_at, u.id IS NOT NULL, coalesce(u.id, k.id),
                coalesce(u.name, k.name), coalesce(u.role, k.role)
         FROM session s
         LEFT JOIN user u ON u.id = s.user_id AND u.disabled_at IS NULL
         LEFT JOIN api_key k ON k.id = s.key_id AND k.revoked_at IS NULL
              AND (k.expires_at IS NULL OR k.expires_at > ?2)
         WHERE s.hash = ?1 AND s.expires_at > ?2 AND s.last_used_at > ?3
               AND (u.id IS NOT NULL OR k.id IS NOT NULL)",
    )?;
    let mut found = statement.query(params![hash, now.millis(), idle_since.millis()])?;
    let Some(row) = found.next()? else { return Ok(None) };
    let kind = if row.get(3)? { PrincipalKind::User } else { PrincipalKind::Key };
    Ok(Some(SessionRecord {
        hash: row.get(0)?,
        last_used_at: time(row, 1)?,
        expires_at: time(row, 2)?,
        by: Principal { kind, id: row.get(4)?, name: row.get(5)? },
        role: codes::role_of(&row.get::<_, String>(6)?)?,
    }))
}

pub(super) fn touch(connection: &Connection, hash: &[u8; 32], now: EpochMillis) -> Result<()> {
    connection
        .prepare_cached("UPDATE session SET last_used_at = ? WHERE hash = ?")?
        .execute(params![now.millis(), hash])?;
    Ok(())
}

pub(super) fn end(connection: &Connection, act: &Act, hash: &[u8; 32]) -> Result<()> {
    let ended = connection.prepare_cached("DELETE FROM session WHERE hash = ?")?.execute([hash])?;
    match ended {
        0 => Ok(()),
        _ => audit::append(connection, act, "session", None, None),
    }
}

/// Ends all of a user's, but for the one that is kept.
pub(super) fn end_all_of(connection: &Connection, user_id: &str, keep: Option<[u8; 32]>) -> Result<()> {
    connection
        .prepare_cached("DELETE FROM session WHERE user_id = ?1 AND (?2 IS NULL OR hash <> ?2)")?
        .execute(params![user_id, keep])?;
    Ok(())
}

pub(super) fn expire(connection: &Connection, now: EpochMillis, idle_since: EpochMillis) -> Result<u64> {
    let gone = connection
        .prepare_cached("DELETE FROM session WHERE expires_at <= ? OR last_used_at <= ?")?
        .execute([now.millis(), idle_since.millis()])?;
    Ok(gone as u64)
}
