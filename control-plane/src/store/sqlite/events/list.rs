use std::ops::ControlFlow;

use portcullis_detection::Severity;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter, types::ValueRef};
use uuid::Uuid;

use super::{
    names::{Kinds, kinds},
    partition::{Cover, Day, Partition},
    predicate::{Predicate, locate},
    rollup::ANY,
    tally::Tally,
    walk::{Walk, target_events},
};
use crate::{
    clock::TimeRange,
    store::{
        EventDetail, EventFilter, EventRow, EventSort, Listing, Order, Page, Result, SampleQuery, StoreError,
        sqlite::{
            codes,
            detail::{Dictionaries, Packed},
        },
    },
};

/// Past it a total that no roll-up knows says «at least so many».
const EXACT_TOTAL: u64 = 10_000;
/// Nor is anybody kept waiting for events that do not fit.
const MAX_EXAMINED: u64 = 100_000;
const SEVERE_FIRST: [Severity; 4] = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];

pub(in crate::store::sqlite) fn list(
    view: &Connection,
    filter: &EventFilter,
    page: &Page<EventSort>,
) -> Result<Listing<EventRow>> {
    let kinds = kinds(view)?;
    let time = page.sort.iter().find(|(key, _)| *key == EventSort::DetectedAt);
    let order = time.map_or(Order::Descending, |(_, order)| *order);
    let by_severity = page.sort.first().filter(|(key, _)| *key == EventSort::Severity);
    let mut window = Window::new(page.skip, page.limit);
    match by_severity {
        None => window.fill(&Walk::new(view, Predicate::of(view, filter, &kinds)?)?, order)?,
        Some((_, severe)) => {
            let mut severities = SEVERE_FIRST;
            if *severe == Order::Ascending {
                severities.reverse();
            }
            for severity in severities {
                let mut predicate = Predicate::of(view, filter, &kinds)?;
                predicate.kinds = Some(predicate.with_severity(severity, &kinds));
                window.fill(&Walk::new(view, predicate)?, order)?;
            }
        }
    }
    let (total, is_exact) = match window.all_seen() {
        Some(total) => (total, true),
        None => total(&Walk::new(view, Predicate::of(view, filter, &kinds)?)?)?,
    };
    // A page that was read is there, whatever was counted.
    let total = total.max(window.seen);
    Ok(Listing { rows: rows(view, &window.chosen, &kinds)?, total, is_exact })
}

/// What a page shows of what fits.
struct Window {
    skip: u64,
    limit: u64,
    seen: u64,
    chosen: Vec<(Day, i64)>,
    is_cut: bool,
}

impl Window {
    const fn new(skip: u64, limit: u64) -> Self {
        Self { skip, limit, seen: 0, chosen: Vec::new(), is_cut: false }
    }

