use std::{
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ipnet::IpNet;
use tokio::{
    sync::{Semaphore, watch},
    task::JoinHandle,
};

use super::AccountId;
use crate::{
    api::Api,
    auth::{self, Attempts, FailuresNoted, Passwords},
    blocking::blocking,
    clock::EpochMillis,
    configuration::IdentityKey,
    country::Countries,
    fleet::{CoverageSettings, Fleet},
    ingest::Ingest,
    notify::{self, Notifier},
    oidc::Oidc,
    outbound::{NotifySettings, Outbound, OutboundError},
    policies::Policies,
    retention::{self, Retention},
    room::Room,
    store::{SqliteStore, Store, StoreError},
    tickets::{self, Tickets},
    vault::{Vault, VaultError},
};

/// Of alerts that are over.
const ALERTS_KEPT_MILLIS: i64 = 90 * 86_400_000;
const SWEEP_EVERY: Duration = Duration::from_secs(15);
/// What is under way gets so long to end.
const GRACE: Duration = Duration::from_secs(5);

/// What all accounts have in common.
pub(crate) struct Setup {
    pub(crate) data_dir: PathBuf,
    /// What the operator's account is called.
    pub(crate) own_id: String,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) audit_retention: Duration,
    pub(crate) export_dropped: bool,
    /// One for all: they share the disk.
    pub(crate) room: Arc<Room>,
    /// One backup at a time: each needs room for the database.
    pub(crate) backups: Arc<Semaphore>,
    pub(crate) notify: NotifySettings,
    pub(crate) coverage: CoverageSettings,
    /// One for all: whoever guesses at one account is slowed down at the others, too.
    pub(crate) attempts: Arc<Attempts>,
    /// One for all: they bound how much memory log-ins take.
    pub(crate) passwords: Arc<Passwords>,
    /// One for all: where addresses are does not depend on who asks.
    pub(crate) countries: Arc<Countries>,
    /// Lets people into the operator's account.
    pub(crate) oidc: Option<Arc<Oidc>>,
}

impl Setup {
    /// Whether people log in with passwords.
    pub(crate) fn takes_passwords(&self) -> bool {
        self.oidc.as_ref().is_none_or(|oidc| oidc.passwords_too())
    }
}

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("cannot use {}: {source}", path.display())]
    Folder { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Outbound(#[from] OutboundError),
}

/// One account at work.
pub(crate) struct Plane {
    /// `None` for the operator's.
    pub(crate) account: Option<AccountId>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) ingest: Arc<Ingest>,
    pub(crate) api: Arc<Api>,
    down: watch::Sender<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Plane {
    /// Opens what is in the folder, and begins to work on it. Blocks; call it within the runtime.
    pub(crate) fn open(folder: &Path, account: Option<AccountId>, setup: &Setup) -> Result<Self, OpenError> {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open_for(folder, account.clone())?);
        let policies = Arc::new(Policies::new());
        let policy_times = policies.note(&*store)?;
        let account_id = account.as_ref().map_or(&*setup.own_id, AccountId::as_str).to_owned();
        let key = IdentityKey::of(folder)?;
        let fleet = Arc::new(Fleet::new(store.clone(), account_id.clone(), setup.coverage, key)?);
        let (vault, outbound) =
            (Arc::new(Vault::of(folder)?), Arc::new(Outbound::new(setup.notify.clone())?));
        let notifier = Arc::new(Notifier::new(store.clone(), vault.clone(), outbound.clone()));
        let tickets = Arc::new(Tickets::new(store.clone(), policies.clone(), vault, outbound));
        let ingest = Arc::new(Ingest::new(
            store.clone(),
            account_id.clone(),
            notifier.clone(),
            setup.room.clone(),
            setup.countries.clone(),
        ));
        let retention = Arc::new(Retention::default());
        let exports = setup.export_dropped.then(|| folder.join("events"));
        let api = Arc::new(Api {
            store: store.clone(),
            fleet: fleet.clone(),
            ingest: ingest.clone(),
            policies,
            policy_times,
            account_id,
            attempts: setup.attempts.clone(),
            failures_noted: FailuresNoted::default(),
            passwords: setup.passwords.clone(),
            notifier: notifier.clone(),
            tickets: tickets.clone(),
            room: setup.room.clone(),
            countries: setup.countries.clone(),
            data_dir: folder.to_owned(),
            backups: setup.backups.clone(),
            retention: retention.clone(),
        });
        let (down, is_down) = watch::channel(false);
        let tasks = Mutex::new(vec![
            tokio::spawn(sweep(store.clone(), fleet.clone(), setup.audit_retention, is_down.clone())),
            tokio::spawn(retention::run(store.clone(), exports, retention, is_down.clone())),
            tokio::spawn(watch_coverage(fleet.clone(), notifier.clone(), is_down.clone())),
            tokio::spawn(notify::run(notifier, is_down.clone())),
            tokio::spawn(tickets::run(tickets, is_down)),
        ]);
        Ok(Self { account, store, fleet, ingest, api, down, tasks })
    }

    /// True once the account is closed.
    pub(crate) fn down(&self) -> watch::Receiver<bool> {
        self.down.subscribe()
    }

    /// Ends its streams and tasks, and waits for them within a bound.
    pub(crate) async fn close(&self) {
        self.down.send_replace(true);
        let tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        for task in tasks {
            let handle = task.abort_handle();
            if tokio::time::timeout(GRACE, task).await.is_err() {
                handle.abort();
            }
        }
    }
}

