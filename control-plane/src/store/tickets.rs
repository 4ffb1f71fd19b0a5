//! Tickets in issue trackers: where they are made, which event or issue has which, and how the two stand to each other.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Act, Fingerprint, Issue, IssueStatus, Listing, Result, StoreError};
use crate::clock::EpochMillis;

/// Tickets that an account keeps.
pub const MAX_TICKETS: u64 = 10_000;

/// What an issue tracker speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackerKind {
    /// REST API 3.
    JiraCloud,
    /// Jira Data Center and Server, REST API 2.
    JiraServer,
    /// Work items of Azure DevOps, REST API 7.1.
    AzureBoards,
}

impl TrackerKind {
    pub const ALL: [Self; 3] = [Self::JiraCloud, Self::JiraServer, Self::AzureBoards];

    pub const fn name(self) -> &'static str {
        match self {
            Self::JiraCloud => "jiraCloud",
            Self::JiraServer => "jiraServer",
            Self::AzureBoards => "azureBoards",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// All of an integration but what opens it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IntegrationSettings {
    pub url: String,
    pub project: String,
    pub issue_type: String,
    /// Where people reach the console; empty where tickets hold no link to it.
    pub console_url: String,
    /// Templates.
    pub summary: String,
    pub description: String,
    /// Further fields of each new ticket, as the tracker names them.
    pub fields: Map<String, Value>,
    pub states: StateMapping,
}

/// What the tracker's states mean. What is empty is told by the categories that the tracker itself puts them in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StateMapping {
    /// Where a ticket goes when its issue is fixed or ignored.
    pub close: String,
    /// Where it goes when that is no longer so.
    pub reopen: String,
    /// Count as done besides those whose category says so.
    pub done: Vec<String>,
    /// States or resolutions by which people say that an issue is to be ignored, and as what.
    pub ignore: BTreeMap<String, String>,
}

pub struct NewIntegration {
    pub id: String,
    pub name: String,
    pub kind: TrackerKind,
    pub settings: IntegrationSettings,
    /// Credentials, which the store cannot read.
    pub sealed: Vec<u8>,
    pub created_at: EpochMillis,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Integration {
    pub id: String,
    pub name: String,
    pub kind: TrackerKind,
    pub settings: IntegrationSettings,
    pub sealed: Vec<u8>,
    pub enabled: bool,
    pub created_at: EpochMillis,
    pub created_by: String,
    /// Tickets that wait to be made.
    pub queued: u64,
    pub created: u64,
    /// Changes that tickets were told of.
    pub updated: u64,
    /// Attempts of either that failed.
    pub failed: u64,
    /// Since the tracker last answered as it should.
    pub failures: u64,
    pub next_at: EpochMillis,
    pub polled_at: Option<EpochMillis>,
    /// What failed last; empty where nothing does.
    pub problem: String,
}

/// What becomes different; `None` stays as it is.
#[derive(Default)]
pub struct IntegrationChange {
    pub enabled: Option<bool>,
    pub settings: Option<IntegrationSettings>,
    pub sealed: Option<Vec<u8>>,
}

#[derive(Debug, thiserror::Error)]
pub enum IntegrationError {
    #[error("there is an integration {0:?} already")]
    Exists(String),
    #[error("there is no integration {0:?}; fetchTicketIntegrations shows those there are")]
    Unknown(String),
    #[error("these are {0} integrations, the most there can be")]
    TooMany(u64),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a ticket is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    Event(Uuid),
    Issue(Fingerprint),
}

impl Subject {
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Event(_) => "event",
            Self::Issue(_) => "issue",
        }
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Event(id) => id.fmt(to),
            Self::Issue(fingerprint) => fingerprint.fmt(to),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketState {
    /// Not made yet.
    Queued,
    Open,
    /// At the tracker. Whether the weakness is gone, scans find out.
    Done,
    /// The tracker refused to make it.
    Failed,
    /// The tracker does not know it any more.
    Gone,
}

impl TicketState {
    pub const ALL: [Self; 5] = [Self::Queued, Self::Open, Self::Done, Self::Failed, Self::Gone];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Open => "OPEN",
            Self::Done => "DONE",
            Self::Failed => "FAILED",
            Self::Gone => "GONE",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    pub seq: i64,
    /// By which the tracker finds it again where nobody heard its answer.
    pub mark: Uuid,
    pub integration_id: String,
    pub integration: String,
    pub tracker: TrackerKind,
    pub subject: Subject,
    pub state: TicketState,
    /// Empty where it is not made yet.
    pub key: String,
    pub url: String,
    /// As the tracker calls it.
    pub tracker_state: String,
    /// What the ticket was last told of its subject; an event is open or ignored.
    pub told: IssueStatus,
    pub done_at: Option<EpochMillis>,
    /// Made by people, not from here.
    pub is_linked: bool,
    pub created_at: EpochMillis,
    pub created_by: String,
    /// When the tracker last told of it.
    pub synced_at: Option<EpochMillis>,
    /// In a row that failed, or may have.
    pub attempts: u64,
    pub next_at: EpochMillis,
    /// What failed last; empty where nothing does.
    pub problem: String,
}

/// A ticket that people made.
pub struct NewLink {
    pub integration_id: String,
    pub subject: Subject,
    pub told: IssueStatus,
    pub key: String,
    pub url: String,
    pub tracker_state: String,
    pub is_done: bool,
    pub at: EpochMillis,
}

/// Which tickets. What is empty is any.
#[derive(Clone, Debug, Default)]
pub struct TicketFilter {
    /// Names.
    pub integrations: Vec<String>,
    pub states: Vec<TicketState>,
    pub keys: Vec<String>,
    /// `Some` of an empty list selects nothing.
    pub subjects: Option<Vec<Subject>>,
}

/// A ticket of an issue that stands otherwise than the ticket was told.
pub struct ChangedIssue {
    pub ticket: Ticket,
    pub issue: Issue,
}

/// What an integration did, to be counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Did {
    #[default]
    Nothing,
    Created,
    Updated,
    Failed,
}

