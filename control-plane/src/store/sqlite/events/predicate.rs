//! A filter in the numbers of this database. One function says whether an event fits; listing, changing and deleting all
//! ask it, whatever way they come to the event by.

use portcullis_detection::Severity;
use roaring::RoaringBitmap;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter, types::Value};
use uuid::Uuid;

use super::{
    bitmap::number,
    list::detail,
    names::{Kind, Kinds},
    partition::{Day, Partition},
    words,
};
use crate::{
    clock::{EpochMillis, TimeRange},
    store::{
        EventFilter, EventStatus, Result,
        sqlite::{codes, detail::Dictionaries},
    },
};

/// So many details of a day are read sooner than the index gathers a common beginning of words.
const WORTH_READING: u64 = 1_000;
/// Reading a detail takes as long as looking at so many events.
const READING: u64 = 40;

/// What is asked of an event to fit or not.
#[derive(Clone, Copy, Debug)]
pub(in crate::store::sqlite) struct Narrow {
    pub(super) seq: i64,
    pub(super) doc: i64,
    pub(in crate::store::sqlite) actor: u32,
    pub(in crate::store::sqlite) target: u32,
    pub(in crate::store::sqlite) kind: u32,
    pub(super) origin: u32,
    pub(super) flags: i64,
}

/// Of a set that is `None` there is no condition.
pub(super) struct Predicate {
    pub(super) range: TimeRange,
    pub(super) ids: Option<Vec<Uuid>>,
    pub(super) actors: Option<RoaringBitmap>,
    pub(super) targets: Option<RoaringBitmap>,
    pub(super) kinds: Option<RoaringBitmap>,
    pub(super) origins: Option<RoaringBitmap>,
    pub(super) status: Option<EventStatus>,
    pub(super) successful: Option<bool>,
    pub(super) search: Option<Search>,
}

/// Any of these.
pub(super) struct Search {
    pub(super) actors: RoaringBitmap,
    pub(super) targets: RoaringBitmap,
    pub(super) kinds: RoaringBitmap,
    /// For the index of words.
    words: Option<words::Query>,
}

impl Predicate {
    pub(super) fn of(view: &Connection, filter: &EventFilter, kinds: &Kinds) -> Result<Self> {
        let actors = actors(view, &filter.actors)?;
        Ok(Self {
            range: match &actors {
                Some(actors) => while_present(view, actors, filter.range)?,
                None => filter.range,
            },
            ids: filter.ids.clone(),
            actors,
            targets: targets(view, filter)?,
            kinds: fitting_kinds(filter, kinds),
            origins: origins(view, filter)?,
            status: filter.status,
            successful: filter.successful,
            search: filter
                .search
                .as_deref()
                .filter(|text| !text.is_empty())
                .map(|text| Search::of(view, text, kinds))
                .transpose()?,
        })
    }

    pub(super) fn with_severity(&self, severity: Severity, kinds: &Kinds) -> RoaringBitmap {
        let of = |(id, kind): (&u32, &Kind)| (kind.severity == severity).then_some(*id);
        let all: RoaringBitmap = kinds.iter().filter_map(of).collect();
        self.kinds.as_ref().map_or_else(|| all.clone(), |kinds| kinds & &all)
    }

    /// Whether an event of the partition fits; `found` are the details that the words of a search were found in.
    pub(super) fn fits(&self, event: &Narrow, found: Option<&RoaringBitmap>) -> bool {
        let within =
            |set: &Option<RoaringBitmap>, member| set.as_ref().is_none_or(|set| set.contains(member));
        within(&self.actors, event.actor)
            && within(&self.targets, event.target)
            && within(&self.kinds, event.kind)
            && within(&self.origins, event.origin)
            && self.fits_flags(event.flags)
            && self.search.as_ref().is_none_or(|search| {
                search.actors.contains(event.actor)
                    || search.targets.contains(event.target)
                    || search.kinds.contains(event.kind)
                    || found
                        .is_some_and(|found| u32::try_from(event.doc).is_ok_and(|doc| found.contains(doc)))
            })
    }

    pub(super) fn fits_flags(&self, flags: i64) -> bool {
        let is_successful = flags & codes::SUCCESSFUL != 0;
        self.successful.is_none_or(|wanted| wanted == is_successful)
            && self.status.is_none_or(|status| codes::status(status) == flags & !codes::SUCCESSFUL)
    }

    /// Nothing but time, kind and flags is asked for: the roll-ups know how many.
    pub(super) fn is_counted(&self) -> bool {
        self.targets.is_none() && self.asks_no_more_than_targets()
    }

    /// Nothing but time, kind and target.
    pub(super) fn is_counted_by_target(&self) -> bool {
        self.asks_no_more_than_targets() && self.status.is_none() && self.successful.is_none()
    }

    fn asks_no_more_than_targets(&self) -> bool {
        self.ids.is_none() && self.actors.is_none() && self.origins.is_none() && self.search.is_none()
    }

