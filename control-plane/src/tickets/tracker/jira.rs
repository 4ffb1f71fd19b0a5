//! Jira Cloud, REST API 3, and Jira Data Center or Server, REST API 2. Of what is used here they differ in how text is written,
//! and in how many tickets are asked about.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::{Draft, Found, Goal, Problem, Tracker, list, text};
use crate::{
    store::TrackerKind,
    tickets::document::{Document, adf, wiki},
};

const FIELDS: [&str; 2] = ["status", "resolution"];

/// `GET myself`, `GET project/{key}`.
pub(super) async fn check(tracker: &Tracker<'_>) -> Result<String, Problem> {
    let settings = tracker.settings;
    let myself = tracker.get(api(tracker, &["myself"])?).await?;
    let project = match tracker.get(api(tracker, &["project", &settings.project])?).await {
        Err(Problem::Gone(said)) => Err(Problem::Request(format!("{said}; project {}", settings.project))),
        other => other,
    }?;
    let types: Vec<_> = list(&project, "issueTypes").map(|one| text(one, "/name")).collect();
    if !types.iter().any(|one| one.eq_ignore_ascii_case(&settings.issue_type)) {
        let known = types.join(", ");
        let wanted = &settings.issue_type;
        return Err(Problem::Request(format!("the project has no issue type {wanted:?}; it has {known}")));
    }
    let name = text(&myself, "/displayName");
    Ok(format!("as {name}, in {}", text(&project, "/name")))
}

/// `POST issue`: 201 with the new ticket's key.
pub(super) async fn create(tracker: &Tracker<'_>, draft: &Draft) -> Result<Found, Problem> {
    let settings = tracker.settings;
    let mut fields: Map<String, Value> = settings.fields.clone();
    let own = [
        ("project", json!({ "key": settings.project })),
        ("issuetype", json!({ "name": settings.issue_type })),
        ("summary", json!(draft.summary)),
        ("description", body(tracker, &draft.description)),
    ];
    fields.extend(own.map(|(name, value)| (name.to_owned(), value)));
    let labels = fields.entry("labels").or_insert_with(|| json!([]));
    if let Some(labels) = labels.as_array_mut() {
        labels.extend(draft.labels.iter().map(|label| json!(label)));
    }
    let made = not_gone(tracker.post(api(tracker, &["issue"])?, json!({ "fields": fields })).await)?;
    let key = key(text(&made, "/key"))?;
    // How new tickets stand, the answer does not say. It is made, whether that can be seen or not.
    match one(tracker, &key).await {
        Ok(found) => Ok(found),
        Err(_) => unseen(tracker, &key),
    }
}

/// `GET issue/{key}`, which finds a ticket that was moved to another project, too.
pub(super) async fn one(tracker: &Tracker<'_>, key: &str) -> Result<Found, Problem> {
    let mut url = api(tracker, &["issue", key])?;
    url.query_pairs_mut().append_pair("fields", &FIELDS.join(","));
    found(tracker, &tracker.get(url).await?)
}

/// `POST search/jql` (API 3), `POST search` (API 2).
pub(super) async fn find(tracker: &Tracker<'_>, label: &str) -> Result<Option<Found>, Problem> {
    let jql = format!("project = \"{}\" AND labels = \"{label}\"", tracker.settings.project);
    let parts: &[&str] =
        if tracker.kind == TrackerKind::JiraCloud { &["search", "jql"] } else { &["search"] };
    let asked = json!({ "jql": jql, "fields": FIELDS, "maxResults": 1 });
    let answer = not_gone(tracker.post(api(tracker, parts)?, asked).await)?;
    let first = list(&answer, "issues").next();
    first.map(|issue| found(tracker, issue)).transpose()
}

/// `POST issue/bulkfetch` (API 3); `POST search` (API 2), which is asked not to mind keys that there are not.
pub(super) async fn read(tracker: &Tracker<'_>, keys: &[String]) -> Result<HashMap<String, Found>, Problem> {
    let (parts, asked): (&[&str], _) = match tracker.kind {
        TrackerKind::JiraCloud => {
            (&["issue", "bulkfetch"], json!({ "issueIdsOrKeys": keys, "fields": FIELDS }))
        }
        _ => {
            let jql = format!("key in ({})", keys.join(", "));
            (
                &["search"],
                json!({ "jql": jql, "fields": FIELDS, "maxResults": keys.len(), "validateQuery": false }),
            )
        }
    };
    let answer = not_gone(tracker.post(api(tracker, parts)?, asked).await)?;
    let all = list(&answer, "issues").map(|issue| {
        let found = found(tracker, issue)?;
        Ok((found.key.clone(), found))
    });
    all.collect()
}

