use std::{cmp::Reverse, collections::BinaryHeap};

use ahash::AHashMap;
use roaring::RoaringBitmap;
use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    clock::{EpochMillis, TimeRange},
    store::{
        Endpoint, EndpointSort, Listing, Order, Page, Result,
        sqlite::{
            codes,
            events::{ANY, Cover, Day, Partition, each_between, kinds, kinds_of, read_set},
        },
    },
};

/// Grouped by method, URL and host. What comes equal is in the order of its number.
pub(in super::super) fn endpoints(
    view: &Connection,
    range: TimeRange,
    policies: &[String],
    page: &Page<EndpointSort>,
) -> Result<Listing<Endpoint>> {
    let (key, order) = page.sort.first().copied().unwrap_or((EndpointSort::DiscoveredAt, Order::Descending));
    let days = Partition::within(view, range)?;
    let has_all = days.iter().all(|(_, cover)| matches!(cover, Cover::Whole))
        && days.len() == Partition::all(view)?.iter().filter(|one| one.has_events()).count();
    if has_all && policies.is_empty() {
        return of_all_time(view, key, order, page);
    }
    let wanted = kinds_of(policies, &kinds(view)?);
    Attacked::read(view, &days, wanted.as_ref())?.page(view, key, order, page)
}

/// What stands with each target serves, and an index is in every order that can be asked for.
fn of_all_time(
    view: &Connection,
    key: EndpointSort,
    order: Order,
    page: &Page<EndpointSort>,
) -> Result<Listing<Endpoint>> {
    let column = match key {
        EndpointSort::DiscoveredAt => "first_at",
        EndpointSort::Requests => "events",
        EndpointSort::Actors => "actors",
    };
    let direction = match order {
        Order::Ascending => "ASC",
        Order::Descending => "DESC",
    };
    let total: i64 = view
        .prepare_cached("SELECT count(*) FROM event_target WHERE events > 0")?
        .query_row([], |row| row.get(0))?;
    let mut statement = view.prepare_cached(&format!(
        "SELECT method, url, host, events, actors, first_at FROM event_target WHERE events > 0
         ORDER BY {column} {direction}, id {direction} LIMIT ? OFFSET ?"
    ))?;
    let found = statement.query_map([codes::signed(page.limit), codes::signed(page.skip)], |row| {
        Ok(Endpoint {
            method: row.get(0)?,
            url: row.get(1)?,
            host: row.get(2)?,
            requests: codes::count(row.get(3)?),
            actors: codes::count(row.get(4)?),
            discovered_at: EpochMillis::from_millis(row.get(5)?),
        })
    })?;
    Ok(Listing { rows: found.collect::<rusqlite::Result<_>>()?, total: codes::count(total), is_exact: true })
}

#[derive(Default)]
struct Attacks {
    requests: u64,
    first_at: Option<EpochMillis>,
    /// Of the days that are not whole.
    actors: RoaringBitmap,
}

impl Attacks {
    fn add(&mut self, requests: u64, at: EpochMillis) {
        self.requests += requests;
        self.first_at = Some(self.first_at.map_or(at, |first| first.min(at)));
    }
}

/// Targets with an event in the range, of the kinds that are asked for.
struct Attacked {
    targets: AHashMap<u32, Attacks>,
    whole_days: Vec<Day>,
    kinds: Vec<i64>,
}

impl Attacked {
    fn read(view: &Connection, days: &[(Partition, Cover)], wanted: Option<&RoaringBitmap>) -> Result<Self> {
        let kinds = wanted.map_or_else(|| vec![ANY], |wanted| wanted.iter().map(i64::from).collect());
        let mut attacked = Self { targets: AHashMap::new(), whole_days: Vec::new(), kinds };
        let mut statement = view.prepare_cached(
            "SELECT target, events, first_at FROM event_day_target WHERE day = ? AND kind = ?",
        )?;
        for (partition, cover) in days {
            let day = partition.day;
            match cover {
                Cover::Whole => {
                    for kind in &attacked.kinds {
                        let mut found = statement.query(params![day.0, kind])?;
                        while let Some(row) = found.next()? {
                            let at = EpochMillis::from_millis(row.get(2)?);
                            let requests = codes::count(row.get(1)?);
                            attacked.targets.entry(row.get(0)?).or_default().add(requests, at);
                        }
                    }
                    attacked.whole_days.push(day);
                }
                Cover::Part(low, high) => each_between(view, day, (*low, *high), &mut |event| {
                    if wanted.is_none_or(|wanted| wanted.contains(event.kind)) {
                        let target = attacked.targets.entry(event.target).or_default();
                        target.add(1, event.at(day));
                        target.actors.insert(event.actor);
                    }
                    Ok(())
                })?,
            }
        }
        Ok(attacked)
    }

