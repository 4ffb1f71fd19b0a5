//! Work items of Azure DevOps Services and Server, REST API 7.1.

use std::collections::HashMap;

use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::{Draft, Found, Goal, Problem, Tracker, list, text};
use crate::tickets::document::{Document, html};

const VERSION: &str = "7.1";
const PATCH: &str = "application/json-patch+json";
const FIELDS: [&str; 4] = ["System.Id", "System.State", "System.Reason", "System.WorkItemType"];

/// `GET _apis/wit/workitemtypes/{type}`.
pub(super) async fn check(tracker: &Tracker<'_>) -> Result<String, Problem> {
    let settings = tracker.settings;
    let url = api(tracker, &["workitemtypes", &settings.issue_type])?;
    let found = tracker.get(url).await.map_err(not_gone)?;
    Ok(format!("{} in {}", text(&found, "/name"), settings.project))
}

/// `POST _apis/wit/workitems/${type}`: 200 with the work item.
pub(super) async fn create(tracker: &Tracker<'_>, draft: &Draft) -> Result<Found, Problem> {
    let settings = tracker.settings;
    let tags = settings.fields.get("System.Tags").and_then(Value::as_str);
    let tags: Vec<&str> = tags.into_iter().chain(draft.labels.iter().map(String::as_str)).collect();
    let more = settings.fields.iter().filter(|(name, _)| *name != "System.Tags");
    let own = [
        ("System.Title", json!(draft.summary)),
        ("System.Description", json!(html(&draft.description))),
        ("System.Tags", json!(tags.join("; "))),
    ];
    let all = own.into_iter().chain(more.map(|(name, value)| (name.as_str(), value.clone())));
    let patch: Vec<_> = all.map(|(name, value)| add(name, value)).collect();
    let kind = format!("${}", settings.issue_type);
    let url = api(tracker, &["workitems", &kind])?;
    let made = tracker.ask(Method::POST, url, Some((PATCH, Value::Array(patch)))).await.map_err(not_gone)?;
    // It is made, whatever its states are.
    let categories = categories(tracker, &settings.issue_type).await.unwrap_or_default();
    found(tracker, &made, &categories)
}

/// `POST _apis/wit/wiql`.
pub(super) async fn find(tracker: &Tracker<'_>, label: &str) -> Result<Option<Found>, Problem> {
    let query = format!(
        "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project AND [System.Tags] CONTAINS '{label}'"
    );
    let answer = tracker.post(api(tracker, &["wiql"])?, json!({ "query": query })).await.map_err(not_gone)?;
    let id = list(&answer, "workItems").find_map(|one| one["id"].as_u64());
    match id {
        Some(id) => tracker.one(&id.to_string()).await.map(Some),
        None => Ok(None),
    }
}

/// `POST _apis/wit/workitemsbatch`, and `GET _apis/wit/workitemtypes/{type}/states` of each type among them.
pub(super) async fn read(tracker: &Tracker<'_>, keys: &[String]) -> Result<HashMap<String, Found>, Problem> {
    let ids: Vec<u64> = keys.iter().filter_map(|key| key.parse().ok()).collect();
    let asked = json!({ "ids": ids, "fields": FIELDS, "errorPolicy": "Omit" });
    let answer = tracker.post(api(tracker, &["workitemsbatch"])?, asked).await.map_err(not_gone)?;
    let mut known: HashMap<String, Vec<(String, String)>> = HashMap::new();
    let mut all = HashMap::new();
    // Those that there are not are null.
    for item in list(&answer, "value").filter(|item| !item.is_null()) {
        let kind = text(item, "/fields/System.WorkItemType");
        if !known.contains_key(kind) {
            known.insert(kind.to_owned(), categories(tracker, kind).await?);
        }
        let found = found(tracker, item, known.get(kind).map_or(&[], Vec::as_slice))?;
        all.insert(found.key.clone(), found);
    }
    Ok(all)
}

/// `PATCH _apis/wit/workitems/{id}`: the state and the comment at once.
pub(super) async fn tell(
    tracker: &Tracker<'_>,
    key: &str,
    comment: &Document,
    goal: Option<Goal>,
) -> Result<(), Problem> {
    let mut patch = Vec::new();
    if let Some(goal) = goal {
        patch.push(add("System.State", json!(state(tracker, key, goal).await?)));
    }
    patch.push(add("System.History", json!(html(comment))));
    let url = api(tracker, &["workitems", key])?;
    tracker.ask(Method::PATCH, url, Some((PATCH, Value::Array(patch)))).await?;
    Ok(())
}

/// By name where people named one, else the first of a category.
async fn state(tracker: &Tracker<'_>, key: &str, goal: Goal) -> Result<String, Problem> {
    let states = &tracker.settings.states;
    let named = if goal == Goal::Close { &states.close } else { &states.reopen };
    if !named.is_empty() {
        return Ok(named.clone());
    }
    let item = tracker.get(api(tracker, &["workitems", key])?).await?;
    let known = categories(tracker, text(&item, "/fields/System.WorkItemType")).await?;
    let wanted: &[&str] =
        if goal == Goal::Close { &["Completed", "Resolved"] } else { &["Proposed", "InProgress"] };
    let chosen = wanted.iter().find_map(|wanted| known.iter().find(|(_, category)| category == wanted));
    chosen.map(|(name, _)| name.clone()).ok_or_else(|| {
        let there: Vec<_> = known.iter().map(|(name, _)| name.as_str()).collect();
        let key = if goal == Goal::Close { "states.close" } else { "states.reopen" };
        Problem::Request(format!(
            "no state is of {}; name one of {} as {key}",
            wanted.join(" or "),
            there.join(", ")
        ))
    })
}

/// The states of a type of work items with their categories.
async fn categories(tracker: &Tracker<'_>, kind: &str) -> Result<Vec<(String, String)>, Problem> {
    let answer = tracker.get(api(tracker, &["workitemtypes", kind, "states"])?).await.map_err(not_gone)?;
    let state = |one: &Value| (text(one, "/name").to_owned(), text(one, "/category").to_owned());
    Ok(list(&answer, "value").map(state).collect())
}

fn found(tracker: &Tracker<'_>, item: &Value, categories: &[(String, String)]) -> Result<Found, Problem> {
    let id = item["id"].as_u64();
    let key = id.ok_or_else(|| Problem::tracker("its answer has no work item's id in it"))?.to_string();
    let state = text(item, "/fields/System.State").to_owned();
    let category = categories.iter().find(|(name, _)| *name == state).map(|(_, category)| category.as_str());
    let is_done =
        matches!(category, Some("Completed" | "Resolved" | "Removed")) || tracker.names_done(&state);
    let url = tracker.url(&[&tracker.settings.project, "_workitems", "edit", &key])?.to_string();
    Ok(Found { key, url, resolution: text(item, "/fields/System.Reason").to_owned(), state, is_done })
}

fn add(field: &str, value: Value) -> Value {
    json!({ "op": "add", "path": format!("/fields/{field}"), "value": value })
}

fn api(tracker: &Tracker<'_>, parts: &[&str]) -> Result<Url, Problem> {
    let below = [&[tracker.settings.project.as_str(), "_apis", "wit"], parts].concat();
    let mut url = tracker.url(&below)?;
    url.query_pairs_mut().append_pair("api-version", VERSION);
    Ok(url)
}

/// Where no work item is named, there is something wrong with the project or the type.
fn not_gone(problem: Problem) -> Problem {
    match problem {
        Problem::Gone(said) => Problem::Request(format!("{said}: are organization, project and type right?")),
        other => other,
    }
}
