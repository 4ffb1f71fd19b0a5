use std::time::Duration;

use portcullis_detection::Severity;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Act, Alert, EventRow, Result, StoreError};
use crate::clock::EpochMillis;

/// What a target speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetKind {
    Webhook,
    Slack,
    /// CEF in RFC 5424 messages, over TCP (RFC 6587) or TLS (RFC 5425).
    Syslog,
    /// Splunk's HTTP Event Collector.
    Splunk,
    /// OpenTelemetry logs, OTLP/HTTP with JSON.
    Otlp,
}

impl TargetKind {
    pub const ALL: [Self; 5] = [Self::Webhook, Self::Slack, Self::Syslog, Self::Splunk, Self::Otlp];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Slack => "slack",
            Self::Syslog => "syslog",
            Self::Splunk => "splunk",
            Self::Otlp => "otlp",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Notifications that go in one request or connection.
    pub const fn at_once(self) -> usize {
        match self {
            Self::Webhook | Self::Slack => 1,
            Self::Syslog | Self::Splunk | Self::Otlp => 100,
        }
    }
}

/// Which events a target is told of. An empty list stands for any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetFilter {
    pub severity: Vec<String>,
    pub category: Vec<String>,
    pub policy: Vec<String>,
}

impl TargetFilter {
    pub fn selects(&self, notice: &Notice) -> bool {
        let is_in =
            |wanted: &[String], value: &str| wanted.is_empty() || wanted.iter().any(|one| one == value);
        is_in(&self.severity, &notice.severity)
            && is_in(&self.category, &notice.category)
            && is_in(&self.policy, &notice.policy)
    }
}

pub struct NewTarget {
    pub id: String,
    pub name: String,
    pub kind: TargetKind,
    /// Scheme, host and port.
    pub shown: String,
    /// Address and secret, which the store cannot read.
    pub sealed: Vec<u8>,
    pub filter: TargetFilter,
    pub created_at: EpochMillis,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetRecord {
    pub id: String,
    pub name: String,
    pub kind: TargetKind,
    pub shown: String,
    pub sealed: Vec<u8>,
    pub filter: TargetFilter,
    pub enabled: bool,
    pub created_at: EpochMillis,
    pub created_by: String,
    pub queued: u64,
    pub delivered: u64,
    /// Attempts that failed.
    pub failed: u64,
    /// Notifications that were never delivered: refused for good, or too old.
    pub given_up: u64,
    /// Notifications that found no room.
    pub dropped: u64,
    /// Attempts that failed since the last success.
    pub failures: u64,
    pub next_at: EpochMillis,
}

/// What becomes different; `None` stays as it is.
#[derive(Default)]
pub struct TargetChange {
    pub enabled: Option<bool>,
    pub filter: Option<TargetFilter>,
    /// What is shown of the address, and what was sealed.
    pub sealed: Option<(String, Vec<u8>)>,
}

#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    #[error("there is a target {0:?} already")]
    Exists(String),
    #[error("there is no target {0:?}; fetchNotifyTargets shows those there are")]
    Unknown(String),
    #[error("these are {0} targets, the most there can be")]
    TooMany(u64),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a notification tells of an event: no request or response, which stay here. What waits may have been written by an
/// earlier version, which knew less.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Notice {
    pub event_id: String,
    pub ref_id: String,
    /// Milliseconds since the Unix epoch.
    pub detected_at: EpochMillis,
    pub severity: String,
    pub policy: String,
    pub category: String,
    pub sub_category: String,
    #[serde(rename = "type")]
    pub detection_type: String,
    pub event_type: String,
    pub actor: String,
    pub country: String,
    pub method: String,
    pub host: String,
    pub url: String,
    pub successful_exploit: bool,
    pub api_collection_id: i64,
    pub sensor_id: String,
    /// Of an alert about a sensor, which is no event; the fields of the traffic are empty then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coverage: Option<CoverageNotice>,
}

/// What an alert of lost coverage tells: once when it is opened, once when it is closed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct CoverageNotice {
    pub id: u64,
    /// `opened` or `closed`.
    pub state: String,
    pub node: String,
    pub kind: String,
    /// The interface, where it is one's.
    pub subject: String,
    pub detail: String,
    pub opened_at: EpochMillis,
    pub closed_at: Option<EpochMillis>,
}

impl From<&EventRow> for Notice {
    fn from(event: &EventRow) -> Self {
        Self {
            event_id: event.id.to_string(),
            ref_id: event.ref_id.clone(),
            detected_at: event.detected_at,
            severity: event.severity.name().to_owned(),
            policy: event.policy_id.clone(),
            category: event.category.clone(),
            sub_category: event.sub_category.clone(),
            detection_type: event.detection_type.name().to_owned(),
            event_type: event.event_type.name().to_owned(),
            actor: event.actor.clone(),
            country: event.country.clone(),
            method: event.method.clone(),
            host: event.host.clone(),
            url: event.url.clone(),
            successful_exploit: event.successful,
            api_collection_id: event.collection_id,
            sensor_id: event.sensor_id.clone(),
            coverage: None,
        }
    }
}