/// An event or issue has one ticket at a time.
pub trait TicketStore: Send + Sync {
    fn add_integration(&self, act: &Act, new: NewIntegration) -> Result<(), IntegrationError>;
    /// By name.
    fn integrations(&self) -> Result<Vec<Integration>>;
    fn integration(&self, name: &str) -> Result<Option<Integration>>;
    fn change_integration(
        &self,
        act: &Act,
        name: &str,
        change: IntegrationChange,
    ) -> Result<Integration, IntegrationError>;
    /// With its tickets, which stay at the tracker; how many those were.
    fn remove_integration(&self, act: &Act, name: &str) -> Result<u64, IntegrationError>;

    /// Tickets to be made, each told how its subject stands. Left as it is stays what has a ticket that waits, is open or
    /// (unless `again`) is done. Gives which were queued.
    fn queue_tickets(
        &self,
        act: &Act,
        integration_id: &str,
        subjects: Vec<(Subject, IssueStatus)>,
        again: bool,
    ) -> Result<Vec<Subject>>;
    /// False where it has one that waits or is open.
    fn link_ticket(&self, act: &Act, link: NewLink) -> Result<bool>;
    fn unlink_ticket(&self, act: &Act, subject: Subject) -> Result<Option<Ticket>>;
    /// Newest first.
    fn tickets(&self, filter: &TicketFilter, skip: u64, limit: u64) -> Result<Listing<Ticket>>;
    fn tickets_of(&self, subjects: &[Subject]) -> Result<HashMap<Subject, Ticket>>;

    /// The enabled ones whose pause is over.
    fn due_integrations(&self, now: EpochMillis) -> Result<Vec<Integration>>;
    /// Those to be made whose pause is over, oldest first.
    fn due_tickets(&self, integration_id: &str, now: EpochMillis, limit: u64) -> Result<Vec<Ticket>>;
    /// Those of issues that stand otherwise than the tickets were told, or were found after their tickets were done.
    fn changed_issues(&self, integration_id: &str, now: EpochMillis, limit: u64)
    -> Result<Vec<ChangedIssue>>;
    /// Those that the tracker is asked about, in order, after that one: open, or done since that time.
    fn live_tickets(
        &self,
        integration_id: &str,
        done_since: EpochMillis,
        after: i64,
        limit: u64,
    ) -> Result<Vec<Ticket>>;
    /// Writes down what became of tickets that are still there.
    fn settle_tickets(&self, tickets: Vec<(Ticket, Did)>) -> Result<()>;
    /// Writes down how its tracker answers: `failures`, `next_at`, `polled_at`, `problem`.
    fn settle_integration(&self, integration: &Integration) -> Result<()>;
}
