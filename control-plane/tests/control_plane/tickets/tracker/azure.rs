//! Work items of Azure DevOps, REST API 7.1, of one project with the type `Bug` of the Agile process.

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::{Answer, Asked, Held, Item, Tracker, has_keys};

const STATES: [(&str, &str); 5] = [
    ("New", "Proposed"),
    ("Active", "InProgress"),
    ("Resolved", "Resolved"),
    ("Closed", "Completed"),
    ("Removed", "Removed"),
];
const KNOWN: [&str; 6] = [
    "System.Title",
    "System.Description",
    "System.Tags",
    "System.State",
    "System.History",
    "Microsoft.VSTS.Common.Severity",
];

pub(super) fn answer(tracker: &Tracker, held: &mut Held, asked: &Asked) -> Answer {
    let path = asked.path.strip_suffix("?api-version=7.1").ok_or("api-version=7.1 is missing")?;
    let parts: Vec<_> = path.split('/').collect();
    match (&asked.method, parts.as_slice()) {
        (&Method::GET, ["workitemtypes", "Bug"]) => {
            Ok((200, json!({"name": "Bug", "referenceName": "Microsoft.VSTS.WorkItemTypes.Bug"})))
        }
        (&Method::GET, ["workitemtypes", "Bug", "states"]) => {
            let states =
                STATES.map(|(name, category)| json!({"name": name, "color": "b2b2b2", "category": category}));
            Ok((200, json!({"count": states.len(), "value": states})))
        }
        (&Method::GET, ["workitemtypes", other, ..]) => {
            let said = format!("VS402323: Work item type {other} does not exist in project Web Shop");
            Ok((404, error(&said, "WorkItemTypeNotFoundException")))
        }
        (&Method::POST, ["workitems", "$Bug"]) => {
            let fields = match patched(&asked.body)? {
                Ok(fields) => fields,
                Err(refusal) => return Ok(refusal),
            };
            let title = fields.get("System.Title").and_then(Value::as_str).unwrap_or_default();
            if title.is_empty() || title.chars().count() > 255 {
                return Err(format!("title {title:?}"));
            }
            let tags = fields.get("System.Tags").and_then(Value::as_str).unwrap_or_default();
            let labels = tags.split(';').map(|tag| tag.trim().to_owned()).collect();
            let id = held.items.len() as u64 + 17;
            let fields = Value::Object(fields);
            held.items.push(Item { id, state: "New", labels, fields, comments: Vec::new() });
            Ok((200, shown(tracker, held.items.last().unwrap())))
        }
        (&Method::GET, ["workitems", id]) => {
            Ok(match held.items.iter().find(|item| item.id.to_string() == *id) {
                Some(item) => (200, shown(tracker, item)),
                None => (404, unknown(id)),
            })
        }
        (&Method::PATCH, ["workitems", id]) => {
            let mut fields = match patched(&asked.body)? {
                Ok(fields) => fields,
                Err(refusal) => return Ok(refusal),
            };
            let Some(item) = held.items.iter_mut().find(|item| item.id.to_string() == *id) else {
                return Ok((404, unknown(id)));
            };
            if let Some(state) = fields.remove("System.State") {
                match STATES.iter().find(|(name, _)| state == *name) {
                    Some((name, _)) => item.state = name,
                    None => {
                        let said = format!(
                            "The field 'State' contains the value '{state}' that is not in the list of supported values"
                        );
                        return Ok((400, error(&said, "RuleValidationException")));
                    }
                }
            }
            item.comments.extend(fields.remove("System.History"));
            Ok((200, shown(tracker, item)))
        }
        (&Method::POST, ["workitemsbatch"]) => {
            has_keys(&asked.body, &["ids"], &["fields", "$expand", "asOf", "errorPolicy"])?;
            let ids = asked.body["ids"].as_array().ok_or("ids is no list")?;
            if ids.is_empty() || ids.len() > 200 || !ids.iter().all(Value::is_u64) {
                return Err(format!("ids {ids:?}"));
            }
            let item = |id: &Value| held.items.iter().find(|item| json!(item.id) == *id);
            let found: Vec<_> = ids.iter().map(|id| item(id).map(|item| shown(tracker, item))).collect();
            if asked.body["errorPolicy"] != json!("Omit") && found.iter().any(Option::is_none) {
                return Ok((404, unknown("one of them")));
            }
            Ok((200, json!({"count": found.len(), "value": found})))
        }
        (&Method::POST, ["wiql"]) => {
            has_keys(&asked.body, &["query"], &[])?;
            let query = asked.body["query"].as_str().ok_or("query is no text")?;
            let tag = query
                .strip_prefix("SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project AND [System.Tags] CONTAINS '")
                .and_then(|rest| rest.strip_suffix('\''))
                .ok_or_else(|| format!("query {query:?}"))?;
            let found = held.items.iter().filter(|item| item.labels.iter().any(|one| one == tag));
            let found: Vec<_> = found.map(|item| json!({"id": item.id, "url": tracker.url()})).collect();
            Ok((200, json!({"queryType": "flat", "asOf": "2026-11-22T00:00:00Z", "workItems": found})))
        }
        _ => Err(format!("{} {path} is not documented", asked.method)),
    }
}

/// A status and what is said with it.
type Refusal = (u16, Value);

/// The fields that a JSON Patch (RFC 6902) of a work item adds, or why Azure takes none.
fn patched(body: &Value) -> Result<Result<Map<String, Value>, Refusal>, String> {
    let mut fields = Map::new();
    for operation in body.as_array().ok_or("no list of operations")? {
        has_keys(operation, &["op", "path", "value"], &["from"])?;
        if operation["op"] != json!("add") {
            return Err(format!("operation {operation}"));
        }
        let path = operation["path"].as_str().ok_or("path is no text")?;
        let name = path.strip_prefix("/fields/").ok_or_else(|| format!("path {path}"))?;
        if !KNOWN.contains(&name) {
            let said = format!("TF51535: Cannot find field {name}.");
            return Ok(Err((400, error(&said, "WorkItemTrackingFieldDefinitionNotFoundException"))));
        }
        fields.insert(name.to_owned(), operation["value"].clone());
    }
    Ok(Ok(fields))
}

fn shown(tracker: &Tracker, item: &Item) -> Value {
    let url = format!("{}/_apis/wit/workItems/{}", tracker.url(), item.id);
    json!({
        "id": item.id,
        "rev": 1 + item.comments.len(),
        "fields": {
            "System.Id": item.id, "System.State": item.state, "System.Reason": "As it was", "System.WorkItemType": "Bug",
            "System.Title": item.fields["System.Title"],
        },
        "_links": {"html": {"href": format!("{}/web/wi.aspx?id={}", tracker.url(), item.id)}},
        "url": url,
    })
}

fn unknown(id: &str) -> Value {
    let said = format!("TF401232: Work item {id} does not exist, or you do not have permissions to read it.");
    error(&said, "WorkItemUnauthorizedAttachException")
}

fn error(said: &str, kind: &str) -> Value {
    json!({
        "$id": "1", "innerException": null, "message": said, "typeName": format!("Microsoft.{kind}"), "typeKey": kind,
        "errorCode": 0, "eventId": 3200,
    })
}