    fn page(
        &self,
        view: &Connection,
        key: EndpointSort,
        order: Order,
        page: &Page<EndpointSort>,
    ) -> Result<Listing<Endpoint>> {
        let mut keys: Vec<(i64, u32)> = match key {
            EndpointSort::Actors => self.by_actors(view, order, page)?,
            EndpointSort::Requests => self.keys(|one| codes::signed(one.requests)),
            EndpointSort::DiscoveredAt => self.keys(|one| one.first_at.unwrap_or_default().millis()),
        };
        match order {
            Order::Ascending => keys.sort_unstable(),
            Order::Descending => keys.sort_unstable_by_key(|key| Reverse(*key)),
        }
        let skip = usize::try_from(page.skip).unwrap_or(usize::MAX);
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let mut rows = Vec::new();
        let mut name = view.prepare_cached("SELECT method, url, host FROM event_target WHERE id = ?")?;
        for (_, target) in keys.into_iter().skip(skip).take(limit) {
            let Some(attacks) = self.targets.get(&target) else { continue };
            let actors = self.actors(view, target, attacks)?;
            rows.push(name.query_row([target], |row| {
                Ok(Endpoint {
                    method: row.get(0)?,
                    url: row.get(1)?,
                    host: row.get(2)?,
                    requests: attacks.requests,
                    actors,
                    discovered_at: attacks.first_at.unwrap_or_default(),
                })
            })?);
        }
        Ok(Listing { rows, total: self.targets.len() as u64, is_exact: true })
    }

    fn keys(&self, key: impl Fn(&Attacks) -> i64) -> Vec<(i64, u32)> {
        self.targets.iter().map(|(target, attacks)| (key(attacks), *target)).collect()
    }

    /// Nobody has more actors here than it has requests here, or actors in all: where the page is full of more than that, the
    /// rest need not be counted.
    fn by_actors(
        &self,
        view: &Connection,
        order: Order,
        page: &Page<EndpointSort>,
    ) -> Result<Vec<(i64, u32)>> {
        let in_all: AHashMap<u32, u64> = {
            let mut statement = view.prepare_cached("SELECT id, actors FROM event_target")?;
            let found = statement.query_map([], |row| Ok((row.get(0)?, codes::count(row.get(1)?))))?;
            found.collect::<rusqlite::Result<_>>()?
        };
        let mut bounds: Vec<(u64, u32)> = self
            .targets
            .iter()
            .map(|(target, one)| (one.requests.min(in_all.get(target).copied().unwrap_or(0)), *target))
            .collect();
        bounds.sort_unstable_by_key(|bound| Reverse(*bound));
        let wanted = usize::try_from(page.skip.saturating_add(page.limit)).unwrap_or(usize::MAX);
        let (mut best, mut keys) = (BinaryHeap::new(), Vec::new());
        for (bound, target) in bounds {
            let is_full = best.len() >= wanted;
            if order == Order::Descending
                && is_full
                && best.peek().is_none_or(|Reverse((least, _)): &Reverse<(u64, u32)>| bound < *least)
            {
                break;
            }
            let Some(attacks) = self.targets.get(&target) else { continue };
            // A single request, a single actor.
            let actors = if bound == 1 { 1 } else { self.actors(view, target, attacks)? };
            keys.push((codes::signed(actors), target));
            best.push(Reverse((actors, target)));
            if is_full {
                best.pop();
            }
        }
        Ok(keys)
    }

    fn actors(&self, view: &Connection, target: u32, attacks: &Attacks) -> Result<u64> {
        let mut actors = attacks.actors.clone();
        let mut statement = view.prepare_cached(
            "SELECT actors FROM event_day_target WHERE day = ? AND kind = ? AND target = ?",
        )?;
        for day in &self.whole_days {
            for kind in &self.kinds {
                let found: Option<Vec<u8>> =
                    statement.query_row(params![day.0, kind, target], |row| row.get(0)).optional()?;
                if let Some(found) = found {
                    actors |= read_set(&found)?;
                }
            }
        }
        Ok(actors.len())
    }
}
