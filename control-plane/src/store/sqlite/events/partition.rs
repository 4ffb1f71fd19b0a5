//! A partition for each UTC day: what a list needs of an event, its detail, and the words it can be found by, in tables of
//! their own, so that a day goes by dropping them.

use std::ops::Range;

use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::{
    clock::{EpochMillis, TimeRange},
    store::Result,
};

pub(in crate::store::sqlite) const DAY: i64 = 86_400_000;
pub(super) const HOUR: i64 = 3_600_000;
/// Nobody keeps so many days; a sensor whose clock leaps must not make tables without end.
pub(super) const MAX_DAYS: usize = 4_000;
/// Events of the same millisecond that find room.
const TIES: u32 = 20;

/// A UTC day, counted from 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::store::sqlite) struct Day(pub(in crate::store::sqlite) i64);

impl Day {
    pub(in crate::store::sqlite) fn of(at: EpochMillis) -> Self {
        Self(at.millis() / DAY)
    }

    pub(in crate::store::sqlite) const fn start(self) -> EpochMillis {
        EpochMillis::from_millis(self.0 * DAY)
    }

    pub(super) const fn time(self, seq: i64) -> EpochMillis {
        EpochMillis::from_millis(self.0 * DAY + (seq >> TIES))
    }

    /// The numbers that events of this millisecond have, first and last. An event's number in its partition begins with its
    /// time, so the table and each of its indexes are sorted by time.
    pub(super) const fn seqs_at(self, at: EpochMillis) -> (i64, i64) {
        let first = (at.millis() - self.0 * DAY) << TIES;
        (first, first | ((1 << TIES) - 1))
    }

    /// A part of this day, from number to number: its whole hours, and what is left at its edges.
    pub(super) fn parts(self, low: i64, high: i64) -> Parts {
        let (from, until) = (self.time(low).millis(), self.time(high.saturating_add(1)).millis());
        let hours = (from + HOUR - 1) / HOUR..until / HOUR;
        if hours.is_empty() {
            return Parts { hours, edges: vec![(low, high)] };
        }
        let number = |hour: i64| self.seqs_at(EpochMillis::from_millis(hour * HOUR)).0;
        let edges = [(low, number(hours.start) - 1), (number(hours.end), high)];
        Parts { hours, edges: edges.into_iter().filter(|(low, high)| low <= high).collect() }
    }
}

/// Whole hours since 1970, and events between numbers.
pub(super) struct Parts {
    pub(super) hours: Range<i64>,
    pub(super) edges: Vec<(i64, i64)>,
}

#[derive(Clone, Copy, Debug)]
pub(in crate::store::sqlite) struct Partition {
    pub(in crate::store::sqlite) day: Day,
    pub(super) docs: i64,
    pub(super) events: i64,
    pub(super) first_at: EpochMillis,
    pub(super) last_at: EpochMillis,
    /// The oldest that its details need; 0 is none.
    pub(super) dictionary: i64,
}

/// How much of a partition lies in a range.
#[derive(Clone, Copy, Debug)]
pub(in crate::store::sqlite) enum Cover {
    Whole,
    /// The first and the last number in it.
    Part(i64, i64),
}

impl Cover {
    pub(in crate::store::sqlite) const fn seqs(self) -> (i64, i64) {
        match self {
            Self::Whole => (0, i64::MAX),
            Self::Part(low, high) => (low, high),
        }
    }
}

