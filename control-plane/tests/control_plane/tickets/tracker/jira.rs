//! Jira Cloud's REST API 3 and Jira Data Center's REST API 2, of one project `SEC` with one issue type `Bug`.

use axum::http::Method;
use serde_json::{Value, json};

use super::{Answer, Asked, Held, Item, Kind, Tracker, has_keys};

/// Id of the transition, name of the state it leads to, and the state's category.
const STATES: [(&str, &str, &str); 4] = [
    ("11", "To Do", "new"),
    ("21", "In Progress", "indeterminate"),
    ("31", "Done", "done"),
    ("41", "Won't Do", "done"),
];

pub(super) fn answer(tracker: &Tracker, held: &mut Held, asked: &Asked) -> Answer {
    let is_cloud = tracker.kind == Kind::JiraCloud;
    let parts: Vec<_> = asked.path.split('/').collect();
    match (&asked.method, parts.as_slice()) {
        (&Method::GET, ["myself"]) => Ok((200, json!({"displayName": "Robot", "active": true}))),
        (&Method::GET, ["project", "SEC"]) => Ok((
            200,
            json!({
                "id": "10000", "key": "SEC", "name": "Security",
                "issueTypes": [{"id": "10001", "name": "Bug", "subtask": false}],
            }),
        )),
        (&Method::GET, ["project", other]) => {
            Ok((404, not_found(&format!("No project could be found with key '{other}'."))))
        }
        (&Method::POST, ["issue"]) => create(tracker, held, &asked.body),
        (&Method::POST, ["issue", "bulkfetch"]) if is_cloud => {
            has_keys(&asked.body, &["issueIdsOrKeys"], &["fields", "expand", "properties", "fieldsByKeys"])?;
            let keys = asked.body["issueIdsOrKeys"].as_array().ok_or("no list of keys")?;
            if keys.is_empty() || keys.len() > 100 {
                return Err(format!("{} keys", keys.len()));
            }
            let found = held.items.iter().filter(|item| keys.contains(&json!(key(item)))).map(shown);
            Ok((200, json!({"expand": "", "issues": found.collect::<Vec<_>>(), "issueErrors": []})))
        }
        (&Method::POST, ["search", "jql"]) if is_cloud => {
            has_keys(&asked.body, &["jql"], &["fields", "maxResults", "nextPageToken", "expand"])?;
            Ok((200, json!({"issues": searched(held, &asked.body)?, "isLast": true})))
        }
        (&Method::POST, ["search"]) if !is_cloud => {
            has_keys(&asked.body, &["jql"], &["fields", "maxResults", "startAt", "validateQuery", "expand"])?;
            let found = searched(held, &asked.body)?;
            Ok((200, json!({"startAt": 0, "maxResults": 50, "total": found.len(), "issues": found})))
        }
        (method, ["issue", rest @ ..]) => of_one(tracker, held, method, rest, &asked.body),
        _ => Err(format!("{} is not documented for this version", asked.method)),
    }
}

fn of_one(tracker: &Tracker, held: &mut Held, method: &Method, rest: &[&str], body: &Value) -> Answer {
    let (name, query) = rest[0].split_once('?').unwrap_or((rest[0], ""));
    let Some(item) = held.items.iter_mut().find(|item| key(item) == name) else {
        return Ok((404, not_found("Issue does not exist or you do not have permission to see it.")));
    };
    match (method, &rest[1..]) {
        (&Method::GET, []) if query == "fields=status%2Cresolution" => Ok((200, shown(item))),
        (&Method::GET, ["transitions"]) => {
            let all = STATES.iter().filter(|(_, name, _)| *name != item.state).map(|(id, name, category)| {
                json!({
                    "id": id, "name": format!("Move to {name}"), "hasScreen": false,
                    "to": {"id": id, "name": name, "statusCategory": {"id": 2, "key": category, "name": category}},
                })
            });
            Ok((200, json!({"expand": "transitions", "transitions": all.collect::<Vec<_>>()})))
        }
        (&Method::POST, ["transitions"]) => {
            has_keys(body, &["transition"], &["fields", "update", "historyMetadata", "properties"])?;
            has_keys(&body["transition"], &["id"], &[])?;
            let to =
                STATES.iter().find(|(id, name, _)| body["transition"]["id"] == *id && *name != item.state);
            match to {
                Some((_, name, _)) => item.state = name,
                None => {
                    return Ok((
                        400,
                        not_found("It seems that you have tried to perform an illegal workflow operation."),
                    ));
                }
            }
            Ok((204, Value::Null))
        }
        (&Method::POST, ["comment"]) => {
            has_keys(body, &["body"], &["visibility", "properties"])?;
            text(tracker, &body["body"])?;
            item.comments.push(body["body"].clone());
            Ok((201, json!({"id": item.comments.len().to_string(), "body": body["body"]})))
        }
        _ => Err(format!("{method} {rest:?} is not documented")),
    }
}

