//! Which actors or targets have an event in a range: of whole days and hours from the sets that are written with the events, at
//! the edges of the range from the events themselves.

use roaring::RoaringBitmap;
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    bitmap,
    names::Kinds,
    partition::{Cover, Day, Partition},
    rollup::{ACTORS, ANY, CRITICAL, is_critical},
    walk::each_between,
};
use crate::store::Result;

/// Of which events.
#[derive(Clone, Copy)]
pub(in crate::store::sqlite) enum Of<'a> {
    Any,
    /// Of high or critical severity.
    Critical,
    Kinds(&'a RoaringBitmap),
}

impl Of<'_> {
    /// The sets that are written down for it.
    fn sets(self) -> Vec<i64> {
        match self {
            Self::Any => vec![ANY],
            Self::Critical => vec![CRITICAL],
            Self::Kinds(kinds) => kinds.iter().map(i64::from).collect(),
        }
    }

    fn has(self, kind: u32, kinds: &Kinds) -> bool {
        match self {
            Self::Any => true,
            Self::Critical => kinds.get(&kind).is_some_and(|kind| is_critical(kind.severity)),
            Self::Kinds(wanted) => wanted.contains(kind),
        }
    }
}

/// Actors or targets of a part of a partition.
pub(in crate::store::sqlite) fn members(
    view: &Connection,
    kinds: &Kinds,
    (partition, cover): (&Partition, Cover),
    what: i64,
    of: Of<'_>,
) -> Result<RoaringBitmap> {
    let (day, mut found) = (partition.day, RoaringBitmap::new());
    let Cover::Part(low, high) = cover else {
        for set in of.sets() {
            found |= day_set(view, day, what, set)?;
        }
        return Ok(found);
    };
    let parts = day.parts(low, high);
    let mut statement = view.prepare_cached(
        "SELECT members FROM event_hour_set WHERE what = ? AND kind = ? AND hour >= ? AND hour < ?",
    )?;
    for set in of.sets() {
        let mut sets = statement.query(params![what, set, parts.hours.start, parts.hours.end])?;
        while let Some(row) = sets.next()? {
            found |= bitmap::read(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?)?;
        }
    }
    for edge in parts.edges {
        each_between(view, day, edge, &mut |event| {
            if of.has(event.kind, kinds) {
                found.insert(if what == ACTORS { event.actor } else { event.target });
            }
            Ok(())
        })?;
    }
    Ok(found)
}

pub(super) fn day_set(view: &Connection, day: Day, what: i64, kind: i64) -> Result<RoaringBitmap> {
    let mut statement =
        view.prepare_cached("SELECT members FROM event_day_set WHERE day = ? AND what = ? AND kind = ?")?;
    let members: Option<Vec<u8>> =
        statement.query_row(params![day.0, what, kind], |row| row.get(0)).optional()?;
    members.map_or_else(|| Ok(RoaringBitmap::new()), |members| bitmap::read(&members))
}
