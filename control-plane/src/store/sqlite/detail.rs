//! The stored form of an event's detail: protobuf, packed with Zstandard and a dictionary learned from details of before.
//! What events repeat (names of headers, agents, shapes of answers) stands in the dictionary once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use portcullis_proto::v1::ThreatEvent;
use prost::Message;
use rusqlite::{Connection, OptionalExtension, params};
use zstd::{
    bulk::{Compressor, Decompressor},
    dict::{DecoderDictionary, EncoderDictionary},
};

use crate::store::{Result, StoreError};

/// Far above what ingest lets in: a damaged length must not become an allocation.
const MAX_RAW: usize = 64 << 20;
const LEVEL: i32 = 1;
/// Details that a dictionary is learned from, and how large it becomes.
pub(super) const LEARNED_FROM: i64 = 1_000;
const DICTIONARY: usize = 16 << 10;
/// What samples of one detail may take: a few large ones would be all that is learned.
const MAX_LEARNED: usize = 8 << 10;

#[derive(Clone, Debug)]
pub(super) struct Packed {
    /// 0 is none.
    pub(super) dictionary: i64,
    pub(super) raw_len: i64,
    /// Plain where it is as long as `raw_len`.
    pub(super) body: Vec<u8>,
}

/// Dictionaries in use, by number. A reader finds an older one in the database once.
#[derive(Default)]
pub(super) struct Dictionaries {
    newest: Mutex<Option<(i64, Arc<EncoderDictionary<'static>>)>>,
    readable: Mutex<HashMap<i64, Arc<DecoderDictionary<'static>>>>,
}

impl Dictionaries {
    pub(super) fn open(connection: &Connection) -> Result<Self> {
        let all = Self::default();
        all.refresh(connection)?;
        Ok(all)
    }

    /// Takes the newest into use, once it is committed.
    pub(super) fn refresh(&self, connection: &Connection) -> Result<()> {
        let newest: Option<(i64, Vec<u8>)> = connection
            .prepare_cached("SELECT id, bytes FROM event_dictionary ORDER BY id DESC LIMIT 1")?
            .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let newest = newest.map(|(id, bytes)| (id, Arc::new(EncoderDictionary::copy(&bytes, LEVEL))));
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = newest;
        Ok(())
    }

    /// Lends what packs with the newest.
    pub(super) fn packing<T>(&self, work: impl FnOnce(&mut Packer<'_>) -> Result<T>) -> Result<T> {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (dictionary, compressor) = match &newest {
            Some((id, dictionary)) => (*id, Compressor::with_prepared_dictionary(dictionary)),
            None => (0, Compressor::new(LEVEL)),
        };
        work(&mut Packer { dictionary, compressor: compressor.map_err(|error| damaged(&error))? })
    }

    pub(super) fn unpack(&self, view: &Connection, packed: &Packed) -> Result<ThreatEvent> {
        let raw_len = usize::try_from(packed.raw_len)
            .ok()
            .filter(|len| *len <= MAX_RAW)
            .ok_or_else(|| StoreError::Damaged(format!("event detail of length {}", packed.raw_len)))?;
        if packed.body.len() == raw_len {
            return decode(&packed.body);
        }
        let dictionary = match packed.dictionary {
            0 => None,
            id => Some(self.readable(view, id)?),
        };
        let decompressor = match &dictionary {
            None => Decompressor::new(),
            Some(dictionary) => Decompressor::with_prepared_dictionary(dictionary),
        };
        let plain = decompressor.and_then(|mut decompressor| decompressor.decompress(&packed.body, raw_len));
        decode(&plain.map_err(|error| damaged(&error))?)
    }