/// `GET` and `POST issue/{key}/transitions`, `POST issue/{key}/comment`.
pub(super) async fn tell(
    tracker: &Tracker<'_>,
    key: &str,
    comment: &Document,
    goal: Option<Goal>,
) -> Result<(), Problem> {
    if let Some(goal) = goal {
        let known = tracker.get(api(tracker, &["issue", key, "transitions"])?).await?;
        let id = transition(tracker, &known, goal)?;
        let asked = json!({ "transition": { "id": id } });
        tracker.post(api(tracker, &["issue", key, "transitions"])?, asked).await?;
    }
    let asked = json!({ "body": body(tracker, comment) });
    tracker.post(api(tracker, &["issue", key, "comment"])?, asked).await?;
    Ok(())
}

/// By name where people named one, else by the category of where it leads.
fn transition<'a>(tracker: &Tracker<'_>, known: &'a Value, goal: Goal) -> Result<&'a str, Problem> {
    let states = &tracker.settings.states;
    let named = if goal == Goal::Close { &states.close } else { &states.reopen };
    let categories: &[&str] = if goal == Goal::Close { &["done"] } else { &["new", "indeterminate"] };
    let to = |one: &Value| text(one, "/to/name").to_owned();
    let chosen = match named.as_str() {
        "" => categories.iter().find_map(|category| {
            list(known, "transitions").find(|one| text(one, "/to/statusCategory/key") == *category)
        }),
        named => list(known, "transitions").find(|one| {
            to(one).eq_ignore_ascii_case(named) || text(one, "/name").eq_ignore_ascii_case(named)
        }),
    };
    chosen.map(|one| text(one, "/id")).filter(|id| !id.is_empty()).ok_or_else(|| {
        let there: Vec<_> = list(known, "transitions").map(to).collect();
        let key = if goal == Goal::Close { "states.close" } else { "states.reopen" };
        let wanted = if named.is_empty() { categories.join(" or ") } else { named.clone() };
        Problem::Request(format!(
            "no transition leads to {wanted}; there are those to {}: name one as {key}",
            there.join(", ")
        ))
    })
}

fn found(tracker: &Tracker<'_>, issue: &Value) -> Result<Found, Problem> {
    let key = key(text(issue, "/key"))?;
    let state = text(issue, "/fields/status/name").to_owned();
    let is_done = text(issue, "/fields/status/statusCategory/key") == "done" || tracker.names_done(&state);
    let resolution = text(issue, "/fields/resolution/name").to_owned();
    Ok(Found { url: browse(tracker, &key)?, key, state, resolution, is_done })
}

fn unseen(tracker: &Tracker<'_>, key: &str) -> Result<Found, Problem> {
    Ok(Found {
        url: browse(tracker, key)?,
        key: key.to_owned(),
        state: String::new(),
        resolution: String::new(),
        is_done: false,
    })
}

fn browse(tracker: &Tracker<'_>, key: &str) -> Result<String, Problem> {
    Ok(tracker.url(&["browse", key])?.to_string())
}

/// What a tracker says goes into addresses and queries: only what looks like a key.
fn key(key: &str) -> Result<String, Problem> {
    match is_key(key) {
        true => Ok(key.to_owned()),
        false => Err(Problem::tracker("its answer has no ticket's key in it: is this Jira?")),
    }
}

/// `PROJ-17`.
pub(in crate::tickets) fn is_key(key: &str) -> bool {
    let letters = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    key.len() <= 100
        && key.rsplit_once('-').is_some_and(|(project, number)| {
            letters(project) && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        })
}

fn body(tracker: &Tracker<'_>, document: &Document) -> Value {
    match tracker.kind {
        TrackerKind::JiraCloud => adf(document),
        _ => Value::String(wiki(document)),
    }
}

fn api(tracker: &Tracker<'_>, parts: &[&str]) -> Result<reqwest::Url, Problem> {
    let version = if tracker.kind == TrackerKind::JiraCloud { "3" } else { "2" };
    tracker.url(&[&["rest", "api", version], parts].concat())
}

/// Where no ticket is named, there is something wrong with the address.
fn not_gone<T>(result: Result<T, Problem>) -> Result<T, Problem> {
    result.map_err(|problem| match problem {
        Problem::Gone(said) => Problem::tracker(format!("{said}: is the address that of Jira?")),
        other => other,
    })
}
