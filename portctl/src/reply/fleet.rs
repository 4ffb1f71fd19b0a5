//! Sensors, and what they miss.

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
pub(crate) struct Fleet {
    pub(crate) sensors: Vec<Value>,
    pub(crate) revision: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sensor {
    pub(crate) id: String,
    pub(crate) node: String,
    pub(crate) version: String,
    #[serde(default)]
    pub(crate) capture_mode: Option<String>,
    #[serde(default)]
    pub(crate) enforcement_mode: Option<String>,
    #[serde(default)]
    pub(crate) interfaces: Vec<Interface>,
    pub(crate) connected: bool,
    pub(crate) applied_revision: u64,
    /// Epoch seconds; `None` or 0 is never.
    #[serde(default)]
    pub(crate) last_seen: Option<i64>,
    #[serde(default)]
    pub(crate) revoked_at: Option<i64>,
    #[serde(default)]
    pub(crate) counters: serde_json::Map<String, Value>,
    #[serde(default)]
    pub(crate) ingest: Ingest,
    #[serde(default)]
    pub(crate) automatic_blocking: Option<AutomaticBlocking>,
    /// Those that are open.
    #[serde(default)]
    pub(crate) coverage_alerts: Vec<CoverageAlert>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct AlertList {
    pub(crate) alerts: Vec<Value>,
}

/// Where a sensor sees or blocks less than it should.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CoverageAlert {
    pub(crate) id: u64,
    pub(crate) node: String,
    pub(crate) kind: String,
    pub(crate) severity: String,
    pub(crate) detail: String,
    /// Epoch seconds.
    pub(crate) opened_at: i64,
    #[serde(default)]
    pub(crate) closed_at: Option<i64>,
}

/// Whether policies may block: `armed`, `tripped` or `off`.
#[derive(Debug, Deserialize)]
pub(crate) struct AutomaticBlocking {
    pub(crate) mode: String,
    #[serde(default)]
    pub(crate) reason: String,
}

/// What became of a sensor's events at the control plane.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ingest {
    #[serde(default)]
    pub(crate) rejected: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Interface {
    pub(crate) name: String,
    pub(crate) gate: String,
    pub(crate) tap: String,
    /// Tells of [`Self::ahead_of_tap`], too.
    #[serde(default)]
    pub(crate) note: String,
    /// Programs of others that packets meet before the tap.
    #[serde(default)]
    pub(crate) ahead_of_tap: Vec<String>,
}

impl Sensor {
    /// Revisions that it has not applied yet.
    pub(crate) fn behind(&self, revision: u64) -> u64 {
        revision.saturating_sub(self.applied_revision)
    }

    /// Why policies block nobody any more, where their limits have tripped.
    pub(crate) fn tripped(&self) -> Option<&str> {
        let blocking = self.automatic_blocking.as_ref()?;
        (blocking.mode == "tripped").then_some(blocking.reason.as_str())
    }

    /// `None` where it has not reported such.
    pub(crate) fn counter(&self, name: &str) -> Option<u64> {
        self.counters.get(name)?.as_u64()
    }
}
