use std::collections::BTreeSet;

use roaring::RoaringBitmap;
use rusqlite::Connection;

use crate::{
    clock::TimeRange,
    store::{
        DistinctField, Result,
        sqlite::{
            codes,
            events::{ACTORS, Of, Partition, TARGETS, Tally, kinds, members},
        },
    },
};

/// The first values in the order of names.
pub(in super::super) fn values(
    view: &Connection,
    field: DistinctField,
    range: TimeRange,
    limit: usize,
) -> Result<Vec<String>> {
    match field {
        DistinctField::PolicyId => policies(view, range, limit),
        DistinctField::Actor => named(
            view,
            &present(view, ACTORS, range)?,
            Named { table: "event_actor", column: "actor" },
            limit,
        ),
        DistinctField::Url => named(
            view,
            &present(view, TARGETS, range)?,
            Named { table: "event_target", column: "url" },
            limit,
        ),
        DistinctField::Host => hosts(view, &present(view, TARGETS, range)?, limit),
        DistinctField::Country => {
            let present = present(view, ACTORS, range)?;
            let mut statement = view.prepare_cached("SELECT id, country FROM event_actor")?;
            let mut found = statement.query([])?;
            let mut countries = BTreeSet::new();
            while let Some(row) = found.next()? {
                let country = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
                if !countries.contains(country) && present.contains(row.get(0)?) {
                    countries.insert(country.to_owned());
                }
            }
            Ok(countries.into_iter().take(limit).collect())
        }
    }
}

fn policies(view: &Connection, range: TimeRange, limit: usize) -> Result<Vec<String>> {
    let kinds = kinds(view)?;
    let present = Tally::of(view, range, None)?;
    let ids: BTreeSet<_> =
        present.iter().filter_map(|(_, kind, ..)| kinds.get(&kind).map(|kind| &kind.policy_id)).collect();
    Ok(ids.into_iter().take(limit).cloned().collect())
}

/// Actors or targets with an event in the range.
fn present(view: &Connection, what: i64, range: TimeRange) -> Result<RoaringBitmap> {
    let (kinds, mut present) = (kinds(view)?, RoaringBitmap::new());
    for (partition, cover) in Partition::within(view, range)? {
        present |= members(view, &kinds, (&partition, cover), what, Of::Any)?;
    }
    Ok(present)
}

/// From one host to the next through the index; of each, until one of its targets is present.
fn hosts(view: &Connection, present: &RoaringBitmap, limit: usize) -> Result<Vec<String>> {
    let mut next = view.prepare_cached("SELECT min(host) FROM event_target WHERE host > ?")?;
    let mut targets = view.prepare_cached("SELECT id FROM event_target WHERE host = ?")?;
    let mut host: Option<String> =
        view.prepare_cached("SELECT min(host) FROM event_target")?.query_row([], |row| row.get(0))?;
    let mut hosts = Vec::new();
    while hosts.len() < limit
        && let Some(name) = host.take()
    {
        let mut found = targets.query([&name])?;
        let mut is_present = false;
        while !is_present && let Some(row) = found.next()? {
            is_present = present.contains(row.get(0)?);
        }
        host = next.query_row([&name], |row| row.get(0))?;
        if is_present {
            hosts.push(name);
        }
    }
    Ok(hosts)
}

/// Where names stand.
#[derive(Clone, Copy)]
struct Named {
    table: &'static str,
    column: &'static str,
}

/// Names in order: looked up one by one, or met on the way through all, whichever takes fewer steps.
fn named(view: &Connection, present: &RoaringBitmap, of: Named, limit: usize) -> Result<Vec<String>> {
    let Named { table, column } = of;
    let all: Option<i64> =
        view.prepare_cached(&format!("SELECT max(id) FROM {table}"))?.query_row([], |row| row.get(0))?;
    let through = (limit as u64).saturating_mul(codes::count(all.unwrap_or(0)));
    let mut names = Vec::new();
    if present.len().saturating_mul(present.len()) <= through {
        let mut statement = view.prepare_cached(&format!("SELECT {column} FROM {table} WHERE id = ?"))?;
        for id in present {
            names.push(statement.query_row([id], |row| row.get(0))?);
        }
        names.sort_unstable();
        names.dedup();
        names.truncate(limit);
        return Ok(names);
    }
    let mut statement =
        view.prepare_cached(&format!("SELECT id, {column} FROM {table} ORDER BY {column}"))?;
    let mut found = statement.query([])?;
    while names.len() < limit
        && let Some(row) = found.next()?
    {
        if present.contains(row.get(0)?) {
            let name = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
            if names.last().is_none_or(|last: &String| last != name) {
                names.push(name.to_owned());
            }
        }
    }
    Ok(names)
}
