//! Capture rules: set one by one or as a list, and on every sensor.

use control_plane::store::Role;
use portcullis_proto::v1::{CaptureMode, CaptureRule, change::Change, control_message::Message};
use serde_json::{Value, json};

use crate::harness::Plane;

fn rule(cidr: &str, port: u32, mode: CaptureMode) -> CaptureRule {
    CaptureRule { cidr: cidr.to_owned(), port, mode: mode.into() }
}

#[tokio::test]
async fn rules_reach_the_sensors_as_a_list_with_author_and_reason_kept_here() {
    let plane = Plane::start().await;
    let admin = plane.person(Role::Admin);
    let mut orders = plane.sensor().await.commands(0).await;
    orders.next().await;
    admin
        .ask("setCaptureRule", json!({"port": 9100, "mode": "off", "reason": "metrics", "waitSeconds": 0}))
        .await;
    let second = json!({"cidr": "10.0.0.9/8", "mode": "headers", "waitSeconds": 0});
    admin.ask("setCaptureRule", second).await;
    orders.next().await;
    let Message::Revision(revision) = orders.next().await else { panic!("no revision") };
    let Some(Change::CaptureRules(sent)) = &revision.changes[0].change else { panic!("no rules") };
    let (off, headers) = (rule("", 9100, CaptureMode::Off), rule("10.0.0.0/8", 0, CaptureMode::Headers));
    assert_eq!(sent.rules, [off, headers.clone()]);
    let listed = admin.ask("fetchCaptureRules", json!({})).await;
    assert_eq!((&listed["rules"][0]["reason"], &listed["total"]), (&json!("metrics"), &json!(2)));
    assert!(listed["rules"][0]["author"].is_string());

    admin.ask("removeCaptureRule", json!({"port": 9100, "waitSeconds": 0})).await;
    let mut new = plane.sensor().await.commands(0).await;
    let Message::Snapshot(snapshot) = new.next().await else { panic!("no snapshot") };
    assert_eq!(snapshot.capture_rules.unwrap().rules, [headers]);
}

#[tokio::test]
async fn a_list_is_set_as_a_whole_and_what_is_wrong_in_it_is_named() {
    let plane = Plane::start().await;
    let admin = plane.person(Role::Admin);
    let set = |rules: Value| json!({"rules": rules, "waitSeconds": 0});
    admin.ask("setCaptureRules", set(json!([{"port": 1, "mode": "off"}, {"port": 2, "mode": "full"}]))).await;
    for (wrong, place) in [
        (json!([{"port": 1, "mode": "half"}]), "rules[0].mode"),
        (json!([{"mode": "off"}]), "rules[0].cidr"),
        (json!([{"port": 0, "mode": "off"}]), "rules[0].port"),
        (json!([{"port": 3, "mode": "off"}, {"cidr": "x", "mode": "off"}]), "rules[1].cidr"),
        (json!([{"port": 3, "mode": "off"}, {"port": 3, "mode": "full"}]), "rules"),
    ] {
        let refused = admin.refused("setCaptureRules", set(wrong)).await;
        assert!(refused.starts_with(&format!("{place}: ")), "{refused}");
    }
    assert_eq!(admin.ask("fetchCaptureRules", json!({})).await["total"], 2);
    assert!(admin.refused("removeCaptureRule", json!({"port": 9})).await.contains("fetchCaptureRules"));
    let (status, _) = plane.person(Role::Analyst).try_ask("setCaptureRules", set(json!([]))).await;
    assert_eq!(status.as_u16(), 403);
}
