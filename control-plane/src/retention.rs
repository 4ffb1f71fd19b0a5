//! Drops days of events that are older than the setting says, oldest first, one transaction each.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::watch;

use crate::{
    blocking::blocking,
    clock::EpochMillis,
    store::{Act, Principal, PrincipalKind, Store, StoreError},
};

const EVERY: Duration = Duration::from_secs(600);
const DAY: Duration = Duration::from_secs(86_400);

/// Since the start.
#[derive(Debug, Default)]
pub(crate) struct Dropped {
    days: AtomicU64,
    events: AtomicU64,
    failures: AtomicU64,
}

impl Dropped {
    pub(crate) fn days(&self) -> u64 {
        self.days.load(Ordering::Relaxed)
    }

    pub(crate) fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }

    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }
}

/// Without a folder for exports, days go without one.
pub(crate) async fn run(
    store: Arc<dyn Store>,
    exports: Option<PathBuf>,
    dropped: Arc<Dropped>,
    mut shutdown: watch::Receiver<bool>,
) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            _ = shutdown.wait_for(|down| *down) => return,
            _ = ticks.tick() => {}
        }
        let (store, exports, counted) = (store.clone(), exports.clone(), dropped.clone());
        let down = shutdown.clone();
        let stop = move || *down.borrow();
        let swept =
            blocking(move || drop_old(&*store, exports.as_deref(), EpochMillis::now(), &counted, &stop))
                .await;
        if let Err(error) = swept {
            dropped.failures.fetch_add(1, Ordering::Relaxed);
            tracing::error!(%error, "old events could not be dropped and are kept; next try in 10 min");
        }
    }
}

/// What is too old now, until there is no more or `stop` says so.
fn drop_old(
    store: &dyn Store,
    exports: Option<&Path>,
    now: EpochMillis,
    counted: &Dropped,
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