/// Forgets what has run out, and writes down what sensors said. Nothing waits for either: every question asks for what
/// is in force now, and the newest of a sensor is in memory.
async fn sweep(
    store: Arc<dyn Store>,
    fleet: Arc<Fleet>,
    audit_retention: Duration,
    mut shutdown: watch::Receiver<bool>,
) {
    let mut ticks = tokio::time::interval(SWEEP_EVERY);
    loop {
        let is_down = tokio::select! {
            _ = shutdown.wait_for(|down| *down) => true,
            _ = ticks.tick() => false,
        };
        record(&fleet).await;
        if is_down {
            return;
        }
        let store = store.clone();
        let swept = blocking(move || {
            let now = EpochMillis::now();
            let kept = i64::try_from(audit_retention.as_millis()).unwrap_or(i64::MAX);
            Ok::<_, StoreError>((
                store.expire(now)?,
                store.expire_sessions(now, auth::idle_since(now))?,
                store.expire_join_tokens(now)?,
                store.expire_audit(EpochMillis::from_millis(now.millis().saturating_sub(kept)))?
                    + store.expire_alerts(EpochMillis::from_millis(
                        now.millis().saturating_sub(ALERTS_KEPT_MILLIS),
                    ))?,
            ))
        });
        match swept.await {
            Ok((0, 0, 0, 0)) => {}
            Ok((orders, sessions, tokens, audit)) => {
                tracing::debug!(orders, sessions, tokens, audit, "ran out");
            }
            Err(error) => tracing::warn!(%error, "what ran out could not be swept; next try in 15 s"),
        }
    }
}

/// Says where coverage is lost, and where it is back.
async fn watch_coverage(fleet: Arc<Fleet>, notifier: Arc<Notifier>, mut shutdown: watch::Receiver<bool>) {
    loop {
        let watching = fleet.clone();
        match blocking(move || watching.watch()).await {
            Ok(true) => notifier.wake(),
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(%error, "alerts of coverage could not be written down; next try soon")
            }
        }
        tokio::select! {
            _ = shutdown.wait_for(|down| *down) => return,
            () = tokio::time::sleep(fleet.watch_every()) => {}
        }
    }
}

async fn record(fleet: &Arc<Fleet>) {
    let fleet = fleet.clone();
    if let Err(error) = blocking(move || fleet.record()).await {
        tracing::warn!(%error, "what sensors reported could not be written down");
    }
}
