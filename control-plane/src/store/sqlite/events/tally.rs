//! How many events of each kind in a range. Whole days and hours come from the roll-ups, the edges of a range from the events
//! themselves, so that a bound in the middle of an hour is exact.

use std::collections::HashMap;

use roaring::RoaringBitmap;
use rusqlite::{Connection, params};

use super::{
    partition::{Cover, Day, Partition, Parts},
    walk::each_between,
};
use crate::{clock::TimeRange, store::Result};

/// Events by day, kind and flags.
#[derive(Default)]
pub(in crate::store::sqlite) struct Tally(HashMap<(Day, u32, i64), i64>);

impl Tally {
    pub(in crate::store::sqlite) fn of(
        view: &Connection,
        range: TimeRange,
        kinds: Option<&RoaringBitmap>,
    ) -> Result<Self> {
        let mut tally = Self::default();
        let mut of_day = view.prepare_cached("SELECT kind, flags, count FROM event_by_day WHERE day = ?")?;
        for (partition, cover) in Partition::within(view, range)? {
            match cover {
                Cover::Whole => {
                    let mut found = of_day.query([partition.day.0])?;
                    while let Some(row) = found.next()? {
                        tally.add(partition.day, kinds, row.get(0)?, row.get(1)?, row.get(2)?);
                    }
                }
                Cover::Part(low, high) => {
                    let day = partition.day;
                    tally.add_part(view, day, &day.parts(low, high), kinds)?;
                }
            }
        }
        Ok(tally)
    }

    /// Day, kind, flags, how many.
    pub(in crate::store::sqlite) fn iter(&self) -> impl Iterator<Item = (Day, u32, i64, i64)> {
        self.0
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(&(day, kind, flags), &count)| (day, kind, flags, count))
    }

    fn add(&mut self, day: Day, kinds: Option<&RoaringBitmap>, kind: u32, flags: i64, count: i64) {
        if kinds.is_none_or(|kinds| kinds.contains(kind)) {
            *self.0.entry((day, kind, flags)).or_default() += count;
        }
    }

    fn add_part(
        &mut self,
        view: &Connection,
        day: Day,
        parts: &Parts,
        kinds: Option<&RoaringBitmap>,
    ) -> Result<()> {
        let mut of_hours =
            view.prepare_cached("SELECT kind, flags, count FROM event_by_hour WHERE hour >= ? AND hour < ?")?;
        let mut found = of_hours.query(params![parts.hours.start, parts.hours.end])?;
        while let Some(row) = found.next()? {
            self.add(day, kinds, row.get(0)?, row.get(1)?, row.get(2)?);
        }
        for edge in &parts.edges {
            each_between(view, day, *edge, &mut |event| {
                self.add(day, kinds, event.kind, event.flags, 1);
                Ok(())
            })?;
        }
        Ok(())
    }
}
