//! Policies: what a YAML file says, checked once and then only read.

mod aggregation;
mod describe;
mod error;
mod example;
mod filter;
mod info;
mod nearest;
mod parse;
mod set;
mod yaml;

use std::{sync::Arc, time::Duration};

pub use aggregation::{AggregationRule, Distinct, DistinctSource, GroupBy};
pub use error::{Place, PolicyError};
pub use example::Example;
pub(crate) use filter::{
    Comparison, DataType, Filter, Op, Operand, Order, Pair, Part, Term, Test, ValueType,
};
pub use info::{Category, Info, Severity};
pub use set::PolicySet;

use crate::{baseline::Figure, evidence::EvidenceKind};

/// One policy, ready to be evaluated.
#[derive(Clone, Debug)]
pub struct Policy {
    pub id: Arc<str>,
    pub info: Arc<Info>,
    /// The whole YAML document it was read from.
    pub source: Arc<str>,
    /// The name of the file it was read from.
    pub file: Arc<str>,
    pub mode: Mode,
    /// How long a block that this policy causes lasts; `None` leaves it to whoever blocks.
    pub block_ttl: Option<Duration>,
    pub enabled: bool,
    pub aggregation: Vec<AggregationRule>,
    /// Which learned figure it tells of when that leaves its usual range; such a policy has no filter.
    pub anomaly: Option<Figure>,
    /// What a response may show that makes the attack a successful one.
    pub evidence: Vec<EvidenceKind>,
    pub examples: Examples,
    pub(crate) rules: Rules,
}

/// What a policy asks for when it matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// An event.
    #[default]
    Detect,
    /// An event, and the actor's address blocked.
    Block,
}

/// Exchanges that a policy must, and must not, match.
#[derive(Clone, Debug, Default)]
pub struct Examples {
    pub matching: Vec<Example>,
    pub benign: Vec<Example>,
}

/// `filter`, `success_filter` and `failure_filter` are alternatives; `ignore` takes a match back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    pub(crate) filter: Option<Filter>,
    pub(crate) success: Option<Filter>,
    pub(crate) failure: Option<Filter>,
    pub(crate) ignore: Option<Filter>,
    /// Too weak for an event by itself: counts only where the response shows the policy's evidence.
    pub(crate) suspect: Option<Filter>,
}

impl Rules {
    /// Each tree by the key it stands under.
    pub(crate) fn trees(&self) -> impl Iterator<Item = (&'static str, &Filter)> {
        let all = [
            ("success_filter", &self.success),
            ("filter", &self.filter),
            ("failure_filter", &self.failure),
            ("suspect_filter", &self.suspect),
            ("ignore", &self.ignore),
        ];
        all.into_iter().filter_map(|(key, tree)| Some((key, tree.as_ref()?)))
    }

    /// Whether `percentage_match` stands somewhere.
    pub(crate) fn compare_bodies(&self) -> bool {
        self.trees().any(|(_, tree)| tree.compares_bodies())
    }
}
