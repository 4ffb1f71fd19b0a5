//! The sensors: who is connected, what each has applied, and the revisions that tell them what to do.
//!
//! A revision is stored first and pushed then; each connected sensor reads the log from where it is, so that a slow
//! one holds up nobody and no queue between can overflow.

mod commands;
mod enroll;
mod live;
mod wire;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use ipnet::IpNet;
use tokio::{sync::watch, time::Instant};

pub use self::{
    commands::serve_commands,
    enroll::{create_join_token, enroll},
    live::{Live, Refusal},
};
use crate::store::{Change, SensorRecord, Store, StoreError};

/// How long an answer waits for sensors to say that they have applied a revision.
const APPLY_PATIENCE: Duration = Duration::from_secs(2);

pub struct Fleet {
    store: Arc<dyn Store>,
    /// Sensors heard of since the start. Only enrolled ones get in, so it is as large as the fleet.
    sensors: Mutex<HashMap<String, Live>>,
    revision: watch::Sender<u64>,
    /// Counts up when a sensor comes, goes or applies something.
    progress: watch::Sender<u64>,
}

/// How far a revision has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// Sensors connected now.
    pub total: usize,
    /// Those of them that have applied it.
    pub applied: usize,
}

impl Fleet {
    pub fn new(store: Arc<dyn Store>) -> Result<Self, StoreError> {
        let revision = watch::Sender::new(store.revision()?);
        Ok(Self { store, sensors: Mutex::default(), revision, progress: watch::Sender::new(0) })
    }

    /// Stores the changes as a revision, then wakes every command stream. Blocks.
    pub fn apply(&self, author: &str, changes: Vec<Change>) -> Result<u64, StoreError> {
        let number = self.store.apply(author, changes)?;
        // Two at once may come back in the other order: the number only ever grows.
        self.revision.send_if_modified(|known| {
            let newer = number > *known;
            *known = number.max(*known);
            newer
        });
        Ok(number)
    }

    pub fn revision(&self) -> u64 {
        *self.revision.borrow()
    }

    pub fn coverage(&self, revision: u64) -> Coverage {
        let sensors = self.lock();
        let connected = sensors.values().filter(|live| live.is_connected());
        connected.fold(Coverage { total: 0, applied: 0 }, |sum, live| Coverage {
            total: sum.total + 1,
            applied: sum.applied + usize::from(live.applied_revision >= revision),
        })
    }

    /// Waits until every connected sensor has applied the revision, or patience ends; the count as it then stands.
    pub async fn settle(&self, revision: u64) -> Coverage {
        let mut progress = self.progress.subscribe();
        let deadline = Instant::now() + APPLY_PATIENCE;
        loop {
            let coverage = self.coverage(revision);
            if coverage.applied >= coverage.total {
                return coverage;
            }
            if !matches!(tokio::time::timeout_at(deadline, progress.changed()).await, Ok(Ok(()))) {
                return self.coverage(revision);
            }
        }
    }

    /// Sensors that would not do a block, by sensor id.
    pub fn refusals(&self, cidr: IpNet, revision: u64) -> Vec<(String, Refusal)> {
        let sensors = self.lock();
        let mut refusals: Vec<_> = sensors
            .iter()
            .filter_map(|(id, live)| Some((id.clone(), live.refusal(cidr, revision)?.clone())))
            .collect();
        refusals.sort_by(|(a, _), (b, _)| a.cmp(b));
        refusals
    }

    /// Packets and bytes dropped for a block, over all sensors' last reports.
    pub fn hits(&self, cidr: IpNet) -> (u64, u64) {
        let sensors = self.lock();
        sensors
            .values()
            .filter_map(|live| live.hits.get(&cidr))
            .fold((0, 0), |sum, hits| (sum.0.saturating_add(hits.0), sum.1.saturating_add(hits.1)))
    }

    /// What is known of a sensor since the start.
    pub fn live(&self, sensor_id: &str) -> Option<Live> {
        self.lock().get(sensor_id).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Live>> {
        self.sensors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is known of a sensor, and wakes who waits for that.
    fn update<T>(&self, record: &SensorRecord, change: impl FnOnce(&mut Live) -> T) -> T {
        let outcome = {
            let mut sensors = self.lock();
            change(sensors.entry(record.id.clone()).or_insert_with(|| Live::from_record(record)))
        };
        self.progress.send_modify(|count| *count = count.wrapping_add(1));
        outcome
    }
}
