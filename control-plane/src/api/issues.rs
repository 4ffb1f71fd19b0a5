//! Weaknesses of APIs, as scans found them.

mod filter;
mod import;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(super) use self::{
    filter::FilterKeys,
    import::{Document, import},
};
use super::{
    ApiError,
    endpoint::{Call, Reply},
    names::{IgnoreReason, IssueSource, IssueStatus, Severity},
    sort::Paging,
    tickets::{self, TicketRef},
};
use crate::{
    clock::EpochMillis,
    store::{self, Ignored, Issue, IssueFilter, IssueSort, Order, Page, Subject},
};

const SORTS: [(&str, IssueSort); 5] = [
    ("severity", IssueSort::Severity),
    ("lastSeen", IssueSort::LastFound),
    ("firstSeen", IssueSort::FirstFound),
    ("name", IssueSort::Name),
    ("endpoint", IssueSort::Endpoint),
];
/// More endpoints of one weakness are told as a number.
const MAX_AFFECTED: u64 = 1_000;
const MAX_NOTE: usize = 1_000;

#[derive(Serialize, ToSchema)]
pub(super) struct Listed {
    issues: Vec<IssueRow>,
    total: u64,
    counts: Counts,
}

/// How many issues the other keys of the request select, whatever `statusFilter` says.
#[derive(Serialize, ToSchema)]
#[schema(as = IssueCounts)]
struct Counts {
    open: u64,
    fixed: u64,
    ignored: u64,
}

/// One weakness at one place.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct IssueRow {
    /// Of weakness and place: the same in every scan.
    issue_id: String,
    name: String,
    check_id: String,
    category: String,
    severity: Severity,
    /// Empty where the place is no endpoint, as a file of source code.
    method: String,
    host: String,
    /// A path with `{id}` for what changes, or a file.
    endpoint: String,
    /// Where in it: a parameter, a header, a function. Empty where it is the whole.
    detail: String,
    status: IssueStatus,
    /// Fixed once, and found again.
    reopened: bool,
    first_seen: i64,
    last_seen: i64,
    /// When a scan last tried the endpoint and did not find it.
    last_clean_at: Option<i64>,
    /// Of the scan that found it last.
    source: IssueSource,
    tags: Vec<String>,
    cwe: Vec<String>,
    ignored: Option<IgnoredBy>,
    ticket: Option<TicketRef>,
}

#[derive(Serialize, ToSchema)]
struct IgnoredBy {
    reason: IgnoreReason,
    note: String,
    by: String,
    at: i64,
}

