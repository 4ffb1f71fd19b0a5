//! One look at one tracker's tickets: makes those that wait, tells those that know less than we do, and asks how all stand.

mod make;
mod poll;
mod tell;

use std::sync::Arc;

use super::{
    Tickets,
    tracker::{Found, Problem, Tracker},
    worker::Looks,
};
use crate::{
    blocking::blocking,
    clock::EpochMillis,
    outbound::backoff,
    store::{Did, Integration, Store, StoreError, Ticket, TicketState},
};

/// Tickets that are made or told in one round; the next one goes on.
const AT_ONCE: u64 = 20;
/// Between tries of what the tracker refuses a ticket: twice as long each time.
const FIRST_PAUSE_SECS: u64 = 60;
const LONGEST_PAUSE_SECS: u64 = 6 * 3_600;

/// Why a round is over before its end.
enum Stop {
    Tracker(Problem),
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

struct Round<'a> {
    tickets: &'a Tickets,
    integration: &'a Integration,
    tracker: Tracker<'a>,
}

pub(super) async fn run(tickets: Arc<Tickets>, mut integration: Integration, looks: Looks) {
    let result = match tickets.tracker(&integration) {
        Ok(tracker) => Round { tickets: &tickets, integration: &integration, tracker }.work(looks).await,
        Err(problem) => Err(Stop::Tracker(problem)),
    };
    let had_problem = integration.failures > 0;
    match result {
        // Nothing was asked of the tracker, so nothing is known of it.
        Ok(false) => return,
        Ok(true) => {
            integration.failures = 0;
            integration.problem.clear();
            integration.next_at = EpochMillis::MIN;
            if looks.poll {
                integration.polled_at = Some(EpochMillis::now());
            }
            if !had_problem && !looks.poll {
                return;
            }
        }
        Err(Stop::Tracker(problem)) => {
            let after = match &problem {
                Problem::Tracker { retry_after, .. } => *retry_after,
                Problem::Request(_) | Problem::Gone(_) => None,
            };
            integration.failures += 1;
            integration.next_at = EpochMillis::now().plus(backoff::after(integration.failures, after));
            problem.said().clone_into(&mut integration.problem);
            tracing::warn!(
                integration = integration.name,
                failures = integration.failures,
                problem = integration.problem,
                "an issue tracker does not do as it should"
            );
        }
        Err(Stop::Store(error)) => {
            tracing::warn!(%error, integration = integration.name, "work on tickets broke off; it is tried again");
            integration.next_at = EpochMillis::now().plus(std::time::Duration::from_secs(5));
        }
    }
    let store = tickets.store.clone();
    if let Err(error) = blocking(move || store.settle_integration(&integration)).await {
        tracing::error!(%error, "how an issue tracker answers could not be written down");
    }
}

impl Round<'_> {
    /// Whether the tracker was asked anything.
    async fn work(&self, looks: Looks) -> Result<bool, Stop> {
        let mut is_asked = self.make().await?;
        if looks.issues {
            is_asked |= self.tell_of_issues().await?;
        }
        if looks.events {
            is_asked |= self.tell_of_events().await?;
        }
        if looks.poll {
            self.poll().await?;
        }
        Ok(is_asked || looks.poll)
    }

    async fn store<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Store, &Integration) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (store, integration) = (self.tickets.store.clone(), self.integration.clone());
        blocking(move || work(&*store, &integration)).await
    }

    async fn settle(&self, ticket: Ticket, did: Did) -> Result<(), StoreError> {
        self.store(move |store, _| store.settle_tickets(vec![(ticket, did)])).await
    }

    /// Writes down why nothing came of it. What is the tracker's as a whole ends the round.
    async fn settle_problem(&self, mut ticket: Ticket, problem: Problem) -> Result<(), Stop> {
        problem.said().clone_into(&mut ticket.problem);
        match &problem {
            Problem::Gone(_) if !ticket.key.is_empty() => ticket.state = TicketState::Gone,
            // Once refused it would be refused again.
            Problem::Request(_) | Problem::Gone(_) if ticket.key.is_empty() => {
                ticket.state = TicketState::Failed
            }
            Problem::Request(_) | Problem::Gone(_) => {
                ticket.attempts += 1;
                let doublings = u32::try_from(ticket.attempts - 1).unwrap_or(u32::MAX).min(16);
                let pause = (FIRST_PAUSE_SECS << doublings).min(LONGEST_PAUSE_SECS);
                ticket.next_at = EpochMillis::now().plus(std::time::Duration::from_secs(pause));
            }
            Problem::Tracker { .. } => {}
        }
        tracing::warn!(
            integration = ticket.integration,
            ticket = ticket.key,
            subject = %ticket.subject,
            problem = ticket.problem,
            "a ticket could not be made or told"
        );
        self.settle(ticket, Did::Failed).await?;
        match problem {
            Problem::Tracker { .. } => Err(Stop::Tracker(problem)),
            Problem::Request(_) | Problem::Gone(_) => Ok(()),
        }
    }
}

/// The ticket as the tracker has it now.
fn put(ticket: &mut Ticket, found: Found) {
    let now = EpochMillis::now();
    if !found.is_done {
        ticket.done_at = None;
    } else if ticket.state != TicketState::Done {
        ticket.done_at = Some(now);
    }
    ticket.state = if found.is_done { TicketState::Done } else { TicketState::Open };
    ticket.key = found.key;
    ticket.url = found.url;
    ticket.tracker_state = found.state;
    ticket.synced_at = Some(now);
}
