//! Ignoring an event suppresses what it stands for, everywhere and for good.

use control_plane::store::Role;
use portcullis_proto::v1::{SensorReport, SuppressionHits, change::Change, control_message::Message};
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

#[tokio::test]
async fn a_wider_scope_holds_only_where_it_is_said_and_activating_lifts_it() {
    let plane = Plane::start().await;
    let sensor = plane.sensor().await;
    let analyst = plane.person(Role::Analyst);
    let first = event();
    sensor.send(vec![first.clone()]).await;
    let everything = json!({"eventId": first.event_id, "status": "IGNORED", "anyActor": true, "anyEndpoint": true, "anyPolicy": true});
    assert!(analyst.refused("updateMaliciousEventStatus", everything).await.starts_with("anyPolicy: "));
    let wide = json!({"eventId": first.event_id, "status": "IGNORED", "anyActor": true, "ttlSeconds": 600});
    let reply = analyst.ask("updateMaliciousEventStatus", wide).await;
    assert_eq!((&reply["suppressions"], &reply["revision"]), (&json!(1), &json!(1)));
    let shown = analyst.ask("fetchSuppressions", json!({})).await["suppressions"][0].clone();
    assert_eq!((&shown["actor"], &shown["url"]), (&json!(""), &json!("/files")));
    let lasts = shown["expiresAt"].as_i64().unwrap() - shown["createdAt"].as_i64().unwrap();
    assert_eq!(lasts, 600);

    let mut other = event();
    other.actor = "203.0.113.77".into();
    sensor.send(vec![other.clone()]).await;
    assert_eq!(total(&analyst, json!({})).await, 1, "whoever does it");
    let active = json!({"eventId": first.event_id, "status": "ACTIVE"});
    assert_eq!(analyst.ask("updateMaliciousEventStatus", active).await["suppressions"], 1);
    sensor.send(vec![other]).await;
    assert_eq!(total(&analyst, json!({})).await, 2);
}

#[tokio::test]
async fn suppressions_are_added_extended_paged_and_end_by_themselves() {
    let plane = Plane::start().await;
    let sensor = plane.sensor().await;
    let analyst = plane.person(Role::Analyst);
    for (url, ttl) in [("/a", 600), ("/b", 60), ("/c", 1)] {
        let add = json!({"filterId": "PathTraversal", "url": url, "ttlSeconds": ttl, "reason": "a scan", "waitSeconds": 0});
        assert_eq!(analyst.ask("addSuppression", add).await["suppression"]["url"], url);
    }
    let host = json!({"host": "shop.test", "waitSeconds": 0});
    let id = analyst.ask("addSuppression", host).await["suppression"]["id"].clone();
    let urls = |body: Value| analyst.rows("fetchSuppressions", body, "suppressions", "url");
    let page = json!({"filterId": ["PathTraversal"], "sort": {"expiresAt": -1}, "limit": 2});
    assert_eq!(urls(page).await, ["/a", "/b"]);
    assert_eq!(urls(json!({"host": ["shop.test"]})).await, [""]);
    let mut event = event();
    event.url = "/c".into();
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    sensor.send(vec![event]).await;
    assert_eq!(total(&analyst, json!({})).await, 1, "its time is over");
    assert_eq!(analyst.ask("fetchSuppressions", json!({"searchText": "A SCAN"})).await["total"], 2);

    let mut orders = sensor.commands(4).await;
    let extend = json!({"id": id, "ttlSeconds": 3600, "reason": "until the move", "waitSeconds": 0});
    let extended = analyst.ask("extendSuppression", extend).await["suppression"].clone();
    assert_eq!((&extended["id"], &extended["reason"]), (&id, &json!("until the move")));
    let Message::Revision(revision) = orders.next().await else { panic!("no revision") };
    let Some(Change::Suppress(pushed)) = &revision.changes[0].change else { panic!("no suppression") };
    assert!((3_590_000..=3_600_000).contains(&pushed.remaining_ms), "{pushed:?}");
    for (body, field) in [
        (json!({"id": id}), "ttlSeconds"),
        (json!({"id": "nobody", "ttlSeconds": 5}), "id"),
        (json!({"id": id, "ttlSeconds": 0}), "ttlSeconds"),
    ] {
        assert!(analyst.refused("extendSuppression", body).await.starts_with(&format!("{field}: ")));
    }
    assert!(analyst.refused("addSuppression", json!({"method": "GET"})).await.starts_with("filterId: "));
}

#[tokio::test]
async fn what_sensors_held_back_is_counted_once_over_restarts_of_either_side() {
    let plane = Plane::start().await;
    let sensor = plane.sensor().await;
    let add = json!({"filterId": "PathTraversal", "waitSeconds": 0});
    let id = plane.person(Role::Analyst).ask("addSuppression", add).await["suppression"]["id"].clone();
    let report = |started_at_ms, events| SensorReport {
        started_at_ms,
        counters: [("told".to_owned(), events)].into(),
        suppression_hits: vec![SuppressionHits { id: id.as_str().unwrap().to_owned(), events }],
        ..SensorReport::default()
    };
    let orders = sensor.commands(1).await;
    for events in [3, 5] {
        orders.report(report(1_000, events)).await;
        until_told(&plane, events).await;
    }
    let plane = plane.restart().await;
    assert_eq!(hits(&plane).await, [5, 5]);

    let sensor = sensor.moved_to(&format!("http://{}", plane.server.grpc)).await;
    let orders = sensor.commands(1).await;
    orders.report(report(1_000, 6)).await;
    until_told(&plane, 6).await;
    orders.report(report(9_000, 2)).await;
    until_told(&plane, 2).await;
    let plane = plane.restart().await;
    assert_eq!(hits(&plane).await, [8, 8], "one more, and two after the sensor began anew");
}

async fn hits(plane: &Plane) -> [u64; 2] {
    let shown =
        plane.person(Role::Viewer).ask("fetchSuppressions", json!({})).await["suppressions"][0].clone();
    ["sensorHits", "hits"].map(|key| shown[key].as_u64().unwrap())
}

async fn until_told(plane: &Plane, events: u64) {
    let viewer = plane.person(Role::Viewer);
    for _ in 0..500 {
        if viewer.ask("fetchSensors", json!({})).await["sensors"][0]["counters"]["told"] == events {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the report of {events} never came");
}
