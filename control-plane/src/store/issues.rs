//! Weaknesses of APIs, found by scans. What proves nothing (an endpoint nobody called, a check that failed) is no
//! [`Observation`] and changes nothing.

use portcullis_detection::Severity;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Act, Listing, Page, Result};
use crate::clock::{EpochMillis, TimeRange};

/// Issues that an account keeps; what is found past them is counted and left out.
pub const MAX_ISSUES: u64 = 100_000;
/// Places where something was looked for and never found; those of the longest ago go first.
pub const MAX_NEVER_FOUND: u64 = 100_000;

/// Where a weakness is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Empty where it is no endpoint, as for a file of source code.
    pub method: String,
    pub host: String,
    /// A path with `{id}` for what changes, so that `/users/17` and `/users/18` are one place.
    pub template: String,
    /// Where in it: a parameter, a header, a line. Empty where it is the whole.
    pub detail: String,
}

/// One weakness at one place: the same for ever, whatever scan or sensor tells of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    pub fn of(weakness: &str, place: &Place) -> Self {
        let mut hash = Sha256::new();
        for part in [weakness, &place.method, &place.host, &place.template, &place.detail] {
            // The length first: no two lists of parts run together into the same bytes.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        let mut short = [0; 16];
        short.copy_from_slice(hash.finalize().split_at(16).0);
        Self(short)
    }

    /// As people see it: 32 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 16];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    pub(super) const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    pub(super) const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl std::fmt::Display for Fingerprint {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(&hex::encode(self.0))
    }
}

/// What kind of scan told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IssueSource {
    /// Checks over traffic that sensors saw.
    Passive,
    /// Requests sent to a target that somebody named.
    Active,
    /// A file of another tool's findings.
    Import,
}

impl IssueSource {
    pub const ALL: [Self; 3] = [Self::Passive, Self::Active, Self::Import];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Passive => "PASSIVE",
            Self::Active => "ACTIVE",
            Self::Import => "IMPORT",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.name() == name)
    }
}

/// What people read about a weakness, wherever it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct About {
    pub description: String,
    pub impact: String,
    pub remediation: String,
    pub tags: Vec<String>,
    pub cwe: Vec<String>,
    pub cve: Vec<String>,
    pub references: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weakness {
    pub id: String,
    pub name: String,
    pub category: String,
    pub severity: Severity,
    pub about: About,
}

/// What shows that a weakness is there: one exchange or message, without secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IssueEvidence {
    pub message: String,
    pub url: String,
    pub request: String,
    pub response: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Found {
        severity: Severity,
        evidence: IssueEvidence,
    },
    /// The place was tried again in a way that would have shown it, and did not.
    Clean,
}

/// What a scan proved about one weakness at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    pub weakness: String,
    pub place: Place,
    pub at: EpochMillis,
    pub verdict: Verdict,
}

impl Observation {
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.weakness, &self.place)
    }
}

/// All that a scan has to tell.
#[derive(Clone, Debug)]
pub struct Findings {
    pub source: IssueSource,
    /// When what the weaknesses are was told; a later telling replaces an earlier one.
    pub at: EpochMillis,
    pub weaknesses: Vec<Weakness>,
    pub observations: Vec<Observation>,
}

/// What findings changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    pub created: u64,
    pub reopened: u64,
    pub fixed: u64,
    /// For lack of room.
    pub left_out: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IssueStatus {
    Open,
    /// Found, and looked for in vain later.
    Fixed,
    Ignored,
}

impl IssueStatus {
    pub const ALL: [Self; 3] = [Self::Open, Self::Fixed, Self::Ignored];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Fixed => "FIXED",
            Self::Ignored => "IGNORED",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// Why somebody wants to hear no more of an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IgnoreReason {
    FalsePositive,
    AcceptableRisk,
    NoTimeToFix,
}

impl IgnoreReason {
    pub const ALL: [Self; 3] = [Self::FalsePositive, Self::AcceptableRisk, Self::NoTimeToFix];

    pub const fn name(self) -> &'static str {
        match self {
            Self::FalsePositive => "FALSE_POSITIVE",
            Self::AcceptableRisk => "ACCEPTABLE_RISK",
            Self::NoTimeToFix => "NO_TIME_TO_FIX",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignored {
    pub reason: IgnoreReason,
    pub note: String,
    pub by: String,
    pub at: EpochMillis,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    pub fingerprint: Fingerprint,
    pub weakness: Weakness,
    pub place: Place,
    /// The last scan that found it.
    pub source: IssueSource,
    /// At this place, which may differ from what the weakness usually is.
    pub severity: Severity,
    pub status: IssueStatus,
    pub first_found: EpochMillis,
    pub last_found: EpochMillis,
    pub last_clean: Option<EpochMillis>,
    pub evidence: IssueEvidence,
    pub ignored: Option<Ignored>,
}

impl Issue {
    /// Whether it was fixed once and has come back.
    pub fn is_reopened(&self) -> bool {
        self.last_clean.is_some_and(|clean| self.first_found < clean && clean <= self.last_found)
    }
}

/// Which issues. What is empty is any.
#[derive(Clone, Debug, Default)]
pub struct IssueFilter {
    /// `Some` of an empty list selects nothing.
    pub fingerprints: Option<Vec<Fingerprint>>,
    pub weaknesses: Vec<String>,
    pub severities: Vec<Severity>,
    pub categories: Vec<String>,
    pub hosts: Vec<String>,
    pub methods: Vec<String>,
    pub templates: Vec<String>,
    pub statuses: Vec<IssueStatus>,
    pub sources: Vec<IssueSource>,
    /// By when they were found last.
    pub range: Option<TimeRange>,
    /// In name, weakness, host, template or detail, ASCII letters without case.
    pub search: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssueSort {
    Severity,
    FirstFound,
    LastFound,
    Name,
    Endpoint,
}

/// How many of what a filter selects are in each status, whatever statuses the filter itself names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IssueCounts {
    pub open: u64,
    pub fixed: u64,
    pub ignored: u64,
}

pub trait IssueStore: Send + Sync {
    /// Durable when it returns. The same findings twice, or in another order, are as once. `act`: somebody brought them.
    fn observe(&self, act: Option<&Act>, findings: Findings) -> Result<Observed>;
    fn issues(&self, filter: &IssueFilter, page: &Page<IssueSort>) -> Result<(Listing<Issue>, IssueCounts)>;
    /// Ignores, or with `None` no longer ignores, exactly what the list shows for this filter. Gives how many.
    fn ignore_issues(&self, act: &Act, filter: &IssueFilter, ignored: Option<Ignored>) -> Result<u64>;
}
