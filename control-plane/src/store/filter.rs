use portcullis_detection::{DetectionType, Severity};
use uuid::Uuid;

use super::EventStatus;
use crate::clock::TimeRange;

/// Which events. Listing, update and delete take the same one, so that they select the same rows.
///
/// Fields are ANDed; the values of a list are ORed; an empty list is no condition.
#[derive(Clone, Debug)]
pub struct EventFilter {
    pub range: TimeRange,
    /// `None` is no condition; `Some` of an empty list selects nothing.
    pub ids: Option<Vec<Uuid>>,
    pub actors: Vec<String>,
    pub urls: Vec<String>,
    pub hosts: Vec<String>,
    pub methods: Vec<String>,
    pub collection_ids: Vec<i64>,
    pub sensor_ids: Vec<String>,
    pub detection_types: Vec<DetectionType>,
    pub severities: Vec<Severity>,
    /// Sub-categories or policy ids: rows show the former, the filter menus the latter, under one name.
    pub sub_categories: Vec<String>,
    pub policy_ids: Vec<String>,
    pub status: Option<EventStatus>,
    pub successful: Option<bool>,
    /// Part of policy id, host, actor or URL, ASCII letters without case; or all its words in the payload, the last of which
    /// may be the beginning of one.
    pub search: Option<String>,
}

impl EventFilter {
    pub fn all() -> Self {
        Self {
            range: TimeRange::ALL,
            ids: None,
            actors: Vec::new(),
            urls: Vec::new(),
            hosts: Vec::new(),
            methods: Vec::new(),
            collection_ids: Vec::new(),
            sensor_ids: Vec::new(),
            detection_types: Vec::new(),
            severities: Vec::new(),
            sub_categories: Vec::new(),
            policy_ids: Vec::new(),
            status: None,
            successful: None,
            search: None,
        }
    }

    pub fn ids(ids: Vec<Uuid>) -> Self {
        Self { ids: Some(ids), ..Self::all() }
    }
}

/// Which actors, by their latest event in the range.
#[derive(Clone, Debug)]
pub struct ActorFilter {
    pub range: TimeRange,
    pub actors: Vec<String>,
    pub latest_policies: Vec<String>,
    pub latest_hosts: Vec<String>,
    pub countries: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Ascending,
    Descending,
}

/// A window on a sorted list. The id is always the last sort key, so that windows never overlap.
#[derive(Clone, Debug)]
pub struct Page<S> {
    pub skip: u64,
    pub limit: u64,
    /// First key first.
    pub sort: Vec<(S, Order)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventSort {
    DetectedAt,
    Severity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActorSort {
    DiscoveredAt,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointSort {
    DiscoveredAt,
    Requests,
    Actors,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DistinctField {
    Actor,
    Url,
    Host,
    PolicyId,
    Country,
}
