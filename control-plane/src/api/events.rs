use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    ApiError,
    echo::{Absent, reply},
    endpoint::{Call, Reply},
    filter::FilterKeys,
    row,
    sort::{Paging, order},
};
use crate::{
    clock::TimeRange,
    store::{DistinctField, EventSort, Order},
};

const MENU_LENGTH: usize = 1_000;

const ECHO: [(&str, Absent); 20] = [
    ("ips", Absent::Null),
    ("urls", Absent::Null),
    ("apiCollectionIds", Absent::Null),
    ("method", Absent::Null),
    ("types", Absent::Null),
    ("severity", Absent::Null),
    ("subCategory", Absent::Null),
    ("latestAttack", Absent::Null),
    ("hosts", Absent::Null),
    ("statusFilter", Absent::Null),
    ("successfulExploit", Absent::Null),
    ("searchText", Absent::Null),
    ("sampleData", Absent::Null),
    ("sort", Absent::Null),
    ("sortBySeverity", Absent::Null),
    ("skip", Absent::Zero),
    ("limit", Absent::DefaultLimit),
    ("startTimestamp", Absent::Zero),
    ("endTimestamp", Absent::Zero),
    ("maliciousEvents", Absent::Null),
];

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Severe {
    /// `true` or -1: the most severe first; `false` or absent: not by severity.
    sort_by_severity: Option<Value>,
}

/// `fetchSuspectSampleData`: one row per event.
pub(super) fn list(call: &Call) -> Reply {
    let mut page = call
        .keys::<Paging>()?
        .page(&[("detectedAt", EventSort::DetectedAt)], (EventSort::DetectedAt, Order::Descending))?;
    if let Some(order) = severity_order(call.keys::<Severe>()?.sort_by_severity.as_ref())? {
        page.sort.insert(0, (EventSort::Severity, order));
    }
    let listing = call.api.store.list(&call.keys::<FilterKeys>()?.filter()?, &page)?;
    let rows = row::events(&call.api, listing.rows)?;
    Ok(reply(
        &call.raw,
        &ECHO,
        json!({ "maliciousEvents": rows, "total": listing.total, "totalIsExact": listing.is_exact }),
    ))
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

const MENU_ECHO: [(&str, Absent); 12] = [
    ("severity", Absent::Null),
    ("types", Absent::Null),
    ("apiCollectionIds", Absent::Null),
    ("latestAttack", Absent::Null),
    ("sampleData", Absent::Null),
    ("maliciousEvents", Absent::Null),
    ("sort", Absent::Null),
    ("skip", Absent::Zero),
    ("limit", Absent::DefaultLimit),
    ("total", Absent::Zero),
    ("startTimestamp", Absent::Zero),
    ("endTimestamp", Absent::Zero),
];

/// `fetchFiltersThreatTable`: what the filter menus offer.
pub(super) fn filter_values(call: &Call) -> Reply {
    let Range { start_timestamp, end_timestamp } = call.keys()?;
    let range = TimeRange::inclusive_seconds(start_timestamp, end_timestamp);
    let values = |field| call.api.store.distinct(field, range, MENU_LENGTH);
    let result = json!({
        "ips": values(DistinctField::Actor)?,
        "urls": values(DistinctField::Url)?,
        "hosts": values(DistinctField::Host)?,
        // The page fills this with policy ids, and so do we.
        "subCategory": values(DistinctField::PolicyId)?,
    });
    Ok(reply(&call.raw, &MENU_ECHO, result))
}
