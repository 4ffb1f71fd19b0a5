use rusqlite::Row;
use uuid::Uuid;

use super::codes;
use crate::{
    clock::EpochMillis,
    store::{EventRow, Result},
};

/// The columns of [`event`], in its order.
pub(super) const EVENT_COLUMNS: &str = "e.id, e.ref_id, e.detected_at, e.actor, e.country, e.policy_id, \
    e.category, e.sub_category, e.severity, e.event_type, e.detection_type, e.method, e.url, e.host, \
    e.collection_id, e.sensor_id, e.successful, e.status";

/// Reads a row that starts with [`EVENT_COLUMNS`].
pub(super) fn event(row: &Row<'_>) -> Result<EventRow> {
    Ok(EventRow {
        id: Uuid::from_bytes(row.get(0)?),
        ref_id: row.get(1)?,
        detected_at: time(row, 2)?,
        actor: row.get(3)?,
        country: row.get(4)?,
        policy_id: row.get(5)?,
        category: row.get(6)?,
        sub_category: row.get(7)?,
        severity: codes::severity_of(row.get(8)?)?,
        event_type: codes::event_type_of(row.get(9)?)?,
        detection_type: codes::detection_type_of(row.get(10)?)?,
        method: row.get(11)?,
        url: row.get(12)?,
        host: row.get(13)?,
        collection_id: row.get(14)?,
        sensor_id: row.get(15)?,
        successful: row.get(16)?,
        status: codes::status_of(row.get(17)?)?,
    })
}

pub(super) fn time(row: &Row<'_>, index: usize) -> rusqlite::Result<EpochMillis> {
    Ok(EpochMillis::from_millis(row.get(index)?))
}

pub(super) fn time_or_none(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<EpochMillis>> {
    Ok(row.get::<_, Option<i64>>(index)?.map(EpochMillis::from_millis))
}
