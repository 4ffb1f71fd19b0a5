//! Drops days of events that are older than the setting says, oldest first, one transaction each.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::{Notify, watch};

use crate::{
    blocking::blocking,
    clock::EpochMillis,
    store::{Act, Principal, PrincipalKind, Store, StoreError},
};

const EVERY: Duration = Duration::from_secs(600);
const DAY: Duration = Duration::from_secs(86_400);

/// What came of it since the start, and what keeps it now.
#[derive(Debug, Default)]
pub(crate) struct Retention {
    days: AtomicU64,
    events: AtomicU64,
    failures: AtomicU64,
    /// Until a look succeeds.
    trouble: Mutex<Option<String>>,
    changed: Notify,
}

impl Retention {
    /// The setting has changed: what is too old now goes at once.
    pub(crate) fn look(&self) {
        self.changed.notify_one();
    }

    pub(crate) fn days(&self) -> u64 {
        self.days.load(Ordering::Relaxed)
    }

    pub(crate) fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }

    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Why old events are still there; empty where none are.
    pub(crate) fn trouble(&self) -> String {
        self.lock().clone().unwrap_or_default()
    }

    fn looked(&self, outcome: Result<(), StoreError>) {
        let trouble = outcome.err().map(|error| {
            format!("old events could not be dropped and are kept: {error}; next try in 10 min")
        });
        if let Some(trouble) = &trouble {
            self.failures.fetch_add(1, Ordering::Relaxed);
            tracing::error!("{trouble}");
        }
        *self.lock() = trouble;
    }

    fn lock(&self) -> MutexGuard<'_, Option<String>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Without a folder for exports, days go without one.
pub(crate) async fn run(
    store: Arc<dyn Store>,
    exports: Option<PathBuf>,
    retention: Arc<Retention>,
    mut shutdown: watch::Receiver<bool>,
) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            _ = shutdown.wait_for(|down| *down) => return,
            _ = ticks.tick() => {}
            () = retention.changed.notified() => {}
        }
        let (store, exports, counted) = (store.clone(), exports.clone(), retention.clone());
        let down = shutdown.clone();
        let stop = move || *down.borrow();
        let swept =
            blocking(move || drop_old(&*store, exports.as_deref(), EpochMillis::now(), &counted, &stop))
                .await;
        retention.looked(swept);
    }
}

/// What is too old now, until there is no more or `stop` says so.
fn drop_old(
    store: &dyn Store,
    exports: Option<&Path>,
    now: EpochMillis,
    counted: &Retention,
    stop: &dyn Fn() -> bool,
) -> Result<(), StoreError> {
    let Some(days) = store.retention_days()? else { return Ok(()) };
    let kept = i64::try_from((DAY * days).as_millis()).unwrap_or(i64::MAX);
    let before = EpochMillis::from_millis(now.millis().saturating_sub(kept));
    while !stop() {
        let Some(day) = store.drop_oldest_day(&act(), before, exports)? else { return Ok(()) };
        counted.days.fetch_add(1, Ordering::Relaxed);
        counted.events.fetch_add(day.events, Ordering::Relaxed);
        tracing::info!(day = day.day.seconds(), events = day.events, export = ?day.export, "old events dropped");
    }
    Ok(())
}

fn act() -> Act {
    let by = Principal { kind: PrincipalKind::ControlPlane, id: String::new(), name: "retention".to_owned() };
    Act { by, from: None, action: "dropOldEvents".to_owned() }
}
