//! The policy language and the engine that judges exchanges by it.
//!
//! Pure: no files, no sockets, no clock of its own. Time comes with the exchange, policy texts come as strings, so
//! the agent, the control plane and a test all run the very same judgement.

mod answer;
mod baseline;
pub mod corpus;
mod detection;
mod detector;
mod engine;
mod evidence;
#[cfg(test)]
#[path = "../tests/support/exchange.rs"]
mod exchange;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod harmless;
mod inventory;
mod literals;
mod policy;
pub mod score;
mod sensitive;
mod suppression;
mod view;

pub use baseline::Figure;
pub use detection::{Detection, DetectionType, EventType, Evidence, Match};
pub use engine::{Engine, Explanation, KeptError, Learned, Outcome, Prefiltered, Seen, Step, Tree};
pub use evidence::EvidenceKind;
pub use inventory::{
    AuthKind, EndpointFacts, EndpointName, InventoryBatch, Parameter, ParameterPlace, SensitiveKinds,
    SensitiveSeen, ValueKind, looks_like_identifier,
};
pub use policy::{
    AggregationRule, Category, Distinct, DistinctSource, Example, Examples, GroupBy, Info, Mode, Place,
    Policy, PolicyError, PolicySet, Severity,
};
pub use sensitive::{Sensitive, SensitiveKind, sensitive_data};
pub use suppression::{Suppression, Suppressions};
