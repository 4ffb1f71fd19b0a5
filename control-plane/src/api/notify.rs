//! Notification targets. What opens one, its address behind the host included, comes in and is never shown again.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    ApiError,
    endpoint::{Call, Reply},
    filter::{bounded, severities},
    names,
};
use crate::{
    auth::{Secret, SecretKind},
    blocking::blocking,
    clock::EpochMillis,
    notify::{Access, BadTarget, Outcome},
    store::{
        Attempt, LogEntry, NewTarget, Settled, TargetChange, TargetError, TargetFilter, TargetKind,
        TargetRecord,
    },
};

const MAX_NAME: usize = 64;
const MAX_VALUE: usize = 200;
const DEFAULT_LIMIT: u64 = 100;
const MAX_LIMIT: u64 = 1_000;

#[derive(Serialize, ToSchema)]
pub(super) struct Targets {
    targets: Vec<NotifyTarget>,
    total: usize,
}

/// Where notifications go, and how that goes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NotifyTarget {
    name: String,
    kind: names::TargetKind,
    /// As far as it is no secret.
    address: String,
    /// Of which events it is told; empty is any.
    severity: Vec<String>,
    category: Vec<String>,
    policy: Vec<String>,
    enabled: bool,
    created_at: i64,
    created_by: String,
    queued: u64,
    delivered: u64,
    /// Attempts that failed.
    failed: u64,
    /// Never delivered: refused for good, or too old.
    given_up: u64,
    /// Found no room.
    dropped: u64,
    /// Attempts that failed since the last success.
    failures: u64,
    next_attempt_at: Option<i64>,
}

/// `fetchNotifyTargets`: by name.
pub(super) fn list(call: &Call) -> Reply<Targets> {
    let targets: Vec<_> = call.api.store.targets()?.into_iter().map(NotifyTarget::from).collect();
    Ok(Targets { total: targets.len(), targets })
}

#[derive(Deserialize, ToSchema)]
pub(super) struct Add {
    name: String,
    kind: String,
    url: String,
    secret: Option<String>,
}