/// `fetchIssues`: a page at a time, the gravest first.
pub(super) fn list(call: &Call) -> Reply<Listed> {
    let (keys, paging): (FilterKeys, Paging) = (call.keys()?, call.keys()?);
    let mut page = paging.page(&SORTS, (IssueSort::Severity, Order::Descending))?;
    page.sort.push((IssueSort::LastFound, Order::Descending));
    let (listing, counts) = call.api.store.issues(&keys.filter()?, &page)?;
    let subject = |issue: &Issue| Subject::Issue(issue.fingerprint);
    let mut tickets = tickets::of(&call.api, listing.rows.iter().map(subject))?;
    let row = |issue: &Issue| row(issue, tickets.remove(&subject(issue)));
    Ok(Listed {
        issues: listing.rows.iter().map(row).collect(),
        total: listing.total,
        counts: Counts { open: counts.open, fixed: counts.fixed, ignored: counts.ignored },
    })
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Named {
    issue_id: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    issue: IssueDetail,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct IssueDetail {
    #[serde(flatten)]
    row: IssueRow,
    description: String,
    impact: String,
    /// Markdown.
    remediation: String,
    references: Vec<String>,
    cve: Vec<String>,
    evidence: Evidence,
    /// Every place with this weakness, this one too; at most 1,000.
    affected_endpoints: Vec<Affected>,
    affected_total: u64,
}

/// What showed it last, with secrets masked.
#[derive(Serialize, ToSchema)]
#[schema(as = IssueEvidence)]
struct Evidence {
    message: String,
    url: String,
    request: String,
    response: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AffectedEndpoint)]
struct Affected {
    issue_id: String,
    method: String,
    host: String,
    endpoint: String,
    detail: String,
    status: IssueStatus,
    last_seen: i64,
}

/// `fetchIssue`: all there is to read about one.
pub(super) fn show(call: &Call) -> Reply<Shown> {
    let Named { issue_id } = call.keys()?;
    let fingerprints = Some(vec![filter::fingerprint("issueId", &issue_id)?]);
    let page = |limit| Page { skip: 0, limit, sort: vec![(IssueSort::Endpoint, Order::Ascending)] };
    let named = IssueFilter { fingerprints, ..IssueFilter::default() };
    let (found, _) = call.api.store.issues(&named, &page(1))?;
    let Some(issue) = found.rows.into_iter().next() else {
        return Err(ApiError::invalid(
            "issueId",
            "there is no such issue; fetchIssues shows those there are",
        ));
    };
    let same = IssueFilter { weaknesses: vec![issue.weakness.id.clone()], ..IssueFilter::default() };
    let (affected, _) = call.api.store.issues(&same, &page(MAX_AFFECTED))?;
    let subject = Subject::Issue(issue.fingerprint);
    let ticket = tickets::of(&call.api, std::iter::once(subject))?.remove(&subject);
    Ok(Shown { issue: detail(issue, ticket, affected) })
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Update {
    /// `OPEN` or `IGNORED`: what is fixed, scans find out.
    status: String,
    /// `FALSE_POSITIVE`, `ACCEPTABLE_RISK` or `NO_TIME_TO_FIX`; goes with `IGNORED`, and `IGNORED` needs it.
    ignore_reason: Option<String>,
    #[serde(default)]
    note: String,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Updated {
    update_success: bool,
    update_message: String,
    updated_count: u64,
}

/// `updateIssueStatus` and `bulkUpdateIssueStatus`: of exactly the issues that these keys list.
pub(super) fn update(call: &Call) -> Reply<Updated> {
    let (keys, update): (FilterKeys, Update) = (call.keys()?, call.keys()?);
    if keys.is_empty() {
        return Err(ApiError::invalid("issueIds", "name issues by issueId, issueIds or a filter"));
    }
    let ignored = update.ignored(call)?;
    let updated = call.api.store.ignore_issues(&call.act(), &keys.filter()?, ignored.clone())?;
    call.api.tickets.wake();
    let became = if ignored.is_some() { "ignored now" } else { "no longer ignored" };
    Ok(Updated {
        update_success: true,
        update_message: format!("{updated} issues are {became}"),
        updated_count: updated,
    })
}

impl Update {
    fn ignored(&self, call: &Call) -> Result<Option<Ignored>, ApiError> {
        let reason = self.ignore_reason.as_deref();
        match (store::IssueStatus::parse(&self.status), reason) {
            (Some(store::IssueStatus::Open), None) => Ok(None),
            (Some(store::IssueStatus::Open), Some(_)) => {
                Err(ApiError::invalid("ignoreReason", "goes with status IGNORED"))
            }
            (Some(store::IssueStatus::Ignored), reason) => Ok(Some(Ignored {
                reason: reason.and_then(store::IgnoreReason::parse).ok_or_else(|| {
                    let known = store::IgnoreReason::ALL.map(store::IgnoreReason::name).join(", ");
                    ApiError::invalid("ignoreReason", format_args!("says why: one of {known}"))
                })?,
                note: self.note()?,
                by: call.caller.by.name.clone(),
                at: EpochMillis::now(),
            })),
            (Some(store::IssueStatus::Fixed), _) => Err(ApiError::invalid(
                "status",
                "FIXED is for scans to say: one that tries the endpoint again and does not find it",
            )),
            (None, _) => {
                Err(ApiError::invalid("status", format_args!("{:?} is none of OPEN, IGNORED", self.status)))
            }
        }
    }

    fn note(&self) -> Result<String, ApiError> {
        if self.note.len() > MAX_NOTE {
            return Err(ApiError::invalid("note", format_args!("is at most {MAX_NOTE} bytes")));
        }
        Ok(self.note.clone())
    }
}

fn row(issue: &Issue, ticket: Option<TicketRef>) -> IssueRow {
    let Issue { weakness, place, .. } = issue;
    IssueRow {
        issue_id: issue.fingerprint.to_string(),
        name: weakness.name.clone(),
        check_id: weakness.id.clone(),
        category: weakness.category.clone(),
        severity: issue.severity.into(),
        method: place.method.clone(),
        host: place.host.clone(),
        endpoint: place.template.clone(),
        detail: place.detail.clone(),
        status: issue.status.into(),
        reopened: issue.is_reopened(),
        first_seen: issue.first_found.seconds(),
        last_seen: issue.last_found.seconds(),
        last_clean_at: issue.last_clean.map(EpochMillis::seconds),
        source: issue.source.into(),
        tags: weakness.about.tags.clone(),
        cwe: weakness.about.cwe.clone(),
        ignored: issue.ignored.as_ref().map(|one| IgnoredBy {
            reason: one.reason.into(),
            note: one.note.clone(),
            by: one.by.clone(),
            at: one.at.seconds(),
        }),
        ticket,
    }
}

fn detail(issue: Issue, ticket: Option<TicketRef>, affected: store::Listing<Issue>) -> IssueDetail {
    let row = row(&issue, ticket);
    let (about, evidence) = (issue.weakness.about, issue.evidence);
    let endpoint = |one: Issue| Affected {
        issue_id: one.fingerprint.to_string(),
        method: one.place.method,
        host: one.place.host,
        endpoint: one.place.template,
        detail: one.place.detail,
        status: one.status.into(),
        last_seen: one.last_found.seconds(),
    };
    IssueDetail {
        row,
        description: about.description,
        impact: about.impact,
        remediation: about.remediation,
        references: about.references,
        cve: about.cve,
        evidence: Evidence {
            message: evidence.message,
            url: evidence.url,
            request: evidence.request,
            response: evidence.response,
        },
        affected_total: affected.total,
        affected_endpoints: affected.rows.into_iter().map(endpoint).collect(),
    }
}
