use super::EventRow;
use crate::clock::EpochMillis;

/// A page of rows and how many there are without paging.
#[derive(Clone, Debug)]
pub struct Listing<T> {
    pub rows: Vec<T>,
    pub total: u64,
    /// Else there are at least so many.
    pub is_exact: bool,
}

#[derive(Clone, Debug)]
pub struct ActorRow {
    /// The latest event in the range asked for.
    pub latest: EventRow,
    pub first_seen: EpochMillis,
    pub last_seen: EpochMillis,
    pub events: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    pub method: String,
    pub url: String,
    pub host: String,
    pub requests: u64,
    pub actors: u64,
    pub discovered_at: EpochMillis,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayCount {
    /// Start of the UTC day.
    pub day: EpochMillis,
    pub sub_category: String,
    pub count: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryCount {
    pub category: String,
    pub sub_category: String,
    pub count: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayActors {
    /// Start of the UTC day.
    pub day: EpochMillis,
    pub actors: u64,
    /// Those with a CRITICAL or HIGH event that day.
    pub critical: u64,
}

/// Over a whole range: each actor counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub events: u64,
    pub active: u64,
    pub under_review: u64,
    pub ignored: u64,
    pub critical_actors: u64,
}
