use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::{Value, json};

use super::{
    SqliteStore, audit, codes,
    rows::{time, time_or_none},
    sessions,
};
use crate::{
    clock::EpochMillis,
    store::{AccessStore, Act, KeyRecord, NewKey, NewSession, Result, SessionRecord},
};

const KEY_COLUMNS: &str =
    "id, name, role, hash, created_at, created_by, last_used_at, expires_at, revoked_at";

impl AccessStore for SqliteStore {
    fn create_key(&self, act: &Act, key: NewKey) -> Result<()> {
        let act = act.clone();
        self.write(move |connection| {
            let expires_at = key.expires_at.map(EpochMillis::millis);
            connection
                .prepare_cached(
                    "INSERT INTO api_key (id, name, role, hash, created_at, created_by, expires_at)
                     VALUES (?, ?, ?, ?, ?, ?, ?)",
                )?
                .execute(params![
                    key.id,
                    key.name,
                    key.role.name(),
                    key.hash,
                    key.created_at.millis(),
                    act.by.name,
                    expires_at,
                ])?;
            let after = json!({
                "id": key.id, "role": key.role.name(), "expiresAt": key.expires_at.map(EpochMillis::seconds)
            });
            audit::append(connection, &act, &object(&key.name), None, Some(&after))
        })
    }

    fn keys(&self) -> Result<Vec<KeyRecord>> {
        self.read(|view| {
            let sql = format!("SELECT {KEY_COLUMNS} FROM api_key ORDER BY created_at, id");
            let mut statement = view.prepare_cached(&sql)?;
            let mut found = statement.query([])?;
            let mut keys = Vec::new();
            while let Some(row) = found.next()? {
                keys.push(key(row)?);
            }
            Ok(keys)
        })
    }

    fn key_by_hash(&self, hash: &[u8; 32], now: EpochMillis) -> Result<Option<KeyRecord>> {
        self.read(|view| {
            let sql = format!(
                "SELECT {KEY_COLUMNS} FROM api_key
                 WHERE hash = ? AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)"
            );
            let mut statement = view.prepare_cached(&sql)?;
            let mut found = statement.query(params![hash, now.millis()])?;
            found.next()?.map(key).transpose()
        })
    }

    fn revoke_key(&self, act: &Act, id: &str, now: EpochMillis) -> Result<bool> {
        let (act, id) = (act.clone(), id.to_owned());
        self.write(move |connection| revoke(connection, &act, &id, now))
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

    fn create_session(&self, act: &Act, session: NewSession) -> Result<()> {
        let act = act.clone();
        self.write(move |connection| sessions::create(connection, &act, &session))
    }

    fn session(
        &self,
        hash: &[u8; 32],
        now: EpochMillis,
        idle_since: EpochMillis,
    ) -> Result<Option<SessionRecord>> {
        self.read(|view| sessions::find(view, hash, now, idle_since))
    }

    fn touch_session(&self, hash: &[u8; 32], now: EpochMillis) -> Result<()> {
        let hash = *hash;
        self.write(move |connection| sessions::touch(connection, &hash, now))
    }

    fn end_session(&self, act: &Act, hash: &[u8; 32]) -> Result<()> {
        let (act, hash) = (act.clone(), *hash);
        self.write(move |connection| sessions::end(connection, &act, &hash))
    }

    fn expire_sessions(&self, now: EpochMillis, idle_since: EpochMillis) -> Result<u64> {
        self.write(move |connection| sessions::expire(connection, now, idle_since))
    }
}

fn revoke(connection: &Connection, act: &Act, id: &str, now: EpochMillis) -> Result<bool> {
    let name: Option<String> = connection
        .prepare_cached(
            "UPDATE api_key SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL RETURNING name",
        )?
        .query_row(params![now.millis(), id], |row| row.get(0))
        .optional()?;
    connection.prepare_cached("DELETE FROM session WHERE key_id = ?")?.execute([id])?;
    let Some(name) = name else { return Ok(false) };
    let state = |revoked: bool| -> Value { json!({ "id": id, "revoked": revoked }) };
    audit::append(connection, act, &object(&name), Some(&state(false)), Some(&state(true)))?;
    Ok(true)
}

fn object(name: &str) -> String {
    format!("API key {name}")
}

/// Reads [`KEY_COLUMNS`].
fn key(row: &Row<'_>) -> Result<KeyRecord> {
    Ok(KeyRecord {
        id: row.get(0)?,
        name: row.get(1)?,
        role: codes::role_of(&row.get::<_, String>(2)?)?,
        hash: row.get(3)?,
        created_at: time(row, 4)?,
        created_by: row.get(5)?,
        last_used_at: time_or_none(row, 6)?,
        expires_at: time_or_none(row, 7)?,
        revoked_at: time_or_none(row, 8)?,
    })
}
