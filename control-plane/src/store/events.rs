use std::path::Path;

use portcullis_detection::{DetectionType, EventType, Severity};
use portcullis_proto::v1::ThreatEvent;
use uuid::Uuid;

use super::{
    Act, ActorFilter, ActorRow, ActorSort, CategoryCount, DayActors, DayCount, DistinctField, DroppedDay,
    Endpoint, EndpointSort, EventFilter, EventSort, Listing, Page, Result, Totals,
};
use crate::clock::{EpochMillis, TimeRange};

/// What lists and filters need of an event; the samples are apart.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRow {
    pub id: Uuid,
    pub ref_id: String,
    pub detected_at: EpochMillis,
    pub actor: String,
    /// ISO 3166-1 alpha-2, or empty where nobody knows.
    pub country: String,
    pub policy_id: String,
    pub category: String,
    pub sub_category: String,
    pub severity: Severity,
    pub event_type: EventType,
    pub detection_type: DetectionType,
    pub method: String,
    pub url: String,
    pub host: String,
    pub collection_id: i64,
    pub sensor_id: String,
    pub successful: bool,
    pub status: EventStatus,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum EventStatus {
    #[default]
    Active,
    UnderReview,
    Ignored,
}

impl EventStatus {
    pub const ALL: [Self; 3] = [Self::Active, Self::UnderReview, Self::Ignored];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::UnderReview => "UNDER_REVIEW",
            Self::Ignored => "IGNORED",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// Samples, matches and evidence, as the sensor sent them.
pub type EventDetail = ThreatEvent;

#[derive(Clone, Debug)]
pub struct NewEvent {
    pub row: EventRow,
    pub detail: EventDetail,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Appended {
    pub stored: u64,
    /// Already there by id: a sensor sends again what it saw no acknowledgement for.
    pub duplicates: u64,
    /// Already there, and now with a higher count of equal detections.
    pub updated: u64,
    /// The store keeps as many days as it can, or as many events of that millisecond.
    pub refused: u64,
}

/// What an ignored event stands for. An empty field stands for any.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Combination {
    pub actor: String,
    pub policy_id: String,
    pub method: String,
    pub url: String,
    pub host: String,
}

/// Which samples `fetchAggregateMaliciousRequests` shows.
#[derive(Clone, Debug)]
pub enum SampleQuery {
    /// Every event with this reference.
    Reference { ref_id: String, limit: usize },
    /// The latest events of one actor under one policy.
    Latest { actor: String, policy_id: String, limit: usize },
}

/// Events: append, list, change, count.
pub trait EventStore: Send + Sync {
    /// Durable when it returns. An event whose id is there already is left alone and counted.
    fn append(&self, events: Vec<NewEvent>) -> Result<Appended>;

    /// Events of the same millisecond are in the order of their arrival. Where the total would take reading many events, it is
    /// a lower bound and says so.
    fn list(&self, filter: &EventFilter, page: &Page<EventSort>) -> Result<Listing<EventRow>>;
    /// The details of these events, in this order.
    fn details(&self, ids: &[Uuid]) -> Result<Vec<EventDetail>>;
    /// Newest first.
    fn samples(&self, query: &SampleQuery) -> Result<Vec<EventDetail>>;

    /// The distinct combinations among the rows a filter selects, at most `limit`.
    fn combinations(&self, filter: &EventFilter, limit: usize) -> Result<Vec<Combination>>;
    /// Moves exactly the rows that [`Self::list`] shows for this filter; the answer is how many those are. `named` is the
    /// filter in the words of whoever asks, for the audit log.
    fn set_status(&self, act: &Act, filter: &EventFilter, named: &str, status: EventStatus) -> Result<u64>;
    /// Deletes exactly the rows that [`Self::list`] shows for this filter.
    fn delete(&self, act: &Act, filter: &EventFilter, named: &str) -> Result<u64>;

    /// Drops the oldest UTC day, where all of it is before that time; `None` where nothing is so old. With a folder, the day is
    /// whole in a file there before it goes. Where events came late in between, nothing is dropped, and the next call tries
    /// again.
    fn drop_oldest_day(
        &self,
        act: &Act,
        before: EpochMillis,
        export: Option<&Path>,
    ) -> Result<Option<DroppedDay>>;

    /// Bytes of the database that dropped days and deleted events have left, and new ones take first.
    fn reusable(&self) -> Result<u64>;

    /// Distinct values in use within a range, in order.
    fn distinct(&self, field: DistinctField, range: TimeRange, limit: usize) -> Result<Vec<String>>;

    fn actors(&self, filter: &ActorFilter, page: &Page<ActorSort>) -> Result<Listing<ActorRow>>;
    /// The latest events of one actor within a range, newest first.
    fn activity(&self, actor: &str, range: TimeRange, limit: usize) -> Result<Vec<EventRow>>;
    fn endpoints(
        &self,
        range: TimeRange,
        policies: &[String],
        page: &Page<EndpointSort>,
    ) -> Result<Listing<Endpoint>>;

    // An empty `policies` is any policy.
    fn timeline(&self, range: TimeRange, policies: &[String]) -> Result<Vec<DayCount>>;
    /// Severe first; those without events are left out.
    fn severity_counts(&self, range: TimeRange, policies: &[String]) -> Result<Vec<(Severity, u64)>>;
    /// Most first.
    fn category_counts(&self, range: TimeRange, policies: &[String]) -> Result<Vec<CategoryCount>>;
    fn daily_actors(&self, range: TimeRange, policies: &[String]) -> Result<(Vec<DayActors>, Totals)>;
    /// Distinct actors per country, most first.
    fn actors_per_country(&self, range: TimeRange, policies: &[String]) -> Result<Vec<(String, u64)>>;
}
