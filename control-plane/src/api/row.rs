use std::{collections::HashSet, net::IpAddr};

use portcullis_proto::v1::{BlockDecision, Match, ThreatEvent};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Api, ApiError, text_format};
use crate::{clock::EpochMillis, country::network, store::EventRow};

/// The rows as `fetchSuspectSampleData` shows them.
pub(super) fn events(api: &Api, rows: Vec<EventRow>) -> Result<Vec<Value>, ApiError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let details = api.store.details(&ids)?;
    let blocked = blocked(api, rows.iter().map(|row| row.actor.as_str()))?;
    let shown = rows.iter().zip(&details).map(|(row, detail)| event(api, row, detail, &blocked));
    Ok(shown.collect())
}

/// Which of these actors a block in force covers.
pub(super) fn blocked<'a>(
    api: &Api,
    actors: impl Iterator<Item = &'a str>,
) -> Result<HashSet<String>, ApiError> {
    let addresses: HashSet<IpAddr> = actors.filter_map(|actor| actor.parse().ok()).collect();
    let addresses: Vec<_> = addresses.into_iter().collect();
    let covered = api.store.blocked(&addresses, EpochMillis::now())?;
    Ok(covered.iter().map(IpAddr::to_string).collect())
}

pub(super) fn metadata(country: &str) -> String {
    format!("country_code: \"{country}\"\n")
}

fn event(api: &Api, row: &EventRow, detail: &ThreatEvent, blocked: &HashSet<String>) -> Value {
    let sample = detail.samples.first();
    let named = Some(detail.actor_address.as_str()).filter(|address| !address.is_empty());
    let source = named.or_else(|| sample.map(|sample| sample.source_ip.as_str())).filter(|ip| !ip.is_empty());
    let account = account(api, detail);
    json!({
        "id": row.id.to_string(),
        "actor": row.actor,
        "filterId": row.policy_id,
        "url": row.url,
        "method": row.method,
        "apiCollectionId": row.collection_id,
        "ip": source.unwrap_or(&row.actor),
        "country": row.country,
        "network": source.unwrap_or(&row.actor).parse().ok().and_then(network),
        "timestamp": row.detected_at.seconds(),
        "type": row.detection_type.name(),
        "refId": row.ref_id,
        "category": row.category,
        "subCategory": row.sub_category,
        "eventType": row.event_type.name(),
        "payload": sample.map(|sample| text_format::sample(sample, account)).unwrap_or_default(),
        "metadata": metadata(&row.country),
        "successfulExploit": row.successful,
        "status": row.status.name(),
        "host": row.host,
        "severity": row.severity.name(),
        "jiraTicketUrl": null,
        "sensorId": row.sensor_id,
        "matched": detail.matched.iter().map(matched).collect::<Vec<_>>(),
        "matchCount": detail.match_count,
        "lastDetectedAt": last_detected(row, detail).seconds(),
        "successEvidence": detail.successful_exploit.as_ref().map(|evidence| json!({
            "kind": evidence.kind,
            "at": evidence.at.as_ref().map(matched),
        })),
        "automaticBlock": detail.automatic_block.as_ref().map(|outcome| json!({
            "decision": decision(outcome.decision()),
            "reason": outcome.reason,
        })),
        "blocked": blocked.contains(&row.actor),
    })
}

/// Of equal detections that were folded into this event, the last.
fn last_detected(row: &EventRow, detail: &ThreatEvent) -> EpochMillis {
    let last = i64::try_from(detail.last_detected_at_ms).unwrap_or(0);
    EpochMillis::from_millis(last.max(row.detected_at.millis()))
}

fn decision(decision: BlockDecision) -> &'static str {
    match decision {
        BlockDecision::Blocked => "blocked",
        BlockDecision::Refused => "refused",
        BlockDecision::HeldBack => "held back",
        BlockDecision::Failed => "failed",
        BlockDecision::Unspecified => "unknown",
    }
}

/// What the sensor was told it belongs to, else what the control plane was.
pub(super) fn account<'a>(api: &'a Api, detail: &'a ThreatEvent) -> &'a str {
    if detail.account_id.is_empty() { &api.account_id } else { &detail.account_id }
}

fn matched(matched: &Match) -> Value {
    json!({
        "location": matched.location,
        "start": matched.start,
        "end": matched.end,
        "phrase": matched.phrase,
        "detector": matched.detector,
    })
}
