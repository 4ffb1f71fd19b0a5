use std::net::IpAddr;

use serde_json::Value;

use super::Result;
use crate::clock::{EpochMillis, TimeRange};

/// What kind of somebody does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrincipalKind {
    /// Logged in with name and password.
    User,
    /// A program, or somebody who logged in with its key.
    Key,
    /// `control-plane` on the machine itself.
    CommandLine,
    Sensor,
    /// A policy that blocks by itself.
    Policy,
    /// The control plane by itself, as it was set to.
    ControlPlane,
    /// Nobody who could be identified: a log-in that failed.
    Unknown,
}

impl PrincipalKind {
    pub const ALL: [Self; 7] = [
        Self::User,
        Self::Key,
        Self::CommandLine,
        Self::Sensor,
        Self::Policy,
        Self::ControlPlane,
        Self::Unknown,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Key => "key",
            Self::CommandLine => "command line",
            Self::Sensor => "sensor",
            Self::Policy => "policy",
            Self::ControlPlane => "control plane",
            Self::Unknown => "unknown",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Somebody who can be held to what they did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    pub kind: PrincipalKind,
    pub id: String,
    /// As people know them; it may be given to another one later.
    pub name: String,
}

/// A change under way: who makes it, from where, and what it is called. Whatever changes something takes one, and writes
/// it to the audit log in the same transaction, so that neither stands without the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    pub by: Principal,
    /// `None` on the machine itself.
    pub from: Option<IpAddr>,
    /// The REST call's name, or what stands for it elsewhere.
    pub action: String,
}

/// One change as the audit log has it.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEntry {
    /// Counts up without holes; a hole is a row that somebody took away.
    pub seq: u64,
    pub at: EpochMillis,
    pub by: Principal,
    pub from: Option<String>,
    pub action: String,
    pub object: String,
    /// How it was, briefly and without secrets; `None` where it was not there.
    pub before: Option<Value>,
    pub after: Option<Value>,
}

/// Which entries, newest first.
#[derive(Clone, Debug)]
pub struct AuditQuery {
    pub range: TimeRange,
    /// Names or ids, whole, in any case.
    pub who: Vec<String>,
    pub actions: Vec<String>,
    /// Part of the object, in any case.
    pub object: String,
    /// Part of anything in the entry, in any case.
    pub search: String,
    pub limit: u64,
    /// Goes on after the page that gave this out.
    pub cursor: Option<u64>,
}

#[derive(Clone, Debug, Default)]
pub struct AuditPage {
    pub entries: Vec<AuditEntry>,
    /// Of all pages.
    pub total: u64,
    pub next: Option<u64>,
}

/// Who changed what. Entries are appended by what changes something; see [`Act`].
pub trait AuditStore: Send + Sync {
    fn audit(&self, query: &AuditQuery) -> Result<AuditPage>;
    /// Writes down what changed nothing and must be known all the same.
    fn note(&self, act: &Act, object: &str) -> Result<()>;
    /// Forgets entries of before that time, but for those of the last 30 days; answers how many.
    fn expire_audit(&self, before: EpochMillis) -> Result<u64>;
}
