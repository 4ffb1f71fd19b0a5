use rusqlite::{Connection, params};
use uuid::Uuid;

use super::filter;
use crate::{
    clock::EpochMillis,
    store::sqlite::codes,
    store::{EventRow, EventStatus, Notice, Result, StoreError, TargetFilter},
};

/// Notifications that wait for one target. A day of a quiet fleet, or an hour of a loud one; about 6 MB.
const MAX_QUEUED: u64 = 10_000;

/// Takes notifications of new events, in the transaction that stores those.
pub(in crate::store::sqlite) struct Outbox<'c> {
    connection: &'c Connection,
    targets: Vec<Open>,
}

struct Open {
    id: String,
    filter: TargetFilter,
    room: u64,
    dropped: u64,
}

impl<'c> Outbox<'c> {
    pub(in crate::store::sqlite) fn open(connection: &'c Connection) -> Result<Self> {
        let mut statement =
            connection.prepare_cached("SELECT id, filter, queued FROM notify_target WHERE enabled")?;
        let mut found = statement.query([])?;
        let mut targets = Vec::new();
        while let Some(row) = found.next()? {
            let room = MAX_QUEUED.saturating_sub(codes::count(row.get(2)?));
            targets.push(Open {
                id: row.get(0)?,
                filter: filter(&row.get::<_, String>(1)?)?,
                room,
                dropped: 0,
            });
        }
        Ok(Self { connection, targets })
    }

    pub(in crate::store::sqlite) fn put(&mut self, event: &EventRow) -> Result<()> {
        if event.status == EventStatus::Ignored {
            return Ok(());
        }
        self.queue(&Notice::from(event))
    }

    pub(in crate::store::sqlite) fn queue(&mut self, notice: &Notice) -> Result<()> {
        for target in self.targets.iter_mut().filter(|target| target.filter.selects(notice)) {
            if target.room == 0 {
                target.dropped += 1;
                continue;
            }
            target.room -= 1;
            let notice = serde_json::to_string(notice)
                .map_err(|error| StoreError::Damaged(format!("notification: {error}")))?;
            self.connection
                .prepare_cached(
                    "INSERT INTO notify_outbox (target, id, queued_at, notice) VALUES (?, ?, ?, ?)",
                )?
                .execute(params![
                    target.id,
                    Uuid::now_v7().as_bytes(),
                    EpochMillis::now().millis(),
                    notice
                ])?;
        }
        Ok(())
    }

    /// Counts what found no room.
    pub(in crate::store::sqlite) fn close(self) -> Result<()> {
        for target in self.targets.iter().filter(|target| target.dropped > 0) {
            self.connection
                .prepare_cached("UPDATE notify_target SET dropped = dropped + ? WHERE id = ?")?
                .execute(params![codes::signed(target.dropped), target.id])?;
        }
        Ok(())
    }
}
