//! Who may ask: users, keys, accounts, and what they did.

use serde::Deserialize;
use serde_json::Value;

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
