use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params, types::ToSqlOutput};
use uuid::Uuid;

use super::{
    names::Names,
    partition::{Day, MAX_DAYS, Partition},
    rollup::{Counted, RollUp},
    words,
};
use crate::{
    clock::EpochMillis,
    store::{
        Appended, EventRow, NewEvent, Result,
        sqlite::{
            codes,
            detail::{self, Dictionaries, LEARNED_FROM, Packed, Packer},
            notify::Outbox,
        },
    },
};

/// An event with all that needs no database made ready, on the caller's thread: there is one that writes.
pub(in crate::store::sqlite) struct Ready {
    row: EventRow,
    match_count: u64,
    detail: Packed,
    words: String,
}

impl Ready {
    pub(in crate::store::sqlite) fn new(event: NewEvent, packer: &mut Packer<'_>) -> Result<Self> {
        let NewEvent { row, detail } = event;
        let (packed, words) = (packer.pack(&detail)?, words::of(&detail));
        Ok(Self { row, match_count: detail.match_count, detail: packed, words })
    }
}

/// What one transaction did.
#[derive(Default)]
pub(in crate::store::sqlite) struct Done {
    pub(in crate::store::sqlite) appended: Appended,
    /// There is a new dictionary.
    pub(in crate::store::sqlite) learned: bool,
}

/// The one way into the partitions.
pub(in crate::store::sqlite) fn append(
    connection: &Connection,
    dictionaries: &Dictionaries,
    events: &[Ready],
    mut outbox: Option<Outbox<'_>>,
) -> Result<Done> {
    let mut done = Done::default();
    let mut days = Days { connection, open: HashMap::new() };
    let mut names = Names::new(connection);
    let mut rolled = RollUp::default();
    for event in events {
        let row = &event.row;
        let Some(partition) = days.open(Day::of(row.detected_at))? else {
            done.appended.refused += 1;
            continue;
        };
        if let Some(known) = find(connection, partition.day, row.id)? {
            match replace(connection, dictionaries, partition.day, known, event)? {
                true => {
                    partition.note_dictionary(event.detail.dictionary);
                    done.appended.updated += 1;
                }
                false => done.appended.duplicates += 1,
            }
            continue;
        }
        let Some(seq) = free_seq(connection, partition.day, row.detected_at)? else {
            done.appended.refused += 1;
            continue;
        };
        let numbers = names.of(row)?;
        let flags = codes::flags(row.status, row.successful);
        let (n, doc) = (partition.day.0, partition.docs + 1);
        connection
            .prepare_cached(&format!("INSERT INTO event_{n} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"))?
            .execute(params![
            seq,
            row.id.as_bytes(),
            reference(&row.ref_id),
            doc,
            numbers.actor,
            numbers.target,
            numbers.kind,
            numbers.origin,
            flags,
            row.country
        ])?;
        insert_detail(connection, partition.day, doc, seq, event)?;
        rolled.add(Counted {
            at: row.detected_at,
            numbers,
            severity: row.severity,
            flags,
            country: &row.country,
        });
        partition.count(row.detected_at);
        partition.note_dictionary(event.detail.dictionary);
        if let Some(outbox) = &mut outbox {
            outbox.put(row)?;
        }
        done.appended.stored += 1;
    }
    rolled.write(connection)?;
    done.learned = days.close(dictionaries)?;
    if let Some(outbox) = outbox {
        outbox.close()?;
    }
    Ok(done)
}

/// Partitions that one transaction writes to.
struct Days<'c> {
    connection: &'c Connection,
    /// And how many details each had before.
    open: HashMap<Day, (Partition, i64)>,
}

impl Days<'_> {
    /// None where there are as many days as may be.
    fn open(&mut self, day: Day) -> Result<Option<&mut Partition>> {
        if !self.open.contains_key(&day) {
            let partition = match Partition::one(self.connection, day)? {
                Some(partition) => partition,
                None if Partition::all(self.connection)?.len() >= MAX_DAYS => return Ok(None),
                None => Partition::make(self.connection, day)?,
            };
            self.open.insert(day, (partition, partition.docs));
        }
        Ok(self.open.get_mut(&day).map(|(partition, _)| partition))
    }

    /// True where one of them taught a dictionary.
    fn close(self, dictionaries: &Dictionaries) -> Result<bool> {
        let mut learned = false;
        for (partition, before) in self.open.values() {
            partition.save(self.connection)?;
            if *before < LEARNED_FROM && partition.docs >= LEARNED_FROM {
                learn(self.connection, dictionaries, partition.day)?;
                learned = true;
            }
        }
        Ok(learned)
    }
}

impl Partition {
    fn count(&mut self, at: EpochMillis) {
        self.first_at = if self.events == 0 { at } else { self.first_at.min(at) };
        self.last_at = if self.events == 0 { at } else { self.last_at.max(at) };
        self.events += 1;
        self.docs += 1;
    }

