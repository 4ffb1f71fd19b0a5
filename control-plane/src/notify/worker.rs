use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    task::{Id, JoinSet},
    time::{sleep, timeout},
};

use super::{Notifier, Outcome};
use crate::{
    blocking::blocking,
    clock::EpochMillis,
    outbound::backoff,
    store::{Attempt, Due, Settled, StoreError},
};

/// Finds targets whose pause is over, and what came in beside this process.
const LOOK_EVERY: Duration = Duration::from_millis(500);
const AFTER_STORE_FAILURE: Duration = Duration::from_secs(5);
/// What is being sent when the server ends gets so long; what is not done then is sent again at the next start.
const GRACE: Duration = Duration::from_secs(4);

/// Sends what is due until the server ends: targets beside each other, each one's notifications in their order.
pub(crate) async fn run(notifier: Arc<Notifier>, mut shutdown: watch::Receiver<bool>) {
    let mut sending = JoinSet::new();
    let mut busy: HashMap<Id, String> = HashMap::new();
    let mut pause = Duration::ZERO;
    loop {
        let is_down = tokio::select! {
            _ = shutdown.wait_for(|down| *down) => true,
            () = notifier.wake.notified(), if pause < AFTER_STORE_FAILURE => false,
            () = sleep(pause) => false,
            Some(ended) = sending.join_next_with_id() => {
                busy.remove(&ended_id(&ended));
                false
            }
        };
        if is_down {
            break;
        }
        pause = match due(&notifier, busy.values().cloned().collect()).await {
            Ok(due) => {
                for due in due {
                    let id = due.target.id.clone();
                    let handle = sending.spawn(deliver(notifier.clone(), due));
                    busy.insert(handle.id(), id);
                }
                LOOK_EVERY
            }
            Err(error) => {
                tracing::warn!(%error, "the outbox of notifications could not be read; next try in 5 s");
                AFTER_STORE_FAILURE
            }
        };
    }
    let all = async { while sending.join_next().await.is_some() {} };
    if timeout(GRACE, all).await.is_err() {
        tracing::info!("notifications under way were cut off; they are sent again at the next start");
    }
}

fn ended_id(ended: &Result<(Id, ()), tokio::task::JoinError>) -> Id {
    match ended {
        Ok((id, ())) => *id,
        Err(error) => {
            tracing::error!(%error, "sending a notification broke off");
            error.id()
        }
    }
}

async fn due(notifier: &Arc<Notifier>, busy: Vec<String>) -> Result<Vec<Due>, StoreError> {
    let notifier = notifier.clone();
    blocking(move || notifier.store.due(EpochMillis::now(), &busy)).await
}

async fn deliver(notifier: Arc<Notifier>, due: Due) {
    let tried = notifier.send(&due.target, &due.queued).await;
    let number = due.target.failures + 1;
    let settled = match &tried.outcome {
        Outcome::Delivered(_) => Settled::Delivered,
        // One of many may be at fault: the next attempt has one alone.
        Outcome::Refused(_) if due.queued.len() == 1 => Settled::GivenUp,
        Outcome::Refused(_) => Settled::Retry(tried.at),
        Outcome::Failed { retry_after, .. } => {
            Settled::Retry(EpochMillis::now().plus(backoff::after(number, *retry_after)))
        }
    };
    let detail = tried.outcome.detail();
    if settled != Settled::Delivered {
        tracing::warn!(
            target = due.target.name,
            attempt = number,
            detail,
            "a notification was not delivered"
        );
    }
    let attempt = Attempt {
        target: due.target.id,
        seqs: due.queued.iter().map(|one| one.seq).collect(),
        id: tried.id,
        count: due.queued.len() as u64,
        number,
        at: tried.at,
        took: tried.took,
        settled,
        detail,
    };
    let store = notifier.store.clone();
    if let Err(error) = blocking(move || store.settle(attempt)).await {
        tracing::error!(%error, "what became of a notification could not be written down; it will be sent again");
        // Else it would be sent as fast as the target takes it.
        sleep(AFTER_STORE_FAILURE).await;
    }
}
