//! Numbers for what events repeat: actors, targets (method, URL and host), kinds (what a policy says) and origins.

use std::collections::HashMap;

use portcullis_detection::{DetectionType, EventType, Severity};
use rusqlite::{Connection, OptionalExtension, params};

use super::bitmap::number;
use crate::store::{EventRow, Result, sqlite::codes};

/// What all events of one number have in common.
#[derive(Clone, Debug)]
pub(in crate::store::sqlite) struct Kind {
    pub(in crate::store::sqlite) policy_id: String,
    pub(in crate::store::sqlite) category: String,
    pub(in crate::store::sqlite) sub_category: String,
    pub(in crate::store::sqlite) severity: Severity,
    pub(in crate::store::sqlite) event_type: EventType,
    pub(in crate::store::sqlite) detection_type: DetectionType,
}

pub(in crate::store::sqlite) type Kinds = HashMap<u32, Kind>;

pub(in crate::store::sqlite) fn kinds(view: &Connection) -> Result<Kinds> {
    let mut statement = view.prepare_cached(
        "SELECT id, policy_id, category, sub_category, severity, event_type, detection_type FROM event_kind",
    )?;
    let mut found = statement.query([])?;
    let mut kinds = Kinds::new();
    while let Some(row) = found.next()? {
        let kind = Kind {
            policy_id: row.get(1)?,
            category: row.get(2)?,
            sub_category: row.get(3)?,
            severity: codes::severity_of(row.get(4)?)?,
            event_type: codes::event_type_of(row.get(5)?)?,
            detection_type: codes::detection_type_of(row.get(6)?)?,
        };
        kinds.insert(number(row.get(0)?)?, kind);
    }
    Ok(kinds)
}

/// The numbers of one event.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers {
    pub(super) actor: u32,
    pub(super) target: u32,
    pub(super) kind: u32,
    pub(super) origin: u32,
}

/// Gives numbers within one transaction, and remembers them.
pub(super) struct Names<'c> {
    connection: &'c Connection,
    actors: HashMap<String, u32>,
    targets: HashMap<(String, String, String), u32>,
    kinds: HashMap<(String, String, String, i64, i64, i64), u32>,
    origins: HashMap<(String, i64), u32>,
}

impl<'c> Names<'c> {
    pub(super) fn new(connection: &'c Connection) -> Self {
        Self {
            connection,
            actors: HashMap::new(),
            targets: HashMap::new(),
            kinds: HashMap::new(),
            origins: HashMap::new(),
        }
    }

    pub(super) fn of(&mut self, row: &EventRow) -> Result<Numbers> {
        Ok(Numbers {
            actor: self.actor(row)?,
            target: self.target(row)?,
            kind: self.kind(row)?,
            origin: self.origin(row)?,
        })
    }

    fn actor(&mut self, row: &EventRow) -> Result<u32> {
        if let Some(id) = self.actors.get(&row.actor) {
            return Ok(*id);
        }
        let known = self
            .connection
            .prepare_cached("SELECT id FROM event_actor WHERE actor = ?")?
            .query_row([&row.actor], |row| row.get(0))
            .optional()?;
        let id = match known {
            Some(id) => id,
            None => self
                .connection
                .prepare_cached(
                    "INSERT INTO event_actor (actor, events, first_at, last_at, last_kind, last_target, country)
                     VALUES (?, 0, 0, 0, 0, 0, '')",
                )?
                .insert([&row.actor])?,
        };
        let id = number(id)?;
        self.actors.insert(row.actor.clone(), id);
        Ok(id)
    }

    fn target(&mut self, row: &EventRow) -> Result<u32> {
        let name = (row.url.clone(), row.method.clone(), row.host.clone());
        if let Some(id) = self.targets.get(&name) {
            return Ok(*id);
        }
        let texts = params![name.0, name.1, name.2];
        let known = self
            .connection
            .prepare_cached("SELECT id FROM event_target WHERE url = ? AND method = ? AND host = ?")?
            .query_row(texts, |row| row.get(0))
            .optional()?;
        let id = match known {
            Some(id) => id,
            None => self
                .connection
                .prepare_cached(
                    "INSERT INTO event_target (url, method, host, events, first_at, actors)
                     VALUES (?, ?, ?, 0, 0, 0)",
                )?
                .insert(texts)?,
        };
        let id = number(id)?;
        self.targets.insert(name, id);
        Ok(id)
    }

    fn kind(&mut self, row: &EventRow) -> Result<u32> {
        let name = (
            row.policy_id.clone(),
            row.category.clone(),
            row.sub_category.clone(),
            codes::severity(row.severity),
            codes::event_type(row.event_type),
            codes::detection_type(row.detection_type),
        );
        if let Some(id) = self.kinds.get(&name) {
            return Ok(*id);
        }
        let values = params![name.0, name.1, name.2, name.3, name.4, name.5];
        let known = self
            .connection
            .prepare_cached(
                "SELECT id FROM event_kind WHERE policy_id = ? AND category = ? AND sub_category = ?
                    AND severity = ? AND event_type = ? AND detection_type = ?",
            )?
            .query_row(values, |row| row.get(0))
            .optional()?;
        let id = match known {
            Some(id) => id,
            None => self
                .connection
                .prepare_cached(
                    "INSERT INTO event_kind (policy_id, category, sub_category, severity, event_type,
                                             detection_type) VALUES (?, ?, ?, ?, ?, ?)",
                )?
                .insert(values)?,
        };
        let id = number(id)?;
        self.kinds.insert(name, id);
        Ok(id)
    }

    fn origin(&mut self, row: &EventRow) -> Result<u32> {
        let name = (row.sensor_id.clone(), row.collection_id);
        if let Some(id) = self.origins.get(&name) {
            return Ok(*id);
        }
        let values = params![name.0, name.1];
        let known = self
            .connection
            .prepare_cached("SELECT id FROM event_origin WHERE sensor_id = ? AND collection_id = ?")?
            .query_row(values, |row| row.get(0))
            .optional()?;
        let id = match known {
            Some(id) => id,
            None => self
                .connection
                .prepare_cached("INSERT INTO event_origin (sensor_id, collection_id) VALUES (?, ?)")?
                .insert(values)?,
        };
        let id = number(id)?;
        self.origins.insert(name, id);
        Ok(id)
    }
}
