//! What pages count is counted on write: every writer hands what it added here, and one call writes it down, once for each
//! figure and not once for each event.

use std::collections::{BTreeMap, HashMap};

use portcullis_detection::Severity;
use roaring::RoaringBitmap;
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    bitmap,
    names::Numbers,
    partition::{Day, HOUR, Partition},
};
use crate::{
    clock::EpochMillis,
    store::{Result, sqlite::codes},
};

pub(in crate::store::sqlite) const ACTORS: i64 = 0;
pub(in crate::store::sqlite) const TARGETS: i64 = 1;
/// Of any kind.
pub(in crate::store::sqlite) const ANY: i64 = 0;
/// Of high or critical severity.
pub(in crate::store::sqlite) const CRITICAL: i64 = -1;
const HOURS: i64 = 24;

pub(in crate::store::sqlite) fn is_critical(severity: Severity) -> bool {
    matches!(severity, Severity::High | Severity::Critical)
}

/// One event, as the roll-ups see it.
#[derive(Clone, Copy)]
pub(super) struct Counted<'a> {
    pub(super) at: EpochMillis,
    pub(super) numbers: Numbers,
    pub(super) severity: Severity,
    pub(super) flags: i64,
    pub(super) country: &'a str,
}

#[derive(Default)]
pub(super) struct RollUp {
    by_hour: BTreeMap<(i64, u32, i64), i64>,
    sets: BTreeMap<(Day, i64, i64), RoaringBitmap>,
    hour_sets: BTreeMap<(i64, i64, i64), RoaringBitmap>,
    day_targets: BTreeMap<(Day, i64, u32), Target>,
    targets: HashMap<u32, Target>,
    actors: HashMap<u32, Actor>,
}

#[derive(Default)]
struct Target {
    events: i64,
    first_at: Option<EpochMillis>,
    actors: RoaringBitmap,
}

impl Target {
    fn add(&mut self, at: EpochMillis, actor: u32) {
        self.events += 1;
        self.first_at = Some(self.first_at.map_or(at, |first| first.min(at)));
        self.actors.insert(actor);
    }

    fn first_millis(&self) -> i64 {
        self.first_at.unwrap_or_default().millis()
    }
}

struct Actor {
    events: i64,
    first_at: EpochMillis,
    last: (EpochMillis, u32, u32, String),
}

impl RollUp {
    pub(super) fn add(&mut self, event: Counted<'_>) {
        self.add_to_day(event);
        let Numbers { actor, target, kind, .. } = event.numbers;
        self.targets.entry(target).or_default().add(event.at, actor);
        let last = || (event.at, kind, target, event.country.to_owned());
        self.actors
            .entry(actor)
            .and_modify(|one| {
                one.events += 1;
                one.first_at = one.first_at.min(event.at);
                if event.at >= one.last.0 {
                    one.last = last();
                }
            })
            .or_insert_with(|| Actor { events: 1, first_at: event.at, last: last() });
    }

    /// The figures of days and hours alone.
    fn add_to_day(&mut self, event: Counted<'_>) {
        let (day, Numbers { actor, target, kind, .. }) = (Day::of(event.at), event.numbers);
        let hour = event.at.millis() / HOUR;
        *self.by_hour.entry((hour, kind, event.flags)).or_default() += 1;
        let mut set = |what, kind, member| {
            self.sets.entry((day, what, kind)).or_default().insert(member);
            self.hour_sets.entry((what, kind, hour)).or_default().insert(member);
        };
        set(ACTORS, ANY, actor);
        set(ACTORS, i64::from(kind), actor);
        set(TARGETS, ANY, target);
        if is_critical(event.severity) {
            set(ACTORS, CRITICAL, actor);
        }
        for kind in [ANY, i64::from(kind)] {
            self.day_targets.entry((day, kind, target)).or_default().add(event.at, actor);
        }
    }

    /// An event that is there already has other flags now.
    pub(super) fn move_flags(&mut self, at: EpochMillis, kind: u32, before: i64, after: i64) {
        let hour = at.millis() / HOUR;
        *self.by_hour.entry((hour, kind, before)).or_default() -= 1;
        *self.by_hour.entry((hour, kind, after)).or_default() += 1;
    }