    fn fill(&mut self, walk: &Walk<'_>, order: Order) -> Result<()> {
        if self.chosen.len() as u64 >= self.limit {
            self.is_cut = true;
            return Ok(());
        }
        let ended = walk.all(order, &mut |day, event| {
            if self.chosen.len() as u64 >= self.limit {
                return Ok(ControlFlow::Break(()));
            }
            self.seen += 1;
            if self.seen > self.skip {
                self.chosen.push((day, event.seq));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        self.is_cut |= ended.is_break();
        Ok(())
    }

    /// How many there are, where the page went to the end.
    const fn all_seen(&self) -> Option<u64> {
        if self.is_cut { None } else { Some(self.seen) }
    }
}

/// How many fit, and whether that is all of them.
fn total(walk: &Walk<'_>) -> Result<(u64, bool)> {
    let (view, predicate) = (walk.view(), &walk.predicate);
    if predicate.is_counted() {
        let tally = Tally::of(view, predicate.range, predicate.kinds.as_ref())?;
        let counted = tally.iter().filter(|(_, _, flags, _)| predicate.fits_flags(*flags));
        return Ok((codes::count(counted.map(|(.., count)| count).sum()), true));
    }
    let (mut counted, mut fitting, mut read_through) = (0, 0, 0);
    for (partition, cover) in Partition::within(view, predicate.range)? {
        if let Some((count, read)) = count_day(walk, &partition, cover)? {
            counted += codes::count(count);
            read_through += read;
            if counted >= EXACT_TOTAL && read_through >= MAX_EXAMINED {
                return Ok((counted, false));
            }
            continue;
        }
        let ended = walk.day(&partition, cover, Order::Descending, &mut |_, _| {
            fitting += 1;
            let is_enough = fitting >= EXACT_TOTAL || walk.examined.get() >= MAX_EXAMINED;
            Ok(if is_enough { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        if ended.is_break() || walk.examined.get() >= MAX_EXAMINED {
            return Ok((counted + fitting, false));
        }
    }
    Ok((counted + fitting, true))
}

/// What a roll-up or an index alone knows of a day, and how many rows it had to read for it.
fn count_day(walk: &Walk<'_>, partition: &Partition, cover: Cover) -> Result<Option<(i64, u64)>> {
    let (view, predicate, day) = (walk.view(), &walk.predicate, partition.day);
    if matches!(cover, Cover::Whole)
        && predicate.is_counted_by_target()
        && let Some(targets) = &predicate.targets
    {
        let of: Vec<_> = match &predicate.kinds {
            None => vec![ANY],
            Some(wanted) => wanted.iter().map(i64::from).collect(),
        };
        let mut count = 0;
        if targets.len() * of.len() as u64 <= 64 {
            for target in targets {
                for kind in &of {
                    count += target_events(view, day, *kind, target)?;
                }
            }
            return Ok(Some((count, 0)));
        }
        let mut statement =
            view.prepare_cached("SELECT target, events FROM event_day_target WHERE day = ? AND kind = ?")?;
        let mut read = 0;
        for kind in of {
            let mut found = statement.query([day.0, kind])?;
            while let Some(row) = found.next()? {
                read += 1;
                if targets.contains(row.get(0)?) {
                    count += row.get::<_, i64>(1)?;
                }
            }
        }
        return Ok(Some((count, read)));
    }
    let Some(actors) = predicate.only_actors().filter(|actors| actors.len() <= 64) else {
        return Ok(None);
    };
    let (low, high) = cover.seqs();
    let mut statement = view.prepare_cached(&format!(
        "SELECT count(*) FROM event_{} WHERE actor = ? AND seq BETWEEN ? AND ?",
        day.0
    ))?;
    let mut count = 0;
    for actor in actors {
        count += statement.query_row([i64::from(actor), low, high], |row| row.get::<_, i64>(0))?;
    }
    Ok(Some((count, 0)))
}

/// The whole rows of these.
pub(in crate::store::sqlite) fn rows(
    view: &Connection,
    chosen: &[(Day, i64)],
    kinds: &Kinds,
) -> Result<Vec<EventRow>> {
    let mut rows = Vec::with_capacity(chosen.len());
    for (day, seq) in chosen {
        let mut statement = view.prepare_cached(&format!(
            "SELECT e.id, e.ref, e.flags, e.country, e.kind, a.actor, t.method, t.url, t.host, o.collection_id,
                    o.sensor_id
             FROM event_{} e JOIN event_actor a ON a.id = e.actor JOIN event_target t ON t.id = e.target
                             JOIN event_origin o ON o.id = e.origin
             WHERE e.seq = ?",
            day.0
        ))?;
        rows.push(statement.query_row([seq], |row| Ok(event(row, *day, *seq, kinds)))??);
    }
    Ok(rows)
}

fn event(row: &Row<'_>, day: Day, seq: i64, kinds: &Kinds) -> Result<EventRow> {
    let (flags, kind): (i64, u32) = (row.get(2)?, row.get(4)?);
    let kind = kinds.get(&kind).ok_or_else(|| StoreError::Damaged(format!("kind {kind} of an event")))?;
    Ok(EventRow {
        id: Uuid::from_bytes(row.get(0)?),
        ref_id: reference(row.get_ref(1)?)?,
        detected_at: day.time(seq),
        actor: row.get(5)?,
        country: row.get(3)?,
        policy_id: kind.policy_id.clone(),
        category: kind.category.clone(),
        sub_category: kind.sub_category.clone(),
        severity: kind.severity,
        event_type: kind.event_type,
        detection_type: kind.detection_type,
        method: row.get(6)?,
        url: row.get(7)?,
        host: row.get(8)?,
        collection_id: row.get(9)?,
        sensor_id: row.get(10)?,
        successful: flags & codes::SUCCESSFUL != 0,
        status: codes::status_of_flags(flags)?,
    })
}

fn reference(stored: ValueRef<'_>) -> Result<String> {
    let damaged = || StoreError::Damaged("the reference of an event".into());
    match stored {
        ValueRef::Blob(bytes) => Uuid::from_slice(bytes).map(|uuid| uuid.to_string()).map_err(|_| damaged()),
        ValueRef::Text(text) => String::from_utf8(text.to_vec()).map_err(|_| damaged()),
        _ => Err(damaged()),
    }
}

/// The newest that fit.
pub(in crate::store::sqlite) fn newest(
    view: &Connection,
    filter: &EventFilter,
    limit: usize,
) -> Result<Vec<EventRow>> {
    let kinds = kinds(view)?;
    rows(view, &newest_numbers(view, filter, limit, &kinds)?, &kinds)
}

fn newest_numbers(
    view: &Connection,
    filter: &EventFilter,
    limit: usize,
    kinds: &Kinds,
) -> Result<Vec<(Day, i64)>> {
    let mut window = Window::new(0, limit as u64);
    window.fill(&Walk::new(view, Predicate::of(view, filter, kinds)?)?, Order::Descending)?;
    Ok(window.chosen)
}

pub(in crate::store::sqlite) fn samples(
    view: &Connection,
    dictionaries: &Dictionaries,
    query: &SampleQuery,
) -> Result<Vec<EventDetail>> {
    let chosen = match query {
        SampleQuery::Reference { ref_id, limit } => referred(view, ref_id, *limit)?,
        SampleQuery::Latest { actor, policy_id, limit } => {
            let filter = EventFilter {
                actors: vec![actor.clone()],
                policy_ids: vec![policy_id.clone()],
                ..EventFilter::all()
            };
            newest_numbers(view, &filter, *limit, &kinds(view)?)?
        }
    };
    chosen
        .into_iter()
        .map(|(day, seq)| {
            let mut doc = view.prepare_cached(&format!("SELECT doc FROM event_{} WHERE seq = ?", day.0))?;
            let doc = doc.query_row([seq], |row| row.get(0))?;
            detail(view, dictionaries, day, doc)
        })
        .collect()
}

fn referred(view: &Connection, ref_id: &str, limit: usize) -> Result<Vec<(Day, i64)>> {
    let mut chosen = Vec::new();
    for (partition, _) in Partition::within(view, TimeRange::ALL)? {
        let mut statement = view.prepare_cached(&format!(
            "SELECT seq FROM event_{} WHERE ref = ? ORDER BY seq DESC LIMIT {limit}",
            partition.day.0
        ))?;
        let found =
            statement.query_map(params_from_iter([super::append::reference(ref_id)]), |row| row.get(0))?;
        for seq in found {
            chosen.push((partition.day, seq?));
        }
        if chosen.len() >= limit {
            break;
        }
    }
    chosen.truncate(limit);
    Ok(chosen)
}

/// In this order; an event that was deleted since has no detail any more.
pub(in crate::store::sqlite) fn details(
    view: &Connection,
    dictionaries: &Dictionaries,
    ids: &[Uuid],
) -> Result<Vec<EventDetail>> {
    let partitions = Partition::all(view)?;
    ids.iter()
        .map(|id| match locate(view, &partitions, *id)? {
            Some((day, _, doc)) => detail(view, dictionaries, day, doc),
            None => Ok(EventDetail::default()),
        })
        .collect()
}

pub(super) fn detail(
    view: &Connection,
    dictionaries: &Dictionaries,
    day: Day,
    doc: i64,
) -> Result<EventDetail> {
    let packed = view
        .prepare_cached(&format!("SELECT dictionary, raw_len, body FROM detail_{} WHERE doc = ?", day.0))?
        .query_row([doc], |row| {
            Ok(Packed { dictionary: row.get(0)?, raw_len: row.get(1)?, body: row.get(2)? })
        })
        .optional()?;
    packed.map_or_else(|| Ok(EventDetail::default()), |packed| dictionaries.unpack(view, &packed))
}
