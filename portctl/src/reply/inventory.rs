//! Endpoints that sensors have seen.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
pub(crate) struct InventoryList {
    pub(crate) endpoints: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InventoryEndpoint {
    pub(crate) method: String,
    pub(crate) host: String,
    pub(crate) template: String,
    pub(crate) requests: u64,
    /// Requests by status of the answer.
    pub(crate) statuses: BTreeMap<String, u64>,
    /// Requests by kind of credentials.
    pub(crate) auth: BTreeMap<String, u64>,
    pub(crate) parameters: Vec<InventoryParameter>,
    /// Kinds of sensitive data; none from a control plane that does not know of it.
    #[serde(default)]
    pub(crate) sensitive_in_requests: Vec<String>,
    #[serde(default)]
    pub(crate) sensitive_in_responses: Vec<String>,
    pub(crate) last_seen: i64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct InventoryParameter {
    pub(crate) name: String,
    pub(crate) types: Vec<String>,
}
