use rusqlite::{OptionalExtension as _, Row, params};
use serde_json::json;

use super::{
    SqliteStore, audit, codes,
    notify::Outbox,
    rows::{time, time_or_none},
};
use crate::{
    clock::EpochMillis,
    store::{Act, Alert, AlertKey, AlertKind, AlertStore, Notice, Result, StoreError},
};

const COLUMNS: &str = "id, sensor_id, kind, subject, node, detail, opened_at, closed_at";

impl AlertStore for SqliteStore {
    fn open_alert(&self, key: &AlertKey, node: &str, detail: &str, now: EpochMillis) -> Result<u64> {
        let (key, node, detail) = (key.clone(), node.to_owned(), detail.to_owned());
        self.write(move |connection| {
            connection
                .prepare_cached(
                    "INSERT INTO coverage_alert (sensor_id, kind, subject, node, detail, opened_at)
                     VALUES (?, ?, ?, ?, ?, ?)",
                )?
                .execute(params![key.sensor_id, key.kind.name(), key.subject, node, detail, now.millis()])?;
            let id = codes::count(connection.last_insert_rowid());
            let alert = Alert { id, key, node, detail, opened_at: now, closed_at: None };
            let mut outbox = Outbox::open(connection)?;
            outbox.queue(&Notice::of_alert(&alert))?;
            outbox.close()?;
            Ok(id)
        })
    }

    fn close_alert(&self, act: Option<&Act>, id: u64, now: EpochMillis) -> Result<()> {
        let act = act.cloned();
        self.write(move |connection| {
            let sql = format!(
                "UPDATE coverage_alert SET closed_at = ? WHERE id = ? AND closed_at IS NULL RETURNING {COLUMNS}"
            );
            let closed = connection
                .prepare_cached(&sql)?
                .query_row(params![now.millis(), codes::signed(id)], |row| Ok(alert(row)))
                .optional()?;
            let Some(alert) = closed.transpose()? else { return Ok(()) };
            let mut outbox = Outbox::open(connection)?;
            outbox.queue(&Notice::of_alert(&alert))?;
            outbox.close()?;
            let Some(act) = act else { return Ok(()) };
            let state = |open: bool| json!({ "node": alert.node, "kind": alert.key.kind.name(), "open": open });
            audit::append(
                connection,
                &act,
                &format!("coverage alert {id}"),
                Some(&state(true)),
                Some(&state(false)),
            )
        })
    }

    fn alerts(&self, closed: bool, limit: u64) -> Result<Vec<Alert>> {
        self.read(|view| {
            let which = if closed { "" } else { "WHERE closed_at IS NULL" };
            let sql = format!("SELECT {COLUMNS} FROM coverage_alert {which} ORDER BY id DESC LIMIT ?");
            let mut statement = view.prepare_cached(&sql)?;
            let mut found = statement.query([codes::signed(limit)])?;
            let mut alerts = Vec::new();
            while let Some(row) = found.next()? {
                alerts.push(alert(row)?);
            }
            Ok(alerts)
        })
    }

    fn expire_alerts(&self, before: EpochMillis) -> Result<u64> {
        self.write(move |connection| {
            let gone = connection
                .prepare_cached("DELETE FROM coverage_alert WHERE closed_at < ?")?
                .execute([before.millis()])?;
            Ok(gone as u64)
        })
    }
}

/// Reads [`COLUMNS`].
fn alert(row: &Row<'_>) -> Result<Alert> {
    let kind: String = row.get(2)?;
    let kind = AlertKind::parse(&kind).ok_or_else(|| StoreError::Damaged(format!("an alert of {kind:?}")))?;
    Ok(Alert {
        id: codes::count(row.get(0)?),
        key: AlertKey { sensor_id: row.get(1)?, kind, subject: row.get(3)? },
        node: row.get(4)?,
        detail: row.get(5)?,
        opened_at: time(row, 6)?,
        closed_at: time_or_none(row, 7)?,
    })
}