    pub(super) fn write(self, connection: &Connection) -> Result<()> {
        self.write_counts(connection)?;
        self.write_sets(connection)?;
        self.write_day_targets(connection)?;
        self.write_targets(connection)?;
        self.write_actors(connection)
    }

    fn write_counts(&self, connection: &Connection) -> Result<()> {
        let mut days: BTreeMap<(i64, u32, i64), i64> = BTreeMap::new();
        let mut add = connection.prepare_cached(
            "INSERT INTO event_by_hour VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
        )?;
        for (&(hour, kind, flags), &count) in self.by_hour.iter().filter(|(_, count)| **count != 0) {
            add.execute(params![hour, kind, flags, count])?;
            *days.entry((hour / HOURS, kind, flags)).or_default() += count;
        }
        let mut add = connection.prepare_cached(
            "INSERT INTO event_by_day VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
        )?;
        for ((day, kind, flags), count) in days {
            add.execute(params![day, kind, flags, count])?;
        }
        Ok(())
    }

    fn write_sets(&self, connection: &Connection) -> Result<()> {
        let mut known = connection
            .prepare_cached("SELECT members FROM event_day_set WHERE day = ? AND what = ? AND kind = ?")?;
        let mut put = connection.prepare_cached(
            "INSERT INTO event_day_set VALUES (?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET members = excluded.members",
        )?;
        for (&(day, what, kind), added) in &self.sets {
            let stored: Option<Vec<u8>> =
                known.query_row(params![day.0, what, kind], |row| row.get(0)).optional()?;
            if let Some(members) = grown(stored.as_deref(), added)? {
                put.execute(params![day.0, what, kind, bitmap::write(&members)?])?;
            }
        }
        self.write_hour_sets(connection)
    }

    fn write_hour_sets(&self, connection: &Connection) -> Result<()> {
        let mut known = connection
            .prepare_cached("SELECT members FROM event_hour_set WHERE what = ? AND kind = ? AND hour = ?")?;
        let mut put = connection.prepare_cached(
            "INSERT INTO event_hour_set VALUES (?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET members = excluded.members",
        )?;
        for (&(what, kind, hour), added) in &self.hour_sets {
            let stored: Option<Vec<u8>> =
                known.query_row(params![what, kind, hour], |row| row.get(0)).optional()?;
            if let Some(members) = grown(stored.as_deref(), added)? {
                put.execute(params![what, kind, hour, bitmap::write(&members)?])?;
            }
        }
        Ok(())
    }

    fn write_day_targets(&self, connection: &Connection) -> Result<()> {
        let mut known = connection.prepare_cached(
            "SELECT actors FROM event_day_target WHERE day = ? AND kind = ? AND target = ?",
        )?;
        let mut put = connection.prepare_cached(
            "INSERT INTO event_day_target VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT DO UPDATE SET events = events + excluded.events,
                 first_at = min(first_at, excluded.first_at), actors = excluded.actors",
        )?;
        for (&(day, kind, target), added) in &self.day_targets {
            let stored: Option<Vec<u8>> =
                known.query_row(params![day.0, kind, target], |row| row.get(0)).optional()?;
            let actors = match grown(stored.as_deref(), &added.actors)? {
                Some(actors) => bitmap::write(&actors)?,
                None => stored.unwrap_or_default(),
            };
            put.execute(params![day.0, kind, target, added.events, added.first_millis(), actors])?;
        }
        Ok(())
    }

    fn write_targets(&self, connection: &Connection) -> Result<()> {
        let mut known =
            connection.prepare_cached("SELECT actors FROM event_target_actors WHERE target = ?")?;
        let mut put = connection.prepare_cached(
            "INSERT INTO event_target_actors VALUES (?, ?) ON CONFLICT DO UPDATE SET actors = excluded.actors",
        )?;
        let mut add = connection.prepare_cached(
            "UPDATE event_target SET first_at = iif(events = 0, ?2, min(first_at, ?2)), events = events + ?1
             WHERE id = ?3",
        )?;
        let mut count = connection.prepare_cached("UPDATE event_target SET actors = ? WHERE id = ?")?;
        for (&target, added) in &self.targets {
            add.execute(params![added.events, added.first_millis(), target])?;
            let stored: Option<Vec<u8>> = known.query_row([target], |row| row.get(0)).optional()?;
            if let Some(actors) = grown(stored.as_deref(), &added.actors)? {
                put.execute(params![target, bitmap::write(&actors)?])?;
                count.execute(params![codes::signed(actors.len()), target])?;
            }
        }
        Ok(())
    }

