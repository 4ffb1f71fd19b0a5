//! Days that are too old: written to a file, if that is wanted, and dropped.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};
use serde_json::json;

use super::{
    bitmap, export,
    partition::{DAY, Day, Partition},
    rollup,
};
use crate::{
    clock::EpochMillis,
    store::{
        Act, DroppedDay, Result, StoreError,
        sqlite::{SqliteStore, audit, codes},
    },
};

/// The oldest day, where all of it is before that time.
pub(super) fn drop_oldest_day(
    store: &SqliteStore,
    act: &Act,
    before: EpochMillis,
    folder: Option<&Path>,
) -> Result<Option<DroppedDay>> {
    let oldest = store.read(|view| Ok(Partition::all(view)?.pop()))?;
    let Some(oldest) = oldest.filter(|one| (one.day.0 + 1) * DAY <= before.millis()) else {
        return Ok(None);
    };
    let export = match folder {
        Some(folder) if oldest.events > 0 => {
            Some(store.read(|view| export::write(view, &store.dictionaries, oldest.day, folder))?)
        }
        _ => None,
    };
    let (act, told) = (act.clone(), export.clone());
    let dropped = store.write(move |connection| drop_day(connection, &act, &oldest, told.as_deref()))?;
    if !dropped && let Some(export) = &export {
        // Something came late: what the file lacks is still in the store, and so is what it has.
        std::fs::remove_file(export)
            .map_err(|source| StoreError::Folder { path: export.display().to_string(), source })?;
    }
    Ok(dropped.then(|| DroppedDay { day: oldest.day.start(), events: codes::count(oldest.events), export }))
}

/// False where the day is not what it was when it was exported: the next try takes it whole.
fn drop_day(connection: &Connection, act: &Act, was: &Partition, export: Option<&Path>) -> Result<bool> {
    let day = was.day;
    let is_same =
        Partition::one(connection, day)?.is_some_and(|now| (now.docs, now.events) == (was.docs, was.events));
    if !is_same {
        return Ok(false);
    }
    let (targets, actors) = (targets_of(connection, day)?, rollup::actors_of_day(connection, day)?);
    Partition::drop_tables(connection, day)?;
    rollup::clear_day(connection, day)?;
    rollup::count_targets_again(connection, &targets)?;
    rollup::take_from_actors(connection, &actors)?;
    forget_dictionaries(connection)?;
    let file = export.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let before = json!({ "events": was.events, "export": file });
    audit::append(connection, act, &format!("events of {}", export::date(day)), Some(&before), None)?;
    Ok(true)
}

fn targets_of(connection: &Connection, day: Day) -> Result<roaring::RoaringBitmap> {
    let members: Option<Vec<u8>> = connection
        .prepare_cached("SELECT members FROM event_day_set WHERE day = ? AND what = 1 AND kind = 0")?
        .query_row([day.0], |row| row.get(0))
        .optional()?;
    members.map_or_else(|| Ok(roaring::RoaringBitmap::new()), |members| bitmap::read(&members))
}

/// Those that no detail needs any more. The newest stays: it is in use.
fn forget_dictionaries(connection: &Connection) -> Result<()> {
    connection.execute(
        "DELETE FROM event_dictionary
         WHERE id < (SELECT coalesce(min(dictionary), 0) FROM event_day WHERE dictionary > 0)
           AND id < (SELECT max(id) FROM event_dictionary)",
        [],
    )?;
    Ok(())
}
