use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    ApiError,
    echo::{Echo, Echoed, Echoes},
    endpoint::{Call, Reply},
    filter::bounded,
    names::Severity,
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

pub(super) struct ListKeys;

impl Echoes for ListKeys {
    const KEYS: &'static [(&'static str, Echo)] = &[
        ("skip", Echo::Count),
        ("startTs", Echo::Count),
        ("endTs", Echo::UntilNow),
        ("sort", Echo::Sort),
        ("latestAttack", Echo::Texts),
        ("country", Echo::Texts),
        ("actorId", Echo::Texts),
        ("host", Echo::Texts),
        ("splunkUrl", Echo::Text),
        ("splunkToken", Echo::Nothing),
        ("actorsCountPerCounty", Echo::Success),
        ("actorsCountPerCountry", Echo::Nothing),
        ("eventType", Echo::Text),
        ("actor", Echo::Text),
        ("filterId", Echo::Text),
        ("maliciousPayloadsResponses", Echo::Nothing),
        ("refId", Echo::Text),
        ("actorIp", Echo::Text),
        ("status", Echo::Text),
    ];
}

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

#[derive(Serialize, ToSchema)]
pub(super) struct Listed {
    actors: Vec<Actor>,
    total: u64,
}

/// An actor, from its latest event.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Actor {
    id: String,
    latest_api_endpoint: String,
    latest_api_ip: String,
    /// What an address is that is nobody's in particular (RFC 6890).
    network: Option<&'static str>,
    latest_api_method: String,
    latest_api_host: String,
    discovered_at: i64,
    /// ISO 3166-1 alpha-2; empty where nobody knows.
    country: String,
    latest_attack: String,
    activity: Vec<ActorEvent>,
    first_seen_at: i64,
    last_seen_at: i64,
    event_count: u64,
    status: ActorStatus,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ActorEvent {
    url: String,
    severity: Severity,
    sub_category: String,
    method: String,
    detected_at: i64,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ActorStatus {
    Active,
    Blocked,
}

/// `fetchThreatActors`: one row per actor, from its latest event in the range.
pub(super) fn list(call: &Call) -> Reply<Echoed<ListKeys, Listed>> {
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
    Ok(Echoed::new(&call.raw, Listed { actors, total: listing.total }))
}

/// Of the latest event, where the actor is an identity.
fn address(call: &Call, latest: &EventRow) -> Result<String, ApiError> {
    if !latest.actor.starts_with("id:") {
        return Ok(latest.actor.clone());
    }
    let details = call.api.store.details(&[latest.id])?;
    Ok(details.into_iter().next().map(|detail| detail.actor_address).unwrap_or_default())
}

fn actor(row: &ActorRow, address: &str, activity: &[EventRow], blocked: bool) -> Actor {
    let latest = &row.latest;
    Actor {
        id: latest.actor.clone(),
        latest_api_endpoint: latest.url.clone(),
        latest_api_ip: address.to_owned(),
        network: address.parse().ok().and_then(network),
        latest_api_method: latest.method.clone(),
        latest_api_host: latest.host.clone(),
        discovered_at: latest.detected_at.seconds(),
        country: latest.country.clone(),
        latest_attack: latest.policy_id.clone(),
        activity: activity.iter().map(ActorEvent::from).collect(),
        first_seen_at: row.first_seen.seconds(),
        last_seen_at: row.last_seen.seconds(),
        event_count: row.events,
        status: if blocked { ActorStatus::Blocked } else { ActorStatus::Active },
    }
}

impl From<&EventRow> for ActorEvent {
    fn from(event: &EventRow) -> Self {
        Self {
            url: event.url.clone(),
            severity: event.severity.into(),
            sub_category: event.sub_category.clone(),
            method: event.method.clone(),
            detected_at: event.detected_at.seconds(),
        }
    }
}

/// As for the list, which these menus belong to.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Menus {
    latest_attack: Vec<String>,
    country: Vec<String>,
    actor_id: Vec<String>,
    host: Vec<String>,
    /// Null, as the page prints it.
    #[schema(value_type = ())]
    actors: (),
    /// 0, as the page prints it.
    total: u64,
}

