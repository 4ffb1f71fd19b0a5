use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    ApiError,
    echo::{Absent, reply},
    endpoint::{Call, Reply},
    filter::bounded,
    row,
    sort::Paging,
};
use crate::{
    clock::TimeRange,
    country::network,
    store::{ActorFilter, ActorRow, ActorSort, DistinctField, EventRow, Order},
};

const MENU_LENGTH: usize = 1_000;
const ACTIVITY: usize = 20;
const DEFAULT_ACTIVITY: usize = 50;
const MAX_ACTIVITY: usize = 1_000;

const ECHO: [(&str, Absent); 19] = [
    ("skip", Absent::Zero),
    ("startTs", Absent::Zero),
    ("endTs", Absent::Now),
    ("sort", Absent::Null),
    ("latestAttack", Absent::Null),
    ("country", Absent::Null),
    ("actorId", Absent::Null),
    ("host", Absent::Null),
    ("splunkUrl", Absent::Null),
    ("splunkToken", Absent::Null),
    ("actorsCountPerCounty", Absent::Success),
    ("actorsCountPerCountry", Absent::Null),
    ("eventType", Absent::Null),
    ("actor", Absent::Null),
    ("filterId", Absent::Null),
    ("maliciousPayloadsResponses", Absent::Null),
    ("refId", Absent::Null),
    ("actorIp", Absent::Null),
    ("status", Absent::Null),
];

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    // Required by the contract, though `Paging` has a default for others.
    #[serde(rename = "skip")]
    _skip: u64,
    start_ts: u64,
    end_ts: u64,
    #[serde(default)]
    latest_attack: Vec<String>,
    #[serde(default)]
    country: Vec<String>,
    #[serde(default)]
    actor_id: Vec<String>,
    #[serde(default)]
    host: Vec<String>,
}

/// `fetchThreatActors`: one row per actor, from its latest event in the range.
pub(super) fn list(call: &Call) -> Reply {
    let request: Request = call.keys()?;
    for (name, list) in [
        ("latestAttack", &request.latest_attack),
        ("country", &request.country),
        ("actorId", &request.actor_id),
        ("host", &request.host),
    ] {
        bounded(name, list.len())?;
    }
    let page = call
        .keys::<Paging>()?
        .page(&[("discoveredAt", ActorSort::DiscoveredAt)], (ActorSort::DiscoveredAt, Order::Descending))?;
    let range = TimeRange::inclusive_seconds(request.start_ts, request.end_ts);
    let filter = ActorFilter {
        range,
        actors: request.actor_id,
        latest_policies: request.latest_attack,
        latest_hosts: request.host,
        countries: request.country,
    };
    let listing = call.api.store.actors(&filter, &page)?;
    let addresses: Vec<String> =
        listing.rows.iter().map(|row| address(call, &row.latest)).collect::<Result<_, _>>()?;
    let blocked = row::blocked(&call.api, addresses.iter().map(String::as_str))?;
    let mut actors = Vec::with_capacity(listing.rows.len());
    for (row, address) in listing.rows.iter().zip(&addresses) {
        let activity = call.api.store.activity(&row.latest.actor, range, ACTIVITY)?;
        actors.push(actor(row, address, &activity, blocked.contains(address)));
    }
    Ok(reply(&call.raw, &ECHO, json!({ "actors": actors, "total": listing.total })))
}

/// Of the latest event, where the actor is an identity.
fn address(call: &Call, latest: &EventRow) -> Result<String, ApiError> {
    if !latest.actor.starts_with("id:") {
        return Ok(latest.actor.clone());
    }
    let details = call.api.store.details(&[latest.id])?;
    Ok(details.into_iter().next().map(|detail| detail.actor_address).unwrap_or_default())
}

