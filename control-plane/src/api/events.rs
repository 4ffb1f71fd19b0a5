use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    ApiError,
    echo::{Echo, Echoed, Echoes},
    endpoint::{Call, Reply},
    filter::FilterKeys,
    row::{self, Event},
    sort::{Paging, order},
};
use crate::{
    clock::TimeRange,
    store::{DistinctField, EventSort, Order},
};

const MENU_LENGTH: usize = 1_000;

pub(super) struct ListKeys;

impl Echoes for ListKeys {
    const KEYS: &'static [(&'static str, Echo)] = &[
        ("ips", Echo::Texts),
        ("urls", Echo::Texts),
        ("apiCollectionIds", Echo::Numbers),
        ("sensorIds", Echo::Texts),
        ("method", Echo::Texts),
        ("types", Echo::Texts),
        ("severity", Echo::Texts),
        ("subCategory", Echo::Texts),
        ("latestAttack", Echo::Texts),
        ("hosts", Echo::Texts),
        ("statusFilter", Echo::Text),
        ("successfulExploit", Echo::Flag),
        ("searchText", Echo::Text),
        ("sampleData", Echo::Nothing),
        ("sort", Echo::Sort),
        ("sortBySeverity", Echo::BySeverity),
        ("skip", Echo::Count),
        ("limit", Echo::Limit),
        ("startTimestamp", Echo::Count),
        ("endTimestamp", Echo::Count),
    ];
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listed {
    malicious_events: Vec<Event>,
    total: u64,
    /// Whether `total` is all there are; else there are at least so many.
    total_is_exact: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Severe {
    /// `true` or -1: the most severe first; `false` or absent: not by severity.
    sort_by_severity: Option<Value>,
}

/// `fetchSuspectSampleData`: one row per event.
pub(super) fn list(call: &Call) -> Reply<Echoed<ListKeys, Listed>> {
    let mut page = call
        .keys::<Paging>()?
        .page(&[("detectedAt", EventSort::DetectedAt)], (EventSort::DetectedAt, Order::Descending))?;
    if let Some(order) = severity_order(call.keys::<Severe>()?.sort_by_severity.as_ref())? {
        page.sort.insert(0, (EventSort::Severity, order));
    }
    let listing = call.api.store.list(&call.keys::<FilterKeys>()?.filter()?, &page)?;
    let malicious_events = row::events(&call.api, listing.rows)?;
    let listed = Listed { malicious_events, total: listing.total, total_is_exact: listing.is_exact };
    Ok(Echoed::new(&call.raw, listed))
}

fn severity_order(given: Option<&Value>) -> Result<Option<Order>, ApiError> {
    match given {
        None | Some(Value::Bool(false)) => Ok(None),
        Some(Value::Bool(true)) => Ok(Some(Order::Descending)),
        Some(direction) if direction.as_i64() == Some(0) => Ok(None),
        Some(direction) => match order("sortBySeverity", direction) {
            Ok(order) => Ok(Some(order)),
            Err(_) => Err(ApiError::invalid("sortBySeverity", "is true, false, 1 or -1")),
        },
    }
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Range {
    start_timestamp: u64,
    end_timestamp: u64,
}

pub(super) struct MenuKeys;

impl Echoes for MenuKeys {
    const KEYS: &'static [(&'static str, Echo)] = &[
        ("severity", Echo::Texts),
        ("types", Echo::Texts),
        ("apiCollectionIds", Echo::Numbers),
        ("latestAttack", Echo::Texts),
        ("sampleData", Echo::Nothing),
        ("maliciousEvents", Echo::Nothing),
        ("sort", Echo::Sort),
        ("skip", Echo::Count),
        ("limit", Echo::Limit),
        ("total", Echo::Zero),
        ("startTimestamp", Echo::Count),
        ("endTimestamp", Echo::Count),
    ];
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Menus {
    ips: Vec<String>,
    urls: Vec<String>,
    hosts: Vec<String>,
    /// Policy ids, as the page fills it.
    sub_category: Vec<String>,
}

/// `fetchFiltersThreatTable`: what the filter menus offer.
pub(super) fn filter_values(call: &Call) -> Reply<Echoed<MenuKeys, Menus>> {
    let Range { start_timestamp, end_timestamp } = call.keys()?;
    let range = TimeRange::inclusive_seconds(start_timestamp, end_timestamp);
    let values = |field| call.api.store.distinct(field, range, MENU_LENGTH);
    let menus = Menus {
        ips: values(DistinctField::Actor)?,
        urls: values(DistinctField::Url)?,
        hosts: values(DistinctField::Host)?,
        sub_category: values(DistinctField::PolicyId)?,
    };
    Ok(Echoed::new(&call.raw, menus))
}