    fn write_actors(&self, connection: &Connection) -> Result<()> {
        let mut add = connection.prepare_cached(
            "UPDATE event_actor SET
                 first_at = iif(events = 0, ?2, min(first_at, ?2)),
                 last_kind = iif(events = 0 OR ?3 >= last_at, ?4, last_kind),
                 last_target = iif(events = 0 OR ?3 >= last_at, ?5, last_target),
                 country = iif(events = 0 OR ?3 >= last_at, ?6, country),
                 last_at = max(last_at, ?3), events = events + ?1
             WHERE id = ?7",
        )?;
        for (&actor, added) in &self.actors {
            let (at, kind, target, country) = &added.last;
            add.execute(params![
                added.events,
                added.first_at.millis(),
                at.millis(),
                kind,
                target,
                country,
                actor
            ])?;
        }
        Ok(())
    }
}

/// What is stored and what is added; nothing where that is no more than is stored.
fn grown(stored: Option<&[u8]>, added: &RoaringBitmap) -> Result<Option<RoaringBitmap>> {
    let Some(stored) = stored else { return Ok(Some(added.clone())) };
    let mut members = bitmap::read(stored)?;
    let before = members.len();
    members |= added;
    Ok((members.len() > before).then_some(members))
}

/// Forgets the figures of a day.
pub(super) fn clear_day(connection: &Connection, day: Day) -> Result<()> {
    for table in ["event_by_day", "event_day_set", "event_day_target"] {
        connection.prepare_cached(&format!("DELETE FROM {table} WHERE day = ?"))?.execute([day.0])?;
    }
    for table in ["event_by_hour", "event_hour_set"] {
        connection
            .prepare_cached(&format!("DELETE FROM {table} WHERE hour >= ? AND hour < ?"))?
            .execute([day.0 * HOURS, (day.0 + 1) * HOURS])?;
    }
    Ok(())
}

/// The sets by hour of days that were written before there were any.
pub(in crate::store::sqlite) fn fill_hours(connection: &Connection) -> Result<()> {
    let days = Partition::all(connection)?;
    if !days.is_empty() {
        tracing::info!(days = days.len(), "noting actors and targets of each hour; this is done once");
    }
    for partition in days {
        day_again(connection, &partition)?.0.write_hour_sets(connection)?;
    }
    Ok(())
}

/// Makes the figures of a day again from its events: sets and firsts cannot be taken back one by one.
pub(super) fn count_day_again(connection: &Connection, day: Day) -> Result<()> {
    clear_day(connection, day)?;
    let Some(mut partition) = Partition::one(connection, day)? else { return Ok(()) };
    let (again, events, times) = day_again(connection, &partition)?;
    partition.events = events;
    (partition.first_at, partition.last_at) = times.unwrap_or_default();
    partition.save(connection)?;
    again.write(connection)
}

type FirstAndLast = Option<(EpochMillis, EpochMillis)>;

/// The figures of a day from its events, how many they are, and when the first and the last was.
fn day_again(connection: &Connection, partition: &Partition) -> Result<(RollUp, i64, FirstAndLast)> {
    let (day, kinds) = (partition.day, super::names::kinds(connection)?);
    let (mut again, mut events, mut times) = (RollUp::default(), 0, FirstAndLast::None);
    let mut statement = connection.prepare_cached(&format!(
        "SELECT seq, actor, target, kind, flags FROM event_{} ORDER BY seq",
        day.0
    ))?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let at = day.time(row.get(0)?);
        let kind = bitmap::number(row.get(3)?)?;
        let numbers = Numbers {
            actor: bitmap::number(row.get(1)?)?,
            target: bitmap::number(row.get(2)?)?,
            kind,
            origin: 0,
        };
        let severity = kinds.get(&kind).map_or(Severity::Low, |kind| kind.severity);
        again.add_to_day(Counted { at, numbers, severity, flags: row.get(4)?, country: "" });
        times = Some((times.map_or(at, |(first, _)| first), at));
        events += 1;
    }
    Ok((again, events, times))
}