    /// Details of this day that have the words of the search, and the work it took, in events that could have been looked at
    /// meanwhile. Not among them need be those of events that fit the search without.
    pub(super) fn found(
        &self,
        view: &Connection,
        dictionaries: &Dictionaries,
        partition: &Partition,
    ) -> Result<(Option<RoaringBitmap>, u64)> {
        let Some((search, query)) =
            self.search.as_ref().and_then(|search| Some((search, search.words.as_ref()?)))
        else {
            return Ok((None, 0));
        };
        let (day, whole) = (partition.day, query.whole());
        if !whole.is_empty() {
            // For a word half typed, the index gathers all details of all words that begin so.
            let docs = matching(view, day, &whole)?;
            if docs.len() <= WORTH_READING {
                let (mut found, mut work) = (RoaringBitmap::new(), docs.len());
                for doc in docs {
                    if search.fits_event_of(view, day, doc)? {
                        continue;
                    }
                    work += READING;
                    if query.is_begun_in(&words::of(&detail(view, dictionaries, day, doc.into())?)) {
                        found.insert(doc);
                    }
                }
                return Ok((Some(found), work));
            }
        }
        let found = matching(view, day, &query.all())?;
        Ok((Some(found), codes::count(partition.events)))
    }

    /// The days of these, each once: an id mostly tells its own.
    pub(super) fn days(&self, view: &Connection, ids: &[Uuid]) -> Result<Vec<(Day, i64)>> {
        let partitions = Partition::all(view)?;
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            found.extend(locate(view, &partitions, *id)?.map(|(day, seq, _)| (day, seq)));
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }
}

/// Details of a day that the index of words finds.
fn matching(view: &Connection, day: Day, wanted: &str) -> Result<RoaringBitmap> {
    let n = day.0;
    let mut statement =
        view.prepare_cached(&format!("SELECT rowid FROM words_{n} WHERE words_{n} MATCH ?"))?;
    let found = statement.query_map([wanted], |row| row.get(0))?;
    found.map(|doc| number(doc?)).collect()
}

impl Search {
    fn of(view: &Connection, text: &str, kinds: &Kinds) -> Result<Self> {
        let pattern = format!("%{}%", escape_like(text));
        let wanted = text.to_ascii_lowercase();
        let all = |sql: &str| -> Result<RoaringBitmap> {
            let mut statement = view.prepare_cached(sql)?;
            let found = statement.query_map([&pattern], |row| row.get(0))?;
            found.map(|id| number(id?)).collect()
        };
        Ok(Self {
            actors: all("SELECT id FROM event_actor WHERE actor LIKE ?1 ESCAPE '\\'")?,
            targets: all(
                "SELECT id FROM event_target WHERE url LIKE ?1 ESCAPE '\\' OR host LIKE ?1 ESCAPE '\\'",
            )?,
            kinds: kinds
                .iter()
                .filter(|(_, kind)| kind.policy_id.to_ascii_lowercase().contains(&wanted))
                .map(|(id, _)| *id)
                .collect(),
            words: words::Query::of(text),
        })
    }

    /// Whether what is shown of the event of this detail has the text.
    fn fits_event_of(&self, view: &Connection, day: Day, doc: u32) -> Result<bool> {
        let mut statement = view.prepare_cached(&format!(
            "SELECT e.actor, e.target, e.kind FROM detail_{0} d JOIN event_{0} e ON e.seq = d.seq WHERE d.doc = ?",
            day.0
        ))?;
        let fits = |row: &Row<'_>| {
            let has = |set: &RoaringBitmap, at| row.get(at).map(|number| set.contains(number));
            Ok(has(&self.actors, 0)? || has(&self.targets, 1)? || has(&self.kinds, 2)?)
        };
        Ok(statement.query_row([doc], fits).optional()?.unwrap_or(false))
    }
}

