//! Weaknesses of APIs.

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize)]
pub(crate) struct IssueList {
    pub(crate) issues: Vec<Value>,
    pub(crate) total: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Issue {
    pub(crate) issue_id: String,
    pub(crate) name: String,
    pub(crate) check_id: String,
    pub(crate) category: String,
    pub(crate) severity: String,
    pub(crate) method: String,
    pub(crate) host: String,
    pub(crate) endpoint: String,
    pub(crate) detail: String,
    pub(crate) status: String,
    pub(crate) reopened: bool,
    pub(crate) first_seen: i64,
    pub(crate) last_seen: i64,
    pub(crate) source: String,
    pub(crate) tags: Vec<String>,
    pub(crate) cwe: Vec<String>,
    pub(crate) ignored: Option<Ignored>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Ignored {
    pub(crate) reason: String,
    pub(crate) note: String,
    pub(crate) by: String,
    pub(crate) at: i64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IssueDetail {
    #[serde(flatten)]
    pub(crate) issue: Issue,
    pub(crate) description: String,
    pub(crate) impact: String,
    pub(crate) remediation: String,
    pub(crate) references: Vec<String>,
    pub(crate) cve: Vec<String>,
    pub(crate) evidence: Evidence,
    pub(crate) affected_endpoints: Vec<Affected>,
    pub(crate) affected_total: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Evidence {
    pub(crate) message: String,
    pub(crate) url: String,
    pub(crate) request: String,
    pub(crate) response: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Affected {
    pub(crate) method: String,
    pub(crate) host: String,
    pub(crate) endpoint: String,
    pub(crate) status: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UpdatedIssues {
    pub(crate) updated_count: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImportedIssues {
    pub(crate) found: u64,
    pub(crate) clean: u64,
    pub(crate) skipped: Vec<SkippedFinding>,
    pub(crate) skipped_count: u64,
    pub(crate) created: u64,
    pub(crate) reopened: u64,
    pub(crate) fixed: u64,
    pub(crate) left_out: u64,
}

#[derive(Debug, Deserialize)]
pub(crate) struct SkippedFinding {
    pub(crate) place: String,
    pub(crate) problem: String,
}
