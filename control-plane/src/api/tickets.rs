//! Tickets in issue trackers: of which event or issue, and how they stand.

mod create;
mod integrations;
mod link;

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

pub(super) use self::{
    create::{Create, of_events, of_issues},
    integrations::{Add, Modify, More, Named, add, list as integrations, modify, remove, test},
    link::{Link, Which, ask, link, unlink},
};
use super::{
    ApiError,
    endpoint::{Call, Reply},
    filter::bounded,
    names,
};
use crate::{
    clock::EpochMillis,
    store::{Fingerprint, Subject, Ticket, TicketFilter, TicketState},
};

const DEFAULT_LIMIT: u64 = 50;
const MAX_LIMIT: u64 = 1_000;

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Asked {
    /// Names.
    integrations: Vec<String>,
    /// `QUEUED`, `OPEN`, `DONE`, `FAILED`, `GONE`.
    states: Vec<String>,
    keys: Vec<String>,
    issue_ids: Option<Vec<String>>,
    event_ids: Option<Vec<String>>,
    skip: u64,
    limit: Option<u64>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Listed {
    tickets: Vec<TicketRow>,
    total: u64,
}

/// A ticket of one event or one issue.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TicketRow {
    /// Null where it is of an event.
    issue_id: Option<String>,
    /// Null where it is of an issue.
    event_id: Option<String>,
    integration: String,
    kind: names::TrackerKind,
    /// Empty until it is made.
    key: String,
    url: String,
    state: names::TicketState,
    /// As the tracker calls it.
    tracker_state: String,
    /// Made by people and linked here.
    linked: bool,
    created_at: i64,
    created_by: String,
    /// When the tracker last told of it.
    synced_at: Option<i64>,
    done_at: Option<i64>,
    /// That failed in a row.
    attempts: u64,
    /// Of the next attempt; null where none waits.
    next_attempt_at: Option<i64>,
    /// What failed last; empty where nothing does.
    problem: String,
}

/// The ticket of an event or issue, in short.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct TicketRef {
    integration: String,
    /// Empty until it is made.
    key: String,
    pub(super) url: String,
    state: names::TicketState,
    /// As the tracker calls it.
    tracker_state: String,
    /// What failed last; empty where nothing does.
    problem: String,
}

/// `fetchTickets`: newest first.
pub(super) fn list(call: &Call) -> Reply<Listed> {
    let asked: Asked = call.keys()?;
    let limit = asked.limit.unwrap_or(DEFAULT_LIMIT);
    if limit > MAX_LIMIT {
        return Err(ApiError::invalid("limit", format_args!("is at most {MAX_LIMIT}")));
    }
    for (name, length) in [
        ("integrations", asked.integrations.len()),
        ("states", asked.states.len()),
        ("keys", asked.keys.len()),
        ("issueIds", asked.issue_ids.as_ref().map_or(0, Vec::len)),
        ("eventIds", asked.event_ids.as_ref().map_or(0, Vec::len)),
    ] {
        bounded(name, length)?;
    }
    let state = |name: &String| {
        TicketState::parse(name).ok_or_else(|| {
            let known = TicketState::ALL.map(TicketState::name).join(", ");
            ApiError::invalid("states", format_args!("{name:?} is none of {known}"))
        })
    };
    let is_any = asked.issue_ids.is_none() && asked.event_ids.is_none();
    let issues = asked.issue_ids.iter().flatten().map(|id| issue("issueIds", id));
    let events = asked.event_ids.iter().flatten().map(|id| event("eventIds", id));
    let subjects = issues.chain(events).collect::<Result<Vec<_>, _>>()?;
    let filter = TicketFilter {
        states: asked.states.iter().map(state).collect::<Result<_, _>>()?,
        subjects: (!is_any).then_some(subjects),
        integrations: asked.integrations,
        keys: asked.keys,
    };
    let listing = call.api.store.tickets(&filter, asked.skip, limit)?;
    Ok(Listed { tickets: listing.rows.into_iter().map(TicketRow::from).collect(), total: listing.total })
}

/// The tickets of these, in short.
pub(super) fn of(
    api: &super::Api,
    subjects: impl Iterator<Item = Subject>,
) -> Result<HashMap<Subject, TicketRef>, ApiError> {
    let subjects: Vec<_> = subjects.collect();
    let found = api.store.tickets_of(&subjects)?;
    Ok(found.into_iter().map(|(subject, ticket)| (subject, ticket.into())).collect())
}

fn issue(field: &str, id: &str) -> Result<Subject, ApiError> {
    let parsed = Fingerprint::parse(id).map(Subject::Issue);
    parsed.ok_or_else(|| {
        ApiError::invalid(field, format_args!("{id:?} is no issue's id: 32 hexadecimal digits"))
    })
}

fn event(field: &str, id: &str) -> Result<Subject, ApiError> {
    let parsed = Uuid::parse_str(id).map(Subject::Event);
    parsed.map_err(|_| ApiError::invalid(field, format_args!("{id:?} is no event's id")))
}

impl From<Ticket> for TicketRow {
    fn from(ticket: Ticket) -> Self {
        let (issue_id, event_id) = match ticket.subject {
            Subject::Issue(fingerprint) => (Some(fingerprint.to_string()), None),
            Subject::Event(id) => (None, Some(id.to_string())),
        };
        let waits = !ticket.problem.is_empty() && ticket.next_at > EpochMillis::MIN;
        Self {
            issue_id,
            event_id,
            integration: ticket.integration,
            kind: ticket.tracker.into(),
            key: ticket.key,
            url: ticket.url,
            state: ticket.state.into(),
            tracker_state: ticket.tracker_state,
            linked: ticket.is_linked,
            created_at: ticket.created_at.seconds(),
            created_by: ticket.created_by,
            synced_at: ticket.synced_at.map(EpochMillis::seconds),
            done_at: ticket.done_at.map(EpochMillis::seconds),
            attempts: ticket.attempts,
            next_attempt_at: waits.then(|| ticket.next_at.seconds()),
            problem: ticket.problem,
        }
    }
}

impl From<Ticket> for TicketRef {
    fn from(ticket: Ticket) -> Self {
        Self {
            integration: ticket.integration,
            key: ticket.key,
            url: ticket.url,
            state: ticket.state.into(),
            tracker_state: ticket.tracker_state,
            problem: ticket.problem,
        }
    }
}
