use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    actors::{BoundKeys, Bounds},
    echo::{Echo, Echoed, Echoes},
    endpoint::{Call, Reply},
    filter::bounded,
    sort::Paging,
};
use crate::{
    clock::TimeRange,
    store::{EndpointSort, Order},
};

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Timeline {
    threat_activity_timelines: Vec<TimelineDay>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TimelineDay {
    /// When the UTC day begins.
    ts: i64,
    sub_category_wise_data: Vec<TimelineCount>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TimelineCount {
    // In one word, as the page has it.
    subcategory: String,
    activity_count: u64,
}

/// `getThreatActivityTimeline`: events per UTC day and sub-category.
pub(super) fn timeline(call: &Call) -> Reply<Echoed<BoundKeys, Timeline>> {
    let bounds: Bounds = call.keys()?;
    let counts = call.api.store.timeline(bounds.range(), &bounds.latest_attack)?;
    let days = counts.chunk_by(|a, b| a.day == b.day).filter_map(|day| {
        let categories = day.iter().map(|count| TimelineCount {
            subcategory: count.sub_category.clone(),
            activity_count: count.count,
        });
        Some(TimelineDay { ts: day.first()?.day.seconds(), sub_category_wise_data: categories.collect() })
    });
    Ok(Echoed::new(&call.raw, Timeline { threat_activity_timelines: days.collect() }))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Counts {
    category_counts: Vec<CategoryCount>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CategoryCount {
    category: String,
    sub_category: String,
    count: u64,
}

/// `fetchCountBySeverity`: `subCategory` carries the severity.
pub(super) fn severities(call: &Call) -> Reply<Echoed<BoundKeys, Counts>> {
    let bounds: Bounds = call.keys()?;
    let counts = call.api.store.severity_counts(bounds.range(), &bounds.latest_attack)?;
    let counts = counts.iter().map(|(severity, count)| CategoryCount {
        category: String::new(),
        sub_category: severity.name().to_owned(),
        count: *count,
    });
    Ok(Echoed::new(&call.raw, Counts { category_counts: counts.collect() }))
}

/// `fetchThreatCategoryCount`.
pub(super) fn categories(call: &Call) -> Reply<Echoed<BoundKeys, Counts>> {
    let bounds: Bounds = call.keys()?;
    let counts = call.api.store.category_counts(bounds.range(), &bounds.latest_attack)?;
    let counts = counts.into_iter().map(|count| CategoryCount {
        category: count.category,
        sub_category: count.sub_category,
        count: count.count,
    });
    Ok(Echoed::new(&call.raw, Counts { category_counts: counts.collect() }))
}

pub(super) struct ApisKeys;

impl Echoes for ApisKeys {
    const KEYS: &'static [(&'static str, Echo)] = &[
        ("skip", Echo::Count),
        ("sort", Echo::Sort),
        ("latestAttack", Echo::Texts),
        ("startTs", Echo::Count),
        ("endTs", Echo::Count),
        ("threatActivityTimeline", Echo::Success),
        ("dailyThreatActorsCount", Echo::Success),
        ("actorsCounts", Echo::Nothing),
        ("categoryCounts", Echo::Nothing),
    ];
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Apis {
    start_ts: u64,
    end_ts: u64,
    latest_attack: Vec<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ApisListed {
    apis: Vec<AttackedApi>,
    total: u64,
}

/// An endpoint under attack.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AttackedApi {
    api: String,
    method: String,
    host: String,
    requests_count: u64,
    actors_count: u64,
    discovered_at: i64,
}

/// `fetchThreatApis`: what is under attack.
pub(super) fn apis(call: &Call) -> Reply<Echoed<ApisKeys, ApisListed>> {
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
    let apis = listing.rows.into_iter().map(|endpoint| AttackedApi {
        api: endpoint.url,
        method: endpoint.method,
        host: endpoint.host,
        requests_count: endpoint.requests,
        actors_count: endpoint.actors,
        discovered_at: endpoint.discovered_at.seconds(),
    });
    Ok(Echoed::new(&call.raw, ApisListed { apis: apis.collect(), total: listing.total }))
}
