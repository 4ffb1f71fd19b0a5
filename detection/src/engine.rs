use std::sync::Arc;

use portcullis_exchange::TaggedExchange;

use crate::{Detection, PolicySet};

/// Judges exchanges by a set of policies. One for all shards: share it in an `Arc`.
#[derive(Debug)]
pub struct Engine {
    policies: PolicySet,
}

impl Engine {
    pub fn new(policies: PolicySet) -> Self {
        Self { policies }
    }

    /// Every policy that this exchange matches, and every aggregation rule that it fills.
    pub fn judge(&self, _exchange: &Arc<TaggedExchange>) -> Vec<Detection> {
        Vec::new()
    }

    pub fn policies(&self) -> &PolicySet {
        &self.policies
    }

    /// Monotonic counters by metric name.
    pub fn counters(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }
}
