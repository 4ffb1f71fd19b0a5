//! Issue trackers. What opens one comes in and is never shown again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::{
    ApiError,
    endpoint::{Call, Reply},
    names,
    notify::named,
};
use crate::{
    blocking::blocking,
    clock::EpochMillis,
    store::{
        Integration, IntegrationChange, IntegrationError, IntegrationSettings, NewIntegration, StateMapping,
        TrackerKind,
    },
    tickets::{BadSetting, Credentials},
};

#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Integrations {
    integrations: Vec<TicketIntegration>,
    total: usize,
}

/// Where tickets are made, and how that goes.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TicketIntegration {
    name: String,
    kind: names::TrackerKind,
    url: String,
    project: String,
    issue_type: String,
    /// Where people reach the console; empty where tickets hold no link to it.
    console_url: String,
    /// The template of the title.
    summary: String,
    /// The template of the text.
    description: String,
    /// Further fields of each new ticket.
    #[schema(value_type = BTreeMap<String, Value>)]
    fields: Map<String, Value>,
    states: TicketStates,
    enabled: bool,
    created_at: i64,
    created_by: String,
    /// Tickets that wait to be made.
    queued: u64,
    created: u64,
    /// Changes that tickets were told of.
    updated: u64,
    /// Attempts of either that failed.
    failed: u64,
    /// Since the tracker last answered as it should.
    failures: u64,
    /// What failed last; empty where nothing does.
    problem: String,
    next_attempt_at: Option<i64>,
    /// When the tracker was last asked how its tickets stand.
    polled_at: Option<i64>,
}

/// What the tracker's states mean. What is empty is told by the categories that the tracker itself puts them in.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub(in crate::api) struct TicketStates {
    /// Where a ticket goes when its issue is fixed or ignored.
    close: String,
    /// Where it goes when that is no longer so.
    reopen: String,
    /// Count as done besides those whose category says so.
    done: Vec<String>,
    /// States or resolutions by which people ignore an issue: `{"Won't do": "ACCEPTABLE_RISK"}`.
    ignore: BTreeMap<String, String>,
}

/// `fetchTicketIntegrations`: by name.
pub(in crate::api) fn list(call: &Call) -> Reply<Integrations> {
    let all: Vec<_> = call.api.store.integrations()?.into_iter().map(TicketIntegration::from).collect();
    Ok(Integrations { total: all.len(), integrations: all })
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct Add {
    name: String,
    /// `jiraCloud`, `jiraServer` or `azureBoards`.
    kind: String,
    url: String,
    project: String,
    issue_type: String,
    /// Whose token it is, where it does not say so itself.
    user: Option<String>,
    token: String,
}

/// What has a meaning when it is left out; in a change it stays then as it was.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct More {
    console_url: Option<String>,
    summary: Option<String>,
    description: Option<String>,
    #[schema(value_type = Option<BTreeMap<String, Value>>)]
    fields: Option<Map<String, Value>>,
    states: Option<TicketStates>,
}

#[derive(Serialize, ToSchema)]
pub(in crate::api) struct One {
    integration: TicketIntegration,
}

/// `addTicketIntegration`.
pub(in crate::api) fn add(call: &Call) -> Reply<One> {
    let Add { name, kind, url, project, issue_type, user, token } = call.keys()?;
    let name = named(&name)?;
    let kind = TrackerKind::parse(&kind).ok_or_else(|| {
        let known = TrackerKind::ALL.map(TrackerKind::name).join(", ");
        ApiError::invalid("kind", format_args!("{kind:?} is none of {known}"))
    })?;
    let settings = IntegrationSettings { url, project, issue_type, ..IntegrationSettings::default() };
    let settings = call.api.tickets.checked(call.keys::<More>()?.over(settings), kind)?;
    let id = Uuid::now_v7().to_string();
    let credentials = Credentials { user: user.unwrap_or_default(), token };
    let sealed = call.api.tickets.seal(&id, kind, &credentials)??;
    let created_at = EpochMillis::now();
    let new = NewIntegration { id, name: name.to_owned(), kind, settings, sealed, created_at };
    call.api.store.add_integration(&call.act(), new)?;
    Ok(One { integration: found(call, name)?.into() })
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct Modify {
    name: String,
    enabled: Option<bool>,
    url: Option<String>,
    project: Option<String>,
    issue_type: Option<String>,
    /// Comes with the token.
    user: Option<String>,
    token: Option<String>,
}

/// `modifyTicketIntegration`.
pub(in crate::api) fn modify(call: &Call) -> Reply<One> {
    let Modify { name, enabled, url, project, issue_type, user, token } = call.keys()?;
    let before = found(call, &name)?;
    let settings = IntegrationSettings {
        url: url.unwrap_or_else(|| before.settings.url.clone()),
        project: project.unwrap_or_else(|| before.settings.project.clone()),
        issue_type: issue_type.unwrap_or_else(|| before.settings.issue_type.clone()),
        ..before.settings.clone()
    };
    let settings = call.api.tickets.checked(call.keys::<More>()?.over(settings), before.kind)?;
    let sealed = match token {
        // Whoever could point a known token elsewhere would be sent it.
        None if settings.url != before.settings.url => {
            return Err(ApiError::invalid("token", "comes with a new url: the one before is not sent there"));
        }
        None if user.is_some() => return Err(ApiError::invalid("token", "comes with the user")),
        None => None,
        Some(token) => {
            let credentials = Credentials { user: user.unwrap_or_default(), token };
            Some(call.api.tickets.seal(&before.id, before.kind, &credentials)??)
        }
    };
    let settings = (settings != before.settings).then_some(settings);
    let change = IntegrationChange { enabled, settings, sealed };
    let after = call.api.store.change_integration(&call.act(), &name, change)?;
    call.api.tickets.wake();
    Ok(One { integration: after.into() })
}

#[derive(Deserialize, ToSchema)]
pub(in crate::api) struct Named {
    name: String,
}

#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Removed {
    name: String,
    /// Tickets that are no longer known here; at the tracker they stay.
    tickets: u64,
}

