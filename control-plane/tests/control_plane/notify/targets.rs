//! Targets as admins keep them.

use control_plane::store::Role;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::receiver::{Answer, Receiver, SECRET, add, plane, target_when};
use crate::harness::event;

#[tokio::test]
async fn only_what_the_filter_selects_is_told_and_nothing_while_disabled() {
    let (plane, admin) = plane().await;
    let receiver = Receiver::start(&[Answer::Status(200)]).await;
    add(&admin, "hook", "webhook", &receiver.url()).await;
    let sensor = plane.sensor().await;
    for (change, is_told) in [
        (json!({"severity": ["CRITICAL"]}), false),
        (json!({"severity": ["HIGH", "CRITICAL"], "category": ["SQL"]}), false),
        (json!({"category": ["LFI"], "policy": ["NoSuchPolicy"]}), false),
        (json!({"policy": ["PathTraversal"], "enabled": false}), false),
        (json!({"enabled": true}), true),
    ] {
        let before = receiver.seen().len();
        let mut body = change;
        body["name"] = json!("hook");
        admin.ask("modifyNotifyTarget", body.clone()).await;
        sensor.send(vec![event()]).await;
        let queued = target_when(&admin, "hook", |_| true).await;
        let told = queued["queued"].as_u64().unwrap() + receiver.seen().len() as u64 - before as u64;
        assert_eq!(told > 0, is_told, "{body}");
    }
    receiver.wait_for(1).await;
}

#[tokio::test]
async fn an_ignored_combination_is_told_of_to_nobody() {
    let (plane, admin) = plane().await;
    let receiver = Receiver::start(&[Answer::Status(200)]).await;
    let (sensor, first) = (plane.sensor().await, event());
    sensor.send(vec![first.clone()]).await;
    admin.ask("updateMaliciousEventStatus", json!({"eventIds": [first.event_id], "status": "IGNORED"})).await;
    add(&admin, "hook", "webhook", &receiver.url()).await;
    sensor.send(vec![event()]).await;
    let target = target_when(&admin, "hook", |_| true).await;
    assert_eq!((&target["queued"], &target["delivered"]), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn changes_need_an_admin_and_leave_an_entry_without_secrets() {
    let (plane, admin) = plane().await;
    let receiver = Receiver::start(&[Answer::Status(200)]).await;
    let analyst = plane.person(Role::Analyst);
    for name in ["addNotifyTarget", "modifyNotifyTarget", "removeNotifyTarget", "testNotifyTarget"] {
        assert_eq!(analyst.try_ask(name, json!({"name": "hook"})).await.0, StatusCode::FORBIDDEN, "{name}");
    }
    add(&admin, "hook", "webhook", &receiver.url()).await;
    admin.ask("modifyNotifyTarget", json!({"name": "hook", "enabled": false})).await;
    admin.ask("modifyNotifyTarget", json!({"name": "hook", "secret": format!("{SECRET}-2")})).await;
    let tried = admin.ask("testNotifyTarget", json!({"name": "hook"})).await;
    assert_eq!((&tried["delivered"], &tried["detail"]), (&json!(true), &json!("answered 200")));
    admin.ask("removeNotifyTarget", json!({"name": "hook"})).await;

    let audit = admin.ask("fetchAudit", json!({"object": "notification target hook"})).await;
    let entries = audit["entries"].as_array().unwrap();
    let actions: Vec<_> = entries.iter().rev().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        [
            "addNotifyTarget",
            "modifyNotifyTarget",
            "modifyNotifyTarget",
            "testNotifyTarget",
            "removeNotifyTarget"
        ]
    );
    assert_eq!(entries[2]["after"]["secrets"], "changed");
    assert_eq!(entries[3]["after"]["enabled"], false);
    assert_eq!(entries[0]["after"], Value::Null);
    for secret in [SECRET, "of-nobody"] {
        assert!(!audit.to_string().contains(secret), "the audit log holds {secret}");
    }
}

#[tokio::test]
async fn secrets_are_shown_at_most_once_and_stand_nowhere_in_the_clear() {
    let (plane, admin) = plane().await;
    let receiver = Receiver::start(&[Answer::Status(200)]).await;
    let made =
        admin.ask("addNotifyTarget", json!({"name": "hook", "kind": "webhook", "url": receiver.url()})).await;
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(secret.len() > 60, "{secret}");
    assert!(add(&admin, "given", "webhook", &receiver.url()).await["secret"].is_null());
    admin.ask("testNotifyTarget", json!({"name": "hook"})).await;
    let shown = [
        admin.ask("fetchNotifyTargets", json!({})).await.to_string(),
        admin.ask("fetchNotifyLog", json!({})).await.to_string(),
    ];
    let mut kept = Vec::new();
    for file in std::fs::read_dir(plane.folder.path()).unwrap() {
        kept.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    for secret in [secret.as_str(), SECRET, "of-nobody"] {
        assert!(shown.iter().all(|text| !text.contains(secret)), "a reply shows {secret}");
        assert!(!kept.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret} is on disk");
    }
}

#[tokio::test]
async fn a_new_address_is_not_sent_the_secret_of_the_one_before() {
    let (_plane, admin) = plane().await;
    let receiver = Receiver::start(&[Answer::Status(200)]).await;
    add(&admin, "hook", "webhook", &receiver.url()).await;
    let refusal = admin.refused("modifyNotifyTarget", json!({"name": "hook", "url": receiver.url()})).await;
    assert!(refusal.starts_with("secret: "), "{refusal}");
}

#[tokio::test]
async fn what_became_of_notifications_is_in_the_metrics() {
    let (plane, admin) = plane().await;
    let receiver = Receiver::start(&[Answer::Status(422), Answer::Status(200)]).await;
    add(&admin, "hook", "webhook", &receiver.url()).await;
    plane.sensor().await.send(vec![event(), event()]).await;
    target_when(&admin, "hook", |target| target["delivered"] == 1).await;
    let url = format!("{}/metrics", plane.url());
    let request = reqwest::Client::new().get(url).header("x-api-key", plane.key(Role::Viewer));
    let text = request.send().await.unwrap().text().await.unwrap();
    for (name, count) in [
        ("queued", 0),
        ("delivered_total", 1),
        ("failed_attempts_total", 1),
        ("given_up_total", 1),
        ("dropped_total", 0),
    ] {
        let line = format!(
            "portcullis_control_plane_notifications_{name}{{target=\"hook\",kind=\"webhook\"}} {count}"
        );
        assert!(text.lines().any(|known| known == line), "no {line} in\n{text}");
    }
}
