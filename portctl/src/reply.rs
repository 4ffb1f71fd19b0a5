//! What the control plane answers, as far as a person reads it. JSON output passes on the server's own objects.

use std::collections::BTreeMap;

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

/// Somebody who attacks, by their latest event.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Actor {
    pub(crate) id: String,
    pub(crate) country: String,
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
pub(crate) struct Templates {
    pub(crate) templates: Vec<Value>,
}

/// A policy as the control plane has it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Template {
    pub(crate) id: String,
    pub(crate) content: String,
    pub(crate) author: String,
    /// Epoch seconds.
    pub(crate) updated_at: Option<i64>,
    pub(crate) info: TemplateInfo,
    pub(crate) origin: String,
    pub(crate) in_force: bool,
    pub(crate) mode: String,
    /// `None` where nothing was ever saved over the built-in one.
    pub(crate) version: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct TemplateInfo {
    pub(crate) severity: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct TemplateVersions {
    pub(crate) versions: Vec<Value>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct TemplateVersion {
    pub(crate) version: u64,
    pub(crate) step: String,
    pub(crate) digest: String,
    pub(crate) author: String,
    pub(crate) at: i64,
    pub(crate) revision: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Trial {
    pub(crate) matches: Vec<Value>,
    pub(crate) evaluated: u64,
    pub(crate) matching: u64,
    pub(crate) total: u64,
    pub(crate) is_cut: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrialMatch {
    #[serde(default)]
    pub(crate) event_id: String,
    #[serde(default)]
    pub(crate) actor: String,
    #[serde(default)]
    pub(crate) method: String,
    #[serde(default)]
    pub(crate) url: String,
    pub(crate) event_type: String,
    pub(crate) matched: Vec<Match>,
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

#[derive(Debug, Deserialize)]
pub(crate) struct UserList {
    pub(crate) users: Vec<Value>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct ChangedUser {
    pub(crate) user: Value,
}

/// Times are epoch seconds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) created_at: i64,
    pub(crate) password_changed_at: i64,
    pub(crate) last_log_in_at: Option<i64>,
    pub(crate) disabled_at: Option<i64>,
    #[serde(default)]
    pub(crate) sessions: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct KeyList {
    pub(crate) keys: Vec<Value>,
}

/// Times are epoch seconds.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) created_at: i64,
    #[serde(default)]
    pub(crate) created_by: String,
    pub(crate) last_used_at: Option<i64>,
    pub(crate) expires_at: Option<i64>,
    pub(crate) revoked_at: Option<i64>,
}

/// The one reply that has the key itself; it must not reach a debug print.
#[derive(Deserialize)]
pub(crate) struct MadeKey {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) name: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct AuditPage {
    pub(crate) entries: Vec<Value>,
    pub(crate) total: u64,
    pub(crate) next: Option<u64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct AuditEntry {
    /// Epoch seconds.
    pub(crate) at: i64,
    pub(crate) kind: String,
    pub(crate) who: String,
    /// `None` on the control plane's own machine.
    pub(crate) from: Option<String>,
    pub(crate) action: String,
    pub(crate) object: String,
    pub(crate) before: Value,
    pub(crate) after: Value,
}

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

#[derive(Debug, Deserialize)]
pub(crate) struct AccountList {
    pub(crate) accounts: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) name: String,
    /// Epoch seconds.
    pub(crate) created_at: i64,
    pub(crate) created_by: String,
    #[serde(default)]
    pub(crate) removed_at: Option<i64>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct MadeAccount {
    pub(crate) id: String,
    pub(crate) key: String,
}

#[derive(Debug, Deserialize)]
pub(crate) struct VniMapping {
    pub(crate) yaml: String,
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
