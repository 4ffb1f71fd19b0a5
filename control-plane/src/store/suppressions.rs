//! Suppressions as people see and change them. They are part of the revision log: see [`super::Change`].

use serde::{Deserialize, Serialize};

use super::{Act, Combination, EventFilter, EventStatus, Order, Result};
use crate::clock::EpochMillis;

/// A combination that raises no event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    pub actor: String,
    pub policy_id: String,
    pub method: String,
    pub url: String,
    pub host: String,
    pub reason: String,
    pub author: String,
    pub created_at: EpochMillis,
    pub expires_at: Option<EpochMillis>,
    /// Events dropped on arrival here.
    #[serde(default)]
    pub hits: u64,
    /// Detections that sensors held back.
    #[serde(default)]
    pub sensor_hits: u64,
    #[serde(default)]
    pub last_hit_at: Option<EpochMillis>,
}

impl Suppression {
    pub fn combination(&self) -> Combination {
        Combination {
            actor: self.actor.clone(),
            policy_id: self.policy_id.clone(),
            method: self.method.clone(),
            url: self.url.clone(),
            host: self.host.clone(),
        }
    }
}

/// What else than its own combination an ignored event stands for. Never all three.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wider {
    pub any_actor: bool,
    pub any_endpoint: bool,
    pub any_policy: bool,
}

impl Wider {
    pub fn widen(self, mut of: Combination) -> Combination {
        let clear = |field: &mut String, is_any: bool| {
            if is_any {
                field.clear();
            }
        };
        clear(&mut of.actor, self.any_actor);
        clear(&mut of.policy_id, self.any_policy);
        for field in [&mut of.method, &mut of.url, &mut of.host] {
            clear(field, self.any_endpoint);
        }
        of
    }
}

/// What moving events means for what they stand for.
#[derive(Clone, Debug)]
pub enum Suppressing {
    /// It raises no event any more.
    Begin { wider: Wider, reason: String, author: String, at: EpochMillis, expires_at: Option<EpochMillis> },
    /// Whatever suppression covers those that were ignored is lifted.
    End { at: EpochMillis },
}

/// What came of moving events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moved {
    pub events: u64,
    /// The last revision that this made, if it made any.
    pub revision: Option<u64>,
    /// Suppressions that came or went.
    pub suppressions: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SuppressionSort {
    CreatedAt,
    ExpiresAt,
    Hits,
    LastHitAt,
}

/// Which suppressions: an empty list is no condition.
#[derive(Clone, Debug)]
pub struct SuppressionQuery {
    pub actors: Vec<String>,
    pub policy_ids: Vec<String>,
    pub hosts: Vec<String>,
    /// In any case, over all that a suppression names, its reason and author.
    pub search: String,
    pub sort: (SuppressionSort, Order),
    pub skip: u64,
    pub limit: u64,
}

pub trait SuppressionStore: Send + Sync {
    /// Moves exactly the rows that the list shows for this filter, with what that means for suppressions, all of it or
    /// nothing.
    fn move_events(
        &self,
        act: &Act,
        filter: &EventFilter,
        named: &str,
        status: EventStatus,
        suppressing: Suppressing,
    ) -> Result<Moved>;

    /// Of those in force; and how many there are on all pages.
    fn suppression_page(&self, query: &SuppressionQuery, now: EpochMillis)
    -> Result<(Vec<Suppression>, u64)>;
    /// In force, by id.
    fn suppression(&self, id: &str, now: EpochMillis) -> Result<Option<Suppression>>;
}
