use rusqlite::{Row, params};

use super::{
    SqliteStore, codes,
    rows::{time, time_or_none},
};
use crate::{
    clock::EpochMillis,
    store::{AccessStore, KeyRecord, NewKey, NewSession, Result},
};

const KEY_COLUMNS: &str = "k.id, k.name, k.role, k.hash, k.created_at, k.last_used_at, k.revoked_at";

impl AccessStore for SqliteStore {
    fn create_key(&self, key: NewKey) -> Result<()> {
        self.write(move |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO api_key (id, name, role, hash, created_at) VALUES (?, ?, ?, ?, ?)",
                )?
                .execute(params![key.id, key.name, key.role.name(), key.hash, key.created_at.millis()])?;
            Ok(())
        })
    }

    fn keys(&self) -> Result<Vec<KeyRecord>> {
        self.read(|view| {
            let sql = format!("SELECT {KEY_COLUMNS} FROM api_key k ORDER BY k.created_at, k.id");
            let mut statement = view.prepare_cached(&sql)?;
            let mut found = statement.query([])?;
            let mut keys = Vec::new();
            while let Some(row) = found.next()? {
                keys.push(key(row, 0)?);
            }
            Ok(keys)
        })
    }

    fn key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<KeyRecord>> {
        self.read(|view| {
            let sql =
                format!("SELECT {KEY_COLUMNS} FROM api_key k WHERE k.hash = ? AND k.revoked_at IS NULL");
            let mut statement = view.prepare_cached(&sql)?;
            let mut found = statement.query([hash])?;
            found.next()?.map(|row| key(row, 0)).transpose()
        })
    }

    fn revoke_key(&self, id: &str, now: EpochMillis) -> Result<bool> {
        let id = id.to_owned();
        self.write(move |connection| {
            let revoked = connection
                .prepare_cached("UPDATE api_key SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL")?
                .execute(params![now.millis(), id])?;
            connection.prepare_cached("DELETE FROM session WHERE key_id = ?")?.execute([id])?;
            Ok(revoked > 0)
        })
    }

    fn touch_key(&self, id: &str, now: EpochMillis) -> Result<()> {
        let id = id.to_owned();
        self.write(move |connection| {
            connection
                .prepare_cached("UPDATE api_key SET last_used_at = ? WHERE id = ?")?
                .execute(params![now.millis(), id])?;
            Ok(())
        })
    }

    fn create_session(&self, session: NewSession) -> Result<()> {
        self.write(move |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO session (hash, key_id, created_at, expires_at) VALUES (?, ?, ?, ?)",
                )?
                .execute(params![
                    session.hash,
                    session.key_id,
                    session.created_at.millis(),
                    session.expires_at.millis()
                ])?;
            Ok(())
        })
    }

    fn session(&self, hash: &[u8; 32], now: EpochMillis) -> Result<Option<([u8; 32], KeyRecord)>> {
        self.read(|view| {
            let sql = format!(
                "SELECT s.hash, {KEY_COLUMNS} FROM session s JOIN api_key k ON k.id = s.key_id
                 WHERE s.hash = ? AND s.expires_at > ? AND k.revoked_at IS NULL"
            );
            let mut statement = view.prepare_cached(&sql)?;
            let mut found = statement.query(params![hash, now.millis()])?;
            found.next()?.map(|row| Ok((row.get(0)?, key(row, 1)?))).transpose()
        })
    }

    fn end_session(&self, hash: &[u8; 32]) -> Result<()> {
        let hash = *hash;
        self.write(move |connection| {
            connection.prepare_cached("DELETE FROM session WHERE hash = ?")?.execute([hash])?;
            Ok(())
        })
    }

    fn expire_sessions(&self, now: EpochMillis) -> Result<u64> {
        self.write(move |connection| {
            let gone = connection
                .prepare_cached("DELETE FROM session WHERE expires_at <= ?")?
                .execute([now.millis()])?;
            Ok(gone as u64)
        })
    }
}

/// Reads [`KEY_COLUMNS`] from column `at` on.
fn key(row: &Row<'_>, at: usize) -> Result<KeyRecord> {
    Ok(KeyRecord {
        id: row.get(at)?,
        name: row.get(at + 1)?,
        role: codes::role_of(&row.get::<_, String>(at + 2)?)?,
        hash: row.get(at + 3)?,
        created_at: time(row, at + 4)?,
        last_used_at: time_or_none(row, at + 5)?,
        revoked_at: time_or_none(row, at + 6)?,
    })
}
