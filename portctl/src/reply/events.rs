//! Events, and who and what they are about.

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventPage {
    pub(crate) malicious_events: Vec<Value>,
    pub(crate) total: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) actor: String,
    #[serde(flatten)]
    pub(crate) place: Place,
    pub(crate) filter_id: String,
    pub(crate) url: String,
    pub(crate) method: String,
    pub(crate) host: Option<String>,
    /// Epoch seconds.
    pub(crate) timestamp: i64,
    pub(crate) severity: String,
    pub(crate) category: String,
    pub(crate) sub_category: String,
    pub(crate) status: String,
    pub(crate) ref_id: String,
    pub(crate) event_type: String,
    #[serde(default)]
    pub(crate) successful_exploit: bool,
    #[serde(default)]
    pub(crate) blocked: bool,
    #[serde(default)]
    pub(crate) matched: Vec<Match>,
    #[serde(default)]
    pub(crate) success_evidence: Option<Evidence>,
    /// How many matches an AGGREGATED event stands for, or how many equal detections a SINGLE one.
    #[serde(default)]
    pub(crate) match_count: u64,
}

/// Where an address is.
#[derive(Debug, Deserialize)]
pub(crate) struct Place {
    #[serde(default)]
    country: String,
    /// What it is where it is nobody's in particular (RFC 6890).
    network: Option<String>,
}

impl Place {
    /// The country, else what kind of network it is.
    pub(crate) fn name(&self) -> &str {
        if self.country.is_empty() { self.network.as_deref().unwrap_or_default() } else { &self.country }
    }
}

/// Somebody who attacks, by their latest event.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Actor {
    pub(crate) id: String,
    #[serde(flatten)]
    pub(crate) place: Place,
    pub(crate) latest_attack: String,
    pub(crate) latest_api_method: String,
    pub(crate) latest_api_host: Option<String>,
    pub(crate) latest_api_endpoint: String,
    pub(crate) event_count: u64,
    pub(crate) first_seen_at: i64,
    pub(crate) last_seen_at: i64,
    pub(crate) status: String,
}

/// One event of an actor.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Deed {
    pub(crate) url: String,
    pub(crate) severity: String,
    pub(crate) sub_category: String,
    pub(crate) detected_at: i64,
    pub(crate) method: String,
    pub(crate) host: Option<String>,
}

/// An endpoint under attack.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Api {
    pub(crate) api: String,
    pub(crate) method: String,
    pub(crate) host: Option<String>,
    pub(crate) requests_count: u64,
    pub(crate) actors_count: u64,
    pub(crate) discovered_at: i64,
}

/// What in the response shows that the attack succeeded.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Evidence {
    pub(crate) kind: String,
    pub(crate) at: Option<Match>,
}

/// Byte offsets `start..end` in the original value at `location`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Match {
    pub(crate) location: String,
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) phrase: String,
    pub(crate) detector: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Samples {
    pub(crate) malicious_payloads_responses: Vec<Sample>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Sample {
    /// A JSON object as a string; see [`Exchange`].
    pub(crate) orig: String,
    pub(crate) ts: i64,
}

/// `orig`: the headers are JSON objects as strings once more.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Exchange {
    pub(crate) method: String,
    pub(crate) path: String,
    #[serde(rename = "type")]
    pub(crate) protocol: String,
    pub(crate) request_headers: String,
    pub(crate) request_payload: String,
    pub(crate) response_headers: String,
    pub(crate) response_payload: String,
    pub(crate) status: String,
}

/// How many events a change changed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Changed {
    updated_count: Option<usize>,
    deleted_count: Option<usize>,
}

impl Changed {
    pub(crate) fn count(&self) -> usize {
        self.updated_count.or(self.deleted_count).unwrap_or_default()
    }
}
