//! How many events of each kind in a range. Whole days and hours come from the roll-ups, the edges of a range from the events
//! themselves, so that a bound in the middle of an hour is exact.

use std::collections::HashMap;

use roaring::RoaringBitmap;
use rusqlite::{Connection, params};

use super::{
    partition::{Cover, DAY, Day, Partition},
    walk::each_between,
};
use crate::{
    clock::{EpochMillis, TimeRange},
    store::Result,
};

const HOUR: i64 = 3_600_000;

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
                Cover::Part(..) => tally.add_part(view, partition.day, range, kinds)?,
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
        range: TimeRange,
        kinds: Option<&RoaringBitmap>,
    ) -> Result<()> {
        let from = range.from.millis().max(day.0 * DAY);
        let until = range.until.millis().min((day.0 + 1) * DAY);
        let (first, end) = ((from + HOUR - 1) / HOUR, until / HOUR);
        let mut edges = vec![(from, until)];
        if first < end {
            edges = vec![(from, first * HOUR), (end * HOUR, until)];
            let mut of_hours = view.prepare_cached(
                "SELECT kind, flags, count FROM event_by_hour WHERE hour >= ? AND hour < ?",
            )?;
            let mut found = of_hours.query(params![first, end])?;
            while let Some(row) = found.next()? {
                self.add(day, kinds, row.get(0)?, row.get(1)?, row.get(2)?);
            }
        }
        for (from, until) in edges.into_iter().filter(|(from, until)| from < until) {
            let (low, _) = day.seqs_at(EpochMillis::from_millis(from));
            let (high, _) = day.seqs_at(EpochMillis::from_millis(until));
            each_between(view, day, (low, high - 1), &mut |event| {
                self.add(day, kinds, event.kind, event.flags, 1);
                Ok(())
            })?;
        }
        Ok(())
    }
}
