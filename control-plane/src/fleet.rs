//! The sensors: who is connected, what each has applied, and the revisions that tell them what to do.
//!
//! A revision is stored first and pushed then; each connected sensor reads the log from where it is, so that a slow
//! one holds up nobody and no queue between can overflow.

mod alerts;
mod automatic;
mod commands;
mod enroll;
mod inventory;
mod live;
mod outbox;
mod settle;
mod view;
mod wire;

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;
use tonic::Status;

pub(crate) use self::enroll::act_of;
pub use self::{
    alerts::CoverageSettings,
    commands::{Learn, serve_commands},
    enroll::{Admission, JoinTerms, Refused, certify, create_join_token, enroll},
    live::{Live, Peer, Refusal},
    settle::{Behind, Coverage, NotDone},
    view::View,
};
use self::{alerts::Watch, outbox::Outbox};
use crate::{
    clock::EpochMillis,
    configuration::IdentityKey,
    store::{Act, Change, EventFilter, EventStatus, Moved, SensorRecord, Store, StoreError, Suppressing},
};

/// Longer changes become several revisions, each a message of less than 1 MiB and a short transaction: a block that
/// somebody orders meanwhile does not wait for a million imported ones.
const REVISION_WEIGHT: usize = 512 << 10;

pub struct Fleet {
    store: Arc<dyn Store>,
    account_id: String,
    /// Sensors heard of since the start. Only enrolled ones get in, so it is as large as the fleet.
    sensors: Mutex<HashMap<String, Live>>,
    outbox: Outbox,
    revision: watch::Sender<u64>,
    /// Counts up when a sensor comes, goes or applies something.
    progress: watch::Sender<u64>,
    /// Held while a sensor's own block becomes one of the fleet.
    automatic: Mutex<()>,
    watch: Watch,
    /// Those revoked since the start. Whoever was revoked before that gets no stream.
    revoked: watch::Sender<HashSet<String>>,
}

impl Fleet {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        account_id: String,
        coverage: CoverageSettings,
        identity_key: IdentityKey,
    ) -> Result<Self, StoreError> {
        let watch = Watch::new(coverage, store.alerts(false, u64::MAX >> 1)?);
        let revision = watch::Sender::new(store.revision()?);
        let progress = watch::Sender::new(0);
        Ok(Self {
            store,
            account_id,
            sensors: Mutex::default(),
            outbox: Outbox::new(identity_key),
            revision,
            progress,
            automatic: Mutex::default(),
            watch,
            revoked: watch::Sender::default(),
        })
    }

    /// Stores the changes as a revision, or as several where they are many, and wakes every command stream. Gives the
    /// last one's number. Blocks.
    pub fn apply(&self, act: &Act, changes: Vec<Change>) -> Result<u64, StoreError> {
        let mut last = self.revision();
        let (mut some, mut weight) = (Vec::new(), 0);
        for change in changes {
            let own = weigh(&change);
            if weight + own > REVISION_WEIGHT && !some.is_empty() {
                self.apply_one(act, std::mem::take(&mut some))?;
                weight = 0;
            }
            weight += own;
            some.push(change);
        }
        if !some.is_empty() {
            last = self.apply_one(act, some)?;
        }
        Ok(last)
    }

    /// Moves events, with what that means for suppressions, and sends that on its way. Blocks.
    pub fn move_events(
        &self,
        act: &Act,
        filter: &EventFilter,
        named: &str,
        status: EventStatus,
        suppressing: Suppressing,
    ) -> Result<Moved, StoreError> {
        let moved = self.store.move_events(act, filter, named, status, suppressing)?;
        if let Some(number) = moved.revision {
            self.wake(number);
        }
        Ok(moved)
    }

    fn apply_one(&self, act: &Act, changes: Vec<Change>) -> Result<u64, StoreError> {
        let number = self.store.apply(act, changes)?;
        self.wake(number);
        Ok(number)
    }

    fn wake(&self, number: u64) {
        // Two at once may come back in the other order: the number only ever grows.
        self.revision.send_if_modified(|known| {
            let newer = number > *known;
            *known = number.max(*known);
            newer
        });
    }

    /// Shuts a sensor out, and ends its streams. False where there is no such sensor, or it was revoked before. Blocks.
    pub fn revoke(&self, act: &Act, sensor_id: &str) -> Result<bool, StoreError> {
        let revoked = self.store.revoke_sensor(act, sensor_id, EpochMillis::now())?;
        if revoked {
            self.revoked.send_modify(|all| {
                all.insert(sensor_id.to_owned());
            });
        }
        Ok(revoked)
    }

    /// Resolves when this sensor may go on no longer: it was revoked, or its certificate is over.
    pub(crate) fn end_of(
        &self,
        sensor_id: &str,
        certified_until: Option<EpochMillis>,
    ) -> impl Future<Output = Status> + Send + use<> {
        let (mut revoked, id) = (self.revoked.subscribe(), sensor_id.to_owned());
        async move {
            let over = async {
                match certified_until {
                    Some(until) => tokio::time::sleep(until.remaining(EpochMillis::now())).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                known = revoked.wait_for(|all| all.contains(&id)) => match known {
                    Ok(_) => is_revoked(),
                    Err(_) => Status::unavailable("the control plane is shutting down"),
                },
                () = over => {
                    Status::unauthenticated("the certificate is over: the sensor has to come with its next one")
                }
            }
        }
    }

    pub fn revision(&self) -> u64 {
        *self.revision.borrow()
    }

    /// Writes down what sensors said since the last time, all in one transaction: a write each would keep the disk busy
    /// for a second, and whoever orders a block would wait for it. Blocks.
    pub fn record(&self) -> Result<(), StoreError> {
        let (mut records, mut held_back) = (Vec::new(), Vec::new());
        for live in self.lock().values_mut().filter(|live| live.recorded_at != live.last_seen) {
            live.recorded_at = live.last_seen;
            held_back.extend(live.take_held_back());
            records.extend(live.enrolled.as_ref().map(|enrolled| live.to_record(enrolled)));
        }
        if records.is_empty() { Ok(()) } else { self.store.record_sensors(records, held_back) }
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

pub(crate) fn is_revoked() -> Status {
    Status::permission_denied("this sensor was revoked")
}

/// About what it takes on the wire.
fn weigh(change: &Change) -> usize {
    64 + match change {
        Change::Block(block) => block.reason.len() + block.author.len(),
        Change::Allow(allowed) => allowed.reason.len() + allowed.author.len(),
        Change::Suppress(one) => one.actor.len() + one.url.len() + one.host.len() + one.policy_id.len(),
        Change::CaptureRules(rules) => 64 * rules.len(),
        Change::Configure(_) => REVISION_WEIGHT / 4,
        Change::SavePolicy(saved) => saved.id.len() + saved.content.len(),
        Change::ArmAutomaticBlocking { node, .. } => node.as_ref().map_or(0, String::len),
        Change::Unblock { .. }
        | Change::LiftSuppression { .. }
        | Change::Disallow { .. }
        | Change::RestorePolicy { .. }
        | Change::GateMode(_) => 0,
    }
}
