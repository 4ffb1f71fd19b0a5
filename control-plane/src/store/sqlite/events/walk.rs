//! The events that fit, in the order of time, day by day. Which index leads to them is chosen by what the roll-ups say of the
//! day; whether one fits is asked of each all the same.

use std::{cell::Cell, collections::HashMap, ops::ControlFlow};

use roaring::RoaringBitmap;
use rusqlite::{Connection, OptionalExtension, Row, Statement, params};

use super::{
    bitmap::number,
    partition::{Cover, Day, Partition},
    predicate::{Narrow, Predicate},
    rollup::{ACTORS, ANY, TARGETS},
    sets::day_set,
};
use crate::store::{
    Order, Result,
    sqlite::{codes, detail::Dictionaries},
};

/// So many lookups in an index; past it the day is read through.
const MAX_LOOKUPS: u64 = 256;
/// Of so few, the index says as fast as the day's set whether they are there.
const FEW: u64 = 4;
/// Where more than a fraction of a day fits, reading through it finds a page sooner than the index.
const WORTH_AN_INDEX: i64 = 8;

const COLUMNS: &str = "seq, doc, actor, target, kind, origin, flags";

pub(super) struct Walk<'v> {
    view: &'v Connection,
    pub(super) predicate: Predicate,
    /// Where ids are asked for.
    by_day: Option<HashMap<Day, Vec<i64>>>,
    /// Those that a search has needed so far.
    dictionaries: Dictionaries,
    /// Events that were looked at, fitting or not, and what took as long.
    pub(super) examined: Cell<u64>,
}

enum Way {
    Nothing,
    Numbers(Vec<i64>),
    /// A column with an index, and its values.
    Index(&'static str, Vec<i64>),
    Through,
}

pub(super) type Visit<'a> = &'a mut dyn FnMut(Day, &Narrow) -> Result<ControlFlow<()>>;

impl<'v> Walk<'v> {
    pub(super) fn new(view: &'v Connection, predicate: Predicate) -> Result<Self> {
        let by_day = match &predicate.ids {
            None => None,
            Some(ids) => {
                let mut by_day: HashMap<Day, Vec<i64>> = HashMap::new();
                for (day, seq) in predicate.days(view, ids)? {
                    by_day.entry(day).or_default().push(seq);
                }
                Some(by_day)
            }
        };
        Ok(Self { view, predicate, by_day, dictionaries: Dictionaries::default(), examined: Cell::new(0) })
    }

    pub(super) const fn view(&self) -> &'v Connection {
        self.view
    }

