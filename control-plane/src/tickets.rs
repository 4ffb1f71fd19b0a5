//! Tickets in issue trackers: made for events and issues, told what became of these, and asked what became of them.
//!
//! What is to be done stands in the store: tickets that wait to be made, and those whose subject stands otherwise than they were
//! told. The worker does it and writes down what came of it; nothing is lost with the process.

mod document;
mod round;
mod settings;
mod template;
mod tracker;
mod values;
mod worker;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use self::{
    document::Document,
    tracker::{Found, Tracker},
};
pub(crate) use self::{settings::BadSetting, worker::run};
use crate::{
    outbound::Outbound,
    policies::Policies,
    store::{
        Act, Integration, IntegrationSettings, Principal, PrincipalKind, Store, StoreError, Subject,
        TrackerKind,
    },
    vault::{Locked, Vault},
};

/// What opens a tracker.
#[derive(Serialize, Deserialize)]
pub(crate) struct Credentials {
    /// Empty where the token says whose it is.
    pub(crate) user: String,
    pub(crate) token: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Credentials(…)")
    }
}

pub(crate) struct Tickets {
    store: Arc<dyn Store>,
    policies: Arc<Policies>,
    vault: Arc<Vault>,
    outbound: Arc<Outbound>,
    wake: tokio::sync::Notify,
    /// Trackers are to be asked although it is not time.
    is_asked: AtomicBool,
}

/// How an attempt went that somebody waited for.
pub(crate) struct Tried {
    pub(crate) works: bool,
    pub(crate) detail: String,
    pub(crate) took: Duration,
}

impl Tickets {
    pub(crate) fn new(
        store: Arc<dyn Store>,
        policies: Arc<Policies>,
        vault: Arc<Vault>,
        outbound: Arc<Outbound>,
    ) -> Self {
        let (wake, is_asked) = (tokio::sync::Notify::new(), AtomicBool::new(false));
        Self { store, policies, vault, outbound, wake, is_asked }
    }

    /// Says that there may be something to do. The worker looks by itself, too, only later.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Asks all trackers how their tickets stand, as soon as their pauses allow.
    pub(crate) fn ask(&self) {
        self.is_asked.store(true, Ordering::Release);
        self.wake();
    }

    pub(crate) fn checked(
        &self,
        settings: IntegrationSettings,
        kind: TrackerKind,
    ) -> Result<IntegrationSettings, BadSetting> {
        settings::checked(settings, kind, &self.outbound.gate)
    }

    pub(crate) fn seal(
        &self,
        id: &str,
        kind: TrackerKind,
        credentials: &Credentials,
    ) -> Result<Result<Vec<u8>, BadSetting>, StoreError> {
        match settings::credentials(credentials, kind) {
            Ok(()) => self.vault.seal(id, credentials).map(Ok),
            Err(bad) => Ok(Err(bad)),
        }
    }

    /// Whether the tracker lets us in and has what the integration names.
    pub(crate) async fn check(&self, integration: &Integration) -> Tried {
        let began = Instant::now();
        let result = match self.tracker(integration) {
            Ok(tracker) => tracker.check().await,
            Err(problem) => Err(problem),
        };
        let detail = result.as_ref().map_or_else(|problem| problem.said().to_owned(), Clone::clone);
        Tried { works: result.is_ok(), detail, took: began.elapsed() }
    }

    /// Says in a ticket that people made what it is linked with; how it stands, or why not.
    pub(crate) async fn link(
        &self,
        integration: &Integration,
        key: &str,
        subject: Subject,
    ) -> Result<Linked, String> {
        let is_right = match integration.kind {
            TrackerKind::AzureBoards => key.parse::<u32>().is_ok(),
            TrackerKind::JiraCloud | TrackerKind::JiraServer => tracker::is_key(key),
        };
        if !is_right {
            return Err("is PROJ-17 in Jira and 17 in Azure Boards".to_owned());
        }
        let text = format!("Linked with {} {subject} of Portcullis.", subject.kind());
        let link = values::link(subject, &integration.settings.console_url);
        let comment = Document::line(&text).and_link(link.as_deref());
        let told = match self.tracker(integration) {
            Ok(tracker) => tracker.tell(key, &comment, None).await,
            Err(problem) => Err(problem),
        };
        told.map(Linked::from).map_err(|problem| format!("the tracker {}", problem.said()))
    }

    fn tracker<'a>(&'a self, integration: &'a Integration) -> Result<Tracker<'a>, tracker::Problem> {
        let credentials: Credentials =
            self.vault.open(&integration.id, &integration.sealed).map_err(|Locked| {
                tracker::Problem::tracker(
                    "the credentials cannot be opened: notify.key in the data folder is not the key they were sealed \
                     with; set them again",
                )
            })?;
        Tracker::new(&self.outbound, integration.kind, &integration.settings, &credentials)
    }
}

/// A ticket that people made, as it is.
pub(crate) struct Linked {
    pub(crate) key: String,
    pub(crate) url: String,
    pub(crate) state: String,
    pub(crate) is_done: bool,
}

impl From<Found> for Linked {
    fn from(Found { key, url, state, is_done, .. }: Found) -> Self {
        Self { key, url, state, is_done }
    }
}

/// What follows from a tracker's word.
fn act() -> Act {
    let by = Principal { kind: PrincipalKind::ControlPlane, id: String::new(), name: "tickets".to_owned() };
    Act { by, from: None, action: "syncTickets".to_owned() }
}
