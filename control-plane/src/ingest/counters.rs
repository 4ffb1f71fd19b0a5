use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// What became of events, since the control plane started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct IngestCounts {
    pub received: u64,
    pub stored: u64,
    /// Sent again after a lost acknowledgement.
    pub duplicates: u64,
    /// Came again with a higher count of equal detections.
    pub updated: u64,
    /// An ignored combination.
    pub suppressed: u64,
    /// Malformed: the sensor and the control plane do not agree on the contract.
    pub rejected: u64,
    /// Of an overlay network that belongs to another account, which has them.
    pub passed_on: u64,
    pub last_rejection: Option<String>,
}

impl IngestCounts {
    fn add(&mut self, other: &Self) {
        self.received += other.received;
        self.stored += other.stored;
        self.duplicates += other.duplicates;
        self.updated += other.updated;
        self.suppressed += other.suppressed;
        self.rejected += other.rejected;
        self.passed_on += other.passed_on;
        if other.last_rejection.is_some() {
            self.last_rejection.clone_from(&other.last_rejection);
        }
    }
}

/// Per sensor: only enrolled ones get here, so there are as many entries as sensors.
#[derive(Default)]
pub(crate) struct IngestCounters {
    by_sensor: Mutex<HashMap<String, IngestCounts>>,
}

impl IngestCounters {
    pub(crate) fn of(&self, sensor_id: &str) -> IngestCounts {
        let counts = self.by_sensor.lock().unwrap_or_else(PoisonError::into_inner);
        counts.get(sensor_id).cloned().unwrap_or_default()
    }

    pub(crate) fn add(&self, sensor_id: &str, counts: &IngestCounts) {
        let mut by_sensor = self.by_sensor.lock().unwrap_or_else(PoisonError::into_inner);
        by_sensor.entry(sensor_id.to_owned()).or_default().add(counts);
    }
}
