use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    super::{
        ApiError,
        endpoint::{Call, Reply},
    },
    TicketRow, event,
    integrations::found,
    issue,
};
use crate::{
    blocking::blocking,
    clock::EpochMillis,
    store::{
        EventFilter, EventSort, EventStatus, Integration, IssueFilter, IssueSort, IssueStatus, NewLink,
        Order, Page, Subject,
    },
};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct Which {
    issue_id: Option<String>,
    event_id: Option<String>,
}

impl Which {
    fn subject(&self) -> Result<Subject, ApiError> {
        match (&self.issue_id, &self.event_id) {
            (Some(id), None) => issue("issueId", id),
            (None, Some(id)) => event("eventId", id),
            _ => Err(ApiError::invalid("issueId", "or eventId is given, one of both")),
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::api) struct Link {
    /// By name; may be left out where there is one alone.
    integration: Option<String>,
    /// `PROJ-17` in Jira, `17` in Azure Boards.
    key: String,
}

#[derive(Serialize, ToSchema)]
pub(in crate::api) struct One {
    ticket: TicketRow,
}

/// `linkTicket`: one that people made. It is looked for at the tracker, and told there.
pub(in crate::api) async fn link(call: Call) -> Reply<One> {
    let Link { integration, key } = call.keys()?;
    let subject = call.keys::<Which>()?.subject()?;
    let (call, integration, told) = blocking(move || {
        let integration = chosen(&call, integration.as_deref())?;
        let told = status(&call, subject)?;
        let before = call.api.store.tickets_of(&[subject])?;
        if before.values().any(|ticket| matches!(ticket.state.name(), "QUEUED" | "OPEN")) {
            return Err(taken());
        }
        Ok::<_, ApiError>((call, integration, told))
    })
    .await?;
    let linked = call.api.tickets.link(&integration, key.trim(), subject).await;
    let linked = linked.map_err(|problem| ApiError::invalid("key", problem))?;
    blocking(move || {
        let link = NewLink {
            integration_id: integration.id,
            subject,
            told,
            key: linked.key,
            url: linked.url,
            tracker_state: linked.state,
            is_done: linked.is_done,
            at: EpochMillis::now(),
        };
        if !call.api.store.link_ticket(&call.act(), link)? {
            return Err(taken());
        }
        let ticket = call.api.store.tickets_of(&[subject])?.remove(&subject);
        Ok(One { ticket: ticket.ok_or_else(taken)?.into() })
    })
    .await
}

/// `unlinkTicket`: at the tracker it stays as it is.
pub(in crate::api) fn unlink(call: &Call) -> Reply<One> {
    let subject = call.keys::<Which>()?.subject()?;
    let before = call.api.store.unlink_ticket(&call.act(), subject)?;
    let ticket = before.ok_or_else(|| {
        ApiError::invalid("issueId", "it has no ticket; fetchTickets shows those there are")
    })?;
    Ok(One { ticket: ticket.into() })
}

#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Asked {
    /// How many integrations are asked.
    integrations: usize,
}

/// `syncTickets`: asks the trackers now how their tickets stand; `fetchTickets` tells it in a moment.
pub(in crate::api) fn ask(call: &Call) -> Reply<Asked> {
    let enabled = call.api.store.integrations()?.iter().filter(|one| one.enabled).count();
    call.api.tickets.ask();
    Ok(Asked { integrations: enabled })
}

/// That which is named, or the one that there is.
pub(super) fn chosen(call: &Call, name: Option<&str>) -> Result<Integration, ApiError> {
    let chosen = match name {
        Some(name) => found(call, name).map_err(|error| match error {
            ApiError::Invalid(lines) => ApiError::Invalid(
                lines.iter().map(|line| line.replacen("name: ", "integration: ", 1)).collect(),
            ),
            other => other,
        })?,
        None => {
            let mut all: Vec<_> =
                call.api.store.integrations()?.into_iter().filter(|one| one.enabled).collect();
            match (all.pop(), all.is_empty()) {
                (Some(one), true) => one,
                (None, _) => {
                    return Err(ApiError::invalid(
                        "integration",
                        "there is none; addTicketIntegration makes one",
                    ));
                }
                (Some(_), false) => {
                    return Err(ApiError::invalid(
                        "integration",
                        "there are several: name one of fetchTicketIntegrations",
                    ));
                }
            }
        }
    };
    if !chosen.enabled {
        return Err(ApiError::invalid("integration", format_args!("{:?} is disabled", chosen.name)));
    }
    Ok(chosen)
}

fn taken() -> ApiError {
    ApiError::invalid("key", "it has a ticket that waits or is open: unlinkTicket takes that one away")
}

/// How it stands, which is what the ticket is told.
fn status(call: &Call, subject: Subject) -> Result<IssueStatus, ApiError> {
    let found = match subject {
        Subject::Issue(fingerprint) => {
            let filter = IssueFilter { fingerprints: Some(vec![fingerprint]), ..IssueFilter::default() };
            let page = Page { skip: 0, limit: 1, sort: vec![(IssueSort::Endpoint, Order::Ascending)] };
            let (found, _) = call.api.store.issues(&filter, &page)?;
            found.rows.first().map(|issue| issue.status)
        }
        Subject::Event(id) => {
            let page = Page { skip: 0, limit: 1, sort: vec![(EventSort::DetectedAt, Order::Descending)] };
            let found = call.api.store.list(&EventFilter::ids(vec![id]), &page)?;
            found.rows.first().map(|row| match row.status {
                EventStatus::Ignored => IssueStatus::Ignored,
                EventStatus::Active | EventStatus::UnderReview => IssueStatus::Open,
            })
        }
    };
    let field = if matches!(subject, Subject::Issue(_)) { "issueId" } else { "eventId" };
    found.ok_or_else(|| ApiError::invalid(field, format_args!("there is no such {}", subject.kind())))
}
