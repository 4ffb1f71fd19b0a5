//! The numbers that columns hold. Those of `sensor.proto` where it has them, so that a dump reads like the wire.

use portcullis_detection::{DetectionType, EventType, Severity};

use crate::store::{EventStatus, Result, Role, StoreError};

pub(super) const fn severity(value: Severity) -> i64 {
    match value {
        Severity::Low => 1,
        Severity::Medium => 2,
        Severity::High => 3,
        Severity::Critical => 4,
    }
}

pub(super) fn severity_of(code: i64) -> Result<Severity> {
    match code {
        1 => Ok(Severity::Low),
        2 => Ok(Severity::Medium),
        3 => Ok(Severity::High),
        4 => Ok(Severity::Critical),
        other => Err(StoreError::Damaged(format!("severity {other}"))),
    }
}

pub(super) const fn event_type(value: EventType) -> i64 {
    match value {
        EventType::Single => 1,
        EventType::Aggregated => 2,
    }
}

pub(super) fn event_type_of(code: i64) -> Result<EventType> {
    match code {
        1 => Ok(EventType::Single),
        2 => Ok(EventType::Aggregated),
        other => Err(StoreError::Damaged(format!("event type {other}"))),
    }
}

pub(super) const fn detection_type(value: DetectionType) -> i64 {
    match value {
        DetectionType::RuleBased => 1,
        DetectionType::Anomaly => 2,
    }
}

pub(super) fn detection_type_of(code: i64) -> Result<DetectionType> {
    match code {
        1 => Ok(DetectionType::RuleBased),
        2 => Ok(DetectionType::Anomaly),
        other => Err(StoreError::Damaged(format!("detection type {other}"))),
    }
}

pub(super) const fn status(value: EventStatus) -> i64 {
    match value {
        EventStatus::Active => 0,
        EventStatus::UnderReview => 1,
        EventStatus::Ignored => 2,
    }
}

pub(super) fn status_of(code: i64) -> Result<EventStatus> {
    match code {
        0 => Ok(EventStatus::Active),
        1 => Ok(EventStatus::UnderReview),
        2 => Ok(EventStatus::Ignored),
        other => Err(StoreError::Damaged(format!("status {other}"))),
    }
}

/// Status, and 4 where the attack succeeded.
pub(super) const fn flags(of: EventStatus, successful: bool) -> i64 {
    status(of) | if successful { SUCCESSFUL } else { 0 }
}

pub(super) fn status_of_flags(flags: i64) -> Result<EventStatus> {
    status_of(flags & !SUCCESSFUL)
}

pub(super) const SUCCESSFUL: i64 = 4;

pub(super) fn role_of(name: &str) -> Result<Role> {
    Role::parse(name).ok_or_else(|| StoreError::Damaged(format!("role {name:?}")))
}

/// Counts that the database keeps as signed numbers and that are never negative.
pub(super) fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
