//! The OpenAPI document and the page to try it.

use std::collections::BTreeSet;

use control_plane::store::Role;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::{
    documented::{access, notifications, orders, threats, tickets},
    harness::{Plane, event, problems},
};

async fn document(plane: &Plane) -> Value {
    let response = Client::new().get(format!("{}/api/openapi.json", plane.url())).send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "application/json");
    response.json().await.unwrap()
}

fn schema<'a>(document: &'a Value, name: &str) -> &'a Value {
    let call = &document["paths"][format!("/api/{name}")]["post"];
    assert_eq!(call["operationId"], name, "{name} is not in the document");
    &call["requestBody"]["content"]["application/json"]["schema"]
}

#[tokio::test]
async fn every_documented_call_is_in_it_with_each_of_its_keys_in_their_type() {
    let plane = Plane::start().await;
    let document = document(&plane).await;
    assert_eq!(document["openapi"], "3.1.0");
    for (name, body, ..) in threats()
        .into_iter()
        .chain(orders())
        .chain(access())
        .chain(notifications())
        .chain(tickets("", "", ""))
    {
        let schema = schema(&document, name);
        for (key, value) in body.as_object().unwrap() {
            let types: Vec<&str> = match &schema["properties"][key]["type"] {
                Value::String(one) => vec![one],
                Value::Array(several) => several.iter().map(|one| one.as_str().unwrap()).collect(),
                other => panic!("{name}: {key} has the type {other}"),
            };
            let given = match value {
                Value::Array(_) => "array",
                Value::Object(_) => "object",
                Value::Bool(_) => "boolean",
                Value::Number(_) => "integer",
                Value::String(_) => "string",
                Value::Null => "null",
            };
            assert!(types.contains(&given), "{name}: {key} is {given}, and the document says {types:?}");
        }
        let required = schema["required"].as_array().into_iter().flatten();
        for key in required.map(|key| key.as_str().unwrap()) {
            assert!(body.get(key).is_some(), "{name}: {key} is required, and the example has none");
        }
    }
}

#[tokio::test]
async fn what_it_requires_is_what_a_call_misses_and_every_role_is_the_one_it_names() {
    let plane = Plane::start().await;
    let document = document(&plane).await;
    let (admin, viewer) = (plane.person(Role::Admin), plane.person(Role::Viewer));
    let paths = document["paths"].as_object().unwrap();
    let mut seen = BTreeSet::new();
    for (path, call) in paths.iter().filter(|(path, _)| path.starts_with("/api/")) {
        let (name, call) = (path.strip_prefix("/api/").unwrap(), &call["post"]);
        let (status, _) = viewer.try_ask(name, json!({"waitSeconds": 0})).await;
        let is_refused = status == StatusCode::FORBIDDEN;
        assert_eq!(is_refused, call["tags"][0] != "viewer", "{name}: {status} for a viewer");
        let required = schema(&document, name)["required"].as_array().cloned().unwrap_or_default();
        if !required.is_empty() {
            let (status, reply) = admin.try_ask(name, json!({"waitSeconds": 0})).await;
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{name}: {reply}");
        }
        seen.insert(name);
    }
    assert!(seen.len() > 45, "only {} calls", seen.len());
}

#[tokio::test]
async fn a_reply_with_a_key_that_is_not_documented_is_no_reply_of_ours() {
    let plane = Plane::start().await;
    plane.sensor().await.send(vec![event()]).await;
    let reply = plane.person(Role::Viewer).ask("fetchSuspectSampleData", json!({})).await;
    let problems = |reply: &Value| problems("post", "/api/fetchSuspectSampleData", 200, reply);
    assert_eq!(problems(&reply), Vec::<String>::new());
    for (place, key, value) in [
        ("", "undocumented", json!(1)),
        ("/maliciousEvents/0", "undocumented", json!(null)),
        ("/maliciousEvents/0", "severity", json!("SEVERE")),
        ("/maliciousEvents/0", "timestamp", json!("now")),
        ("/maliciousEvents/0", "network", json!(7)),
    ] {
        let mut other = reply.clone();
        other.pointer_mut(place).unwrap()[key] = value;
        assert_eq!(problems(&other).len(), 1, "{place} {key}");
    }
    let mut less = reply.clone();
    less["maliciousEvents"][0].as_object_mut().unwrap().remove("jiraTicketUrl");
    assert_eq!(problems(&less).len(), 1);
    assert_eq!(crate::harness::problems("post", "/api/fetchSuspectSampleData", 418, &reply).len(), 1);
}

#[test]
fn every_call_has_a_name_of_its_own_and_every_type_that_is_referred_to_is_there() {
    let document: Value = serde_json::from_str(&control_plane::openapi()).unwrap();
    let operations =
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap());
    let mut ids = BTreeSet::new();
    for (method, operation) in operations {
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()), "{id} is there twice");
        let answers = operation["responses"].as_object().unwrap();
        assert!(answers.keys().any(|status| status.starts_with('2') || status == "303"), "{method} {id}");
    }
    let named = document["components"]["schemas"].as_object().unwrap();
    for reference in document.to_string().split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(named.contains_key(name), "{name} is nowhere");
    }
}

#[test]
fn the_command_prints_the_document_without_a_data_folder() {
    let program = env!("CARGO_BIN_EXE_control-plane");
    let printed = std::process::Command::new(program).arg("openapi").output().unwrap();
    assert!(printed.status.success());
    assert_eq!(String::from_utf8(printed.stdout).unwrap().trim_end(), control_plane::openapi());
}

#[tokio::test]
async fn the_page_comes_whole_from_here_and_keeps_to_the_policy() {
    let plane = Plane::start().await;
    for (file, kind) in [
        ("docs", "text/html; charset=utf-8"),
        ("docs.js", "text/javascript; charset=utf-8"),
        ("docs.css", "text/css; charset=utf-8"),
    ] {
        let response = Client::new().get(format!("{}/api/{file}", plane.url())).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], kind);
        let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(policy.contains("script-src 'self';"), "{policy}");
        let text = response.text().await.unwrap();
        assert!(!text.contains("://") && !text.contains("innerHTML"), "{file} names something outside");
    }
}

/// The console's calls are typed from it, by those who build the console alone, too.
#[test]
fn the_document_that_the_console_is_typed_from_is_this_one() {
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/../console/openapi.json");
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(kept).unwrap()).unwrap();
    let served: Value = serde_json::from_str(&control_plane::openapi()).unwrap();
    // Not `assert_eq`: either is a quarter of a megabyte.
    assert!(
        kept == served,
        "console/openapi.json is out of date: control-plane openapi > console/openapi.json"
    );
}
