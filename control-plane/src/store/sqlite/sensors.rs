use rusqlite::{OptionalExtension, Row, params};
use serde_json::json;

use super::{
    SqliteStore, audit, codes,
    revisions::suppressions,
    rows::{time, time_or_none},
};
use crate::{
    clock::EpochMillis,
    store::{Act, EnrollError, JoinToken, NewSensor, Result, SensorRecord, SensorStore},
};

const COLUMNS: &str = "id, credential_hash, account_id, node, version, enrolled_at, revoked_at, last_seen,
                       applied_revision, report";

impl SensorStore for SqliteStore {
    fn create_join_token(&self, act: &Act, token: JoinToken) -> Result<()> {
        let act = act.clone();
        self.write(move |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO join_token (hash, created_at, expires_at, uses_left) VALUES (?, ?, ?, ?)",
                )?
                .execute(params![
                    token.hash,
                    token.created_at.millis(),
                    token.expires_at.millis(),
                    token.uses,
                ])?;
            let after = json!({ "uses": token.uses, "expiresAt": token.expires_at.seconds() });
            audit::append(connection, &act, "join token", None, Some(&after))
        })
    }

    fn enroll(&self, act: &Act, token_hash: &[u8; 32], sensor: NewSensor) -> Result<(), EnrollError> {
        let (act, token_hash) = (act.clone(), *token_hash);
        let enrolled = self.write(move |connection| {
            let spent = connection
                .prepare_cached(
                    "UPDATE join_token SET uses_left = uses_left - 1
                     WHERE hash = ? AND uses_left > 0 AND expires_at > ?",
                )?
                .execute(params![token_hash, sensor.enrolled_at.millis()])?;
            if spent == 0 {
                return Ok(false);
            }
            connection
                .prepare_cached(
                    "INSERT INTO sensor (id, credential_hash, account_id, node, version, enrolled_at)
                     VALUES (?, ?, '', ?, ?, ?)",
                )?
                .execute(params![
                    sensor.id,
                    sensor.credential_hash,
                    sensor.node,
                    sensor.version,
                    sensor.enrolled_at.millis()
                ])?;
            let after = json!({ "node": sensor.node, "version": sensor.version });
            audit::append(connection, &act, &object(&sensor.id), None, Some(&after))?;
            Ok(true)
        })?;
        if enrolled { Ok(()) } else { Err(EnrollError::Token) }
    }

    fn sensor_by_credential(&self, hash: &[u8; 32]) -> Result<Option<SensorRecord>> {
        self.read(|view| {
            let sql = format!("SELECT {COLUMNS} FROM sensor WHERE credential_hash = ?");
            let mut statement = view.prepare_cached(&sql)?;
            let mut found = statement.query([hash])?;
            Ok(found.next()?.map(sensor).transpose()?)
        })
    }

    fn sensor(&self, id: &str) -> Result<Option<SensorRecord>> {
        self.read(|view| {
            let sql = format!("SELECT {COLUMNS} FROM sensor WHERE id = ?");
            let mut statement = view.prepare_cached(&sql)?;
            let mut found = statement.query([id])?;
            Ok(found.next()?.map(sensor).transpose()?)
        })
    }

    fn spend_credential(&self, act: &Act, id: &str) -> Result<()> {
        let (act, id) = (act.clone(), id.to_owned());
        self.write(move |connection| {
            let spent = connection
                .prepare_cached(
                    "UPDATE sensor SET credential_hash = NULL WHERE id = ? AND credential_hash IS NOT NULL",
                )?
                .execute([&id])?;
            if spent == 0 {
                return Ok(());
            }
            let state = |by: &str| json!({ "comesWith": by });
            audit::append(
                connection,
                &act,
                &object(&id),
                Some(&state("credential")),
                Some(&state("certificate")),
            )
        })
    }

    fn revoke_sensor(&self, act: &Act, id: &str, now: EpochMillis) -> Result<bool> {
        let (act, id) = (act.clone(), id.to_owned());
        self.write(move |connection| {
            let node: Option<String> = connection
                .prepare_cached(
                    "UPDATE sensor SET revoked_at = ?, credential_hash = NULL
                     WHERE id = ? AND revoked_at IS NULL RETURNING node",
                )?
                .query_row(params![now.millis(), id], |row| row.get(0))
                .optional()?;
            let Some(node) = node else { return Ok(false) };
            let state = |revoked: bool| json!({ "node": node, "revoked": revoked });
            audit::append(connection, &act, &object(&id), Some(&state(false)), Some(&state(true)))?;
            Ok(true)
        })
    }

    fn sensors(&self) -> Result<Vec<SensorRecord>> {
        self.read(|view| {
            let sql = format!("SELECT {COLUMNS} FROM sensor ORDER BY node, enrolled_at, id");
            let mut statement = view.prepare_cached(&sql)?;
            let found = statement.query_map([], sensor)?;
            Ok(found.collect::<rusqlite::Result<_>>()?)
        })
    }

    fn record_sensors(&self, sensors: Vec<SensorRecord>, held_back: Vec<(String, u64)>) -> Result<()> {
        self.write(move |connection| {
            let mut update = connection.prepare_cached(
                "UPDATE sensor SET node = ?, version = ?, last_seen = ?, applied_revision = ?, report = ?
                 WHERE id = ?",
            )?;
            for sensor in &sensors {
                update.execute(params![
                    sensor.node,
                    sensor.version,
                    sensor.last_seen.map(EpochMillis::millis),
                    codes::signed(sensor.applied_revision),
                    sensor.report,
                    sensor.id
                ])?;
            }
            // With the reports that they were told in: a restart counts on from there.
            suppressions::count_sensor_hits(connection, &held_back, EpochMillis::now())
        })
    }

    fn expire_join_tokens(&self, now: EpochMillis) -> Result<u64> {
        self.write(move |connection| {
            let gone = connection
                .prepare_cached("DELETE FROM join_token WHERE expires_at <= ? OR uses_left <= 0")?
                .execute([now.millis()])?;
            Ok(gone as u64)
        })
    }
}

fn object(id: &str) -> String {
    format!("sensor {id}")
}

/// Reads [`COLUMNS`].
fn sensor(row: &Row<'_>) -> rusqlite::Result<SensorRecord> {
    Ok(SensorRecord {
        id: row.get(0)?,
        credential_hash: row.get(1)?,
        account_id: row.get(2)?,
        node: row.get(3)?,
        version: row.get(4)?,
        enrolled_at: time(row, 5)?,
        revoked_at: time_or_none(row, 6)?,
        last_seen: time_or_none(row, 7)?,
        applied_revision: codes::count(row.get(8)?),
        report: row.get(9)?,
    })
}
