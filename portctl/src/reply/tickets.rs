//! Tickets in issue trackers.

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ticket {
    pub(crate) issue_id: Option<String>,
    pub(crate) event_id: Option<String>,
    pub(crate) integration: String,
    pub(crate) key: String,
    pub(crate) url: String,
    pub(crate) state: String,
    pub(crate) tracker_state: String,
    pub(crate) problem: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct CreatedTickets {
    pub(crate) tickets: Vec<Value>,
    pub(crate) selected: u64,
    pub(crate) existing: u64,
    pub(crate) created: u64,
    pub(crate) failed: u64,
    pub(crate) queued: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct OneTicket {
    pub(crate) ticket: Value,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Integrations {
    pub(crate) integrations: Vec<Value>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ChangedIntegration {
    pub(crate) integration: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Integration {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) url: String,
    pub(crate) project: String,
    pub(crate) issue_type: String,
    pub(crate) enabled: bool,
    pub(crate) queued: u64,
    pub(crate) created: u64,
    pub(crate) failures: u64,
    pub(crate) problem: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IntegrationTest {
    pub(crate) works: bool,
    pub(crate) detail: String,
    pub(crate) took_ms: u64,
}
