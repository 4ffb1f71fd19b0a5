//! Ignoring an event suppresses what it stands for, everywhere and for good.

use control_plane::store::Role;
use portcullis_proto::v1::{change::Change, control_message::Message};
use serde_json::{Value, json};

use crate::harness::{Person, Plane, event};

async fn total(person: &Person, filter: Value) -> Value {
    person.ask("fetchSuspectSampleData", filter).await["total"].clone()
}

#[tokio::test]
async fn an_ignored_combination_raises_no_event_until_it_is_lifted() {
    let plane = Plane::start().await;
    let sensor = plane.sensor().await;
    let analyst = plane.person(Role::Analyst);
    let first = event();
    sensor.send(vec![first.clone()]).await;

    let ignore = json!({"eventId": first.event_id, "status": "IGNORED", "reason": "our own scanner"});
    let reply = analyst.ask("updateMaliciousEventStatus", ignore).await;
    assert_eq!((&reply["updateSuccess"], &reply["updatedCount"]), (&json!(true), &json!(1)));

    // The same again is swallowed and counted; another endpoint is not.
    let mut elsewhere = event();
    elsewhere.url = "/other".into();
    sensor.send(vec![event(), elsewhere]).await;
    assert_eq!(total(&analyst, json!({})).await, 2);
    assert_eq!(total(&analyst, json!({"statusFilter": "IGNORED"})).await, 1);
    let suppressed =
        analyst.ask("fetchSensors", json!({})).await["sensors"][0]["ingest"]["suppressed"].clone();
    assert_eq!(suppressed, 1);
    let suppression = analyst.ask("fetchSuppressions", json!({})).await["suppressions"][0].clone();
    assert_eq!((&suppression["hits"], &suppression["reason"]), (&json!(1), &json!("our own scanner")));
    assert_eq!((&suppression["author"], &suppression["filterId"]), (&json!("test"), &json!("PathTraversal")));

    let lift = json!({"eventIds": [first.event_id], "status": "ACTIVE"});
    analyst.ask("updateMaliciousEventStatus", lift).await;
    assert_eq!(analyst.ask("fetchSuppressions", json!({})).await["total"], 0);
    sensor.send(vec![event()]).await;
    assert_eq!(total(&analyst, json!({})).await, 3);
}

#[tokio::test]
async fn sensors_learn_of_a_suppression_and_of_its_end() {
    let plane = Plane::start().await;
    let sensor = plane.sensor().await;
    let analyst = plane.person(Role::Analyst);
    let sent = event();
    sensor.send(vec![sent.clone()]).await;
    let mut orders = sensor.commands(0).await;
    assert!(matches!(orders.next().await, Message::Snapshot(snapshot) if snapshot.revision == 0));

    analyst.ask("updateMaliciousEventStatus", json!({"eventId": sent.event_id, "status": "IGNORED"})).await;
    let Message::Revision(revision) = orders.next().await else { panic!("no revision") };
    let Some(Change::Suppress(suppression)) = revision.changes[0].change.clone() else { panic!("none") };
    assert_eq!((revision.number, suppression.actor.as_str()), (1, "203.0.113.9"));
    assert_eq!((suppression.policy_id.as_str(), suppression.url.as_str()), ("PathTraversal", "/files"));
    assert_eq!((suppression.method.as_str(), suppression.host.as_str()), ("GET", "api.test"));

    analyst
        .ask("updateMaliciousEventStatus", json!({"eventId": sent.event_id, "status": "UNDER_REVIEW"}))
        .await;
    let Message::Revision(revision) = orders.next().await else { panic!("no revision") };
    let Some(Change::LiftSuppression(lift)) = &revision.changes[0].change else { panic!("no lift") };
    assert_eq!((revision.number, &lift.id), (2, &suppression.id));
}

#[tokio::test]
async fn a_suppression_survives_deletion_and_restart_and_can_still_be_lifted() {
    let plane = Plane::start().await;
    let sent = event();
    let sensor = plane.sensor().await;
    sensor.send(vec![sent.clone()]).await;
    let admin = plane.person(Role::Admin);
    admin.ask("updateMaliciousEventStatus", json!({"eventId": sent.event_id, "status": "IGNORED"})).await;
    assert_eq!(
        admin.ask("deleteMaliciousEvents", json!({"eventId": sent.event_id})).await["deletedCount"],
        1
    );

    let plane = plane.restart().await;
    let sensor = sensor.moved_to(&format!("http://{}", plane.server.grpc)).await;
    let admin = plane.person(Role::Admin);
    sensor.send(vec![event()]).await;
    assert_eq!(total(&admin, json!({})).await, 0);
    let id = admin.ask("fetchSuppressions", json!({})).await["suppressions"][0]["id"].clone();
    admin.ask("removeSuppression", json!({ "id": id })).await;
    sensor.send(vec![event()]).await;
    assert_eq!(total(&admin, json!({})).await, 1);
}

#[tokio::test]
async fn an_update_by_filter_touches_exactly_what_the_filter_lists() {
    let plane = Plane::start().await;
    let mut events: Vec<_> = (0..6).map(|_| event()).collect();
    for event in &mut events[..2] {
        event.host = "shop.test".into();
    }
    plane.sensor().await.send(events).await;
    let admin = plane.person(Role::Admin);
    let filter = json!({"hosts": ["shop.test"], "searchText": "PATHTRAV"});
    let listed = total(&admin, filter.clone()).await;
    let mut update = filter.clone();
    update["status"] = json!("IGNORED");
    assert_eq!(admin.ask("updateMaliciousEventStatus", update).await["updatedCount"], listed);
    assert_eq!(total(&admin, json!({"statusFilter": "IGNORED"})).await, 2);
    // Two events, one combination.
    assert_eq!(admin.ask("fetchSuppressions", json!({})).await["total"], 1);
    assert_eq!(admin.ask("deleteMaliciousEvents", filter).await["deletedCount"], listed);
    assert_eq!(total(&admin, json!({})).await, 4);
}

#[tokio::test]
async fn a_change_that_names_no_events_is_refused() {
    let plane = Plane::start().await;
    let admin = plane.person(Role::Admin);
    for (name, body, field) in [
        ("updateMaliciousEventStatus", json!({"status": "IGNORED"}), "eventId"),
        ("updateMaliciousEventStatus", json!({"eventId": "x", "status": "IGNORED"}), "eventId"),
        ("updateMaliciousEventStatus", json!({"startTimestamp": 1}), "status"),
        ("updateMaliciousEventStatus", json!({"startTimestamp": 1, "status": "GONE"}), "status"),
        ("deleteMaliciousEvents", json!({}), "eventId"),
        ("deleteMaliciousEvents", json!({"limit": 5, "ips": []}), "eventId"),
    ] {
        assert!(admin.refused(name, body.clone()).await.starts_with(&format!("{field}: ")), "{body}");
    }
    let nothing = json!({"eventIds": [], "status": "IGNORED"});
    assert_eq!(admin.ask("updateMaliciousEventStatus", nothing).await["updatedCount"], 0);
}