    fn note_dictionary(&mut self, used: i64) {
        self.dictionary = match (self.dictionary, used) {
            (known, 0) => known,
            (0, used) => used,
            (known, used) => known.min(used),
        };
    }
}

fn learn(connection: &Connection, dictionaries: &Dictionaries, day: Day) -> Result<()> {
    let mut statement = connection.prepare(&format!(
        "SELECT dictionary, raw_len, body FROM detail_{} ORDER BY doc LIMIT {LEARNED_FROM}",
        day.0
    ))?;
    let found = statement.query_map([], |row| {
        Ok(Packed { dictionary: row.get(0)?, raw_len: row.get(1)?, body: row.get(2)? })
    })?;
    let details =
        found.map(|packed| dictionaries.unpack(connection, &packed?)).collect::<Result<Vec<_>>>()?;
    detail::learn(connection, &details)
}

/// Its number and that of its detail.
fn find(connection: &Connection, day: Day, id: Uuid) -> Result<Option<(i64, i64)>> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT seq, doc FROM event_{} WHERE id = ?", day.0))?;
    Ok(statement.query_row([id.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

/// None where this millisecond is full.
fn free_seq(connection: &Connection, day: Day, at: EpochMillis) -> Result<Option<i64>> {
    let (first, last) = day.seqs_at(at);
    let mut statement = connection
        .prepare_cached(&format!("SELECT max(seq) FROM event_{} WHERE seq BETWEEN ? AND ?", day.0))?;
    let taken: Option<i64> = statement.query_row([first, last], |row| row.get(0))?;
    Ok(match taken {
        None => Some(first),
        Some(taken) if taken < last => Some(taken + 1),
        Some(_) => None,
    })
}

fn insert_detail(connection: &Connection, day: Day, doc: i64, seq: i64, event: &Ready) -> Result<()> {
    let Packed { dictionary, raw_len, body } = &event.detail;
    connection
        .prepare_cached(&format!("INSERT INTO detail_{} VALUES (?, ?, ?, ?, ?)", day.0))?
        .execute(params![doc, seq, dictionary, raw_len, body])?;
    connection
        .prepare_cached(&format!("INSERT INTO words_{} (rowid, words) VALUES (?, ?)", day.0))?
        .execute(params![doc, event.words])?;
    Ok(())
}

/// The index keeps no copy of what it was given, so it has to be told again.
pub(super) fn forget_words(
    connection: &Connection,
    dictionaries: &Dictionaries,
    day: Day,
    doc: i64,
) -> Result<()> {
    let packed = connection
        .prepare_cached(&format!("SELECT dictionary, raw_len, body FROM detail_{} WHERE doc = ?", day.0))?
        .query_row([doc], |row| {
            Ok(Packed { dictionary: row.get(0)?, raw_len: row.get(1)?, body: row.get(2)? })
        })?;
    let before = dictionaries.unpack(connection, &packed)?;
    connection
        .prepare_cached(&format!(
            "INSERT INTO words_{0} (words_{0}, rowid, words) VALUES ('delete', ?, ?)",
            day.0
        ))?
        .execute(params![doc, words::of(&before)])?;
    Ok(())
}

/// An event that comes again from its sensor with a higher count replaces the detail of the one before. Its row says what
/// was first.
fn replace(
    connection: &Connection,
    dictionaries: &Dictionaries,
    day: Day,
    (seq, doc): (i64, i64),
    event: &Ready,
) -> Result<bool> {
    if event.match_count <= 1 {
        return Ok(false);
    }
    let known = connection
        .prepare_cached(&format!(
            "SELECT o.sensor_id, d.dictionary, d.raw_len, d.body
             FROM event_{0} e JOIN event_origin o ON o.id = e.origin JOIN detail_{0} d ON d.doc = e.doc
             WHERE e.seq = ?",
            day.0
        ))?
        .query_row([seq], |row| {
            let packed = Packed { dictionary: row.get(1)?, raw_len: row.get(2)?, body: row.get(3)? };
            Ok((row.get::<_, String>(0)?, packed))
        })
        .optional()?;
    let Some((sensor_id, packed)) = known else { return Ok(false) };
    if sensor_id != event.row.sensor_id
        || dictionaries.unpack(connection, &packed)?.match_count >= event.match_count
    {
        return Ok(false);
    }
    forget_words(connection, dictionaries, day, doc)?;
    connection.prepare_cached(&format!("DELETE FROM detail_{} WHERE doc = ?", day.0))?.execute([doc])?;
    insert_detail(connection, day, doc, seq, event)?;
    Ok(true)
}

/// As it is stored: a UUID in its usual writing takes 16 bytes.
pub(super) fn reference(ref_id: &str) -> ToSqlOutput<'_> {
    let uuid = Uuid::parse_str(ref_id).ok().filter(|uuid| uuid.to_string() == ref_id);
    match uuid {
        Some(uuid) => ToSqlOutput::from(uuid.into_bytes().to_vec()),
        None => ToSqlOutput::from(ref_id),
    }
}
