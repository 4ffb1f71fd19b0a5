//! The filter keys of `fetchIssues`, which updates take, too.

use serde::Deserialize;
use utoipa::ToSchema;

use super::super::{
    ApiError,
    filter::{MAX_SEARCH, bounded, parsed, severity},
};
use crate::{
    clock::TimeRange,
    store::{Fingerprint, IssueFilter, IssueSource, IssueStatus},
};

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
#[schema(as = IssueFilterKeys)]
pub(in crate::api) struct FilterKeys {
    issue_id: Option<String>,
    issue_ids: Option<Vec<String>>,
    check_ids: Vec<String>,
    severity: Vec<String>,
    category: Vec<String>,
    hosts: Vec<String>,
    method: Vec<String>,
    /// Path templates, as rows have them.
    endpoints: Vec<String>,
    /// `OPEN`, `FIXED` or `IGNORED`; absent for all.
    status_filter: Option<String>,
    source: Vec<String>,
    search_text: String,
    start_timestamp: u64,
    end_timestamp: u64,
}

impl FilterKeys {
    pub(in crate::api) fn is_empty(&self) -> bool {
        let lists =
            [&self.check_ids, &self.severity, &self.category, &self.hosts, &self.method, &self.endpoints];
        self.issue_id.is_none()
            && self.issue_ids.is_none()
            && lists.into_iter().all(Vec::is_empty)
            && self.source.is_empty()
            && self.status_filter.is_none()
            && self.search_text.is_empty()
            && self.start_timestamp == 0
            && self.end_timestamp == 0
    }

    pub(in crate::api) fn filter(self) -> Result<IssueFilter, ApiError> {
        for (name, length) in [
            ("issueIds", self.issue_ids.as_ref().map_or(0, Vec::len)),
            ("checkIds", self.check_ids.len()),
            ("severity", self.severity.len()),
            ("category", self.category.len()),
            ("hosts", self.hosts.len()),
            ("method", self.method.len()),
            ("endpoints", self.endpoints.len()),
            ("source", self.source.len()),
        ] {
            bounded(name, length)?;
        }
        if self.search_text.len() > MAX_SEARCH {
            return Err(ApiError::invalid("searchText", format_args!("is at most {MAX_SEARCH} bytes long")));
        }
        let status = |name: &String| {
            IssueStatus::parse(name).ok_or_else(|| {
                ApiError::invalid("statusFilter", format_args!("{name:?} is none of OPEN, FIXED, IGNORED"))
            })
        };
        let is_open = self.start_timestamp == 0 && self.end_timestamp == 0;
        Ok(IssueFilter {
            fingerprints: self.fingerprints()?,
            severities: parsed("severity", &self.severity, "CRITICAL, HIGH, MEDIUM, LOW", severity)?,
            statuses: self.status_filter.iter().map(status).collect::<Result<_, _>>()?,
            sources: parsed("source", &self.source, "PASSIVE, ACTIVE, IMPORT", IssueSource::parse)?,
            range: (!is_open).then(|| TimeRange::inclusive_seconds(self.start_timestamp, self.end_timestamp)),
            weaknesses: self.check_ids,
            categories: self.category,
            hosts: self.hosts,
            methods: self.method,
            templates: self.endpoints,
            search: self.search_text,
        })
    }

    fn fingerprints(&self) -> Result<Option<Vec<Fingerprint>>, ApiError> {
        let given = match (&self.issue_id, &self.issue_ids) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => return Err(ApiError::invalid("issueId", "goes without issueIds")),
            (Some(id), None) => vec![("issueId", id)],
            (None, Some(ids)) => ids.iter().map(|id| ("issueIds", id)).collect(),
        };
        given.into_iter().map(|(field, id)| fingerprint(field, id)).collect::<Result<_, _>>().map(Some)
    }
}

pub(super) fn fingerprint(field: &str, id: &str) -> Result<Fingerprint, ApiError> {
    Fingerprint::parse(id).ok_or_else(|| {
        ApiError::invalid(field, format_args!("{id:?} is no issue's id: 32 hexadecimal digits"))
    })
}
