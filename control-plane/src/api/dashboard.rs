use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    actors::Bounds,
    echo::{Absent, reply},
    endpoint::{Call, Reply},
    filter::bounded,
    sort::Paging,
};
use crate::{
    clock::TimeRange,
    store::{EndpointSort, Order},
};

/// `getThreatActivityTimeline`: events per UTC day and sub-category.
pub(super) fn timeline(call: &Call) -> Reply {
    let bounds: Bounds = call.keys()?;
    let counts = call.api.store.timeline(bounds.range(), &bounds.latest_attack)?;
    let days = counts.chunk_by(|a, b| a.day == b.day).map(|day| {
        let categories = day
            .iter()
            .map(|count| json!({ "subcategory": count.sub_category, "activityCount": count.count }));
        json!({
            "ts": day.first().map(|count| count.day.seconds()),
            "subCategoryWiseData": categories.collect::<Vec<_>>(),
        })
    });
    Ok(reply(&call.raw, &Bounds::ECHO, json!({ "threatActivityTimelines": days.collect::<Vec<_>>() })))
}

/// `fetchCountBySeverity`: `subCategory` carries the severity.
pub(super) fn severities(call: &Call) -> Reply {
    let bounds: Bounds = call.keys()?;
    let counts = call.api.store.severity_counts(bounds.range(), &bounds.latest_attack)?;
    let counts = counts
        .iter()
        .map(|(severity, count)| json!({ "category": "", "subCategory": severity.name(), "count": count }));
    Ok(reply(&call.raw, &Bounds::ECHO, json!({ "categoryCounts": counts.collect::<Vec<_>>() })))
}

/// `fetchThreatCategoryCount`.
pub(super) fn categories(call: &Call) -> Reply {
    let bounds: Bounds = call.keys()?;
    let counts = call.api.store.category_counts(bounds.range(), &bounds.latest_attack)?;
    let counts = counts.iter().map(|count| {
        json!({ "category": count.category, "subCategory": count.sub_category, "count": count.count })
    });
    Ok(reply(&call.raw, &Bounds::ECHO, json!({ "categoryCounts": counts.collect::<Vec<_>>() })))
}

const APIS_ECHO: [(&str, Absent); 9] = [
    ("skip", Absent::Zero),
    ("sort", Absent::Null),
    ("latestAttack", Absent::Null),
    ("startTs", Absent::Zero),
    ("endTs", Absent::Zero),
    ("threatActivityTimeline", Absent::Success),
    ("dailyThreatActorsCount", Absent::Success),
    ("actorsCounts", Absent::Null),
    ("categoryCounts", Absent::Null),
];

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Apis {
    start_ts: u64,
    end_ts: u64,
    latest_attack: Vec<String>,
}

/// `fetchThreatApis`: what is under attack.
pub(super) fn apis(call: &Call) -> Reply {
    let request: Apis = call.keys()?;
    bounded("latestAttack", request.latest_attack.len())?;
    let page = call.keys::<Paging>()?.page(
        &[
            ("discoveredAt", EndpointSort::DiscoveredAt),
            ("requestsCount", EndpointSort::Requests),
            ("actorsCount", EndpointSort::Actors),
        ],
        (EndpointSort::DiscoveredAt, Order::Descending),
    )?;
    let range = TimeRange::inclusive_seconds(request.start_ts, request.end_ts);
    let listing = call.api.store.endpoints(range, &request.latest_attack, &page)?;
    let apis = listing.rows.iter().map(|endpoint| {
        json!({
            "api": endpoint.url,
            "method": endpoint.method,
            "host": endpoint.host,
            "requestsCount": endpoint.requests,
            "actorsCount": endpoint.actors,
            "discoveredAt": endpoint.discovered_at.seconds(),
        })
    });
    let apis: Vec<Value> = apis.collect();
    Ok(reply(&call.raw, &APIS_ECHO, json!({ "apis": apis, "total": listing.total })))
}