    fn readable(&self, view: &Connection, id: i64) -> Result<Arc<DecoderDictionary<'static>>> {
        let known = self.readable.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let bytes: Option<Vec<u8>> = view
            .prepare_cached("SELECT bytes FROM event_dictionary WHERE id = ?")?
            .query_row([id], |row| row.get(0))
            .optional()?;
        let bytes = bytes.ok_or_else(|| StoreError::Damaged(format!("event dictionary {id} is missing")))?;
        let dictionary = Arc::new(DecoderDictionary::copy(&bytes));
        self.readable.lock().unwrap_or_else(PoisonError::into_inner).insert(id, dictionary.clone());
        Ok(dictionary)
    }
}

pub(super) struct Packer<'d> {
    dictionary: i64,
    compressor: Compressor<'d>,
}

impl Packer<'_> {
    pub(super) fn pack(&mut self, detail: &ThreatEvent) -> Result<Packed> {
        let plain = detail.encode_to_vec();
        let raw_len = i64::try_from(plain.len()).unwrap_or(i64::MAX);
        let packed = self.compressor.compress(&plain).map_err(|error| damaged(&error))?;
        let (dictionary, body) =
            if packed.len() < plain.len() { (self.dictionary, packed) } else { (0, plain) };
        Ok(Packed { dictionary, raw_len, body })
    }
}

/// Learns a dictionary from these and keeps it. What has too little in common to learn from teaches nothing.
pub(super) fn learn(connection: &Connection, details: &[ThreatEvent]) -> Result<()> {
    let samples: Vec<_> = details
        .iter()
        .map(|detail| {
            let mut plain = detail.encode_to_vec();
            plain.truncate(MAX_LEARNED);
            plain
        })
        .collect();
    match zstd::dict::from_samples(&samples, DICTIONARY) {
        Ok(bytes) => {
            connection.execute("INSERT INTO event_dictionary (bytes) VALUES (?)", params![bytes])?;
        }
        Err(error) => tracing::debug!(%error, "these events teach no dictionary"),
    }
    Ok(())
}

fn damaged(error: &std::io::Error) -> StoreError {
    StoreError::Damaged(format!("event detail: {error}"))
}

fn decode(bytes: &[u8]) -> Result<ThreatEvent> {
    ThreatEvent::decode(bytes).map_err(|error| StoreError::Damaged(format!("event detail: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE event_dictionary (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL)")
            .unwrap();
        connection
    }

    fn detail(number: u32) -> ThreatEvent {
        let url = format!("/shop/v{}/orders/{number}/items", number % 3);
        ThreatEvent {
            event_id: format!("{number:08x}"),
            url,
            host: "shop.test".into(),
            ..ThreatEvent::default()
        }
    }

    #[test]
    fn what_goes_in_comes_out_packed_or_not_and_with_a_dictionary() {
        let database = database();
        let all = Dictionaries::open(&database).unwrap();
        let long = ThreatEvent { url: "/a".repeat(500), ..ThreatEvent::default() };
        let mut kept = Vec::new();
        for learned in [false, true] {
            if learned {
                learn(&database, &(0..1_000).map(detail).collect::<Vec<_>>()).unwrap();
                all.refresh(&database).unwrap();
            }
            for detail in [ThreatEvent::default(), detail(7), long.clone()] {
                kept.push((all.packing(|packer| packer.pack(&detail)).unwrap(), detail));
            }
        }
        assert!(kept.iter().any(|(packed, _)| packed.dictionary == 1), "a dictionary is in use");
        for (packed, detail) in kept {
            assert_eq!(all.unpack(&database, &packed).unwrap(), detail);
        }
    }

    #[test]
    fn a_damaged_length_or_a_missing_dictionary_is_an_error() {
        let (database, all) = (database(), Dictionaries::default());
        let packed = |dictionary, raw_len| Packed { dictionary, raw_len, body: b"x".to_vec() };
        assert!(all.unpack(&database, &packed(0, i64::MAX)).is_err());
        assert!(all.unpack(&database, &packed(0, -1)).is_err());
        assert!(all.unpack(&database, &packed(9, 100)).is_err());
    }
}
