use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    ApiError,
    echo::{Echo, Echoed, Echoes},
    endpoint::{Call, Reply},
    orig,
    row::account,
};
use crate::store::SampleQuery;

/// Events that share a reference: an event has its own, so these are few.
const BY_REFERENCE: usize = 100;
const LATEST: usize = 10;

pub(super) struct Keys;

impl Echoes for Keys {
    const KEYS: &'static [(&'static str, Echo)] = &[
        ("actor", Echo::Text),
        ("filterId", Echo::Text),
        ("refId", Echo::Text),
        ("eventType", Echo::Text),
        ("country", Echo::Texts),
        ("splunkUrl", Echo::Text),
        ("splunkToken", Echo::Nothing),
        ("skip", Echo::Count),
        ("startTs", Echo::Count),
        ("endTs", Echo::UntilNow),
        ("sort", Echo::Sort),
        ("actorsCountPerCounty", Echo::Success),
        ("actorsCountPerCountry", Echo::Nothing),
        ("latestAttack", Echo::Texts),
        ("actors", Echo::Nothing),
        ("total", Echo::Zero),
        ("actorId", Echo::Texts),
        ("status", Echo::Text),
        ("actorIp", Echo::Text),
        ("host", Echo::Texts),
    ];
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Samples {
    malicious_payloads_responses: Vec<SampleRow>,
}

#[derive(Serialize, ToSchema)]
struct SampleRow {
    /// The exchange as JSON text, its headers JSON texts in it.
    orig: String,
    metadata: String,
    ts: u64,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Request {
    ref_id: String,
    event_type: String,
    actor: String,
    filter_id: String,
}

/// `fetchAggregateMaliciousRequests`: the samples behind one event, newest first.
pub(super) fn list(call: &Call) -> Reply<Echoed<Keys, Samples>> {
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
    let mut shown: Vec<(u64, SampleRow)> = Vec::new();
    for event in &events {
        let country = event.actor.parse().map(|address| call.api.countries.of(address)).unwrap_or_default();
        let metadata = format!("{{\n  \"countryCode\": \"{country}\"\n}}");
        let account = account(&call.api, event);
        shown.extend(event.samples.iter().map(|sample| {
            let orig = orig::sample(sample, account);
            (sample.time_ms, SampleRow { orig, metadata: metadata.clone(), ts: sample.time_ms / 1000 })
        }));
    }
    shown.sort_by_key(|(time, _)| std::cmp::Reverse(*time));
    shown.truncate(bound);
    let malicious_payloads_responses = shown.into_iter().map(|(_, response)| response).collect();
    Ok(Echoed::new(&call.raw, Samples { malicious_payloads_responses }))
}
