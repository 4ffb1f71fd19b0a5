use std::collections::HashMap;

use super::Result;
use crate::clock::EpochMillis;

/// Since when a policy is known here, and since when in its present text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyTimes {
    pub created_at: EpochMillis,
    pub updated_at: EpochMillis,
}

/// What is remembered about policies whose texts come with the binary.
pub trait PolicyStore: Send + Sync {
    /// Takes note of these policies, by id and digest of the text; answers their times, by id.
    fn note_policies(
        &self,
        policies: Vec<(String, [u8; 32])>,
        now: EpochMillis,
    ) -> Result<HashMap<String, PolicyTimes>>;
}