impl Notice {
    /// Category and policy are what targets can ask for it by.
    pub fn of_alert(alert: &Alert) -> Self {
        let state = if alert.closed_at.is_some() { "closed" } else { "opened" };
        Self {
            event_id: format!("coverage-{}-{state}", alert.id),
            ref_id: format!("coverage-{}", alert.id),
            detected_at: alert.closed_at.unwrap_or(alert.opened_at),
            severity: alert.key.kind.severity().name().to_owned(),
            policy: "SensorCoverage".to_owned(),
            category: "Coverage".to_owned(),
            sub_category: alert.key.kind.name().to_uppercase().replace('-', "_"),
            host: alert.node.clone(),
            sensor_id: alert.key.sensor_id.clone(),
            coverage: Some(CoverageNotice {
                id: alert.id,
                state: state.to_owned(),
                node: alert.node.clone(),
                kind: alert.key.kind.name().to_owned(),
                subject: alert.key.subject.clone(),
                detail: alert.detail.clone(),
                opened_at: alert.opened_at,
                closed_at: alert.closed_at,
            }),
            ..Self::default()
        }
    }

    /// An event that never was, for trying a target. Addresses and names are those kept for documentation (RFC 5737, RFC 2606).
    pub fn test(now: EpochMillis) -> Self {
        let id = Uuid::now_v7().to_string();
        Self {
            event_id: id.clone(),
            ref_id: id,
            detected_at: now,
            severity: Severity::Low.name().to_owned(),
            policy: "PortcullisTest".to_owned(),
            category: "Test".to_owned(),
            sub_category: "TEST".to_owned(),
            detection_type: "Rule-Based".to_owned(),
            event_type: "SINGLE".to_owned(),
            actor: "192.0.2.1".to_owned(),
            country: String::new(),
            method: "GET".to_owned(),
            host: "test.example".to_owned(),
            url: "/portcullis-test".to_owned(),
            successful_exploit: false,
            api_collection_id: 0,
            sensor_id: String::new(),
            coverage: None,
        }
    }
}

/// One notification to one target.
#[derive(Clone, Debug)]
pub struct Queued {
    pub seq: i64,
    pub id: Uuid,
    pub notice: Notice,
}

/// A target whose turn it is, with the oldest that wait for it.
pub struct Due {
    pub target: TargetRecord,
    pub queued: Vec<Queued>,
}

/// What became of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    Delivered,
    /// To be sent again, not before that time.
    Retry(EpochMillis),
    /// Not to be sent again.
    GivenUp,
}

impl Settled {
    pub const fn outcome(self) -> NotifyOutcome {
        match self {
            Self::Delivered => NotifyOutcome::Delivered,
            Self::Retry(_) => NotifyOutcome::Failed,
            Self::GivenUp => NotifyOutcome::GivenUp,
        }
    }
}

/// As the log has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotifyOutcome {
    Delivered,
    /// It is sent again.
    Failed,
    GivenUp,
}

impl NotifyOutcome {
    pub const ALL: [Self; 3] = [Self::Delivered, Self::Failed, Self::GivenUp];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::GivenUp => "given up",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.name() == name)
    }
}

pub struct Attempt {
    pub target: String,
    /// Their places in the outbox; none for a test.
    pub seqs: Vec<i64>,
    pub id: Uuid,
    pub count: u64,
    /// Counts from 1.
    pub number: u64,
    pub at: EpochMillis,
    pub took: Duration,
    pub settled: Settled,
    /// What was answered, or what went wrong; without secrets.
    pub detail: String,
}

pub struct LogEntry {
    pub seq: u64,
    pub target: String,
    pub at: EpochMillis,
    pub id: Uuid,
    pub count: u64,
    pub attempt: u64,
    pub is_test: bool,
    pub outcome: NotifyOutcome,
    pub detail: String,
    pub took_ms: u64,
}

/// Notification targets, what waits for them and what became of it. Notifications enter the outbox in the transaction that
/// stores their event ([`super::EventStore::append`]), so that neither is there without the other.
pub trait NotifyStore: Send + Sync {
    fn add_target(&self, act: &Act, target: NewTarget) -> Result<(), TargetError>;
    /// By name.
    fn targets(&self) -> Result<Vec<TargetRecord>>;
    fn target(&self, name: &str) -> Result<Option<TargetRecord>>;
    fn change_target(&self, act: &Act, name: &str, change: TargetChange)
    -> Result<TargetRecord, TargetError>;
    /// With what waits for it and its log.
    fn remove_target(&self, act: &Act, name: &str) -> Result<(), TargetError>;

    /// The enabled targets, but for `busy`, for which something waits and whose pause is over.
    fn due(&self, now: EpochMillis, busy: &[String]) -> Result<Vec<Due>>;
    /// Writes an attempt down, and takes from the outbox what is not to be sent again.
    fn settle(&self, attempt: Attempt) -> Result<()>;
    /// Writes the attempt of a test down, for its target's log and the audit log.
    fn settle_test(&self, act: &Act, target: &str, attempt: Attempt) -> Result<()>;
    /// Newest first, at most `limit`; of one target by name, or of all.
    fn notify_log(&self, name: Option<&str>, limit: u64, cursor: Option<u64>) -> Result<Vec<LogEntry>>;
}
