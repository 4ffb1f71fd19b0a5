use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    super::{
        ApiError,
        endpoint::{Call, Reply},
        filter, issues,
    },
    TicketRow,
    link::chosen,
};
use crate::{
    blocking::blocking,
    store::{EventSort, EventStatus, IssueSort, IssueStatus, Order, Page, Subject, Ticket, TicketState},
};

/// Tickets that one call makes.
const MAX_AT_ONCE: u64 = 100;
/// How long an answer waits for the tracker, where the request does not say.
const PATIENCE_SECONDS: u64 = 5;
const MAX_PATIENCE_SECONDS: u64 = 60;
const LOOK_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct Create {
    /// By name; may be left out where there is one alone.
    integration: Option<String>,
    /// Another ticket where there is one that is done.
    #[serde(default)]
    again: bool,
    /// How long the answer waits for the tracker: 5, at most 60.
    wait_seconds: Option<u64>,
}

#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Created {
    /// Of all that were selected, as they stand.
    tickets: Vec<TicketRow>,
    selected: u64,
    /// Had a ticket that is left as it is.
    existing: u64,
    /// Made by now.
    created: u64,
    /// Refused by the tracker: the ticket's `problem` says why.
    failed: u64,
    /// Still to be made.
    queued: u64,
}

/// `createTicketsForIssues`: of exactly the issues that these keys list.
pub(in crate::api) async fn of_issues(call: Call) -> Reply<Created> {
    let keys: issues::FilterKeys = call.keys()?;
    if keys.is_empty() {
        return Err(ApiError::invalid("issueIds", "name issues by issueId, issueIds or a filter"));
    }
    let filter = keys.filter()?;
    let select = move |call: &Call| {
        let page = Page { skip: 0, limit: MAX_AT_ONCE, sort: vec![(IssueSort::Severity, Order::Descending)] };
        let (found, _) = call.api.store.issues(&filter, &page)?;
        bounded(found.total, "issues")?;
        let subject = |issue: &crate::store::Issue| (Subject::Issue(issue.fingerprint), issue.status);
        Ok(found.rows.iter().map(subject).collect())
    };
    create(call, select).await
}

/// `createTicketsForEvents`: of exactly the events that these keys list.
pub(in crate::api) async fn of_events(call: Call) -> Reply<Created> {
    let keys: filter::FilterKeys = call.keys()?;
    if keys.is_empty() {
        return Err(ApiError::invalid("eventIds", "name events by eventId, eventIds or a filter"));
    }
    let filter = keys.filter()?;
    let select = move |call: &Call| {
        let page =
            Page { skip: 0, limit: MAX_AT_ONCE + 1, sort: vec![(EventSort::DetectedAt, Order::Descending)] };
        let found = call.api.store.list(&filter, &page)?;
        bounded(found.total.max(found.rows.len() as u64), "events")?;
        let status = |status: EventStatus| match status {
            EventStatus::Ignored => IssueStatus::Ignored,
            EventStatus::Active | EventStatus::UnderReview => IssueStatus::Open,
        };
        Ok(found.rows.iter().map(|row| (Subject::Event(row.id), status(row.status))).collect())
    };
    create(call, select).await
}

fn bounded(count: u64, what: &str) -> Result<(), ApiError> {
    match count > MAX_AT_ONCE {
        true => Err(ApiError::Invalid(vec![format!(
            "{count} {what} are like that, and at most {MAX_AT_ONCE} tickets are made at once: narrow the filter"
        )])),
        false => Ok(()),
    }
}

type Selected = Vec<(Subject, IssueStatus)>;

async fn create(
    call: Call,
    select: impl FnOnce(&Call) -> Result<Selected, ApiError> + Send + 'static,
) -> Reply<Created> {
    let began = Instant::now();
    let Create { integration, again, wait_seconds } = call.keys()?;
    let patience = wait_seconds.unwrap_or(PATIENCE_SECONDS);
    if patience > MAX_PATIENCE_SECONDS {
        return Err(ApiError::invalid(
            "waitSeconds",
            format_args!("is at most {MAX_PATIENCE_SECONDS}; fetchTickets tells later"),
        ));
    }
    let (call, subjects, queued) = blocking(move || {
        let integration = chosen(&call, integration.as_deref())?;
        let selected = select(&call)?;
        let subjects: Vec<_> = selected.iter().map(|(subject, _)| *subject).collect();
        let queued = call.api.store.queue_tickets(&call.act(), &integration.id, selected, again)?;
        Ok::<_, ApiError>((call, subjects, queued))
    })
    .await?;
    call.api.tickets.wake();
    loop {
        let (store, all) = (call.api.store.clone(), subjects.clone());
        let mut found = blocking(move || store.tickets_of(&all)).await?;
        let in_state = |state: fn(TicketState) -> bool| {
            let tickets = queued.iter().filter_map(|subject| found.get(subject));
            tickets.filter(|ticket: &&Ticket| state(ticket.state)).count() as u64
        };
        let waits = in_state(|state| state == TicketState::Queued);
        if waits > 0 && began.elapsed() < Duration::from_secs(patience) {
            tokio::time::sleep(LOOK_EVERY).await;
            continue;
        }
        return Ok(Created {
            selected: subjects.len() as u64,
            existing: (subjects.len() - queued.len()) as u64,
            created: in_state(|state| {
                matches!(state, TicketState::Open | TicketState::Done | TicketState::Gone)
            }),
            failed: in_state(|state| state == TicketState::Failed),
            queued: waits,
            tickets: subjects
                .iter()
                .filter_map(|subject| found.remove(subject))
                .map(TicketRow::from)
                .collect(),
        });
    }
}
