//! Targets of notifications.

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
pub(crate) struct NotifyTargets {
    pub(crate) targets: Vec<Value>,
}

/// May have a secret in it, which must not reach a debug print.
#[derive(Deserialize)]
pub(crate) struct ChangedTarget {
    pub(crate) target: Value,
    pub(crate) secret: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NotifyTarget {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) address: String,
    pub(crate) severity: Vec<String>,
    pub(crate) category: Vec<String>,
    pub(crate) policy: Vec<String>,
    pub(crate) enabled: bool,
    pub(crate) queued: u64,
    pub(crate) delivered: u64,
    pub(crate) given_up: u64,
    pub(crate) dropped: u64,
    /// Since the last success.
    pub(crate) failures: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NotifyTest {
    pub(crate) delivered: bool,
    pub(crate) detail: String,
    pub(crate) took_ms: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct NotifyLog {
    pub(crate) entries: Vec<Value>,
    pub(crate) next: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NotifyAttempt {
    pub(crate) name: String,
    /// Epoch seconds.
    pub(crate) at: i64,
    pub(crate) id: String,
    pub(crate) count: u64,
    pub(crate) attempt: u64,
    pub(crate) is_test: bool,
    pub(crate) outcome: String,
    pub(crate) detail: String,
    pub(crate) took_ms: u64,
}
