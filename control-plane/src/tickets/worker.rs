use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use tokio::{
    sync::watch,
    task::{Id, JoinSet},
    time::{sleep, timeout},
};

use super::{Tickets, round};
use crate::{
    blocking::blocking,
    clock::EpochMillis,
    store::{Integration, StoreError},
};

/// Finds integrations whose pause is over, and what came in beside this process.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Looks for issues that stand otherwise than their tickets were told.
const ISSUES_EVERY: Duration = Duration::from_secs(10);
const EVENTS_EVERY: Duration = Duration::from_secs(60);
/// Asks a tracker how its tickets stand.
const POLL_EVERY: Duration = Duration::from_secs(300);
const AFTER_STORE_FAILURE: Duration = Duration::from_secs(5);
/// What is under way when the server ends gets so long; what is not done then is looked for at the next start.
const GRACE: Duration = Duration::from_secs(4);

/// What a round looks for besides tickets to be made.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Looks {
    pub(super) issues: bool,
    pub(super) events: bool,
    pub(super) poll: bool,
}

/// Works until the server ends: trackers beside each other, each one's tickets in their order.
pub(crate) async fn run(tickets: Arc<Tickets>, mut shutdown: watch::Receiver<bool>) {
    let mut rounds = JoinSet::new();
    let mut busy: HashMap<Id, String> = HashMap::new();
    let mut looked = Looked::default();
    let mut pause = Duration::ZERO;
    loop {
        let is_woken = tokio::select! {
            _ = shutdown.wait_for(|down| *down) => break,
            () = tickets.wake.notified(), if pause < AFTER_STORE_FAILURE => true,
            () = sleep(pause) => false,
            Some(ended) = rounds.join_next_with_id() => {
                busy.remove(&ended_id(&ended));
                continue;
            }
        };
        if tickets.is_asked.swap(false, Ordering::AcqRel) {
            looked.ask();
        }
        if is_woken {
            looked.at_issues.clear();
        }
        pause = match due(&tickets).await {
            Ok(due) => {
                let idle = due.into_iter().filter(|one| !busy.values().any(|id| *id == one.id));
                for integration in idle.collect::<Vec<_>>() {
                    let (id, looks) = (integration.id.clone(), looked.looks(&integration));
                    let handle = rounds.spawn(round::run(tickets.clone(), integration, looks));
                    busy.insert(handle.id(), id);
                }
                LOOK_EVERY
            }
            Err(error) => {
                tracing::warn!(%error, "tickets could not be read; next try in 5 s");
                AFTER_STORE_FAILURE
            }
        };
    }
    let all = async { while rounds.join_next().await.is_some() {} };
    if timeout(GRACE, all).await.is_err() {
        tracing::info!("work on tickets was cut off; it goes on at the next start");
    }
}

/// When what was looked at last, by integration.
#[derive(Default)]
struct Looked {
    at_issues: HashMap<String, Instant>,
    at_events: HashMap<String, Instant>,
    /// Asked for although it is not time; done by these.
    asked: Option<HashSet<String>>,
}

impl Looked {
    fn ask(&mut self) {
        self.at_issues.clear();
        self.at_events.clear();
        self.asked = Some(HashSet::new());
    }

    fn looks(&mut self, integration: &Integration) -> Looks {
        let id = &integration.id;
        let mut is_time = |events: bool, every: Duration| {
            let last = if events { &mut self.at_events } else { &mut self.at_issues };
            let is_time = last.get(id).is_none_or(|last| last.elapsed() >= every);
            if is_time {
                last.insert(id.clone(), Instant::now());
            }
            is_time
        };
        let (issues, events) = (is_time(false, ISSUES_EVERY), is_time(true, EVENTS_EVERY));
        let is_asked = self.asked.as_mut().is_some_and(|done| done.insert(id.clone()));
        let next = integration.polled_at.map(|last| last.plus(POLL_EVERY));
        let poll = is_asked || next.is_none_or(|next| next <= EpochMillis::now());
        Looks { issues, events, poll }
    }
}

fn ended_id(ended: &Result<(Id, ()), tokio::task::JoinError>) -> Id {
    match ended {
        Ok((id, ())) => *id,
        Err(error) => {
            tracing::error!(%error, "work on tickets broke off");
            error.id()
        }
    }
}

async fn due(tickets: &Arc<Tickets>) -> Result<Vec<Integration>, StoreError> {
    let store = tickets.store.clone();
    blocking(move || store.due_integrations(EpochMillis::now())).await
}
