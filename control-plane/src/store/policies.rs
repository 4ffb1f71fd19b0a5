use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::Result;
use crate::clock::EpochMillis;

/// Since when a policy is known here, and since when in its present text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyTimes {
    pub created_at: EpochMillis,
    pub updated_at: EpochMillis,
}

/// What people saved under a policy's id: a policy of their own, or one in the place of a built-in one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedPolicy {
    pub id: String,
    /// The whole YAML document. Empty: the policy of this id is out of force.
    pub content: String,
    pub author: String,
    pub at: EpochMillis,
}

/// A saved policy as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPolicy {
    pub saved: SavedPolicy,
    pub created_at: EpochMillis,
    pub version: u64,
    /// The revision that brought it.
    pub revision: u64,
}

/// What became of a policy at one time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyStep {
    Saved,
    /// Put out of force.
    Deleted,
    /// The built-in one counts again, where there is one.
    Restored,
}

impl PolicyStep {
    pub const ALL: [Self; 3] = [Self::Saved, Self::Deleted, Self::Restored];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Saved => "saved",
            Self::Deleted => "deleted",
            Self::Restored => "restored",
        }
    }
}

/// One of a policy's versions, which are counted from 1 and kept, up to a bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVersion {
    pub version: u64,
    pub step: PolicyStep,
    /// Empty where it was not saved but deleted or restored.
    pub content: String,
    /// SHA-256 of the text.
    pub digest: [u8; 32],
    pub author: String,
    pub at: EpochMillis,
    pub revision: u64,
}

/// Policies: when the built-in ones came, and what people saved over them. Saving is a change of the revision log.
pub trait PolicyStore: Send + Sync {
    /// Takes note of these policies, by id and digest of the text; answers their times, by id.
    fn note_policies(
        &self,
        policies: Vec<(String, [u8; 32])>,
        now: EpochMillis,
    ) -> Result<HashMap<String, PolicyTimes>>;

    /// By id.
    fn saved_policies(&self) -> Result<Vec<StoredPolicy>>;
    /// Newest first.
    fn policy_versions(&self, id: &str) -> Result<Vec<PolicyVersion>>;
}
