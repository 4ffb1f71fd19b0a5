//! The policy language and the engine that judges exchanges by it.
//!
//! Pure: no files, no sockets, no clock of its own. Time comes with the exchange, policy texts come as strings, so
//! the agent, the control plane and a test all run the very same judgement.

mod detection;
mod policy;

pub use detection::{Detection, DetectionType, EventType, Evidence, Match};
pub use policy::{Category, Info, Severity};
