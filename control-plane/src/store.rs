//! Where everything is kept: the contract that the rest of the control plane holds to, and the engines behind it.
//!
//! An engine may block: callers are on blocking threads. `tests/store_contract.rs` is the suite every engine passes.

mod access;
mod accounts;
mod alerts;
mod audit;
mod events;
mod filter;
mod inventory;
mod issues;
mod notify;
mod policies;
mod retention;
mod revisions;
mod sensors;
mod sqlite;
mod stats;
mod suppressions;
mod tickets;
mod users;

pub use access::{AccessStore, KeyRecord, NewKey, NewSession, Owner, Role, SessionRecord};
pub use accounts::{AccountRecord, AccountStore, Owned};
pub use alerts::{Alert, AlertKey, AlertKind, AlertStore};
pub use audit::{Act, AuditEntry, AuditPage, AuditQuery, AuditStore, Principal, PrincipalKind};
pub use events::{
    Appended, Combination, EventDetail, EventRow, EventStatus, EventStore, NewEvent, SampleQuery,
};
pub use filter::{ActorFilter, ActorSort, DistinctField, EndpointSort, EventFilter, EventSort, Order, Page};
pub use inventory::{
    Inventoried, InventoryFilter, InventoryRow, InventorySort, InventoryStore, MAX_PER_SENSOR,
};
pub use issues::{
    About, Findings, Fingerprint, IgnoreReason, Ignored, Issue, IssueCounts, IssueEvidence, IssueFilter,
    IssueSort, IssueSource, IssueStatus, IssueStore, MAX_ISSUES, MAX_NEVER_FOUND, Observation, Observed,
    Place, Verdict, Weakness,
};
pub use notify::{
    Attempt, CoverageNotice, Due, LogEntry, NewTarget, Notice, NotifyOutcome, NotifyStore, Queued, Settled,
    TargetChange, TargetError, TargetFilter, TargetKind, TargetRecord,
};
pub use policies::{PolicyStep, PolicyStore, PolicyTimes, PolicyVersion, SavedPolicy, StoredPolicy};
pub use retention::DroppedDay;
pub use revisions::{
    Allowed, Block, BlockPage, BlockQuery, CaptureMode, CaptureRule, Change, Difference, GateMode,
    RevisionStore, Snapshot, StoredRevision,
};
pub use sensors::{EnrollError, JoinToken, NewSensor, SensorRecord, SensorStore};
pub use sqlite::SqliteStore;
pub use stats::{ActorRow, CategoryCount, DayActors, DayCount, Endpoint, Listing, Totals};
pub use suppressions::{
    Moved, Suppressing, Suppression, SuppressionQuery, SuppressionSort, SuppressionStore, Wider,
};
pub use tickets::{
    ChangedIssue, Did, Integration, IntegrationChange, IntegrationError, IntegrationSettings, MAX_TICKETS,
    NewIntegration, NewLink, StateMapping, Subject, Ticket, TicketFilter, TicketState, TicketStore,
    TrackerKind,
};
pub use users::{ExternalUser, NewUser, UserChange, UserError, UserRecord, UserStore};

/// Everything an account's state is: revisions, who may do what, which sensors there are.
pub trait StateStore:
    RevisionStore
    + AccountStore
    + AlertStore
    + AccessStore
    + UserStore
    + AuditStore
    + SensorStore
    + PolicyStore
    + InventoryStore
    + IssueStore
    + NotifyStore
    + SuppressionStore
    + TicketStore
{
}
impl<T> StateStore for T where
    T: RevisionStore
        + AccountStore
        + AlertStore
        + AccessStore
        + UserStore
        + AuditStore
        + SensorStore
        + PolicyStore
        + InventoryStore
        + IssueStore
        + NotifyStore
        + SuppressionStore
        + TicketStore
{
}

/// One engine that keeps both, as SQLite does.
pub trait Store: EventStore + StateStore {}
impl<T: EventStore + StateStore> Store for T {}

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database says: {0}")]
    Sqlite(rusqlite::Error),
    #[error(
        "store full: the disk took no more. Make room where the data folder lies; nothing is lost, sensors keep their events"
    )]
    DiskFull,
    #[error(
        "store full: {free} bytes are free, and {kept} are kept for everything but events (--keep-free). Make room where the \
         data folder lies; nothing is lost, sensors keep their events"
    )]
    NoRoom { free: u64, kept: u64 },
    #[error(
        "{path} was written by a newer control-plane (schema {found}, this one knows {known}): \
         start the newer version, or use another --data-dir"
    )]
    Newer { path: String, found: i64, known: i64 },
    #[error("cannot use {path}: {source}")]
    Folder { path: String, source: std::io::Error },
    #[error("a stored record is damaged: {0}")]
    Damaged(String),
    #[error("the database did not take the write (a full or failing disk?): nothing of it was kept")]
    NotCommitted,
    #[error("the system gives no random numbers: {0}")]
    Random(getrandom::Error),
    #[error("work on the store broke off; the log says why")]
    BrokeOff,
    #[error("the store is shutting down")]
    Closed,
    #[error("{0}")]
    Full(String),
}

impl StoreError {
    /// Whether trying again helps as soon as there is room on the disk.
    pub fn is_for_want_of_room(&self) -> bool {
        matches!(self, Self::DiskFull | Self::NoRoom { .. })
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match sqlite::is_full(&error) {
            true => Self::DiskFull,
            false => Self::Sqlite(error),
        }
    }
}

pub type Result<T, E = StoreError> = std::result::Result<T, E>;
