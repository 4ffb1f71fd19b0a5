use portcullis_detection::Severity;

use super::{Act, Result};
use crate::clock::EpochMillis;

/// What of a sensor's coverage can be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlertKind {
    /// Nothing is heard of it.
    Silent,
    /// An interface that it is to watch is not captured.
    Interface,
    /// It does not see all that there is to see.
    Loss,
    /// It captures in a lesser way than before.
    CaptureMode,
    /// What is blocked passes.
    Enforcement,
    /// Its clock and ours differ.
    Clock,
    /// Its certificate ends soon and is not renewed.
    Certificate,
}

impl AlertKind {
    pub const ALL: [Self; 7] = [
        Self::Silent,
        Self::Interface,
        Self::Loss,
        Self::CaptureMode,
        Self::Enforcement,
        Self::Clock,
        Self::Certificate,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Interface => "interface",
            Self::Loss => "loss",
            Self::CaptureMode => "capture-mode",
            Self::Enforcement => "enforcement",
            Self::Clock => "clock",
            Self::Certificate => "certificate",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub const fn severity(self) -> Severity {
        match self {
            Self::Silent | Self::Interface | Self::Enforcement => Severity::High,
            Self::Loss | Self::CaptureMode | Self::Certificate => Severity::Medium,
            Self::Clock => Severity::Low,
        }
    }
}

/// What is lost, where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertKey {
    pub sensor_id: String,
    pub kind: AlertKind,
    /// The interface, where it is one's.
    pub subject: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    pub id: u64,
    pub key: AlertKey,
    pub node: String,
    /// For people.
    pub detail: String,
    pub opened_at: EpochMillis,
    pub closed_at: Option<EpochMillis>,
}

/// Alerts of lost coverage. Notifications of one enter the outbox in the transaction that opens or closes it.
pub trait AlertStore: Send + Sync {
    /// Gives its id.
    fn open_alert(&self, key: &AlertKey, node: &str, detail: &str, now: EpochMillis) -> Result<u64>;
    /// Nothing happens where it is closed. `act`: somebody has closed it by hand.
    fn close_alert(&self, act: Option<&Act>, id: u64, now: EpochMillis) -> Result<()>;
    /// Newest first; with `closed`, those that are over, too.
    fn alerts(&self, closed: bool, limit: u64) -> Result<Vec<Alert>>;
    /// Forgets those that closed before.
    fn expire_alerts(&self, before: EpochMillis) -> Result<u64>;
}