/// Makes the figures of these over all days again. Those that have no event left are forgotten.
pub(super) fn count_targets_again(connection: &Connection, targets: &RoaringBitmap) -> Result<()> {
    let days = Partition::all(connection)?;
    let mut of_day = connection.prepare_cached(
        "SELECT events, first_at, actors FROM event_day_target WHERE day = ? AND kind = 0 AND target = ?",
    )?;
    for target in targets {
        let mut again = Target::default();
        for day in &days {
            let found = of_day.query_row(params![day.day.0, target], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, Vec<u8>>(2)?))
            });
            let Some((events, first_at, actors)) = found.optional()? else { continue };
            again.events += events;
            let first_at = EpochMillis::from_millis(first_at);
            again.first_at = Some(again.first_at.map_or(first_at, |first| first.min(first_at)));
            again.actors |= bitmap::read(&actors)?;
        }
        if again.events == 0 {
            connection.prepare_cached("DELETE FROM event_target WHERE id = ?")?.execute([target])?;
            connection
                .prepare_cached("DELETE FROM event_target_actors WHERE target = ?")?
                .execute([target])?;
            continue;
        }
        connection
            .prepare_cached("UPDATE event_target SET events = ?, first_at = ?, actors = ? WHERE id = ?")?
            .execute(params![
                again.events,
                again.first_millis(),
                codes::signed(again.actors.len()),
                target
            ])?;
        connection
            .prepare_cached("UPDATE event_target_actors SET actors = ? WHERE target = ?")?
            .execute(params![bitmap::write(&again.actors)?, target])?;
    }
    Ok(())
}

/// These have so many events less; who has none left is forgotten.
pub(super) fn take_from_actors(connection: &Connection, gone: &HashMap<u32, i64>) -> Result<()> {
    let mut days = Vec::new();
    let mut set = connection
        .prepare_cached("SELECT members FROM event_day_set WHERE day = ? AND what = 0 AND kind = 0")?;
    for partition in Partition::all(connection)? {
        let members: Option<Vec<u8>> = set.query_row([partition.day.0], |row| row.get(0)).optional()?;
        if let Some(members) = members {
            days.push((partition.day, bitmap::read(&members)?));
        }
    }
    for (&actor, &count) in gone {
        let mut present = days.iter().filter(|(_, members)| members.contains(actor));
        let Some(&(newest, _)) = present.next() else {
            connection.prepare_cached("DELETE FROM event_actor WHERE id = ?")?.execute([actor])?;
            continue;
        };
        let oldest = present.next_back().map_or(newest, |(day, _)| *day);
        let first: i64 = connection
            .prepare_cached(&format!("SELECT min(seq) FROM event_{} WHERE actor = ?", oldest.0))?
            .query_row([actor], |row| row.get(0))?;
        let mut latest = connection.prepare_cached(&format!(
            "SELECT seq, kind, target, country FROM event_{} WHERE actor = ? ORDER BY seq DESC LIMIT 1",
            newest.0
        ))?;
        let (seq, kind, target, country): (i64, i64, i64, String) =
            latest.query_row([actor], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
        connection
            .prepare_cached(
                "UPDATE event_actor SET events = events - ?, first_at = ?, last_at = ?, last_kind = ?,
                     last_target = ?, country = ? WHERE id = ?",
            )?
            .execute(params![
                count,
                oldest.time(first).millis(),
                newest.time(seq).millis(),
                kind,
                target,
                country,
                actor
            ])?;
    }
    Ok(())
}

/// How many events each actor has in a day.
pub(super) fn actors_of_day(connection: &Connection, day: Day) -> Result<HashMap<u32, i64>> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT actor, count(*) FROM event_{} GROUP BY actor", day.0))?;
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(found.collect::<rusqlite::Result<HashMap<_, _>>>()?)
}
