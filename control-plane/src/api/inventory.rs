//! The endpoints that sensors learned from traffic.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
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

/// `fetchInventory`: one row per method, host and path template, what all sensors saw of it added up.
pub(super) fn list(call: &Call) -> Reply {
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
    let rows: Vec<Value> = listing.rows.iter().map(|row| endpoint(&call.api.account_id, row)).collect();
    Ok(json!({ "endpoints": rows, "total": listing.total }))
}

fn endpoint(account: &str, row: &InventoryRow) -> Value {
    let facts = &row.facts;
    let statuses: BTreeMap<String, u64> =
        facts.statuses.iter().map(|(status, count)| (status.to_string(), *count)).collect();
    let auth: BTreeMap<&String, u64> = facts.auth.iter().map(|(kind, count)| (kind, *count)).collect();
    let succeeded: u64 =
        facts.statuses.iter().filter(|(status, _)| (1..400).contains(*status)).map(|(_, count)| count).sum();
    let mut parameters: Vec<_> = facts.parameters.iter().collect();
    parameters.sort_by_key(|one| (&one.location, &one.name));
    let parameters = parameters.into_iter().map(|one| {
        json!({
            "location": one.location,
            "name": one.name,
            "types": one.types,
            "seen": one.seen,
            // Of those answered with success, because what a failed request carries tells nothing.
            "share": if succeeded == 0 { 0.0 } else { (one.seen as f64 / succeeded as f64).min(1.0) },
        })
    });
    json!({
        "method": row.name.method,
        "host": row.name.host,
        "template": row.name.template,
        "accountId": if row.account_id.is_empty() { account } else { &row.account_id },
        "firstSeen": row.first_seen.seconds(),
        "lastSeen": row.last_seen.seconds(),
        "requests": facts.requests,
        "sensors": row.sensors,
        "statuses": statuses,
        "parameters": parameters.collect::<Vec<_>>(),
        "parametersLeftOut": facts.parameters_left_out,
        "auth": auth,
        "requestTypes": facts.request_types,
        "responseTypes": facts.response_types,
        "sensitiveInRequests": facts.sensitive_in_requests,
        "sensitiveInResponses": facts.sensitive_in_responses,
    })
}
