//! What sensors are told to do, and how many do it.

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
pub(crate) struct Blocklist {
    pub(crate) blocks: Vec<Value>,
    #[serde(default)]
    pub(crate) total: u64,
    /// Where the next page begins.
    #[serde(default)]
    pub(crate) next: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Block {
    pub(crate) cidr: String,
    #[serde(default)]
    pub(crate) reason: Option<String>,
    #[serde(default)]
    pub(crate) author: Option<String>,
    /// Epoch seconds.
    pub(crate) created_at: i64,
    /// Epoch seconds; `None` is permanent.
    pub(crate) expires_at: Option<i64>,
    pub(crate) sensors: Applied,
    #[serde(default)]
    pub(crate) refusals: Vec<Refusal>,
    #[serde(default)]
    pub(crate) hits: Hits,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Suppressions {
    pub(crate) suppressions: Vec<Value>,
    pub(crate) total: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Suppression {
    pub(crate) id: String,
    pub(crate) actor: String,
    pub(crate) filter_id: String,
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) host: String,
    pub(crate) reason: String,
    pub(crate) author: String,
    pub(crate) expires_at: Option<i64>,
    pub(crate) hits: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct CaptureRules {
    pub(crate) rules: Vec<Value>,
    /// Of a change.
    #[serde(default)]
    pub(crate) sensors: Applied,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CaptureRule {
    pub(crate) cidr: Option<String>,
    pub(crate) port: Option<u16>,
    pub(crate) mode: String,
    #[serde(default)]
    pub(crate) reason: String,
    #[serde(default)]
    pub(crate) author: String,
    /// Epoch seconds.
    pub(crate) created_at: i64,
}

/// How many sensors a revision must reach, and how many have it.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(crate) struct Applied {
    pub(crate) total: u64,
    pub(crate) applied: u64,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(crate) struct Hits {
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
}

/// What a change of the block list came to.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pushed {
    /// What is in force now; absent where a block was lifted, or is over already.
    #[serde(default)]
    pub(crate) block: Option<Block>,
    pub(crate) revision: u64,
    pub(crate) sensors: Applied,
    #[serde(default)]
    pub(crate) refusals: Vec<Refusal>,
    /// What sensors would not do that is no block.
    #[serde(default)]
    pub(crate) refused: Vec<Refused>,
    /// Connected sensors that have not applied it, or the first of them.
    #[serde(default)]
    pub(crate) behind: Vec<Behind>,
    #[serde(default)]
    pub(crate) took_ms: Option<f64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Refused {
    pub(crate) node: String,
    pub(crate) what: String,
    pub(crate) reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Behind {
    pub(crate) sensor_id: String,
    pub(crate) node: String,
    pub(crate) applied_revision: u64,
    /// Epoch seconds.
    #[serde(default)]
    pub(crate) last_seen: Option<i64>,
}

/// What became of one call of an import.
#[derive(Debug, Deserialize)]
pub(crate) struct Imported {
    pub(crate) accepted: u64,
    pub(crate) problems: Vec<Problem>,
    pub(crate) revision: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Problem {
    pub(crate) index: usize,
    pub(crate) problem: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct AllowList {
    pub(crate) allowed: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AllowedEntry {
    pub(crate) cidr: String,
    #[serde(default)]
    pub(crate) reason: String,
    #[serde(default)]
    pub(crate) author: String,
    /// Epoch seconds.
    pub(crate) created_at: i64,
    pub(crate) sensors: Applied,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Refusal {
    pub(crate) sensor_id: String,
    pub(crate) cidr: String,
    pub(crate) reason: String,
}
