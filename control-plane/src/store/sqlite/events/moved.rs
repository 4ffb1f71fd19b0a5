//! Events of schema 12, one wide table, into partitions: each as if it came now, under the status it has.

use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::append::{Ready, append};
use crate::{
    clock::EpochMillis,
    store::{
        EventRow, NewEvent, Result, StoreError,
        sqlite::{codes, detail::Dictionaries, inflate},
    },
};

const AT_ONCE: i64 = 2_000;
/// How often a long move says how far it is.
const TELL_EVERY: u64 = 100_000;

/// Inside the migration's transaction: all of them, or the schema of before.
pub(in crate::store::sqlite) fn move_events(connection: &Connection) -> Result<()> {
    let count: i64 = connection.query_row("SELECT count(*) FROM event", [], |row| row.get(0))?;
    if count > 0 {
        tracing::info!(events = count, "moving events into partitions by day; this is done once");
    }
    let dictionaries = Dictionaries::default();
    let (mut at, mut moved) = ((i64::MIN, i64::MIN), 0_u64);
    loop {
        let batch = read(connection, at)?;
        let Some(last) = batch.last() else { break };
        at = last.0;
        let ready = dictionaries.packing(|packer| {
            batch.into_iter().map(|(_, event)| Ready::new(event, packer)).collect::<Result<Vec<_>>>()
        })?;
        let done = append(connection, &dictionaries, &ready, None)?;
        if done.learned {
            dictionaries.refresh(connection)?;
        }
        let before = moved;
        moved += done.appended.stored;
        if done.appended.stored != ready.len() as u64 {
            return Err(StoreError::Damaged(format!(
                "events could not be moved into partitions by day: {:?}",
                done.appended
            )));
        }
        if moved / TELL_EVERY > before / TELL_EVERY {
            tracing::info!(moved, of = count, "moving events into partitions by day");
        }
    }
    connection.execute_batch(
        "DROP TABLE event; DROP TABLE event_detail; DROP TABLE hourly; DROP TABLE daily_actor; DROP TABLE actor;",
    )?;
    Ok(())
}

type At = (i64, i64);

fn read(connection: &Connection, (time, seq): At) -> Result<Vec<(At, NewEvent)>> {
    let mut statement = connection.prepare_cached(
        "SELECT e.detected_at, e.seq, e.id, e.ref_id, e.actor, e.country, e.policy_id, e.category, e.sub_category,
                e.severity, e.event_type, e.detection_type, e.method, e.url, e.host, e.collection_id, e.sensor_id,
                e.successful, e.status, d.raw_len, d.body
         FROM event e JOIN event_detail d ON d.seq = e.seq
         WHERE (e.detected_at, e.seq) > (?, ?) ORDER BY e.detected_at, e.seq LIMIT ?",
    )?;
    let mut rows = statement.query(params![time, seq, AT_ONCE])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.push(((row.get(0)?, row.get(1)?), event(row)?));
    }
    Ok(events)
}

fn event(row: &Row<'_>) -> Result<NewEvent> {
    let of_before = EventRow {
        detected_at: EpochMillis::from_millis(row.get(0)?),
        id: Uuid::from_bytes(row.get(2)?),
        ref_id: row.get(3)?,
        actor: row.get(4)?,
        country: row.get(5)?,
        policy_id: row.get(6)?,
        category: row.get(7)?,
        sub_category: row.get(8)?,
        severity: codes::severity_of(row.get(9)?)?,
        event_type: codes::event_type_of(row.get(10)?)?,
        detection_type: codes::detection_type_of(row.get(11)?)?,
        method: row.get(12)?,
        url: row.get(13)?,
        host: row.get(14)?,
        collection_id: row.get(15)?,
        sensor_id: row.get(16)?,
        successful: row.get(17)?,
        status: codes::status_of(row.get(18)?)?,
    };
    let body: Vec<u8> = row.get(20)?;
    Ok(NewEvent { row: of_before, detail: inflate::unpack(row.get(19)?, &body)? })
}
