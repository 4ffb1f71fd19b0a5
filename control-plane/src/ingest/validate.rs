//! From the wire's message to a row. A sensor is enrolled but its events carry what attackers sent, so every field
//! has a bound: what identifies an event must fit, what only describes it is cut.

use std::net::IpAddr;

use portcullis_detection::{DetectionType, EventType, Severity};
use portcullis_proto::v1::{self, ThreatEvent};
use uuid::Uuid;

use crate::{
    clock::EpochMillis,
    country::Countries,
    store::{EventRow, EventStatus, NewEvent},
};

const MAX_NAME: usize = 256;
const MAX_METHOD: usize = 64;
const MAX_HOST: usize = 1024;
/// A longer URL is cut, not refused: else a long one would hide an attack.
const MAX_URL: usize = 8 * 1024;
const MAX_REASON: usize = 500;
const MAX_MATCHES: usize = 64;
const MAX_SAMPLES: usize = 10;
/// The year 10000: nothing past it is a time.
const END_OF_TIME_MILLIS: u64 = 253_402_300_800_000;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum Rejection {
    #[error("event_id: {0:?} is no UUID")]
    EventId(String),
    #[error("ref_id: is empty or longer than {MAX_NAME} bytes")]
    RefId,
    #[error("actor: {0:?} is no address")]
    Actor(String),
    #[error("policy_id: is empty or longer than {MAX_NAME} bytes")]
    PolicyId,
    #[error("{0}: has no known value")]
    Unspecified(&'static str),
    #[error("detected_at_ms: {0} is no time")]
    Time(u64),
    #[error("account_id: {0:?} is not the account that this sensor belongs to")]
    Account(String),
}

impl Rejection {
    pub(super) fn account(event: &ThreatEvent) -> Self {
        Self::Account(shown(&event.account_id))
    }
}

pub(super) fn event(
    sensor_id: &str,
    mut event: ThreatEvent,
    countries: &Countries,
) -> Result<NewEvent, Rejection> {
    let id = Uuid::parse_str(&event.event_id).map_err(|_| Rejection::EventId(shown(&event.event_id)))?;
    let (actor, address) = actor(&event)?;
    if event.policy_id.is_empty() || event.policy_id.len() > MAX_NAME {
        return Err(Rejection::PolicyId);
    }
    if event.ref_id.is_empty() || event.ref_id.len() > MAX_NAME {
        return Err(Rejection::RefId);
    }
    let detected_at = i64::try_from(event.detected_at_ms)
        .ok()
        .filter(|_| event.detected_at_ms < END_OF_TIME_MILLIS)
        .ok_or(Rejection::Time(event.detected_at_ms))?;
    let (severity, event_type, detection_type) =
        (severity(&event)?, event_type(&event)?, detection_type(&event)?);

    for (text, bound) in [
        (&mut event.category, MAX_NAME),
        (&mut event.sub_category, MAX_NAME),
        (&mut event.method, MAX_METHOD),
        (&mut event.url, MAX_URL),
        (&mut event.host, MAX_HOST),
        (&mut event.account_id, MAX_NAME),
    ] {
        cut(text, bound);
    }
    if let Some(outcome) = &mut event.automatic_block {
        cut(&mut outcome.reason, MAX_REASON);
    }
    event.matched.truncate(MAX_MATCHES);
    event.samples.truncate(MAX_SAMPLES);

    let row = EventRow {
        id,
        ref_id: event.ref_id.clone(),
        detected_at: EpochMillis::from_millis(detected_at),
        actor,
        country: countries.of(address),
        policy_id: event.policy_id.clone(),
        category: event.category.clone(),
        sub_category: event.sub_category.clone(),
        severity,
        event_type,
        detection_type,
        method: event.method.clone(),
        url: event.url.clone(),
        host: event.host.clone(),
        collection_id: event.api_collection_id,
        sensor_id: sensor_id.to_owned(),
        successful: event.successful_exploit.is_some(),
        status: EventStatus::Active,
    };
    Ok(NewEvent { row, detail: event })
}

/// What it is known by, and its address.
fn actor(event: &ThreatEvent) -> Result<(String, IpAddr), Rejection> {
    let unknown = || Rejection::Actor(shown(&event.actor));
    let hash = event.actor.strip_prefix("id:");
    if let Some(hash) = hash {
        let is_hash = hash.len() == 32 && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let address = event.actor_address.parse::<IpAddr>().ok().filter(|_| is_hash).ok_or_else(unknown)?;
        return Ok((event.actor.clone(), address.to_canonical()));
    }
    let address = event.actor.parse::<IpAddr>().map_err(|_| unknown())?.to_canonical();
    Ok((address.to_string(), address))
}

fn severity(event: &ThreatEvent) -> Result<Severity, Rejection> {
    match event.severity() {
        v1::Severity::Low => Ok(Severity::Low),
        v1::Severity::Medium => Ok(Severity::Medium),
        v1::Severity::High => Ok(Severity::High),
        v1::Severity::Critical => Ok(Severity::Critical),
        v1::Severity::Unspecified => Err(Rejection::Unspecified("severity")),
    }
}

fn event_type(event: &ThreatEvent) -> Result<EventType, Rejection> {
    match event.event_type() {
        v1::EventType::Single => Ok(EventType::Single),
        v1::EventType::Aggregated => Ok(EventType::Aggregated),
        v1::EventType::Unspecified => Err(Rejection::Unspecified("event_type")),
    }
}

fn detection_type(event: &ThreatEvent) -> Result<DetectionType, Rejection> {
    match event.detection_type() {
        v1::DetectionType::RuleBased => Ok(DetectionType::RuleBased),
        v1::DetectionType::Anomaly => Ok(DetectionType::Anomaly),
        v1::DetectionType::Unspecified => Err(Rejection::Unspecified("detection_type")),
    }
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

fn cut(text: &mut String, bound: usize) {
    if text.len() > bound {
        text.truncate(text.floor_char_boundary(bound));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(sent: ThreatEvent) -> Result<NewEvent, Rejection> {
        event("s", sent, &Countries::open(None).unwrap())
    }

    fn sound() -> ThreatEvent {
        ThreatEvent {
            event_id: "0198c0de-0000-7000-8000-000000000001".into(),
            ref_id: "r".into(),
            detected_at_ms: 1_700_000_000_000,
            actor: "::ffff:203.0.113.9".into(),
            policy_id: "PathTraversal".into(),
            severity: v1::Severity::High.into(),
            event_type: v1::EventType::Single.into(),
            detection_type: v1::DetectionType::RuleBased.into(),
            ..ThreatEvent::default()
        }
    }

    #[test]
    fn an_ipv4_actor_is_the_same_however_it_is_written() {
        assert_eq!(checked(sound()).unwrap().row.actor, "203.0.113.9");
    }

    #[test]
    fn a_long_url_is_cut_at_a_letter_and_not_refused() {
        let long = ThreatEvent { url: "/ä".repeat(MAX_URL), ..sound() };
        let url = checked(long).unwrap().row.url;
        assert!(url.len() <= MAX_URL && url.len() > MAX_URL - 4);
    }

    #[test]
    fn what_does_not_identify_an_event_is_refused_with_the_field() {
        type Spoil = fn(&mut ThreatEvent);
        let spoils: [(&str, Spoil); 6] = [
            ("event_id", |event| event.event_id = "7".into()),
            ("actor", |event| event.actor = "203.0.113.9:80".into()),
            ("policy_id", |event| event.policy_id.clear()),
            ("ref_id", |event| event.ref_id.clear()),
            ("severity", |event| event.severity = 9),
            ("detected_at_ms", |event| event.detected_at_ms = u64::MAX),
        ];
        for (field, spoil) in spoils {
            let mut spoilt = sound();
            spoil(&mut spoilt);
            let error = checked(spoilt).unwrap_err().to_string();
            assert!(error.starts_with(field), "{error}");
        }
    }
}
