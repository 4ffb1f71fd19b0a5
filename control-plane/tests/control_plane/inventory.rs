//! What sensors learn of endpoints, added up and shown.

use std::collections::HashMap;

use control_plane::store::Role;
use portcullis_proto::v1::{Endpoint, EndpointName, InventoryUpdate, Parameter};
use serde_json::{Value, json};

use crate::harness::Plane;

fn name(template: &str) -> EndpointName {
    EndpointName { method: "GET".into(), host: "shop.example".into(), template: template.into(), vni: None }
}

fn endpoint(template: &str, since: u64, requests: u64) -> Endpoint {
    Endpoint {
        name: Some(name(template)),
        since_ms: since * 1000,
        first_seen_ms: since * 1000,
        last_seen_ms: (since + requests) * 1000,
        requests,
        statuses: HashMap::from([(200, requests)]),
        parameters: vec![Parameter {
            location: "query".into(),
            name: "page".into(),
            seen: requests / 2,
            types: vec!["integer".into()],
        }],
        auth: HashMap::from([("cookie".to_owned(), requests)]),
        response_types: vec!["application/json".into()],
        sensitive_in_responses: vec![if since < 100 { "card" } else { "email" }.into()],
        ..Endpoint::default()
    }
}

fn update(number: u64, endpoints: Vec<Endpoint>) -> InventoryUpdate {
    InventoryUpdate { number, endpoints, account_id: "1000000".into(), ..InventoryUpdate::default() }
}

async fn fetched(plane: &Plane, request: Value) -> Vec<Value> {
    let reply = plane.person(Role::Viewer).ask("fetchInventory", request).await;
    reply["endpoints"].as_array().unwrap().clone()
}

#[tokio::test]
async fn what_sensors_saw_is_added_up_and_a_repetition_changes_nothing() {
    let plane = Plane::start().await;
    let (first, second) = (plane.sensor().await, plane.sensor().await);
    let (mut first, mut second) = (first.commands(0).await, second.commands(0).await);
    first.inventory(update(1, vec![endpoint("/users/{id}", 100, 10)])).await;
    second.inventory(update(1, vec![endpoint("/users/{id}", 50, 4)])).await;
    let grown = update(2, vec![endpoint("/users/{id}", 100, 20)]);
    first.inventory(grown.clone()).await;
    first.inventory(grown).await;
    // Late, from before.
    first.inventory(update(1, vec![endpoint("/users/{id}", 100, 10)])).await;
    // That sensor forgot the endpoint, or was started again.
    second.inventory(update(2, vec![endpoint("/users/{id}", 900, 6)])).await;
    let expected = json!({
        "method": "GET", "host": "shop.example", "template": "/users/{id}", "accountId": "1000000",
        "firstSeen": 50, "lastSeen": 906, "requests": 30, "sensors": 2, "statuses": {"200": 30},
        "parameters": [{"location": "query", "name": "page", "types": ["integer"], "seen": 15, "share": 0.5}],
        "parametersLeftOut": 0, "auth": {"cookie": 30}, "requestTypes": [], "responseTypes": ["application/json"],
        "sensitiveInRequests": [], "sensitiveInResponses": ["email", "card"],
    });
    assert_eq!(fetched(&plane, json!({})).await, [expected]);
}

#[tokio::test]
async fn a_template_that_became_one_with_another_goes() {
    let plane = Plane::start().await;
    let mut sensor = plane.sensor().await.commands(0).await;
    sensor.inventory(update(1, vec![endpoint("/users/anna", 1, 1), endpoint("/users/bert", 1, 1)])).await;
    let merged = InventoryUpdate {
        removed: vec![name("/users/anna"), name("/users/bert")],
        ..update(2, vec![endpoint("/users/{id}", 2, 3)])
    };
    sensor.inventory(merged).await;
    let found = fetched(&plane, json!({})).await;
    assert_eq!(
        found.iter().map(|row| row["template"].as_str().unwrap()).collect::<Vec<_>>(),
        ["/users/{id}"]
    );
}

#[tokio::test]
async fn it_is_filtered_sorted_and_paged() {
    let plane = Plane::start().await;
    let mut sensor = plane.sensor().await.commands(0).await;
    let all = (1..=5).map(|n| endpoint(&format!("/thing{n}"), n * 100, 10 - n)).collect();
    sensor.inventory(update(1, all)).await;
    let templates = async |request: Value| {
        let rows = fetched(&plane, request).await;
        rows.iter().map(|row| row["template"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(templates(json!({"limit": 2})).await, ["/thing5", "/thing4"]);
    assert_eq!(templates(json!({"limit": 2, "skip": 4})).await, ["/thing1"]);
    assert_eq!(templates(json!({"sort": {"requests": -1}, "limit": 1})).await, ["/thing1"]);
    assert_eq!(templates(json!({"searchText": "EXAMPLE/thing3"})).await, ["/thing3"]);
    assert_eq!(templates(json!({"startTimestamp": 400})).await, ["/thing5", "/thing4"]);
    assert_eq!(templates(json!({"hosts": ["other.example"]})).await, Vec::<String>::new());
    assert_eq!(templates(json!({"method": ["POST"]})).await, Vec::<String>::new());
}
