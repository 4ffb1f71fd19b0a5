use std::{sync::Arc, time::Duration};

use portcullis_exchange::TaggedExchange;
use serde::Serialize;

use crate::policy::{Info, Mode, Severity};

/// One policy's judgement of one exchange, or of the several that crossed an aggregation rule together.
#[derive(Clone, Debug)]
pub struct Detection {
    pub policy_id: Arc<str>,
    pub info: Arc<Info>,
    pub severity: Severity,
    pub event_type: EventType,
    pub detection_type: DetectionType,
    /// What matched and where, so that a page can show it. Bounded.
    pub matched: Vec<Match>,
    /// Set only with evidence from the response.
    pub successful_exploit: Option<Evidence>,
    /// 1 for SINGLE; the matches in the window for AGGREGATED.
    pub match_count: u64,
    /// What the policy asks for.
    pub mode: Mode,
    /// How long a block that comes of it lasts; `None` leaves it to whoever blocks.
    pub block_ttl: Option<Duration>,
    /// The exchange itself for SINGLE; the latest few for AGGREGATED, newest first.
    pub samples: Vec<Arc<TaggedExchange>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    Single,
    Aggregated,
}

impl EventType {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Single => "SINGLE",
            Self::Aggregated => "AGGREGATED",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DetectionType {
    RuleBased,
    Anomaly,
}

impl DetectionType {
    pub const fn name(self) -> &'static str {
        match self {
            Self::RuleBased => "Rule-Based",
            Self::Anomaly => "Anomaly",
        }
    }
}

/// Where something matched: `url.path`, `query.id`, `request.header.user-agent`, `request.body.user.name`,
/// `response.body`, …
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Match {
    pub location: String,
    /// Byte offsets in the original value at that location, before any decoding.
    pub start: usize,
    pub end: usize,
    /// What the detector saw after decoding, cut to a bound.
    pub phrase: String,
    pub detector: String,
}

/// Why an attack is called successful: what in the response shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// `file-contents`, `command-output`, `sql-error`, `script-reflected`, …
    pub kind: String,
    pub at: Match,
}
