//! What moves and deletes events. It selects them as the list does.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::ControlFlow,
};

use roaring::RoaringBitmap;
use rusqlite::{Connection, params};
use serde_json::json;

use super::{
    append::forget_words,
    names::kinds,
    partition::Day,
    predicate::{Narrow, Predicate},
    rollup::{self, RollUp},
    walk::Walk,
};
use crate::store::{
    Combination, EventFilter, EventStatus, Order, Result,
    sqlite::{codes, detail::Dictionaries},
};

/// How many were in which status before, as the audit log has it.
pub(in crate::store::sqlite) type Before = serde_json::Value;

pub(in crate::store::sqlite) fn set_status(
    connection: &Connection,
    filter: &EventFilter,
    status: EventStatus,
) -> Result<(u64, Before)> {
    let (selected, before) = select(connection, filter)?;
    let mut rolled = RollUp::default();
    let mut moved = 0;
    for (day, events) in selected {
        let mut put =
            connection.prepare_cached(&format!("UPDATE event_{} SET flags = ? WHERE seq = ?", day.0))?;
        for event in events {
            let flags = codes::flags(status, event.flags & codes::SUCCESSFUL != 0);
            if flags != event.flags {
                put.execute(params![flags, event.seq])?;
                rolled.move_flags(day.time(event.seq), event.kind, event.flags, flags);
            }
            moved += 1;
        }
    }
    rolled.write(connection)?;
    Ok((moved, before))
}

pub(in crate::store::sqlite) fn delete(
    connection: &Connection,
    dictionaries: &Dictionaries,
    filter: &EventFilter,
) -> Result<(u64, Before)> {
    let (selected, before) = select(connection, filter)?;
    let (mut targets, mut actors) = (RoaringBitmap::new(), HashMap::new());
    let mut gone = 0;
    for (day, events) in &selected {
        let mut delete = connection.prepare_cached(&format!("DELETE FROM event_{} WHERE seq = ?", day.0))?;
        let mut delete_detail =
            connection.prepare_cached(&format!("DELETE FROM detail_{} WHERE doc = ?", day.0))?;
        for event in events {
            forget_words(connection, dictionaries, *day, event.doc)?;
            delete.execute([event.seq])?;
            delete_detail.execute([event.doc])?;
            targets.insert(event.target);
            *actors.entry(event.actor).or_default() += 1;
            gone += 1;
        }
    }
    for day in selected.keys() {
        rollup::count_day_again(connection, *day)?;
    }
    rollup::count_targets_again(connection, &targets)?;
    rollup::take_from_actors(connection, &actors)?;
    Ok((gone, before))
}

fn select(connection: &Connection, filter: &EventFilter) -> Result<(BTreeMap<Day, Vec<Narrow>>, Before)> {
    let walk = Walk::new(connection, Predicate::of(connection, filter, &kinds(connection)?)?)?;
    let mut selected: BTreeMap<Day, Vec<Narrow>> = BTreeMap::new();
    let mut by_status: BTreeMap<i64, u64> = BTreeMap::new();
    let to_the_end = walk.all(Order::Descending, &mut |day, event| {
        selected.entry(day).or_default().push(*event);
        *by_status.entry(event.flags & !codes::SUCCESSFUL).or_default() += 1;
        Ok(ControlFlow::Continue(()))
    })?;
    debug_assert!(to_the_end.is_continue(), "nothing stops it");
    let mut before = serde_json::Map::new();
    for (status, count) in by_status {
        before.insert(codes::status_of(status)?.name().to_owned(), json!(count));
    }
    Ok((selected, before.into()))
}

/// What the events that fit stand for.
pub(in crate::store::sqlite) fn combinations(
    view: &Connection,
    filter: &EventFilter,
    limit: usize,
) -> Result<Vec<Combination>> {
    let kinds = kinds(view)?;
    let walk = Walk::new(view, Predicate::of(view, filter, &kinds)?)?;
    let mut seen = HashSet::new();
    let mut combinations = Vec::new();
    let mut read = view.prepare_cached(
        "SELECT a.actor, t.method, t.url, t.host FROM event_actor a, event_target t WHERE a.id = ? AND t.id = ?",
    )?;
    let ended = walk.all(Order::Descending, &mut |_, event| {
        if combinations.len() >= limit {
            return Ok(ControlFlow::Break(()));
        }
        let policy_id = kinds.get(&event.kind).map(|kind| kind.policy_id.clone()).unwrap_or_default();
        if seen.insert((event.actor, event.target, policy_id.clone())) {
            combinations.push(read.query_row([event.actor, event.target], |row| {
                Ok(Combination {
                    actor: row.get(0)?,
                    policy_id,
                    method: row.get(1)?,
                    url: row.get(2)?,
                    host: row.get(3)?,
                })
            })?);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    debug_assert!(ended.is_continue() || combinations.len() >= limit, "only the limit stops it");
    Ok(combinations)
}