    /// Through all days of the range.
    pub(super) fn all(&self, order: Order, visit: Visit<'_>) -> Result<ControlFlow<()>> {
        let mut partitions = Partition::within(self.view, self.predicate.range)?;
        if order == Order::Ascending {
            partitions.reverse();
        }
        for (partition, cover) in partitions {
            if self.day(&partition, cover, order, visit)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    pub(super) fn day(
        &self,
        partition: &Partition,
        cover: Cover,
        order: Order,
        visit: Visit<'_>,
    ) -> Result<ControlFlow<()>> {
        if self.by_day.is_none() && !self.may_have(partition)? {
            return Ok(ControlFlow::Continue(()));
        }
        let (found, work) = self.predicate.found(self.view, &self.dictionaries, partition)?;
        self.examined.set(self.examined.get() + work);
        let (way, found) = (self.way(partition, found.as_ref())?, found.as_ref());
        let (low, high) = cover.seqs();
        let n = partition.day.0;
        let direction = match order {
            Order::Ascending => "ASC",
            Order::Descending => "DESC",
        };
        match way {
            Way::Nothing => Ok(ControlFlow::Continue(())),
            Way::Through => {
                let mut statement = self.view.prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM event_{n} NOT INDEXED WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq {direction}"
                ))?;
                self.each(partition.day, &mut statement, &[low, high], found, visit)
            }
            Way::Index(column, values) => {
                let only = if column == "flags" { "AND flags <> 0" } else { "" };
                let mut statement = self.view.prepare_cached(&format!(
                    "SELECT {COLUMNS} FROM event_{n} INDEXED BY event_{n}_{column}
                     WHERE {column} = ?3 {only} AND seq BETWEEN ?1 AND ?2 ORDER BY seq {direction}"
                ))?;
                if let [value] = values.as_slice() {
                    return self.each(partition.day, &mut statement, &[low, high, *value], found, visit);
                }
                let mut fitting = Vec::new();
                for value in values {
                    let gathered = self.each(
                        partition.day,
                        &mut statement,
                        &[low, high, value],
                        found,
                        &mut |_, event| {
                            fitting.push(*event);
                            Ok(ControlFlow::Continue(()))
                        },
                    )?;
                    debug_assert!(gathered.is_continue(), "gathering goes to the end");
                }
                sort(&mut fitting, order, |event| event.seq);
                for event in &fitting {
                    if visit(partition.day, event)?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Ok(ControlFlow::Continue(()))
            }
            Way::Numbers(mut seqs) => {
                sort(&mut seqs, order, |seq| *seq);
                seqs.dedup();
                let mut statement =
                    self.view.prepare_cached(&format!("SELECT {COLUMNS} FROM event_{n} WHERE seq = ?1"))?;
                for seq in seqs.into_iter().filter(|seq| (low..=high).contains(seq)) {
                    if self.each(partition.day, &mut statement, &[seq], found, visit)?.is_break() {
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Ok(ControlFlow::Continue(()))
            }
        }
    }

    fn each(
        &self,
        day: Day,
        statement: &mut Statement<'_>,
        values: &[i64],
        found: Option<&RoaringBitmap>,
        visit: Visit<'_>,
    ) -> Result<ControlFlow<()>> {
        let mut rows = statement.query(rusqlite::params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            self.examined.set(self.examined.get() + 1);
            let event = narrow(row)?;
            if self.predicate.fits(&event, found) && visit(day, &event)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Whether the sets of the day have what is asked for, before anything is read.
    fn may_have(&self, partition: &Partition) -> Result<bool> {
        for (what, wanted) in [(ACTORS, &self.predicate.actors), (TARGETS, &self.predicate.targets)] {
            if let Some(wanted) = wanted
                && wanted.len() > FEW
                && day_set(self.view, partition.day, what, ANY)?.is_disjoint(wanted)
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn way(&self, partition: &Partition, found: Option<&RoaringBitmap>) -> Result<Way> {
        let day = partition.day;
        if let Some(by_day) = &self.by_day {
            return Ok(by_day.get(&day).map_or(Way::Nothing, |seqs| Way::Numbers(seqs.clone())));
        }
        let present = |what, wanted: &RoaringBitmap| -> Result<RoaringBitmap> {
            Ok(day_set(self.view, day, what, ANY)? & wanted)
        };
        if let Some(wanted) = &self.predicate.actors {
            let actors = if wanted.len() <= FEW { wanted.clone() } else { present(ACTORS, wanted)? };
            if actors.len() <= MAX_LOOKUPS {
                return Ok(Way::Index("actor", values(&actors)));
            }
        }
        let asks_flags = self.predicate.successful == Some(true)
            || self.predicate.status.is_some_and(|status| codes::status(status) != 0);
        if asks_flags {
            let flags = (1..8).filter(|flags| self.predicate.fits_flags(*flags)).collect();
            return Ok(Way::Index("flags", flags));
        }
        if let Some(search) = &self.predicate.search {
            let (actors, targets) = (present(ACTORS, &search.actors)?, present(TARGETS, &search.targets)?);
            let kinds = self.events_of_kinds(day, &search.kinds)?;
            let docs = found.map_or(0, RoaringBitmap::len);
            let few = |count: i64| count < partition.events / WORTH_AN_INDEX;
            if actors.len() + targets.len() <= MAX_LOOKUPS && few(codes::signed(docs)) && few(kinds) {
                return Ok(Way::Numbers(self.searched(day, [&actors, &targets, &search.kinds], found)?));
            }
        }
        if let Some(wanted) = &self.predicate.targets {
            let targets = present(TARGETS, wanted)?;
            if targets.len() <= MAX_LOOKUPS
                && self.events_of_targets(day, &targets)? < partition.events / WORTH_AN_INDEX
            {
                return Ok(Way::Index("target", values(&targets)));
            }
        }
        if let Some(kinds) = &self.predicate.kinds
            && self.events_of_kinds(day, kinds)? < partition.events / WORTH_AN_INDEX
        {
            return Ok(Way::Index("kind", values(kinds)));
        }
        Ok(Way::Through)
    }

    /// The numbers of all events that a search may mean.
    fn searched(
        &self,
        day: Day,
        sets: [&RoaringBitmap; 3],
        found: Option<&RoaringBitmap>,
    ) -> Result<Vec<i64>> {
        let mut seqs = Vec::new();
        for (column, set) in ["actor", "target", "kind"].into_iter().zip(sets) {
            let mut statement =
                self.view.prepare_cached(&format!("SELECT seq FROM event_{} WHERE {column} = ?", day.0))?;
            for value in set {
                for seq in statement.query_map([value], |row| row.get(0))? {
                    seqs.push(seq?);
                }
            }
        }
        let mut of_doc =
            self.view.prepare_cached(&format!("SELECT seq FROM detail_{} WHERE doc = ?", day.0))?;
        for doc in found.into_iter().flatten() {
            seqs.extend(of_doc.query_row([doc], |row| row.get::<_, i64>(0)).optional()?);
        }
        Ok(seqs)
    }

    fn events_of_targets(&self, day: Day, targets: &RoaringBitmap) -> Result<i64> {
        let mut events = 0;
        for target in targets {
            events += target_events(self.view, day, ANY, target)?;
        }
        Ok(events)
    }

    fn events_of_kinds(&self, day: Day, kinds: &RoaringBitmap) -> Result<i64> {
        let mut statement =
            self.view.prepare_cached("SELECT sum(count) FROM event_by_day WHERE day = ? AND kind = ?")?;
        let mut events = 0;
        for kind in kinds {
            events += statement
                .query_row([day.0, i64::from(kind)], |row| row.get::<_, Option<i64>>(0))?
                .unwrap_or(0);
        }
        Ok(events)
    }
}

/// Of one kind, or of any, at one target on one day.
pub(in crate::store::sqlite) fn target_events(
    view: &Connection,
    day: Day,
    kind: i64,
    target: u32,
) -> Result<i64> {
    let mut statement =
        view.prepare_cached("SELECT events FROM event_day_target WHERE day = ? AND kind = ? AND target = ?")?;
    Ok(statement.query_row(params![day.0, kind, target], |row| row.get(0)).optional()?.unwrap_or(0))
}

/// Every event of a part of a day.
pub(in crate::store::sqlite) fn each_between(
    view: &Connection,
    day: Day,
    (low, high): (i64, i64),
    visit: &mut dyn FnMut(&Narrow) -> Result<()>,
) -> Result<()> {
    let mut statement = view.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM event_{} NOT INDEXED WHERE seq BETWEEN ? AND ? ORDER BY seq",
        day.0
    ))?;
    let mut rows = statement.query([low, high])?;
    while let Some(row) = rows.next()? {
        visit(&narrow(row)?)?;
    }
    Ok(())
}

fn narrow(row: &Row<'_>) -> Result<Narrow> {
    Ok(Narrow {
        seq: row.get(0)?,
        doc: row.get(1)?,
        actor: number(row.get(2)?)?,
        target: number(row.get(3)?)?,
        kind: number(row.get(4)?)?,
        origin: number(row.get(5)?)?,
        flags: row.get(6)?,
    })
}

fn values(set: &RoaringBitmap) -> Vec<i64> {
    set.iter().map(i64::from).collect()
}

fn sort<T>(list: &mut [T], order: Order, key: impl Fn(&T) -> i64) {
    match order {
        Order::Ascending => list.sort_unstable_by_key(key),
        Order::Descending => list.sort_unstable_by_key(|one| std::cmp::Reverse(key(one))),
    }
}
