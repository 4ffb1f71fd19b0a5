//! The endpoints that sensors learned from traffic.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    endpoint::{Call, Reply},
    sort::Paging,
};
use crate::{
    clock::TimeRange,
    store::{InventoryFilter, InventoryRow, InventorySort, Order},
};

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Wanted {
    hosts: Vec<String>,
    method: Vec<String>,
    search_text: String,
    start_timestamp: u64,
    end_timestamp: u64,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Listed {
    endpoints: Vec<InventoryEndpoint>,
    total: u64,
}

/// An endpoint as all sensors together saw it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InventoryEndpoint {
    method: String,
    host: String,
    template: String,
    account_id: String,
    first_seen: i64,
    last_seen: i64,
    requests: u64,
    /// How many saw it.
    sensors: u64,
    /// Requests by status of the answer; 0 for those past a bound of different ones.
    statuses: BTreeMap<String, u64>,
    parameters: Vec<InventoryParameter>,
    /// Those that found no room.
    parameters_left_out: u64,
    /// Requests by kind of credentials.
    auth: BTreeMap<String, u64>,
    request_types: Vec<String>,
    response_types: Vec<String>,
    sensitive_in_requests: Vec<String>,
    sensitive_in_responses: Vec<String>,
}

#[derive(Serialize, ToSchema)]
struct InventoryParameter {
    location: String,
    name: String,
    types: Vec<String>,
    seen: u64,
    /// Of the requests that were answered with success: 0 to 1.
    share: f64,
}

/// `fetchInventory`: one row per method, host and path template, what all sensors saw of it added up.
pub(super) fn list(call: &Call) -> Reply<Listed> {
    let Wanted { hosts, method, search_text, start_timestamp, end_timestamp } = call.keys()?;
    let fields = [
        ("lastSeen", InventorySort::LastSeen),
        ("firstSeen", InventorySort::FirstSeen),
        ("requests", InventorySort::Requests),
        ("template", InventorySort::Template),
    ];
    let page = call.keys::<Paging>()?.page(&fields, (InventorySort::LastSeen, Order::Descending))?;
    let filter = InventoryFilter {
        range: TimeRange::inclusive_seconds(start_timestamp, end_timestamp),
        hosts: hosts.iter().map(|host| host.to_lowercase()).collect(),
        methods: method,
        text: search_text,
    };
    let listing = call.api.store.inventory(&filter, &page)?;
    let endpoints = listing.rows.into_iter().map(|row| endpoint(&call.api.account_id, row)).collect();
    Ok(Listed { endpoints, total: listing.total })
}

fn endpoint(account: &str, row: InventoryRow) -> InventoryEndpoint {
    let facts = row.facts;
    let succeeded: u64 =
        facts.statuses.iter().filter(|(status, _)| (1..400).contains(*status)).map(|(_, count)| count).sum();
    let mut parameters = facts.parameters;
    parameters.sort_by(|one, other| (&one.location, &one.name).cmp(&(&other.location, &other.name)));
    let parameters = parameters.into_iter().map(|one| InventoryParameter {
        // Of those answered with success, because what a failed request carries tells nothing.
        share: if succeeded == 0 { 0.0 } else { (one.seen as f64 / succeeded as f64).min(1.0) },
        location: one.location,
        name: one.name,
        types: one.types,
        seen: one.seen,
    });
    InventoryEndpoint {
        method: row.name.method,
        host: row.name.host,
        template: row.name.template,
        account_id: if row.account_id.is_empty() { account.to_owned() } else { row.account_id },
        first_seen: row.first_seen.seconds(),
        last_seen: row.last_seen.seconds(),
        requests: facts.requests,
        sensors: row.sensors,
        statuses: facts.statuses.into_iter().map(|(status, count)| (status.to_string(), count)).collect(),
        parameters: parameters.collect(),
        parameters_left_out: facts.parameters_left_out,
        auth: facts.auth.into_iter().collect(),
        request_types: facts.request_types,
        response_types: facts.response_types,
        sensitive_in_requests: facts.sensitive_in_requests,
        sensitive_in_responses: facts.sensitive_in_responses,
    }
}
