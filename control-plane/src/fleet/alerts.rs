//! Alerts where coverage is lost: opened when something has been wrong for a while, closed when it has been right again for
//! a while, so that what comes and goes makes one alert and not many.

mod findings;
mod tracker;

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use self::tracker::{Change, Tracker};
use super::Fleet;
use crate::{
    clock::EpochMillis,
    fleet::Live,
    store::{Act, Alert, StoreError},
};

/// Those open at once; more are a fleet that is down, and the first thousand say so.
const MOST: u64 = 10_000;

/// How long something has to be so before people are told.
#[derive(Clone, Copy, Debug)]
pub struct CoverageSettings {
    /// Wrong without a break.
    pub open_after: Duration,
    /// Right without a break.
    pub close_after: Duration,
    /// How often the sensors are looked at.
    pub every: Duration,
    /// How long a certificate is good for; one that is not renewed is told of when a sixth of that is left.
    pub certificate_lifetime: Duration,
}

impl CoverageSettings {
    pub fn new(certificate_lifetime: Duration) -> Self {
        Self {
            open_after: Duration::from_secs(60),
            close_after: Duration::from_secs(120),
            every: Duration::from_secs(5),
            certificate_lifetime,
        }
    }
}

/// What is watched, and since when.
pub(super) struct Watch {
    settings: CoverageSettings,
    since: EpochMillis,
    tracker: Mutex<Tracker>,
}

impl Watch {
    pub(super) fn new(settings: CoverageSettings, open: Vec<Alert>) -> Self {
        Self { settings, since: EpochMillis::now(), tracker: Mutex::new(Tracker::new(open)) }
    }
}

impl Fleet {
    /// How often [`Self::watch`] is to be called.
    pub(crate) fn watch_every(&self) -> Duration {
        self.watch.settings.every
    }

    /// Looks at every sensor, and opens and closes alerts. True where there was anything to tell. Blocks.
    pub(crate) fn watch(&self) -> Result<bool, StoreError> {
        let now = EpochMillis::now();
        let mut tracker = self.watch.tracker.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = Vec::new();
        for record in self.store.sensors()?.into_iter().filter(|record| record.revoked_at.is_none()) {
            let live = self.live(&record.id).unwrap_or_else(|| Live::from_record(&record));
            let normal = tracker.normal(&record.id, &live);
            found.extend(findings::of(&record, &live, normal, &self.watch.settings, self.watch.since, now));
        }
        let changes = tracker.note(found, &self.watch.settings, now);
        let is_news = !changes.is_empty();
        for change in changes {
            match change {
                Change::Open(finding) => {
                    tracing::warn!(
                        sensor = finding.key.sensor_id,
                        node = finding.node,
                        kind = finding.key.kind.name(),
                        "coverage is lost: {}",
                        finding.detail
                    );
                    let id = self.store.open_alert(&finding.key, &finding.node, &finding.detail, now)?;
                    tracker.opened(&finding.key, id);
                }
                Change::Close { key, id } => {
                    tracing::info!(sensor = key.sensor_id, kind = key.kind.name(), "coverage is back");
                    self.store.close_alert(None, id, now)?;
                    tracker.closed(&key);
                }
            }
        }
        Ok(is_news)
    }

    /// The alerts that are open, newest first. Blocks.
    pub(crate) fn open_alerts(&self) -> Result<Vec<Alert>, StoreError> {
        self.store.alerts(false, MOST)
    }

    /// Closes an alert by hand: what the sensor does now is what it is meant to do. False where there is none. Blocks.
    pub(crate) fn accept(&self, act: &Act, id: u64) -> Result<bool, StoreError> {
        let mut tracker = self.watch.tracker.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(key) = tracker.key_of(id) else { return Ok(false) };
        self.store.close_alert(Some(act), id, EpochMillis::now())?;
        tracker.closed(&key);
        tracker.forget_normal(&key.sensor_id);
        Ok(true)
    }
}
