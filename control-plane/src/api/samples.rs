use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    ApiError,
    echo::{Absent, reply},
    endpoint::{Call, Reply},
    orig,
    row::account,
};
use crate::store::SampleQuery;

/// Events that share a reference: an event has its own, so these are few.
const BY_REFERENCE: usize = 100;
const LATEST: usize = 10;

const ECHO: [(&str, Absent); 21] = [
    ("actor", Absent::Null),
    ("filterId", Absent::Null),
    ("refId", Absent::Null),
    ("eventType", Absent::Null),
    ("country", Absent::Null),
    ("splunkUrl", Absent::Null),
    ("splunkToken", Absent::Null),
    ("skip", Absent::Zero),
    ("startTs", Absent::Zero),
    ("endTs", Absent::Now),
    ("sort", Absent::Null),
    ("actorsCountPerCounty", Absent::Success),
    ("actorsCountPerCountry", Absent::Null),
    ("latestAttack", Absent::Null),
    ("actors", Absent::Null),
    ("total", Absent::Zero),
    ("actorId", Absent::Null),
    ("status", Absent::Null),
    ("actorIp", Absent::Null),
    ("host", Absent::Null),
    ("maliciousPayloadsResponses", Absent::Null),
];

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    ref_id: String,
    event_type: String,
    actor: String,
    filter_id: String,
}

/// `fetchAggregateMaliciousRequests`: the samples behind one event, newest first.
pub(super) fn list(call: &Call) -> Reply {
    let request: Request = call.keys()?;
    let (query, bound) = match request.event_type.as_str() {
        "SINGLE" => (SampleQuery::Reference { ref_id: request.ref_id, limit: BY_REFERENCE }, BY_REFERENCE),
        "AGGREGATED" => {
            let (actor, policy_id) = (request.actor, request.filter_id);
            (SampleQuery::Latest { actor, policy_id, limit: LATEST }, LATEST)
        }
        other => {
            return Err(ApiError::invalid(
                "eventType",
                format_args!("{other:?} is neither SINGLE nor AGGREGATED"),
            ));
        }
    };
    let events = call.api.store.samples(&query)?;
    let mut shown: Vec<(u64, Value)> = Vec::new();
    for event in &events {
        let country = event.actor.parse().map(|address| call.api.countries.of(address)).unwrap_or_default();
        let metadata = format!("{{\n  \"countryCode\": \"{country}\"\n}}");
        let account = account(&call.api, event);
        shown.extend(event.samples.iter().map(|sample| {
            let orig = orig::sample(sample, account);
            (sample.time_ms, json!({ "orig": orig, "metadata": metadata, "ts": sample.time_ms / 1000 }))
        }));
    }
    shown.sort_by_key(|(time, _)| std::cmp::Reverse(*time));
    shown.truncate(bound);
    let responses: Vec<Value> = shown.into_iter().map(|(_, response)| response).collect();
    Ok(reply(&call.raw, &ECHO, json!({ "maliciousPayloadsResponses": responses })))
}
