use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Combination, Result};
use crate::clock::EpochMillis;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    pub cidr: IpNet,
    pub reason: String,
    pub author: String,
    pub created_at: EpochMillis,
    /// `None`: until somebody lifts it.
    pub expires_at: Option<EpochMillis>,
    /// The revision that brought it; 0 before it is stored.
    #[serde(default)]
    pub revision: u64,
}

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
    /// Events dropped on arrival here; sensors count their own.
    #[serde(default)]
    pub hits: u64,
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

impl Combination {
    /// The id of the suppression of this combination. Derived, so that suppressing twice is one suppression and
    /// lifting needs no look-up.
    pub fn suppression_id(&self) -> String {
        let mut hash = Sha256::new();
        for field in [&self.actor, &self.policy_id, &self.method, &self.url, &self.host] {
            hash.update((field.len() as u64).to_be_bytes());
            hash.update(field.as_bytes());
        }
        hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// One step of the state that sensors follow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    Block(Block),
    Unblock { cidr: IpNet },
    Suppress(Suppression),
    LiftSuppression { id: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRevision {
    pub number: u64,
    pub author: String,
    pub created_at: EpochMillis,
    pub changes: Vec<Change>,
}

/// The whole state at a revision.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub revision: u64,
    pub blocks: Vec<Block>,
    pub suppressions: Vec<Suppression>,
}

/// What a sensor at some revision lacks.
#[derive(Clone, Debug)]
pub enum Difference {
    Revisions(Vec<StoredRevision>),
    /// It was away too long, is new, or is ahead of us (a restored database): it needs everything.
    Snapshot(Snapshot),
}

/// The revision log with the state it leads to.
pub trait RevisionStore: Send + Sync {
    /// The last revision's number; 0 before the first.
    fn revision(&self) -> Result<u64>;
    /// Stores the changes as one revision, with their effect, durably. Changes that change nothing are left out;
    /// where none is left, no revision is made and the answer is the last one.
    fn apply(&self, author: &str, changes: Vec<Change>) -> Result<u64>;
    fn difference(&self, after: u64, now: EpochMillis) -> Result<Difference>;

    /// Blocks in force, newest first.
    fn blocks(&self, now: EpochMillis) -> Result<Vec<Block>>;
    /// Which of these addresses a block in force covers.
    fn blocked(&self, addresses: &[IpAddr], now: EpochMillis) -> Result<Vec<IpAddr>>;

    /// Suppressions in force, newest first.
    fn suppressions(&self, now: EpochMillis) -> Result<Vec<Suppression>>;
    /// For each combination the suppression that swallows it, counted as a hit; `None` where there is none.
    fn suppress(&self, combinations: &[Combination], now: EpochMillis) -> Result<Vec<Option<String>>>;

    /// Forgets blocks and suppressions whose time has come; answers how many.
    fn expire(&self, now: EpochMillis) -> Result<u64>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn field_borders_are_part_of_a_suppressions_id() {
        let make = |actor: &str, policy: &str| {
            Combination {
                actor: actor.into(),
                policy_id: policy.into(),
                method: String::new(),
                url: String::new(),
                host: String::new(),
            }
            .suppression_id()
        };
        assert_eq!(make("a", "b"), make("a", "b"));
        assert_ne!(make("ab", ""), make("a", "b"));
        assert_eq!(make("a", "b").len(), 32);
    }
}
