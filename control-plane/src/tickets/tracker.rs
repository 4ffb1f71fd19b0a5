//! One issue tracker, as its REST API is documented. What differs between trackers ends here.

mod azure;
mod jira;

pub(super) use self::jira::is_key;

use std::{collections::HashMap, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::{
    Method, StatusCode, Url,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use serde_json::Value;

use super::{Credentials, document::Document};
use crate::{
    outbound::{Outbound, may_reach, reason, retry_after, whole},
    store::{IntegrationSettings, TrackerKind},
};

/// Of an answer: a page of 200 tickets has some 100 KiB.
const MAX_ANSWER: usize = 2 << 20;
/// Of what an answer says is wrong.
const MAX_SAID: usize = 300;

/// Why something was not done.
#[derive(Debug)]
pub(super) enum Problem {
    /// It is the tracker as a whole: nothing else would be done either.
    Tracker { said: String, retry_after: Option<Duration> },
    /// It is this request: the same again would be refused again.
    Request(String),
    /// There is no such ticket.
    Gone(String),
}

impl Problem {
    pub(super) fn tracker(said: impl Into<String>) -> Self {
        Self::Tracker { said: said.into(), retry_after: None }
    }

    pub(super) fn said(&self) -> &str {
        match self {
            Self::Tracker { said, .. } | Self::Request(said) | Self::Gone(said) => said,
        }
    }
}

/// A ticket as it is to be.
pub(super) struct Draft {
    pub(super) summary: String,
    pub(super) description: Document,
    /// Words without spaces; the last is this ticket's alone.
    pub(super) labels: [String; 2],
}

/// A ticket as the tracker has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) key: String,
    pub(super) url: String,
    pub(super) state: String,
    /// Why it is over, where the tracker has words for that.
    pub(super) resolution: String,
    pub(super) is_done: bool,
}

/// Where a ticket is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    Close,
    Reopen,
}

pub(super) struct Tracker<'a> {
    outbound: &'a Outbound,
    kind: TrackerKind,
    settings: &'a IntegrationSettings,
    base: Url,
    authorization: HeaderValue,
}

impl<'a> Tracker<'a> {
    pub(super) fn new(
        outbound: &'a Outbound,
        kind: TrackerKind,
        settings: &'a IntegrationSettings,
        credentials: &Credentials,
    ) -> Result<Self, Problem> {
        let base = Url::parse(&settings.url).map_err(|error| Problem::tracker(error.to_string()))?;
        // Again: what `--notify-allow` names may be less than when the integration was added.
        may_reach(&base, &outbound.gate).map_err(Problem::tracker)?;
        let Credentials { user, token } = credentials;
        let value = match (kind, user.as_str()) {
            (TrackerKind::JiraServer, "") => format!("Bearer {token}"),
            _ => format!("Basic {}", STANDARD.encode(format!("{user}:{token}"))),
        };
        let mut authorization = HeaderValue::from_str(&value)
            .map_err(|_| Problem::tracker("the credentials fit into no header"))?;
        authorization.set_sensitive(true);
        Ok(Self { outbound, kind, settings, base, authorization })
    }

    /// Whether credentials, project and type are good; what was found. Changes nothing.
    pub(super) async fn check(&self) -> Result<String, Problem> {
        match self.kind {
            TrackerKind::AzureBoards => azure::check(self).await,
            _ => jira::check(self).await,
        }
    }

    pub(super) async fn create(&self, draft: &Draft) -> Result<Found, Problem> {
        match self.kind {
            TrackerKind::AzureBoards => azure::create(self, draft).await,
            _ => jira::create(self, draft).await,
        }
    }

    /// The ticket with this label, where there is one: nobody may have heard that it was made.
    pub(super) async fn find(&self, label: &str) -> Result<Option<Found>, Problem> {
        match self.kind {
            TrackerKind::AzureBoards => azure::find(self, label).await,
            _ => jira::find(self, label).await,
        }
    }

    /// How these stand, by key; those that there are. At most [`Self::at_once`].
    pub(super) async fn read(&self, keys: &[String]) -> Result<HashMap<String, Found>, Problem> {
        match self.kind {
            TrackerKind::AzureBoards => azure::read(self, keys).await,
            _ => jira::read(self, keys).await,
        }
    }

    pub(super) const fn at_once(&self) -> usize {
        match self.kind {
            TrackerKind::AzureBoards => 200,
            TrackerKind::JiraCloud | TrackerKind::JiraServer => 100,
        }
    }

    pub(super) async fn one(&self, key: &str) -> Result<Found, Problem> {
        match self.kind {
            TrackerKind::AzureBoards => {
                let found = azure::read(self, &[key.to_owned()]).await?;
                let gone = || Problem::Gone(format!("there is no work item {key}"));
                found.into_values().next().ok_or_else(gone)
            }
            _ => jira::one(self, key).await,
        }
    }

