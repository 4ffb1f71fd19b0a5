//! Integrations as admins keep them.

use control_plane::store::Role;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{
    setup::{connected, integration, setup},
    tracker::{Kind, TOKEN, Tracker, USER},
};
use crate::harness::Plane;

#[tokio::test]
async fn a_test_says_whether_credentials_project_and_type_are_good_and_makes_nothing() {
    for (kind, found) in [
        (Kind::JiraCloud, "as Robot, in Security"),
        (Kind::JiraServer, "as Robot, in Security"),
        (Kind::AzureBoards, "Bug in Web Shop"),
    ] {
        let (_plane, admin, tracker) = connected(kind, json!({})).await;
        let tried = admin.ask("testTicketIntegration", json!({"name": "board"})).await;
        assert_eq!((&tried["works"], &tried["detail"]), (&json!(true), &json!(found)), "{tried}");
        admin.ask("modifyTicketIntegration", json!({"name": "board", "issueType": "Epic"})).await;
        let tried = admin.ask("testTicketIntegration", json!({"name": "board"})).await;
        assert_eq!(tried["works"], false);
        assert!(tried["detail"].as_str().unwrap().contains("Epic"), "{tried}");
        tracker.is_content();
        assert!(tracker.items().is_empty());
    }
}

#[tokio::test]
async fn credentials_are_never_shown_and_stand_nowhere_in_the_clear() {
    let (plane, admin, _tracker) = connected(Kind::JiraCloud, json!({})).await;
    admin.ask("testTicketIntegration", json!({"name": "board"})).await;
    admin.ask("modifyTicketIntegration", json!({"name": "board", "user": USER, "token": TOKEN})).await;
    let shown = [
        admin.ask("fetchTicketIntegrations", json!({})).await.to_string(),
        admin.ask("fetchAudit", json!({})).await.to_string(),
    ];
    assert!(shown[1].contains("\"credentials\":\"changed\""), "{}", shown[1]);
    let mut kept = Vec::new();
    for file in std::fs::read_dir(plane.folder.path()).unwrap() {
        kept.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    // What is not secret is there: it is the right place.
    let holds = |text: &str| kept.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(holds("\"issueType\":\"Bug\""), "nothing was kept");
    for secret in [TOKEN, USER] {
        assert!(shown.iter().all(|text| !text.contains(secret)), "a reply shows {secret}");
        assert!(!holds(secret), "{secret} is on disk");
    }
}

#[tokio::test]
async fn changes_need_an_admin_tickets_an_analyst_and_looking_a_viewer() {
    let (plane, admin, tracker) = setup(Kind::JiraCloud).await;
    let (analyst, viewer) = (plane.person(Role::Analyst), plane.person(Role::Viewer));
    for name in [
        "addTicketIntegration",
        "modifyTicketIntegration",
        "removeTicketIntegration",
        "testTicketIntegration",
    ] {
        assert_eq!(analyst.try_ask(name, json!({})).await.0, StatusCode::FORBIDDEN, "{name}");
    }
    for name in
        ["createTicketsForIssues", "createTicketsForEvents", "linkTicket", "unlinkTicket", "syncTickets"]
    {
        assert_eq!(viewer.try_ask(name, json!({})).await.0, StatusCode::FORBIDDEN, "{name}");
    }
    admin.ask("addTicketIntegration", integration(&tracker, json!({}))).await;
    assert_eq!(viewer.ask("fetchTicketIntegrations", json!({})).await["total"], 1);
    let twice = admin.refused("addTicketIntegration", integration(&tracker, json!({}))).await;
    assert!(twice.contains("already"), "{twice}");
    let removed = admin.ask("removeTicketIntegration", json!({"name": "board"})).await;
    assert_eq!(removed["tickets"], 0);
    let audit = admin.ask("fetchAudit", json!({"object": "ticket integration board"})).await;
    let actions: Vec<_> = audit["entries"].as_array().unwrap().iter().map(|entry| &entry["action"]).collect();
    assert_eq!(actions, ["removeTicketIntegration", "addTicketIntegration"]);
    let none = analyst.refused("createTicketsForIssues", json!({"checkIds": ["one"]})).await;
    assert!(none.starts_with("integration: there is none"), "{none}");
}

#[tokio::test]
async fn a_new_address_is_not_sent_the_token_of_the_one_before() {
    let (_plane, admin, _tracker) = connected(Kind::JiraCloud, json!({})).await;
    let other = Tracker::start(Kind::JiraCloud).await;
    let refusal =
        admin.refused("modifyTicketIntegration", json!({"name": "board", "url": other.url()})).await;
    assert!(refusal.starts_with("token: comes with a new url"), "{refusal}");
    let refusal = admin.refused("modifyTicketIntegration", json!({"name": "board", "user": USER})).await;
    assert!(refusal.starts_with("token: comes with the user"), "{refusal}");
}

#[tokio::test]
async fn private_addresses_are_refused_and_names_of_them_never_connected_to() {
    let plane = Plane::start().await;
    let admin = plane.person(Role::Admin);
    let tracker = Tracker::start(Kind::JiraCloud).await;
    let refusal = admin.refused("addTicketIntegration", integration(&tracker, json!({}))).await;
    assert!(refusal.starts_with("url: 127.0.0.1 is not a public address"), "{refusal}");
    let url = format!("https://localhost:{}", tracker.address.port());
    admin.ask("addTicketIntegration", integration(&tracker, json!({"url": url}))).await;
    let tried = admin.ask("testTicketIntegration", json!({"name": "board"})).await;
    assert!(tried["detail"].as_str().unwrap().contains("is not a public address"), "{tried}");
    tracker.with(|held| assert_eq!(held.seen, Vec::<String>::new()));
}

#[tokio::test]
async fn templates_are_checked_when_they_are_saved() {
    let (_plane, admin, tracker) = setup(Kind::JiraCloud).await;
    for (more, problem) in [
        (json!({"summary": "{titel}"}), "summary: line 1: there is no placeholder {titel}"),
        (json!({"description": "a\nb {request}"}), "description: line 2: {request} takes a line of its own"),
        (
            json!({"states": {"ignore": {"x": "FIXED"}}}),
            "states: ignore.x: \"FIXED\" is none of FALSE_POSITIVE",
        ),
        (json!({"fields": {"project": {"key": "OPS"}}}), "fields: project has a setting"),
    ] {
        let refusal = admin.refused("addTicketIntegration", integration(&tracker, more)).await;
        assert!(refusal.starts_with(problem), "{refusal}");
    }
    let added = admin.ask("addTicketIntegration", integration(&tracker, json!({"summary": null}))).await;
    let summary: &Value = &added["integration"]["summary"];
    assert_eq!(summary, "[{severity}] {name}: {method} {host}{endpoint}");
}
