//! The filter keys of `fetchSuspectSampleData`, which update and delete take, too.

use portcullis_detection::{DetectionType, Severity};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::ApiError;
use crate::{
    clock::TimeRange,
    store::{EventFilter, EventStatus},
};

/// A list longer than this is a mistake, and more than the database takes as parameters.
const MAX_VALUES: usize = 1_000;

pub(super) const MAX_SEARCH: usize = 1_000;

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct FilterKeys {
    pub(super) event_id: Option<String>,
    pub(super) event_ids: Option<Vec<String>>,
    ips: Vec<String>,
    urls: Vec<String>,
    api_collection_ids: Vec<i64>,
    sensor_ids: Vec<String>,
    method: Vec<String>,
    types: Vec<String>,
    severity: Vec<String>,
    sub_category: Vec<String>,
    latest_attack: Vec<String>,
    hosts: Vec<String>,
    status_filter: Option<String>,
    successful_exploit: Option<bool>,
    search_text: Option<String>,
    start_timestamp: u64,
    end_timestamp: u64,
}

impl FilterKeys {
    pub(super) fn filter(&self) -> Result<EventFilter, ApiError> {
        let lists = [
            ("ips", self.ips.len()),
            ("urls", self.urls.len()),
            ("apiCollectionIds", self.api_collection_ids.len()),
            ("sensorIds", self.sensor_ids.len()),
            ("method", self.method.len()),
            ("types", self.types.len()),
            ("severity", self.severity.len()),
            ("subCategory", self.sub_category.len()),
            ("latestAttack", self.latest_attack.len()),
            ("hosts", self.hosts.len()),
            ("eventIds", self.event_ids.as_ref().map_or(0, Vec::len)),
        ];
        for (name, length) in lists {
            bounded(name, length)?;
        }
        if self.search_text.as_ref().is_some_and(|text| text.len() > MAX_SEARCH) {
            return Err(ApiError::invalid("searchText", format_args!("is at most {MAX_SEARCH} bytes long")));
        }
        Ok(EventFilter {
            range: TimeRange::inclusive_seconds(self.start_timestamp, self.end_timestamp),
            ids: self.ids()?,
            actors: self.ips.clone(),
            urls: self.urls.clone(),
            hosts: self.hosts.clone(),
            methods: self.method.clone(),
            collection_ids: self.api_collection_ids.clone(),
            sensor_ids: self.sensor_ids.clone(),
            detection_types: parsed("types", &self.types, "Rule-Based, Anomaly", detection_type)?,
            severities: parsed("severity", &self.severity, "CRITICAL, HIGH, MEDIUM, LOW", severity)?,
            sub_categories: self.sub_category.clone(),
            policy_ids: self.latest_attack.clone(),
            status: self.status_filter.as_deref().map(|name| status("statusFilter", name)).transpose()?,
            successful: self.successful_exploit,
            search: self.search_text.clone(),
        })
    }

    /// Whether any row is named at all: nothing but an explicit choice may change events.
    pub(super) fn is_empty(&self) -> bool {
        let text = [&self.ips, &self.urls, &self.method, &self.types, &self.severity, &self.sub_category];
        let more = [&self.latest_attack, &self.hosts, &self.sensor_ids];
        self.event_id.is_none()
            && self.event_ids.is_none()
            && text.into_iter().chain(more).all(|list| list.is_empty())
            && self.api_collection_ids.is_empty()
            && self.status_filter.is_none()
            && self.successful_exploit.is_none()
            && self.search_text.as_deref().is_none_or(str::is_empty)
            && self.start_timestamp == 0
            && self.end_timestamp == 0
    }

    fn ids(&self) -> Result<Option<Vec<Uuid>>, ApiError> {
        let given = match (&self.event_id, &self.event_ids) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => return Err(ApiError::invalid("eventId", "goes without eventIds")),
            (Some(id), None) => vec![("eventId", id)],
            (None, Some(ids)) => ids.iter().map(|id| ("eventIds", id)).collect(),
        };
        let parse = |(field, id): (&str, &String)| {
            Uuid::parse_str(id).map_err(|_| ApiError::invalid(field, format_args!("{id:?} is no event's id")))
        };
        given.into_iter().map(parse).collect::<Result<_, _>>().map(Some)
    }
}

pub(super) fn bounded(name: &str, length: usize) -> Result<(), ApiError> {
    if length > MAX_VALUES {
        return Err(ApiError::invalid(
            name,
            format_args!("has {length} values, and at most {MAX_VALUES} go"),
        ));
    }
    Ok(())
}

pub(super) fn status(field: &str, name: &str) -> Result<EventStatus, ApiError> {
    EventStatus::parse(name).ok_or_else(|| {
        ApiError::invalid(field, format_args!("{name:?} is none of ACTIVE, UNDER_REVIEW, IGNORED"))
    })
}

pub(super) fn parsed<T>(
    field: &str,
    names: &[String],
    known: &str,
    parse: fn(&str) -> Option<T>,
) -> Result<Vec<T>, ApiError> {
    let one = |(index, name): (usize, &String)| {
        parse(name).ok_or_else(|| {
            ApiError::invalid(&format!("{field}[{index}]"), format_args!("{name:?} is none of {known}"))
        })
    };
    names.iter().enumerate().map(one).collect()
}

/// Whether all of these are severities.
pub(super) fn severities(names: &[String]) -> Result<(), ApiError> {
    parsed("severity", names, "CRITICAL, HIGH, MEDIUM, LOW", severity).map(drop)
}

pub(super) fn severity(name: &str) -> Option<Severity> {
    [Severity::Low, Severity::Medium, Severity::High, Severity::Critical]
        .into_iter()
        .find(|severity| severity.name() == name)
}

fn detection_type(name: &str) -> Option<DetectionType> {
    [DetectionType::RuleBased, DetectionType::Anomaly].into_iter().find(|kind| kind.name() == name)
}