    /// Says something in a ticket, after it was moved where it is not there already. Gives how it stands then.
    pub(super) async fn tell(
        &self,
        key: &str,
        comment: &Document,
        goal: Option<Goal>,
    ) -> Result<Found, Problem> {
        let found = self.one(key).await?;
        let goal = goal.filter(|goal| found.is_done != (*goal == Goal::Close));
        match self.kind {
            TrackerKind::AzureBoards => azure::tell(self, &found.key, comment, goal).await?,
            _ => jira::tell(self, &found.key, comment, goal).await?,
        }
        if goal.is_some() { self.one(&found.key).await } else { Ok(found) }
    }

    /// Whether people said which states mean that a ticket is done.
    fn names_done(&self, state: &str) -> bool {
        self.settings.states.done.iter().any(|done| done.eq_ignore_ascii_case(state))
    }

    /// An address below the tracker's, each part as one segment of it.
    fn url(&self, parts: &[&str]) -> Result<Url, Problem> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| Problem::tracker("the address has no path"))?
            .pop_if_empty()
            .extend(parts);
        Ok(url)
    }

    async fn get(&self, url: Url) -> Result<Value, Problem> {
        self.ask(Method::GET, url, None).await
    }

    async fn post(&self, url: Url, body: Value) -> Result<Value, Problem> {
        self.ask(Method::POST, url, Some(("application/json", body))).await
    }

    async fn ask(
        &self,
        method: Method,
        url: Url,
        body: Option<(&'static str, Value)>,
    ) -> Result<Value, Problem> {
        let request = self.outbound.client.request(method, url);
        let mut request =
            request.header(AUTHORIZATION, self.authorization.clone()).header(ACCEPT, "application/json");
        if let Some((kind, body)) = body {
            request = request.header(CONTENT_TYPE, kind).body(body.to_string());
        }
        let response =
            request.send().await.map_err(|error| Problem::tracker(reason(&error.without_url())))?;
        let (status, after) = (response.status(), retry_after(response.headers()));
        let answer = whole(response, MAX_ANSWER).await.map_err(Problem::tracker)?;
        let json: Option<Value> = match answer.trim_ascii() {
            [] => Some(Value::Null),
            text => serde_json::from_slice(text).ok(),
        };
        let said =
            format!("answered {}{}", status.as_u16(), json.as_ref().map(complaint).unwrap_or_default());
        match (status, json) {
            // Azure's way of asking for a log-in: a page.
            (StatusCode::NON_AUTHORITATIVE_INFORMATION, _) => {
                Err(Problem::tracker(format!("{said}: the credentials are not taken")))
            }
            (status, Some(json)) if status.is_success() => Ok(json),
            (status, None) if status.is_success() => Err(Problem::tracker(format!("{said}, and no JSON"))),
            (StatusCode::NOT_FOUND | StatusCode::GONE, _) => Err(Problem::Gone(said)),
            (
                StatusCode::BAD_REQUEST
                | StatusCode::CONFLICT
                | StatusCode::PRECONDITION_FAILED
                | StatusCode::PAYLOAD_TOO_LARGE
                | StatusCode::UNPROCESSABLE_ENTITY,
                _,
            ) => Err(Problem::Request(said)),
            _ if status.is_redirection() => {
                Err(Problem::tracker(format!("{said}; redirects are not followed")))
            }
            _ => Err(Problem::Tracker { said, retry_after: after }),
        }
    }
}

/// What an answer says is wrong: Jira's `errorMessages` and `errors`, Azure's `message`.
fn complaint(answer: &Value) -> String {
    let mut said: Vec<String> = Vec::new();
    let texts = |value: &Value| value.as_array().cloned().unwrap_or_default();
    said.extend(texts(&answer["errorMessages"]).iter().filter_map(|one| one.as_str().map(str::to_owned)));
    for (field, problem) in answer["errors"].as_object().into_iter().flatten() {
        said.push(format!("{field}: {}", problem.as_str().unwrap_or_default()));
    }
    said.extend(answer["message"].as_str().map(str::to_owned));
    let said = said.join("; ").replace(char::is_control, " ");
    match said.get(..said.floor_char_boundary(MAX_SAID)) {
        None | Some("") => String::new(),
        Some(said) => format!(": {said}"),
    }
}

/// Text in an answer.
fn text<'a>(answer: &'a Value, pointer: &str) -> &'a str {
    answer.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

fn list<'a>(answer: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    answer.get(key).and_then(Value::as_array).into_iter().flatten()
}