/// `fetchFiltersForThreatActors`: what the filter menus offer.
pub(super) fn filter_values(call: &Call) -> Reply<Echoed<ListKeys, Menus>> {
    let values = |field| call.api.store.distinct(field, TimeRange::ALL, MENU_LENGTH);
    let menus = Menus {
        latest_attack: values(DistinctField::PolicyId)?,
        country: values(DistinctField::Country)?,
        actor_id: values(DistinctField::Actor)?,
        host: values(DistinctField::Host)?,
        actors: (),
        total: 0,
    };
    Ok(Echoed::new(&call.raw, menus))
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Activity {
    actor: String,
    limit: Option<usize>,
}

pub(super) struct ActivityKeys;

impl Echoes for ActivityKeys {
    const KEYS: &'static [(&'static str, Echo)] = &[("actor", Echo::Text), ("limit", Echo::Limit)];
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Activities {
    actor_activities: Vec<ActorActivity>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ActorActivity {
    #[serde(flatten)]
    event: ActorEvent,
    host: String,
    metadata: String,
}

/// `fetchThreatsForActor`: what one actor did, newest first.
pub(super) fn activity(call: &Call) -> Reply<Echoed<ActivityKeys, Activities>> {
    let Activity { actor, limit } = call.keys()?;
    let limit = limit.unwrap_or(DEFAULT_ACTIVITY);
    if limit > MAX_ACTIVITY {
        return Err(ApiError::invalid("limit", format_args!("is at most {MAX_ACTIVITY}")));
    }
    let events = call.api.store.activity(&actor, TimeRange::ALL, limit)?;
    let shown = events.iter().map(|event| ActorActivity {
        event: event.into(),
        host: event.host.clone(),
        metadata: row::metadata(&event.country),
    });
    Ok(Echoed::new(&call.raw, Activities { actor_activities: shown.collect() }))
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
    pub(super) fn range(&self) -> TimeRange {
        TimeRange::inclusive_seconds(self.start_ts, self.end_ts)
    }
}

pub(super) struct BoundKeys;

impl Echoes for BoundKeys {
    const KEYS: &'static [(&'static str, Echo)] =
        &[("startTs", Echo::Count), ("endTs", Echo::Count), ("latestAttack", Echo::Texts)];
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Daily {
    actors_counts: Vec<ActorsOfDay>,
    total_analysed: u64,
    total_attacks: u64,
    total_critical_actors: u64,
    total_active_status: u64,
    total_ignored_status: u64,
    total_under_review_status: u64,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ActorsOfDay {
    /// When the UTC day begins.
    ts: i64,
    total_actors: u64,
    critical_actors: u64,
}

/// `getDailyThreatActorsCount`. What was moved to IGNORED was analysed and found to be no attack.
pub(super) fn daily(call: &Call) -> Reply<Echoed<BoundKeys, Daily>> {
    let bounds: Bounds = call.keys()?;
    let (days, totals) = call.api.store.daily_actors(bounds.range(), &bounds.latest_attack)?;
    let counts = days.iter().map(|day| ActorsOfDay {
        ts: day.day.seconds(),
        total_actors: day.actors,
        critical_actors: day.critical,
    });
    let daily = Daily {
        actors_counts: counts.collect(),
        total_analysed: totals.events,
        total_attacks: totals.events.saturating_sub(totals.ignored),
        total_critical_actors: totals.critical_actors,
        total_active_status: totals.active,
        total_ignored_status: totals.ignored,
        total_under_review_status: totals.under_review,
    };
    Ok(Echoed::new(&call.raw, daily))
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PerCountry {
    actors_count_per_country: Vec<ActorsOfCountry>,
}

#[derive(Serialize, ToSchema)]
struct ActorsOfCountry {
    /// ISO 3166-1 alpha-2; empty where nobody knows.
    country: String,
    count: u64,
}

/// `getActorsCountPerCounty`: distinct actors per country.
pub(super) fn per_country(call: &Call) -> Reply<Echoed<BoundKeys, PerCountry>> {
    let bounds: Bounds = call.keys()?;
    let counts = call.api.store.actors_per_country(bounds.range(), &bounds.latest_attack)?;
    let counts = counts.into_iter().map(|(country, count)| ActorsOfCountry { country, count });
    Ok(Echoed::new(&call.raw, PerCountry { actors_count_per_country: counts.collect() }))
}