impl Partition {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            day: Day(row.get(0)?),
            docs: row.get(1)?,
            events: row.get(2)?,
            first_at: EpochMillis::from_millis(row.get(3)?),
            last_at: EpochMillis::from_millis(row.get(4)?),
            dictionary: row.get(5)?,
        })
    }

    /// Newest first.
    pub(in crate::store::sqlite) fn all(view: &Connection) -> Result<Vec<Self>> {
        let mut statement = view.prepare_cached(
            "SELECT day, docs, events, first_at, last_at, dictionary FROM event_day ORDER BY day DESC",
        )?;
        let found = statement.query_map([], Self::read)?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    }

    /// Those that a range touches, newest first, and how much of each.
    pub(in crate::store::sqlite) fn within(
        view: &Connection,
        range: TimeRange,
    ) -> Result<Vec<(Self, Cover)>> {
        let all = Self::all(view)?;
        Ok(all.into_iter().filter_map(|one| Some((one, one.cover(range)?))).collect())
    }

    pub(super) fn one(view: &Connection, day: Day) -> Result<Option<Self>> {
        let mut statement = view.prepare_cached(
            "SELECT day, docs, events, first_at, last_at, dictionary FROM event_day WHERE day = ?",
        )?;
        Ok(statement.query_row([day.0], Self::read).optional()?)
    }

    fn cover(&self, range: TimeRange) -> Option<Cover> {
        if self.events == 0 || range.from > self.last_at || range.until <= self.first_at {
            return None;
        }
        if range.from <= self.first_at && range.until > self.last_at {
            return Some(Cover::Whole);
        }
        let (low, _) = self.day.seqs_at(range.from.max(self.day.start()));
        let last = range.until.min(EpochMillis::from_millis((self.day.0 + 1) * DAY));
        let (end, _) = self.day.seqs_at(last);
        Some(Cover::Part(low, end - 1))
    }

    pub(super) fn make(connection: &Connection, day: Day) -> Result<Self> {
        let n = day.0;
        connection.execute_batch(&format!(
            "CREATE TABLE event_{n} (
                 seq     INTEGER PRIMARY KEY,
                 id      BLOB    NOT NULL,
                 -- A UUID as 16 bytes, anything else as text.
                 ref     ANY     NOT NULL,
                 doc     INTEGER NOT NULL,
                 actor   INTEGER NOT NULL,
                 target  INTEGER NOT NULL,
                 kind    INTEGER NOT NULL,
                 origin  INTEGER NOT NULL,
                 flags   INTEGER NOT NULL,
                 country TEXT    NOT NULL
             ) STRICT;
             CREATE UNIQUE INDEX event_{n}_id ON event_{n} (id);
             CREATE INDEX event_{n}_ref ON event_{n} (ref);
             CREATE INDEX event_{n}_actor ON event_{n} (actor);
             CREATE INDEX event_{n}_target ON event_{n} (target);
             CREATE INDEX event_{n}_kind ON event_{n} (kind);
             CREATE INDEX event_{n}_flags ON event_{n} (flags) WHERE flags <> 0;
             CREATE TABLE detail_{n} (
                 doc         INTEGER PRIMARY KEY,
                 seq         INTEGER NOT NULL,
                 dictionary  INTEGER NOT NULL,
                 raw_len     INTEGER NOT NULL,
                 body        BLOB    NOT NULL
             ) STRICT;
             CREATE VIRTUAL TABLE words_{n} USING fts5 (
                 words, content = '', columnsize = 0, detail = none, tokenize = 'ascii'
             );"
        ))?;
        connection.prepare_cached("INSERT INTO event_day VALUES (?, 0, 0, 0, 0, 0)")?.execute([n])?;
        let nothing = EpochMillis::MIN;
        Ok(Self { day, docs: 0, events: 0, first_at: nothing, last_at: nothing, dictionary: 0 })
    }

    pub(super) fn save(&self, connection: &Connection) -> Result<()> {
        connection
            .prepare_cached("UPDATE event_day SET docs = ?, events = ?, first_at = ?, last_at = ?, dictionary = ? WHERE day = ?")?
            .execute(params![
                self.docs,
                self.events,
                self.first_at.millis(),
                self.last_at.millis(),
                self.dictionary,
                self.day.0
            ])?;
        Ok(())
    }

    /// The tables alone.
    pub(super) fn drop_tables(connection: &Connection, day: Day) -> Result<()> {
        let n = day.0;
        connection.execute_batch(&format!(
            "DROP TABLE event_{n}; DROP TABLE detail_{n}; DROP TABLE words_{n};
             DELETE FROM event_day WHERE day = {n};"
        ))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> EpochMillis {
        EpochMillis::from_millis(millis)
    }

    #[test]
    fn a_number_begins_with_the_time_and_fits_six_bytes() {
        let day = Day(3);
        let (first, last) = day.seqs_at(at(4 * DAY - 1));
        assert_eq!((day.time(first), day.time(last)), (at(4 * DAY - 1), at(4 * DAY - 1)));
        assert!(last < 1 << 47);
    }

    #[test]
    fn a_part_of_a_day_is_whole_hours_and_two_edges() {
        let day = Day(1);
        let parts = |from, until| {
            let number = |millis| day.seqs_at(at(DAY + millis)).0;
            let parts = day.parts(number(from), number(until) - 1);
            let times = |(low, high)| (day.time(low).millis() - DAY, day.time(high).millis() - DAY);
            (parts.hours, parts.edges.into_iter().map(times).collect::<Vec<_>>())
        };
        assert_eq!(
            parts(HOUR - 5, 3 * HOUR + 5),
            (25..27, vec![(HOUR - 5, HOUR - 1), (3 * HOUR, 3 * HOUR + 4)])
        );
        assert_eq!(parts(HOUR, DAY), (25..48, vec![]));
        let (hours, edges) = parts(5, HOUR - 5);
        assert!(hours.is_empty());
        assert_eq!(edges, [(5, HOUR - 6)]);
    }

    #[test]
    fn a_range_past_what_there_is_covers_the_whole() {
        let one = Partition {
            day: Day(1),
            docs: 0,
            events: 2,
            first_at: at(DAY + 10),
            last_at: at(DAY + 20),
            dictionary: 0,
        };
        let cover = |from, until| one.cover(TimeRange { from: at(from), until: at(until) });
        assert!(matches!(cover(DAY + 10, DAY + 21), Some(Cover::Whole)));
        assert!(matches!(cover(0, i64::MAX), Some(Cover::Whole)));
        assert!(cover(0, DAY + 10).is_none() && cover(DAY + 21, i64::MAX).is_none());
        let Some(Cover::Part(low, high)) = cover(DAY + 11, DAY + 20) else { panic!("a part") };
        assert_eq!((one.day.time(low), one.day.time(high)), (at(DAY + 11), at(DAY + 19)));
    }
}
