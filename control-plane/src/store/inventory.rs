use portcullis_proto::v1::{Endpoint, EndpointName, InventoryUpdate};

use super::{Listing, Page, Result};
use crate::clock::{EpochMillis, TimeRange};

/// Endpoints of one sensor that are kept; those seen the longest ago go first. Twice what a sensor itself keeps, because
/// it forgets.
pub const MAX_PER_SENSOR: u64 = 32_768;

/// Which endpoints to list. What is empty is any.
#[derive(Clone, Debug)]
pub struct InventoryFilter {
    /// By when they were seen last.
    pub range: TimeRange,
    pub hosts: Vec<String>,
    pub methods: Vec<String>,
    /// In host or template, in any case.
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InventorySort {
    LastSeen,
    FirstSeen,
    Requests,
    Template,
}

/// An endpoint as all sensors together saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct InventoryRow {
    pub account_id: String,
    pub name: EndpointName,
    pub first_seen: EpochMillis,
    pub last_seen: EpochMillis,
    pub sensors: u64,
    /// Added up.
    pub facts: Endpoint,
}

/// What became of an update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inventoried {
    pub stored: u64,
    pub removed: u64,
    /// Pushed out by newer ones.
    pub evicted: u64,
}

/// The endpoints that sensors learned.
pub trait InventoryStore: Send + Sync {
    /// Durable when it returns. The same update twice is as once.
    fn take_inventory(&self, sensor_id: &str, update: InventoryUpdate) -> Result<Inventoried>;
    fn inventory(
        &self,
        filter: &InventoryFilter,
        page: &Page<InventorySort>,
    ) -> Result<Listing<InventoryRow>>;
    /// Every endpoint of these hosts, by name alone.
    fn endpoint_names(&self, hosts: &[String]) -> Result<Vec<EndpointName>>;
}

/// Adds what another sensor, or the same one earlier, saw of an endpoint.
pub(super) fn add(sum: &mut Endpoint, other: &Endpoint) {
    // 0 is no time: that of a sum of nothing.
    sum.first_seen_ms = match (sum.first_seen_ms, other.first_seen_ms) {
        (0, one) | (one, 0) => one,
        (one, other) => one.min(other),
    };
    sum.last_seen_ms = sum.last_seen_ms.max(other.last_seen_ms);
    sum.requests = sum.requests.saturating_add(other.requests);
    sum.parameters_left_out = sum.parameters_left_out.max(other.parameters_left_out);
    for (status, count) in &other.statuses {
        let known = sum.statuses.entry(*status).or_default();
        *known = known.saturating_add(*count);
    }
    for (kind, count) in &other.auth {
        let known = sum.auth.entry(kind.clone()).or_default();
        *known = known.saturating_add(*count);
    }
    for parameter in &other.parameters {
        let same = |known: &&mut portcullis_proto::v1::Parameter| {
            known.location == parameter.location && known.name == parameter.name
        };
        match sum.parameters.iter_mut().find(same) {
            Some(known) => {
                known.seen = known.seen.saturating_add(parameter.seen);
                add_words(&mut known.types, &parameter.types);
            }
            None => sum.parameters.push(parameter.clone()),
        }
    }
    add_words(&mut sum.request_types, &other.request_types);
    add_words(&mut sum.response_types, &other.response_types);
    add_words(&mut sum.sensitive_in_requests, &other.sensitive_in_requests);
    add_words(&mut sum.sensitive_in_responses, &other.sensitive_in_responses);
}

fn add_words(sum: &mut Vec<String>, other: &[String]) {
    for word in other {
        if !sum.contains(word) {
            sum.push(word.clone());
        }
    }
}
