use std::path::PathBuf;

use crate::clock::EpochMillis;

/// A day of events that is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DroppedDay {
    /// Its start.
    pub day: EpochMillis,
    pub events: u64,
    pub export: Option<PathBuf>,
}