fn create(tracker: &Tracker, held: &mut Held, body: &Value) -> Answer {
    has_keys(body, &["fields"], &["update", "historyMetadata", "properties", "transition"])?;
    let fields = &body["fields"];
    let known = ["project", "issuetype", "summary", "description", "labels", "priority"];
    let odd =
        fields.as_object().ok_or("fields is no object")?.keys().find(|name| !known.contains(&name.as_str()));
    if let Some(odd) = odd {
        let said = format!("Field '{odd}' cannot be set. It is not on the appropriate screen, or unknown.");
        return Ok((400, json!({"errorMessages": [], "errors": { odd.as_str(): said }})));
    }
    if fields["project"] != json!({"key": "SEC"}) {
        return Ok((400, json!({"errorMessages": [], "errors": {"project": "valid project is required"}})));
    }
    if fields["issuetype"] != json!({"name": "Bug"}) {
        return Ok((
            400,
            json!({"errorMessages": [], "errors": {"issuetype": "Specify a valid issue type"}}),
        ));
    }
    let summary = fields["summary"].as_str().ok_or("summary is no text")?;
    if summary.is_empty() || summary.contains('\n') || summary.chars().count() > 255 {
        return Err(format!("summary {summary:?}"));
    }
    text(tracker, &fields["description"])?;
    let labels = fields["labels"].as_array().ok_or("labels is no list")?;
    let label = |label: &Value| label.as_str().filter(|text| !text.contains(' ')).map(str::to_owned);
    let labels = labels.iter().map(label).collect::<Option<Vec<_>>>().ok_or("a label with a space")?;
    let id = held.items.len() as u64 + 1;
    let item = Item { id, state: "To Do", labels, fields: fields.clone(), comments: Vec::new() };
    let made = json!({"id": (10_000 + id).to_string(), "key": key(&item), "self": format!("{}/{id}", tracker.url())});
    held.items.push(item);
    Ok((201, made))
}

/// `project = "SEC" AND labels = "x"`, or `key in (SEC-1, SEC-2)`, with keys that there are not only where that was asked for.
fn searched(held: &Held, body: &Value) -> Result<Vec<Value>, String> {
    let jql = body["jql"].as_str().ok_or("jql is no text")?;
    if let Some(label) = jql.strip_prefix("project = \"SEC\" AND labels = \"") {
        let label = label.strip_suffix('"').ok_or("a quote is open")?;
        let found = held.items.iter().filter(|item| item.labels.iter().any(|one| one == label));
        return Ok(found.map(shown).collect());
    }
    let keys = jql.strip_prefix("key in (").and_then(|rest| rest.strip_suffix(')'));
    let keys: Vec<_> = keys.ok_or_else(|| format!("jql {jql:?}"))?.split(", ").collect();
    let is_there = |name: &&str| held.items.iter().any(|item| key(item) == *name);
    if body["validateQuery"] != json!(false) && !keys.iter().all(is_there) {
        return Err("An issue with key does not exist for field 'key'.".to_owned());
    }
    Ok(held.items.iter().filter(|item| keys.contains(&key(item).as_str())).map(shown).collect())
}

/// Atlassian Document Format in version 3, wiki markup in version 2.
fn text(tracker: &Tracker, value: &Value) -> Result<(), String> {
    match tracker.kind {
        Kind::JiraCloud => {
            has_keys(value, &["version", "type", "content"], &[])?;
            if value["version"] != json!(1) || value["type"] != json!("doc") {
                return Err("no document".to_owned());
            }
            value["content"].as_array().ok_or("content is no list")?.iter().try_for_each(block)
        }
        _ => value.as_str().map(drop).ok_or_else(|| "no text".to_owned()),
    }
}

fn block(node: &Value) -> Result<(), String> {
    let kind = node["type"].as_str().ok_or("a node without type")?;
    match kind {
        "heading" => has_keys(node, &["type", "attrs", "content"], &[])?,
        "paragraph" | "codeBlock" => has_keys(node, &["type", "content"], &[])?,
        other => return Err(format!("a block {other}")),
    }
    for inline in node["content"].as_array().ok_or("content is no list")? {
        match inline["type"].as_str() {
            Some("hardBreak") => has_keys(inline, &["type"], &[])?,
            Some("text") => {
                has_keys(inline, &["type", "text"], if kind == "codeBlock" { &[] } else { &["marks"] })?;
                if inline["text"].as_str().is_none_or(str::is_empty) {
                    return Err("a text node without text".to_owned());
                }
            }
            other => return Err(format!("an inline node {other:?}")),
        }
    }
    Ok(())
}

fn shown(item: &Item) -> Value {
    let (id, name, category) = STATES.iter().find(|(_, name, _)| *name == item.state).unwrap();
    let resolution = if *category == "done" { json!({"name": name}) } else { Value::Null };
    json!({
        "id": (10_000 + item.id).to_string(),
        "key": key(item),
        "fields": {
            "status": {"id": id, "name": name, "statusCategory": {"id": 2, "key": category, "name": category}},
            "resolution": resolution,
        },
    })
}

fn key(item: &Item) -> String {
    format!("SEC-{}", item.id)
}

fn not_found(said: &str) -> Value {
    json!({"errorMessages": [said], "errors": {}})
}
