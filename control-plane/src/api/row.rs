use std::{collections::HashSet, net::IpAddr};

use portcullis_proto::v1::{BlockDecision, Match, ThreatEvent};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Api, ApiError,
    names::{DetectionType, EventStatus, EventType, Severity},
    text_format,
    tickets::{self, TicketRef},
};
use crate::{
    clock::EpochMillis,
    country::network,
    store::{EventRow, Subject},
};

/// The rows as `fetchSuspectSampleData` shows them.
pub(super) fn events(api: &Api, rows: Vec<EventRow>) -> Result<Vec<Event>, ApiError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let details = api.store.details(&ids)?;
    let blocked = blocked(api, rows.iter().map(|row| row.actor.as_str()))?;
    let mut tickets = tickets::of(api, ids.into_iter().map(Subject::Event))?;
    let shown = rows.iter().zip(&details).map(|(row, detail)| {
        let ticket = tickets.remove(&Subject::Event(row.id));
        event(api, row, detail, &blocked, ticket)
    });
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

/// One row of the list of events.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    id: String,
    /// An address, or `id:` and a keyed hash where a rule of actor identity found somebody.
    actor: String,
    /// The policy's id.
    filter_id: String,
    url: String,
    method: String,
    api_collection_id: i64,
    ip: String,
    /// ISO 3166-1 alpha-2; empty where nobody knows.
    country: String,
    /// What an address is that is nobody's in particular (RFC 6890).
    network: Option<&'static str>,
    timestamp: i64,
    #[serde(rename = "type")]
    detection_type: DetectionType,
    ref_id: String,
    category: String,
    sub_category: String,
    event_type: EventType,
    /// The first sample in protobuf's text format; empty where there is none.
    payload: String,
    metadata: String,
    successful_exploit: bool,
    status: EventStatus,
    host: String,
    severity: Severity,
    /// The ticket's `url`.
    jira_ticket_url: Option<String>,
    ticket: Option<TicketRef>,
    sensor_id: String,
    matched: Vec<Matched>,
    /// How many detections were folded into this event.
    match_count: u64,
    last_detected_at: i64,
    success_evidence: Option<SuccessEvidence>,
    automatic_block: Option<AutomaticBlockOutcome>,
    /// Whether a block in force covers the actor.
    blocked: bool,
}

/// Where something matched: byte offsets in the value at that location.
#[derive(Serialize, ToSchema)]
pub(super) struct Matched {
    pub(super) location: String,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) phrase: String,
    pub(super) detector: String,
}

/// What in the answer says that the attack succeeded.
#[derive(Serialize, ToSchema)]
struct SuccessEvidence {
    kind: String,
    at: Option<Matched>,
}

/// What became of the block that the policy asked for.
#[derive(Serialize, ToSchema)]
struct AutomaticBlockOutcome {
    decision: Decision,
    reason: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum Decision {
    Blocked,
    Refused,
    #[serde(rename = "held back")]
    HeldBack,
    Failed,
    Unknown,
}

fn event(
    api: &Api,
    row: &EventRow,
    detail: &ThreatEvent,
    blocked: &HashSet<String>,
    ticket: Option<TicketRef>,
) -> Event {
    let sample = detail.samples.first();
    let named = Some(detail.actor_address.as_str()).filter(|address| !address.is_empty());
    let source = named.or_else(|| sample.map(|sample| sample.source_ip.as_str())).filter(|ip| !ip.is_empty());
    let ip = source.unwrap_or(&row.actor);
    let account = account(api, detail);
    Event {
        id: row.id.to_string(),
        actor: row.actor.clone(),
        filter_id: row.policy_id.clone(),
        url: row.url.clone(),
        method: row.method.clone(),
        api_collection_id: row.collection_id,
        ip: ip.to_owned(),
        country: row.country.clone(),
        network: ip.parse().ok().and_then(network),
        timestamp: row.detected_at.seconds(),
        detection_type: row.detection_type.into(),
        ref_id: row.ref_id.clone(),
        category: row.category.clone(),
        sub_category: row.sub_category.clone(),
        event_type: row.event_type.into(),
        payload: sample.map(|sample| text_format::sample(sample, account)).unwrap_or_default(),
        metadata: metadata(&row.country),
        successful_exploit: row.successful,
        status: row.status.into(),
        host: row.host.clone(),
        severity: row.severity.into(),
        jira_ticket_url: ticket.as_ref().map(|ticket| ticket.url.clone()).filter(|url| !url.is_empty()),
        ticket,
        sensor_id: row.sensor_id.clone(),
        matched: detail.matched.iter().map(Matched::from).collect(),
        match_count: detail.match_count,
        last_detected_at: last_detected(row, detail).seconds(),
        success_evidence: detail.successful_exploit.as_ref().map(|evidence| SuccessEvidence {
            kind: evidence.kind.clone(),
            at: evidence.at.as_ref().map(Matched::from),
        }),
        automatic_block: detail.automatic_block.as_ref().map(|outcome| AutomaticBlockOutcome {
            decision: outcome.decision().into(),
            reason: outcome.reason.clone(),
        }),
        blocked: blocked.contains(&row.actor),
    }
}

/// Of equal detections that were folded into this event, the last.
fn last_detected(row: &EventRow, detail: &ThreatEvent) -> EpochMillis {
    let last = i64::try_from(detail.last_detected_at_ms).unwrap_or(0);
    EpochMillis::from_millis(last.max(row.detected_at.millis()))
}

impl From<BlockDecision> for Decision {
    fn from(decision: BlockDecision) -> Self {
        match decision {
            BlockDecision::Blocked => Self::Blocked,
            BlockDecision::Refused => Self::Refused,
            BlockDecision::HeldBack => Self::HeldBack,
            BlockDecision::Failed => Self::Failed,
            BlockDecision::Unspecified => Self::Unknown,
        }
    }
}

/// What the sensor was told it belongs to, else what the control plane was.
pub(super) fn account<'a>(api: &'a Api, detail: &'a ThreatEvent) -> &'a str {
    if detail.account_id.is_empty() { &api.account_id } else { &detail.account_id }
}

impl From<&Match> for Matched {
    fn from(matched: &Match) -> Self {
        Self {
            location: matched.location.clone(),
            start: matched.start.into(),
            end: matched.end.into(),
            phrase: matched.phrase.clone(),
            detector: matched.detector.clone(),
        }
    }
}