/// Day, number and detail of an event. A UUIDv7 begins with the time it was made, so its day is asked first.
pub(super) fn locate(
    view: &Connection,
    partitions: &[Partition],
    id: Uuid,
) -> Result<Option<(Day, i64, i64)>> {
    let guess = id.get_timestamp().map(|at| {
        let (seconds, _) = at.to_unix();
        Day(i64::try_from(seconds / 86_400).unwrap_or(i64::MAX))
    });
    let guessed = partitions.iter().filter(|one| Some(one.day) == guess);
    let others = partitions.iter().filter(|one| Some(one.day) != guess);
    for partition in guessed.chain(others) {
        let mut statement =
            view.prepare_cached(&format!("SELECT seq, doc FROM event_{} WHERE id = ?", partition.day.0))?;
        let found = statement.query_row([id.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        if let Some((seq, doc)) = found {
            return Ok(Some((partition.day, seq, doc)));
        }
    }
    Ok(None)
}

fn actors(view: &Connection, names: &[String]) -> Result<Option<RoaringBitmap>> {
    in_list(view, "SELECT id FROM event_actor WHERE", &[("actor", names)])
}

/// The part of a range that has events of these at all: most actors come for some days.
fn while_present(view: &Connection, actors: &RoaringBitmap, range: TimeRange) -> Result<TimeRange> {
    let mut statement = view.prepare_cached("SELECT first_at, last_at FROM event_actor WHERE id = ?")?;
    let (mut from, mut until) = (range.until, range.from);
    for actor in actors {
        let (first, last): (i64, i64) = statement.query_row([actor], |row| Ok((row.get(0)?, row.get(1)?)))?;
        from = from.min(EpochMillis::from_millis(first));
        until = until.max(EpochMillis::from_millis(last.saturating_add(1)));
    }
    Ok(TimeRange { from: from.max(range.from), until: until.min(range.until) })
}

fn targets(view: &Connection, filter: &EventFilter) -> Result<Option<RoaringBitmap>> {
    let lists: [(&str, &[String]); 3] =
        [("url", &filter.urls), ("host", &filter.hosts), ("method", &filter.methods)];
    in_list(view, "SELECT id FROM event_target WHERE", &lists)
}

pub(in crate::store::sqlite) fn targets_of_hosts(
    view: &Connection,
    hosts: &[String],
) -> Result<Option<RoaringBitmap>> {
    in_list(view, "SELECT id FROM event_target WHERE", &[("host", hosts)])
}

pub(in crate::store::sqlite) fn actors_named(
    view: &Connection,
    names: &[String],
) -> Result<Option<RoaringBitmap>> {
    actors(view, names)
}

fn in_list(view: &Connection, select: &str, lists: &[(&str, &[String])]) -> Result<Option<RoaringBitmap>> {
    let lists: Vec<_> = lists.iter().filter(|(_, texts)| !texts.is_empty()).collect();
    if lists.is_empty() {
        return Ok(None);
    }
    let conditions: Vec<_> =
        lists.iter().map(|(column, texts)| format!("{column} IN ({})", marks(texts.len()))).collect();
    let mut statement = view.prepare(&format!("{select} {}", conditions.join(" AND ")))?;
    let texts = lists.iter().flat_map(|(_, texts)| texts.iter());
    let found = statement.query_map(params_from_iter(texts), |row| row.get(0))?;
    found.map(|id| number(id?)).collect::<Result<_>>().map(Some)
}

fn origins(view: &Connection, filter: &EventFilter) -> Result<Option<RoaringBitmap>> {
    let (sensors, collections) = (&filter.sensor_ids, &filter.collection_ids);
    let mut conditions = Vec::new();
    for (column, count) in [("sensor_id", sensors.len()), ("collection_id", collections.len())] {
        if count > 0 {
            conditions.push(format!("{column} IN ({})", marks(count)));
        }
    }
    if conditions.is_empty() {
        return Ok(None);
    }
    let sql = format!("SELECT id FROM event_origin WHERE {}", conditions.join(" AND "));
    let mut statement = view.prepare(&sql)?;
    let values =
        sensors.iter().cloned().map(Value::Text).chain(collections.iter().copied().map(Value::Integer));
    let found = statement.query_map(params_from_iter(values), |row| row.get(0))?;
    found.map(|id| number(id?)).collect::<Result<_>>().map(Some)
}

fn fitting_kinds(filter: &EventFilter, kinds: &Kinds) -> Option<RoaringBitmap> {
    let EventFilter { severities, detection_types, policy_ids, sub_categories, .. } = filter;
    if severities.is_empty()
        && detection_types.is_empty()
        && policy_ids.is_empty()
        && sub_categories.is_empty()
    {
        return None;
    }
    let fits = |kind: &Kind| {
        (severities.is_empty() || severities.contains(&kind.severity))
            && (detection_types.is_empty() || detection_types.contains(&kind.detection_type))
            && (policy_ids.is_empty() || policy_ids.contains(&kind.policy_id))
            && (sub_categories.is_empty()
                || sub_categories.contains(&kind.sub_category)
                || sub_categories.contains(&kind.policy_id))
    };
    Some(kinds.iter().filter(|(_, kind)| fits(kind)).map(|(id, _)| *id).collect())
}

/// Numbers of the kinds of these policies; `None` where any policy will do.
pub(in crate::store::sqlite) fn kinds_of(policies: &[String], kinds: &Kinds) -> Option<RoaringBitmap> {
    (!policies.is_empty()).then(|| {
        let of = |(id, kind): (&u32, &Kind)| policies.contains(&kind.policy_id).then_some(*id);
        kinds.iter().filter_map(of).collect()
    })
}

fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

/// `%` and `_` are letters like any other to who types them.
fn escape_like(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

impl Predicate {
    /// The actors, where nothing but them and time is asked for.
    pub(super) fn only_actors(&self) -> Option<&RoaringBitmap> {
        let nothing_else = self.ids.is_none()
            && self.targets.is_none()
            && self.kinds.is_none()
            && self.origins.is_none()
            && self.search.is_none()
            && self.status.is_none()
            && self.successful.is_none();
        self.actors.as_ref().filter(|_| nothing_else)
    }
}

impl Narrow {
    pub(in crate::store::sqlite) const fn at(&self, day: Day) -> EpochMillis {
        day.time(self.seq)
    }
}