/// Which events: absent is any, or what it was.
#[derive(Deserialize, ToSchema)]
pub(super) struct Filter {
    severity: Option<Vec<String>>,
    category: Option<Vec<String>>,
    policy: Option<Vec<String>>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Added {
    target: NotifyTarget,
    /// The secret that was made for it, shown this once; null where one was given, or none is needed.
    secret: Option<String>,
}

/// `addNotifyTarget`.
pub(super) fn add(call: &Call) -> Reply<Added> {
    let Add { name, kind, url, secret } = call.keys()?;
    let name = named(&name)?;
    let kind = TargetKind::parse(&kind)
        .ok_or_else(|| ApiError::invalid("kind", "is webhook, slack, syslog, splunk or otlp"))?;
    let made = match (kind, &secret) {
        (TargetKind::Webhook, None) => Some(Secret::generate(SecretKind::Webhook, None)?),
        _ => None,
    };
    let secret = made.as_ref().map(|made| made.reveal().to_owned()).or(secret).unwrap_or_default();
    let filter = filter(call, TargetFilter::default())?;
    let id = Uuid::now_v7().to_string();
    let (address, sealed) = call.api.notifier.seal(&id, kind, &Access { url, secret })?;
    let created_at = EpochMillis::now();
    let new = NewTarget { id, name: name.to_owned(), kind, shown: address, sealed, filter, created_at };
    call.api.store.add_target(&call.act(), new)?;
    Ok(Added { target: found(call, name)?.into(), secret: made.map(|made| made.reveal().to_owned()) })
}

#[derive(Deserialize, ToSchema)]
pub(super) struct Modify {
    name: String,
    enabled: Option<bool>,
    url: Option<String>,
    secret: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Modified {
    target: NotifyTarget,
}

/// `modifyNotifyTarget`.
pub(super) fn modify(call: &Call) -> Reply<Modified> {
    let Modify { name, enabled, url, secret } = call.keys()?;
    let before = found(call, &name)?;
    let sealed = match (url, secret) {
        (None, None) => None,
        // Whoever could point a known secret elsewhere would be sent it.
        (Some(_), None) if !matches!(before.kind, TargetKind::Slack | TargetKind::Syslog) => {
            return Err(ApiError::invalid(
                "secret",
                "comes with a new url: the one before is not sent there",
            ));
        }
        (Some(url), secret) => Some(Access { url, secret: secret.unwrap_or_default() }),
        (None, Some(secret)) => Some(Access { url: call.api.notifier.open(&before)?.url, secret }),
    };
    let sealed = sealed.map(|access| call.api.notifier.seal(&before.id, before.kind, &access)).transpose()?;
    let wanted = filter(call, before.filter.clone())?;
    let change = TargetChange { enabled, filter: (wanted != before.filter).then_some(wanted), sealed };
    let after = call.api.store.change_target(&call.act(), &name, change)?;
    call.api.notifier.wake();
    Ok(Modified { target: after.into() })
}

#[derive(Deserialize, ToSchema)]
pub(super) struct Named {
    name: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Removed {
    name: String,
}

/// `removeNotifyTarget`: with what waits for it.
pub(super) fn remove(call: &Call) -> Reply<Removed> {
    let Named { name } = call.keys()?;
    call.api.store.remove_target(&call.act(), &name)?;
    Ok(Removed { name })
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tested {
    name: String,
    delivered: bool,
    /// What was answered, or what went wrong.
    detail: String,
    /// The notification's.
    id: String,
    took_ms: u64,
}

/// `testNotifyTarget`: once, past the queue, also where it is disabled.
pub(super) async fn test(call: Call) -> Reply<Tested> {
    let Named { name } = call.keys()?;
    let (call, target) = blocking(move || {
        let target = found(&call, &name)?;
        Ok::<_, ApiError>((call, target))
    })
    .await?;
    let tried = call.api.notifier.test(&target).await;
    let (delivered, detail) = (matches!(tried.outcome, Outcome::Delivered(_)), tried.outcome.detail());
    let reply = Tested {
        name: target.name.clone(),
        delivered,
        detail: detail.clone(),
        id: tried.id.to_string(),
        took_ms: u64::try_from(tried.took.as_millis()).unwrap_or(u64::MAX),
    };
    let attempt = Attempt {
        target: target.id,
        seqs: Vec::new(),
        id: tried.id,
        count: 1,
        number: 1,
        at: tried.at,
        took: tried.took,
        settled: if delivered { Settled::Delivered } else { Settled::GivenUp },
        detail,
    };
    blocking(move || call.api.store.settle_test(&call.act(), &target.name, attempt)).await?;
    Ok(reply)
}

#[derive(Deserialize, ToSchema)]
pub(super) struct LogAsked {
    name: Option<String>,
    limit: Option<u64>,
    cursor: Option<u64>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Log {
    entries: Vec<NotifyAttempt>,
    /// Where to go on, as `cursor`; null at the end.
    next: Option<u64>,
}

/// What became of one attempt to deliver.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct NotifyAttempt {
    seq: u64,
    /// The target's.
    name: String,
    at: i64,
    id: String,
    /// Notifications in it.
    count: u64,
    /// Counts from 1.
    attempt: u64,
    is_test: bool,
    /// What failed is sent again.
    outcome: names::NotifyOutcome,
    detail: String,
    took_ms: u64,
}

/// `fetchNotifyLog`: newest first.
pub(super) fn log(call: &Call) -> Reply<Log> {
    let LogAsked { name, limit, cursor } = call.keys()?;
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if limit == 0 || limit > MAX_LIMIT {
        return Err(ApiError::invalid("limit", format_args!("is from 1 to {MAX_LIMIT}; go on with cursor")));
    }
    if let Some(name) = &name {
        found(call, name)?;
    }
    let entries = call.api.store.notify_log(name.as_deref(), limit, cursor)?;
    let is_last = (entries.len() as u64) < limit;
    let next = if is_last { None } else { entries.last().map(|entry| entry.seq) };
    Ok(Log { entries: entries.into_iter().map(NotifyAttempt::from).collect(), next })
}

fn found(call: &Call, name: &str) -> Result<TargetRecord, ApiError> {
    Ok(call.api.store.target(name)?.ok_or_else(|| TargetError::Unknown(name.to_owned()))?)
}

pub(super) fn named(name: &str) -> Result<&str, ApiError> {
    let name = name.trim();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._- ".contains(letter);
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(is_plain) {
        return Err(ApiError::invalid(
            "name",
            format_args!("has 1 to {MAX_NAME} ASCII letters, digits and . _ - or spaces"),
        ));
    }
    Ok(name)
}

fn filter(call: &Call, before: TargetFilter) -> Result<TargetFilter, ApiError> {
    let Filter { severity, category, policy } = call.keys()?;
    if let Some(names) = &severity {
        severities(names)?;
    }
    for (field, values) in [("category", &category), ("policy", &policy)] {
        let values = values.as_deref().unwrap_or_default();
        bounded(field, values.len())?;
        if values.iter().any(|value| value.is_empty() || value.len() > MAX_VALUE) {
            return Err(ApiError::invalid(
                field,
                format_args!("is a list of names of 1 to {MAX_VALUE} bytes"),
            ));
        }
    }
    Ok(TargetFilter {
        severity: severity.unwrap_or(before.severity),
        category: category.unwrap_or(before.category),
        policy: policy.unwrap_or(before.policy),
    })
}

impl From<TargetRecord> for NotifyTarget {
    fn from(target: TargetRecord) -> Self {
        Self {
            name: target.name,
            kind: target.kind.into(),
            address: target.shown,
            severity: target.filter.severity,
            category: target.filter.category,
            policy: target.filter.policy,
            enabled: target.enabled,
            created_at: target.created_at.seconds(),
            created_by: target.created_by,
            queued: target.queued,
            delivered: target.delivered,
            failed: target.failed,
            given_up: target.given_up,
            dropped: target.dropped,
            failures: target.failures,
            next_attempt_at: (target.failures > 0).then(|| target.next_at.seconds()),
        }
    }
}

impl From<LogEntry> for NotifyAttempt {
    fn from(entry: LogEntry) -> Self {
        Self {
            seq: entry.seq,
            name: entry.target,
            at: entry.at.seconds(),
            id: entry.id.to_string(),
            count: entry.count,
            attempt: entry.attempt,
            is_test: entry.is_test,
            outcome: entry.outcome.into(),
            detail: entry.detail,
            took_ms: entry.took_ms,
        }
    }
}

impl From<TargetError> for ApiError {
    fn from(error: TargetError) -> Self {
        match error {
            TargetError::Store(error) => error.into(),
            refused => Self::invalid("name", refused),
        }
    }
}

impl From<BadTarget> for ApiError {
    fn from(error: BadTarget) -> Self {
        match error {
            BadTarget::Store(error) => error.into(),
            BadTarget::Secret(problem) => Self::invalid("secret", problem),
            bad @ (BadTarget::Url(_) | BadTarget::Sealed) => Self::invalid("url", bad),
        }
    }
}
