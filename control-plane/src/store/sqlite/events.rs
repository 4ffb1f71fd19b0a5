//! Events by UTC day. `partition` has the tables, `append` writes them, `rollup` what is counted with it; `predicate` says
//! which events fit a filter and `walk` leads to them, for `list` and `change` alike.

mod append;
mod bitmap;
mod change;
mod export;
mod list;
mod moved;
mod names;
mod partition;
mod predicate;
mod retention;
mod rollup;
mod sets;
mod tally;
mod walk;
mod words;

use std::{path::Path, sync::Arc};

use portcullis_detection::Severity;
use rusqlite::Connection;
use serde_json::json;
use uuid::Uuid;

use self::append::{Ready, append};
pub(super) use self::{
    bitmap::read as read_set,
    change::combinations,
    list::rows,
    moved::move_events,
    names::{Kinds, kinds},
    partition::{Cover, Day, Partition},
    predicate::{actors_named, kinds_of, targets_of_hosts},
    rollup::{ACTORS, ANY, TARGETS, fill_hours, is_critical},
    sets::{Of, members},
    tally::Tally,
    walk::each_between,
};
use super::{SqliteStore, audit, codes, counts, notify::Outbox};
use crate::{
    clock::{EpochMillis, TimeRange},
    store::{
        Act, ActorFilter, ActorRow, ActorSort, Appended, CategoryCount, Combination, DayActors, DayCount,
        DistinctField, DroppedDay, Endpoint, EndpointSort, EventDetail, EventFilter, EventRow, EventSort,
        EventStatus, EventStore, Listing, NewEvent, Page, Result, SampleQuery, Totals,
    },
};

impl EventStore for SqliteStore {
    fn append(&self, events: Vec<NewEvent>) -> Result<Appended> {
        let ready = self.dictionaries.packing(|packer| {
            events.into_iter().map(|event| Ready::new(event, packer)).collect::<Result<Vec<_>>>()
        })?;
        let dictionaries = Arc::clone(&self.dictionaries);
        let done = self.write(move |connection| {
            append(connection, &dictionaries, &ready, Some(Outbox::open(connection)?))
        })?;
        if done.learned {
            self.read(|view| self.dictionaries.refresh(view))?;
        }
        Ok(done.appended)
    }

    fn list(&self, filter: &EventFilter, page: &Page<EventSort>) -> Result<Listing<EventRow>> {
        self.read(|view| list::list(view, filter, page))
    }

    fn details(&self, ids: &[Uuid]) -> Result<Vec<EventDetail>> {
        self.read(|view| list::details(view, &self.dictionaries, ids))
    }

    fn samples(&self, query: &SampleQuery) -> Result<Vec<EventDetail>> {
        self.read(|view| list::samples(view, &self.dictionaries, query))
    }

    fn combinations(&self, filter: &EventFilter, limit: usize) -> Result<Vec<Combination>> {
        self.read(|view| combinations(view, filter, limit))
    }

    fn set_status(&self, act: &Act, filter: &EventFilter, named: &str, status: EventStatus) -> Result<u64> {
        let (act, named, filter) = (act.clone(), named.to_owned(), filter.clone());
        self.write(move |connection| set_status(connection, &act, &filter, &named, status))
    }

    fn delete(&self, act: &Act, filter: &EventFilter, named: &str) -> Result<u64> {
        let (act, object, filter) = (act.clone(), object(named), filter.clone());
        let dictionaries = Arc::clone(&self.dictionaries);
        self.write(move |connection| {
            let (gone, before) = change::delete(connection, &dictionaries, &filter)?;
            if gone > 0 {
                audit::append(connection, &act, &object, Some(&before), None)?;
            }
            Ok(gone)
        })
    }

    fn drop_oldest_day(
        &self,
        act: &Act,
        before: EpochMillis,
        export: Option<&Path>,
    ) -> Result<Option<DroppedDay>> {
        retention::drop_oldest_day(self, act, before, export)
    }

    fn reusable(&self) -> Result<u64> {
        self.read(|view| {
            let of = |name| view.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map(codes::count);
            Ok(of("freelist_count")?.saturating_mul(of("page_size")?))
        })
    }

    fn distinct(&self, field: DistinctField, range: TimeRange, limit: usize) -> Result<Vec<String>> {
        self.read(|view| counts::values(view, field, range, limit))
    }

    fn actors(&self, filter: &ActorFilter, page: &Page<ActorSort>) -> Result<Listing<ActorRow>> {
        self.read(|view| counts::actors(view, filter, page))
    }

    fn activity(&self, actor: &str, range: TimeRange, limit: usize) -> Result<Vec<EventRow>> {
        let filter = EventFilter { range, actors: vec![actor.to_owned()], ..EventFilter::all() };
        self.read(|view| list::newest(view, &filter, limit))
    }

    fn endpoints(
        &self,
        range: TimeRange,
        policies: &[String],
        page: &Page<EndpointSort>,
    ) -> Result<Listing<Endpoint>> {
        self.read(|view| counts::endpoints(view, range, policies, page))
    }

    fn timeline(&self, range: TimeRange, policies: &[String]) -> Result<Vec<DayCount>> {
        self.read(|view| counts::timeline(view, range, policies))
    }

    fn severity_counts(&self, range: TimeRange, policies: &[String]) -> Result<Vec<(Severity, u64)>> {
        self.read(|view| counts::severities(view, range, policies))
    }

    fn category_counts(&self, range: TimeRange, policies: &[String]) -> Result<Vec<CategoryCount>> {
        self.read(|view| counts::categories(view, range, policies))
    }

    fn daily_actors(&self, range: TimeRange, policies: &[String]) -> Result<(Vec<DayActors>, Totals)> {
        self.read(|view| counts::daily_actors(view, range, policies))
    }

    fn actors_per_country(&self, range: TimeRange, policies: &[String]) -> Result<Vec<(String, u64)>> {
        self.read(|view| counts::actors_per_country(view, range, policies))
    }
}

/// Moves rows and tells of it in the audit log.
pub(super) fn set_status(
    connection: &Connection,
    act: &Act,
    filter: &EventFilter,
    named: &str,
    status: EventStatus,
) -> Result<u64> {
    let (moved, before) = change::set_status(connection, filter, status)?;
    if moved > 0 {
        let after = json!({ status.name(): moved });
        audit::append(connection, act, &object(named), Some(&before), Some(&after))?;
    }
    Ok(moved)
}

fn object(named: &str) -> String {
    format!("events {named}")
}

/// The latest event of an actor on a day.
pub(super) fn latest_of(view: &Connection, day: Day, actor: u32) -> Result<Option<i64>> {
    let mut statement =
        view.prepare_cached(&format!("SELECT max(seq) FROM event_{} WHERE actor = ?", day.0))?;
    Ok(statement.query_row([actor], |row| row.get(0))?)
}

impl Partition {
    pub(super) const fn last_at(&self) -> EpochMillis {
        self.last_at
    }

    pub(super) const fn has_events(&self) -> bool {
        self.events > 0
    }
}
