use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Act, Combination, Result, SavedPolicy, Suppression};
use crate::{clock::EpochMillis, configuration::Configuration};

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
    /// Ordered although it covers what a careless block must not.
    #[serde(default)]
    pub forced: bool,
}

/// Never dropped, whatever is blocked, until somebody lifts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowed {
    pub cidr: IpNet,
    pub reason: String,
    pub author: String,
    pub created_at: EpochMillis,
    /// The revision that brought it; 0 before it is stored.
    #[serde(default)]
    pub revision: u64,
}

/// What gates do with a packet of somebody blocked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateMode {
    Enforce,
    /// Pass it, and count it as one that would have been dropped.
    Monitor,
}

impl GateMode {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Monitor => "monitor",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Enforce, Self::Monitor].into_iter().find(|mode| mode.name() == name)
    }
}

/// How much of some traffic is looked at. Set as a whole list, because rules mean what they mean together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CaptureRule {
    /// The client's or the server's; `None` for any.
    pub cidr: Option<IpNet>,
    /// The server's; `None` for any.
    pub port: Option<u16>,
    pub mode: CaptureMode,
    pub reason: String,
    pub author: String,
    pub created_at: EpochMillis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureMode {
    Full,
    /// Heads, and of bodies no more than their length.
    Headers,
    Off,
}

impl CaptureMode {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Headers => "headers",
            Self::Off => "off",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Full, Self::Headers, Self::Off].into_iter().find(|mode| mode.name() == name)
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
    Unblock {
        cidr: IpNet,
    },
    Suppress(Suppression),
    LiftSuppression {
        id: String,
    },
    Allow(Allowed),
    Disallow {
        cidr: IpNet,
    },
    GateMode(GateMode),
    /// The whole threat configuration.
    Configure(Box<Configuration>),
    SavePolicy(SavedPolicy),
    /// What was saved is gone.
    RestorePolicy {
        id: String,
        author: String,
        at: EpochMillis,
    },
    /// All of them.
    CaptureRules(Vec<CaptureRule>),
    /// Of sensors whose limits tripped before. Done once: no part of the state.
    ArmAutomaticBlocking {
        /// `None`: on all.
        node: Option<String>,
        at: EpochMillis,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRevision {
    pub number: u64,
    pub author: String,
    pub created_at: EpochMillis,
    pub changes: Vec<Change>,
}

/// The whole state at a revision, but for its blocks, which come one by one: they may be a million.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub revision: u64,
    pub suppressions: Vec<Suppression>,
    pub allowed: Vec<Allowed>,
    /// `None`: nobody has said, so each sensor does as it was started.
    pub gate_mode: Option<GateMode>,
    pub capture_rules: Vec<CaptureRule>,
    pub policies: Vec<SavedPolicy>,
    /// `None`: nobody has set one.
    pub configuration: Option<Configuration>,
}

/// What a sensor at some revision lacks.
#[derive(Clone, Debug)]
pub enum Difference {
    /// The next steps, not necessarily all; none where there are none.
    Revisions(Vec<StoredRevision>),
    /// It was away too long, or is ahead of us (a restored database): it needs everything.
    Everything,
}

/// Which blocks of the list, newest first.
#[derive(Clone, Debug, Default)]
pub struct BlockQuery {
    /// Part of the prefix, the reason or the author's name, in any case.
    pub search: String,
    /// Only blocks that cover this address.
    pub covers: Option<IpAddr>,
    pub skip: u64,
    pub limit: u64,
    /// Goes on after the page that gave this out.
    pub cursor: Option<u64>,
}

#[derive(Clone, Debug, Default)]
pub struct BlockPage {
    pub blocks: Vec<Block>,
    /// Of all pages.
    pub total: u64,
    /// Where the next page begins; `None` where this is the last.
    pub next: Option<u64>,
}

/// The revision log with the state it leads to.
pub trait RevisionStore: Send + Sync {
    /// The last revision's number; 0 before the first.
    fn revision(&self) -> Result<u64>;
    /// Stores the changes as one revision, with their effect, durably. Changes that change nothing are left out;
    /// where none is left, no revision is made and the answer is the last one.
    fn apply(&self, act: &Act, changes: Vec<Change>) -> Result<u64>;
    fn difference(&self, after: u64) -> Result<Difference>;
    /// The whole state from one consistent view; `take` is given each block in force.
    fn snapshot(&self, now: EpochMillis, take: &mut dyn FnMut(Block)) -> Result<Snapshot>;

    /// Blocks in force, newest first.
    fn blocks(&self, query: &BlockQuery, now: EpochMillis) -> Result<BlockPage>;
    /// The block of exactly this prefix, if it is in force.
    fn block(&self, cidr: IpNet, now: EpochMillis) -> Result<Option<Block>>;
    /// Which of these addresses a block in force covers.
    fn blocked(&self, addresses: &[IpAddr], now: EpochMillis) -> Result<Vec<IpAddr>>;

    /// Who lifted the block of exactly this prefix at that time or later; remembered for a week.
    fn lifted_since(&self, cidr: IpNet, since: EpochMillis) -> Result<Option<String>>;

    /// Who is never dropped, by prefix.
    fn allowed(&self) -> Result<Vec<Allowed>>;
    /// None before somebody set some.
    fn capture_rules(&self) -> Result<Vec<CaptureRule>>;

    fn gate_mode(&self) -> Result<Option<GateMode>>;

    /// `None` before somebody set one.
    fn threat_configuration(&self) -> Result<Option<Configuration>>;

    /// How many days events are kept; `None` where nobody has said.
    fn retention_days(&self) -> Result<Option<u32>> {
        Ok(self.threat_configuration()?.and_then(|known| known.document.retention_days))
    }

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