fn actor(row: &ActorRow, address: &str, activity: &[EventRow], blocked: bool) -> Value {
    let latest = &row.latest;
    let activity = activity.iter().map(|event| {
        json!({
            "url": event.url,
            "severity": event.severity.name(),
            "subCategory": event.sub_category,
            "method": event.method,
            "detectedAt": event.detected_at.seconds(),
        })
    });
    json!({
        "id": latest.actor,
        "latestApiEndpoint": latest.url,
        "latestApiIp": address,
        "network": address.parse().ok().and_then(network),
        "latestApiMethod": latest.method,
        "latestApiHost": latest.host,
        "discoveredAt": latest.detected_at.seconds(),
        "country": latest.country,
        "latestAttack": latest.policy_id,
        "activity": activity.collect::<Vec<_>>(),
        "firstSeenAt": row.first_seen.seconds(),
        "lastSeenAt": row.last_seen.seconds(),
        "eventCount": row.events,
        "status": if blocked { "blocked" } else { "active" },
    })
}

/// `fetchFiltersForThreatActors`: what the filter menus offer.
pub(super) fn filter_values(call: &Call) -> Reply {
    let values = |field| call.api.store.distinct(field, TimeRange::ALL, MENU_LENGTH);
    let result = json!({
        "latestAttack": values(DistinctField::PolicyId)?,
        "country": values(DistinctField::Country)?,
        "actorId": values(DistinctField::Actor)?,
        "host": values(DistinctField::Host)?,
        "actors": null,
        "total": 0,
    });
    Ok(reply(&call.raw, &ECHO, result))
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Activity {
    actor: String,
    limit: Option<usize>,
}

/// `fetchThreatsForActor`: what one actor did, newest first.
pub(super) fn activity(call: &Call) -> Reply {
    let Activity { actor, limit } = call.keys()?;
    let limit = limit.unwrap_or(DEFAULT_ACTIVITY);
    if limit > MAX_ACTIVITY {
        return Err(ApiError::invalid("limit", format_args!("is at most {MAX_ACTIVITY}")));
    }
    let events = call.api.store.activity(&actor, TimeRange::ALL, limit)?;
    let shown = events.iter().map(|event| {
        json!({
            "url": event.url,
            "severity": event.severity.name(),
            "subCategory": event.sub_category,
            "detectedAt": event.detected_at.seconds(),
            "method": event.method,
            "host": event.host,
            "metadata": row::metadata(&event.country),
        })
    });
    let keys = [("actor", Absent::Null), ("limit", Absent::DefaultLimit)];
    Ok(reply(&call.raw, &keys, json!({ "actorActivities": shown.collect::<Vec<_>>() })))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Bounds {
    start_ts: u64,
    end_ts: u64,
    #[serde(default)]
    pub(super) latest_attack: Vec<String>,
}

impl Bounds {
    pub(super) const ECHO: [(&'static str, Absent); 3] =
        [("startTs", Absent::Zero), ("endTs", Absent::Zero), ("latestAttack", Absent::Null)];

    pub(super) fn range(&self) -> TimeRange {
        TimeRange::inclusive_seconds(self.start_ts, self.end_ts)
    }
}

/// `getDailyThreatActorsCount`. What was moved to IGNORED was analysed and found to be no attack.
pub(super) fn daily(call: &Call) -> Reply {
    let bounds: Bounds = call.keys()?;
    let (days, totals) = call.api.store.daily_actors(bounds.range(), &bounds.latest_attack)?;
    let counts = days.iter().map(
        |day| json!({ "ts": day.day.seconds(), "totalActors": day.actors, "criticalActors": day.critical }),
    );
    let result = json!({
        "actorsCounts": counts.collect::<Vec<_>>(),
        "totalAnalysed": totals.events,
        "totalAttacks": totals.events.saturating_sub(totals.ignored),
        "totalCriticalActors": totals.critical_actors,
        "totalActiveStatus": totals.active,
        "totalIgnoredStatus": totals.ignored,
        "totalUnderReviewStatus": totals.under_review,
    });
    Ok(reply(&call.raw, &Bounds::ECHO, result))
}

/// `getActorsCountPerCounty`: distinct actors per country.
pub(super) fn per_country(call: &Call) -> Reply {
    let bounds: Bounds = call.keys()?;
    let counts = call.api.store.actors_per_country(bounds.range(), &bounds.latest_attack)?;
    let counts = counts.iter().map(|(country, count)| json!({ "country": country, "count": count }));
    Ok(reply(&call.raw, &Bounds::ECHO, json!({ "actorsCountPerCountry": counts.collect::<Vec<_>>() })))
}
