use std::collections::HashMap;

use roaring::RoaringBitmap;
use rusqlite::{Connection, params, params_from_iter, types::Value};

use crate::{
    clock::{EpochMillis, TimeRange},
    store::{
        ActorFilter, ActorRow, ActorSort, DayActors, EventStatus, Listing, Order, Page, Result, Totals,
        sqlite::{
            codes,
            events::{
                ACTORS, Day, Kinds, Of, Partition, Tally, actors_named, is_critical, kinds, kinds_of,
                latest_of, members, rows, targets_of_hosts,
            },
        },
    },
};

/// The actors of a day, and those of them with an event of high or critical severity.
struct Seen {
    day: Day,
    all: RoaringBitmap,
    critical: RoaringBitmap,
}

fn seen(view: &Connection, range: TimeRange, policies: &[String]) -> Result<Vec<Seen>> {
    let kinds = kinds(view)?;
    let wanted = kinds_of(policies, &kinds);
    let is_critical_kind = |kind: &u32| kinds.get(kind).is_some_and(|kind| is_critical(kind.severity));
    let critical: Option<RoaringBitmap> =
        wanted.as_ref().map(|wanted| wanted.iter().filter(is_critical_kind).collect());
    let of_any = wanted.as_ref().map_or(Of::Any, Of::Kinds);
    let of_critical = critical.as_ref().map_or(Of::Critical, Of::Kinds);
    let mut days = Vec::new();
    for (partition, cover) in Partition::within(view, range)? {
        let seen = Seen {
            day: partition.day,
            all: members(view, &kinds, (&partition, cover), ACTORS, of_any)?,
            critical: members(view, &kinds, (&partition, cover), ACTORS, of_critical)?,
        };
        if !seen.all.is_empty() {
            days.push(seen);
        }
    }
    days.reverse();
    Ok(days)
}

pub(in super::super) fn daily_actors(
    view: &Connection,
    range: TimeRange,
    policies: &[String],
) -> Result<(Vec<DayActors>, Totals)> {
    let mut critical = RoaringBitmap::new();
    let mut days = Vec::new();
    for seen in seen(view, range, policies)? {
        let counts =
            DayActors { day: seen.day.start(), actors: seen.all.len(), critical: seen.critical.len() };
        days.push(counts);
        critical |= seen.critical;
    }
    let mut totals = Totals { critical_actors: critical.len(), ..Totals::default() };
    let wanted = kinds_of(policies, &kinds(view)?);
    for (_, _, flags, count) in Tally::of(view, range, wanted.as_ref())?.iter() {
        let count = codes::count(count);
        totals.events += count;
        match codes::status_of_flags(flags)? {
            EventStatus::Active => totals.active += count,
            EventStatus::UnderReview => totals.under_review += count,
            EventStatus::Ignored => totals.ignored += count,
        }
    }
    Ok((days, totals))
}

/// An actor counts for the country of its latest event.
pub(in super::super) fn actors_per_country(
    view: &Connection,
    range: TimeRange,
    policies: &[String],
) -> Result<Vec<(String, u64)>> {
    let mut all = RoaringBitmap::new();
    for seen in seen(view, range, policies)? {
        all |= seen.all;
    }
    let mut counts: HashMap<String, u64> = HashMap::new();
    let mut statement = view.prepare_cached("SELECT id, country FROM event_actor")?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        if all.contains(row.get(0)?) {
            let country = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
            match counts.get_mut(country) {
                Some(count) => *count += 1,
                None => {
                    counts.insert(country.to_owned(), 1);
                }
            }
        }
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    Ok(counts)
}

/// Of an actor, its latest event in the range.
struct Latest {
    actor: u32,
    day: Day,
    seq: i64,
}

/// One row per actor, from its latest event in the range.
pub(in super::super) fn actors(
    view: &Connection,
    filter: &ActorFilter,
    page: &Page<ActorSort>,
) -> Result<Listing<ActorRow>> {
    let kinds = kinds(view)?;
    let order = page.sort.first().map_or(Order::Descending, |(_, order)| *order);
    let newest = Partition::all(view)?.iter().map(|one| one.last_at()).max().unwrap_or_default();
    let (latest, total) = if filter.range.until > newest {
        until_now(view, filter, &kinds, page, order)?
    } else {
        until_then(view, filter, &kinds, page, order)?
    };
    let mut actors = Vec::with_capacity(latest.len());
    let mut totals = view.prepare_cached("SELECT first_at, last_at, events FROM event_actor WHERE id = ?")?;
    let events = rows(view, &latest.iter().map(|one| (one.day, one.seq)).collect::<Vec<_>>(), &kinds)?;
    for (one, latest) in latest.iter().zip(events) {
        actors.push(totals.query_row([one.actor], |row| {
            Ok(ActorRow {
                latest,
                first_seen: EpochMillis::from_millis(row.get(0)?),
                last_seen: EpochMillis::from_millis(row.get(1)?),
                events: codes::count(row.get(2)?),
            })
        })?);
    }
    Ok(Listing { rows: actors, total, is_exact: true })
}

