use rusqlite::Row;

use crate::clock::EpochMillis;

pub(super) fn time(row: &Row<'_>, index: usize) -> rusqlite::Result<EpochMillis> {
    Ok(EpochMillis::from_millis(row.get(index)?))
}

pub(super) fn time_or_none(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<EpochMillis>> {
    Ok(row.get::<_, Option<i64>>(index)?.map(EpochMillis::from_millis))
}