/// `removeTicketIntegration`.
pub(in crate::api) fn remove(call: &Call) -> Reply<Removed> {
    let Named { name } = call.keys()?;
    let tickets = call.api.store.remove_integration(&call.act(), &name)?;
    Ok(Removed { name, tickets })
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::api) struct Tested {
    name: String,
    works: bool,
    /// What was found, or what went wrong.
    detail: String,
    took_ms: u64,
}

/// `testTicketIntegration`: credentials, project and type; nothing is made.
pub(in crate::api) async fn test(call: Call) -> Reply<Tested> {
    let Named { name } = call.keys()?;
    let (call, integration) = blocking(move || {
        let integration = found(&call, &name)?;
        Ok::<_, ApiError>((call, integration))
    })
    .await?;
    let tried = call.api.tickets.check(&integration).await;
    let took_ms = u64::try_from(tried.took.as_millis()).unwrap_or(u64::MAX);
    let (works, detail, name) = (tried.works, tried.detail, integration.name);
    let object = format!("ticket integration {name}");
    blocking(move || call.api.store.note(&call.act(), &object)).await?;
    Ok(Tested { name, works, detail, took_ms })
}

pub(super) fn found(call: &Call, name: &str) -> Result<Integration, ApiError> {
    Ok(call.api.store.integration(name)?.ok_or_else(|| IntegrationError::Unknown(name.to_owned()))?)
}

impl More {
    fn over(self, settings: IntegrationSettings) -> IntegrationSettings {
        IntegrationSettings {
            console_url: self.console_url.unwrap_or(settings.console_url),
            summary: self.summary.unwrap_or(settings.summary),
            description: self.description.unwrap_or(settings.description),
            fields: self.fields.unwrap_or(settings.fields),
            states: self.states.map_or(settings.states, |states| StateMapping {
                close: states.close,
                reopen: states.reopen,
                done: states.done,
                ignore: states.ignore,
            }),
            url: settings.url,
            project: settings.project,
            issue_type: settings.issue_type,
        }
    }
}

impl From<Integration> for TicketIntegration {
    fn from(integration: Integration) -> Self {
        let settings = integration.settings;
        let states = settings.states;
        Self {
            name: integration.name,
            kind: integration.kind.into(),
            url: settings.url,
            project: settings.project,
            issue_type: settings.issue_type,
            console_url: settings.console_url,
            summary: settings.summary,
            description: settings.description,
            fields: settings.fields,
            states: TicketStates {
                close: states.close,
                reopen: states.reopen,
                done: states.done,
                ignore: states.ignore,
            },
            enabled: integration.enabled,
            created_at: integration.created_at.seconds(),
            created_by: integration.created_by,
            queued: integration.queued,
            created: integration.created,
            updated: integration.updated,
            failed: integration.failed,
            failures: integration.failures,
            problem: integration.problem,
            next_attempt_at: (integration.failures > 0).then(|| integration.next_at.seconds()),
            polled_at: integration.polled_at.map(EpochMillis::seconds),
        }
    }
}

impl From<IntegrationError> for ApiError {
    fn from(error: IntegrationError) -> Self {
        match error {
            IntegrationError::Store(error) => error.into(),
            refused => Self::invalid("name", refused),
        }
    }
}

impl From<BadSetting> for ApiError {
    fn from(BadSetting { field, problem }: BadSetting) -> Self {
        Self::invalid(field, problem)
    }
}