/// The latest event in the range is the latest of all, which stands with the actor.
fn until_now(
    view: &Connection,
    filter: &ActorFilter,
    kinds: &Kinds,
    page: &Page<ActorSort>,
    order: Order,
) -> Result<(Vec<Latest>, u64)> {
    let mut conditions = vec!["last_at >= ?".to_owned()];
    let mut values = vec![Value::Integer(filter.range.from.millis())];
    for (column, texts) in [("actor", &filter.actors), ("country", &filter.countries)] {
        if !texts.is_empty() {
            conditions.push(format!("{column} IN ({})", vec!["?"; texts.len()].join(", ")));
            values.extend(texts.iter().cloned().map(Value::Text));
        }
    }
    if let Some(wanted) = kinds_of(&filter.latest_policies, kinds) {
        conditions.push(format!(
            "last_kind IN ({})",
            vec!["?"; usize::try_from(wanted.len()).unwrap_or(0)].join(", ")
        ));
        values.extend(wanted.iter().map(|kind| Value::Integer(kind.into())));
    }
    let hosts = targets_of_hosts(view, &filter.latest_hosts)?;
    let direction = match order {
        Order::Ascending => "ASC",
        Order::Descending => "DESC",
    };
    let mut statement = view.prepare_cached(&format!(
        "SELECT id, last_at, last_target FROM event_actor WHERE {} ORDER BY last_at {direction}, id {direction}",
        conditions.join(" AND ")
    ))?;
    let mut found = statement.query(params_from_iter(values))?;
    let (mut latest, mut total) = (Vec::new(), 0);
    while let Some(row) = found.next()? {
        if hosts.as_ref().is_some_and(|hosts| row.get(2).is_ok_and(|target| !hosts.contains(target))) {
            continue;
        }
        total += 1;
        if total > page.skip && (latest.len() as u64) < page.limit {
            let (actor, at) = (row.get(0)?, EpochMillis::from_millis(row.get(1)?));
            let day = Day::of(at);
            if let Some(seq) = latest_of(view, day, actor)? {
                latest.push(Latest { actor, day, seq });
            }
        }
    }
    Ok((latest, total))
}

/// The range ends before the latest event: the newest day in it that an actor was seen on has its latest.
fn until_then(
    view: &Connection,
    filter: &ActorFilter,
    kinds: &Kinds,
    page: &Page<ActorSort>,
    order: Order,
) -> Result<(Vec<Latest>, u64)> {
    let wanted = actors_named(view, &filter.actors)?;
    let policies = kinds_of(&filter.latest_policies, kinds);
    let hosts = targets_of_hosts(view, &filter.latest_hosts)?;
    let asks_latest = policies.is_some() || hosts.is_some() || !filter.countries.is_empty();
    let enough = page.skip.saturating_add(page.limit);
    let (mut seen, mut latest) = (RoaringBitmap::new(), Vec::new());
    for (partition, cover) in Partition::within(view, filter.range)? {
        let day = partition.day;
        let (_, high) = cover.seqs();
        let mut new = members(view, kinds, (&partition, cover), ACTORS, Of::Any)?;
        if let Some(wanted) = &wanted {
            new &= wanted;
        }
        new -= &seen;
        seen |= &new;
        // Newest first and whoever comes: older days only count.
        if !asks_latest && order == Order::Descending && latest.len() as u64 >= enough {
            continue;
        }
        let mut statement = view.prepare_cached(&format!(
            "SELECT seq, kind, target, country FROM event_{} WHERE actor = ? AND seq <= ?
             ORDER BY seq DESC LIMIT 1",
            day.0
        ))?;
        for actor in new {
            let mut found = statement.query(params![actor, high])?;
            let Some(row) = found.next()? else { continue };
            let fits = policies.as_ref().is_none_or(|set| row.get(1).is_ok_and(|kind| set.contains(kind)))
                && hosts.as_ref().is_none_or(|set| row.get(2).is_ok_and(|target| set.contains(target)))
                && (filter.countries.is_empty()
                    || row.get_ref(3)?.as_str().is_ok_and(|of| filter.countries.iter().any(|one| one == of)));
            if fits {
                latest.push(Latest { actor, day, seq: row.get(0)? });
            }
        }
    }
    let total = if asks_latest { latest.len() as u64 } else { seen.len() };
    latest.sort_unstable_by_key(|one| (one.day, one.seq));
    if order == Order::Descending {
        latest.reverse();
    }
    let shown = latest.into_iter().skip(usize::try_from(page.skip).unwrap_or(usize::MAX));
    Ok((shown.take(usize::try_from(page.limit).unwrap_or(usize::MAX)).collect(), total))
}
