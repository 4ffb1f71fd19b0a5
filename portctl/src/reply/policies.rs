//! Policies that the control plane keeps, and what a trial of one finds.

use serde::Deserialize;
use serde_json::Value;

use super::Match;

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
    pub(crate) event_id: Option<String>,
    pub(crate) actor: Option<String>,
    pub(crate) method: Option<String>,
    pub(crate) url: Option<String>,
    pub(crate) event_type: String,
    pub(crate) matched: Vec<Match>,
}
