//! Filters, pages and order of the event list.

use control_plane::store::Role;
use portcullis_proto::v1::{DetectionType, Severity, SuccessEvidence, ThreatEvent};
use serde_json::{Value, json};

use crate::harness::{NOON, Person, Plane, event_at};

/// Four events that differ in everything a filter looks at.
fn four() -> Vec<ThreatEvent> {
    let mut events: Vec<_> = (0..4).map(|second| event_at(NOON + second)).collect();
    let [a, b, c, d] = events.as_mut_slice() else { panic!("four") };
    (a.severity, a.api_collection_id) = (Severity::Low.into(), 7);
    a.url = "/100%_sure".into();
    b.actor = "198.51.100.2".into();
    b.method = "POST".into();
    b.successful_exploit = Some(SuccessEvidence { kind: "file-contents".into(), at: None });
    c.policy_id = "SqlInjection".into();
    c.sub_category = "SQLI".into();
    c.severity = Severity::Critical.into();
    d.host = "Shop.Test".into();
    d.detection_type = DetectionType::Anomaly.into();
    events
}

/// Which of the four a filter shows, oldest first, by letter; and that `total` agrees.
async fn shown(viewer: &Person, mut filter: Value) -> String {
    filter["sort"] = json!({"detectedAt": 1});
    let reply = viewer.ask("fetchSuspectSampleData", filter).await;
    let rows = reply["maliciousEvents"].as_array().unwrap();
    assert_eq!(reply["total"], json!(rows.len()));
    let letter = |row: &Value| {
        ["a", "b", "c", "d"][usize::try_from(row["timestamp"].as_u64().unwrap() - NOON).unwrap()]
    };
    rows.iter().map(letter).collect()
}

#[tokio::test]
async fn each_filter_shows_its_rows_and_filters_are_anded() {
    let plane = Plane::start().await;
    plane.sensor().await.send(four()).await;
    let viewer = plane.person(Role::Viewer);
    for (filter, expected) in [
        (json!({}), "abcd"),
        (json!({"ips": ["198.51.100.2"]}), "b"),
        (json!({"ips": []}), "abcd"),
        (json!({"urls": ["/100%_sure"]}), "a"),
        (json!({"urls": ["/100"]}), ""),
        (json!({"apiCollectionIds": [7]}), "a"),
        (json!({"method": ["POST"]}), "b"),
        (json!({"types": ["Anomaly"]}), "d"),
        (json!({"types": ["Rule-Based", "Anomaly"]}), "abcd"),
        (json!({"severity": ["CRITICAL", "LOW"]}), "ac"),
        (json!({"subCategory": ["SQLI"]}), "c"),
        (json!({"subCategory": ["SqlInjection"]}), "c"),
        (json!({"latestAttack": ["SqlInjection"]}), "c"),
        (json!({"latestAttack": ["SQLI"]}), ""),
        (json!({"hosts": ["Shop.Test"]}), "d"),
        (json!({"statusFilter": "ACTIVE"}), "abcd"),
        (json!({"statusFilter": "IGNORED"}), ""),
        (json!({"successfulExploit": true}), "b"),
        (json!({"successfulExploit": false}), "acd"),
        (json!({"searchText": "shop.TEST"}), "d"),
        (json!({"searchText": "sqlinj"}), "c"),
        (json!({"searchText": "0%_S"}), "a"),
        (json!({"searchText": "%"}), "a"),
        (json!({"searchText": "51.100"}), "b"),
        (json!({"startTimestamp": NOON + 1, "endTimestamp": NOON + 2}), "bc"),
        (json!({"startTimestamp": NOON + 3}), "d"),
        (json!({"endTimestamp": NOON}), "a"),
        (json!({"severity": ["HIGH"], "ips": ["203.0.113.9"]}), "d"),
        (json!({"severity": null, "somethingElse": 1}), "abcd"),
    ] {
        assert_eq!(shown(&viewer, filter.clone()).await, expected, "{filter}");
    }
}

#[tokio::test]
async fn events_are_listed_changed_and_deleted_by_the_sensors_that_sent_them() {
    let plane = Plane::start().await;
    plane.sensor().await.send(four().drain(..2).collect()).await;
    plane.sensor().await.send(four().drain(2..).collect()).await;
    let admin = plane.person(Role::Admin);
    let rows = admin
        .rows("fetchSuspectSampleData", json!({"hosts": ["Shop.Test"]}), "maliciousEvents", "sensorId")
        .await;
    let second = json!({"sensorIds": rows});
    assert_eq!(shown(&admin, second.clone()).await, "cd");
    assert_eq!(shown(&admin, json!({"sensorIds": ["nobody"]})).await, "");
    assert_eq!(shown(&admin, json!({"sensorIds": []})).await, "abcd");
    let review = json!({"sensorIds": rows, "status": "UNDER_REVIEW"});
    assert_eq!(admin.ask("updateMaliciousEventStatus", review).await["updatedCount"], 2);
    assert_eq!(shown(&admin, json!({"statusFilter": "UNDER_REVIEW"})).await, "cd");
    assert_eq!(admin.ask("deleteMaliciousEvents", second).await["deletedCount"], 2);
    assert_eq!(shown(&admin, json!({})).await, "ab");
}

#[tokio::test]
async fn a_time_bound_is_inclusive_to_the_end_of_its_second() {
    let plane = Plane::start().await;
    let mut late = event_at(NOON);
    late.detected_at_ms += 999;
    plane.sensor().await.send(vec![late]).await;
    let viewer = plane.person(Role::Viewer);
    assert_eq!(shown(&viewer, json!({"endTimestamp": NOON})).await, "a");
    assert_eq!(shown(&viewer, json!({"startTimestamp": NOON + 1})).await, "");
}

#[tokio::test]
async fn pages_never_overlap_even_among_equal_times() {
    let plane = Plane::start().await;
    plane.sensor().await.send((0..25).map(|_| event_at(NOON)).collect()).await;
    let viewer = plane.person(Role::Viewer);
    for direction in [1, -1] {
        let mut ids = Vec::new();
        for skip in [0, 10, 20] {
            let page = json!({"skip": skip, "limit": 10, "sort": {"detectedAt": direction}});
            ids.extend(viewer.rows("fetchSuspectSampleData", page, "maliciousEvents", "id").await);
        }
        let sorted_and_distinct = ids.windows(2).all(|pair| {
            let order = pair[0].as_str().cmp(&pair[1].as_str());
            if direction == 1 { order.is_lt() } else { order.is_gt() }
        });
        assert!(ids.len() == 25 && sorted_and_distinct, "{ids:?}");
    }
}

#[tokio::test]
async fn severity_sorts_before_time_where_asked() {
    let plane = Plane::start().await;
    plane.sensor().await.send(four()).await;
    let viewer = plane.person(Role::Viewer);
    let severities = |sort: Value| viewer.rows("fetchSuspectSampleData", sort, "maliciousEvents", "severity");
    let severe_first = severities(json!({"sortBySeverity": true})).await;
    assert_eq!(severe_first, ["CRITICAL", "HIGH", "HIGH", "LOW"]);
    assert_eq!(severities(json!({"sortBySeverity": 1})).await, ["LOW", "HIGH", "HIGH", "CRITICAL"]);
    assert_eq!(severities(json!({"sortBySeverity": false})).await, ["HIGH", "CRITICAL", "HIGH", "LOW"]);
}

#[tokio::test]
async fn a_request_that_does_not_fit_is_refused_with_the_field() {
    let plane = Plane::start().await;
    let viewer = plane.person(Role::Viewer);
    for (name, body, field) in [
        ("fetchSuspectSampleData", json!({"urls": "/a"}), "urls"),
        ("fetchSuspectSampleData", json!({"urls": [1]}), "urls[0]"),
        ("fetchSuspectSampleData", json!({"skip": -1}), "skip"),
        ("fetchSuspectSampleData", json!({"limit": 1001}), "limit"),
        ("fetchSuspectSampleData", json!({"limit": 2.5}), "limit"),
        ("fetchSuspectSampleData", json!({"sort": {"price": 1}}), "sort"),
        ("fetchSuspectSampleData", json!({"sort": {"detectedAt": 2}}), "sort.detectedAt"),
        ("fetchSuspectSampleData", json!({"severity": ["high"]}), "severity[0]"),
        ("fetchSuspectSampleData", json!({"types": ["Guess"]}), "types[0]"),
        ("fetchSuspectSampleData", json!({"statusFilter": "OPEN"}), "statusFilter"),
        ("fetchSuspectSampleData", json!({"eventIds": ["7"]}), "eventIds"),
        ("fetchSuspectSampleData", json!({"ips": vec!["1.2.3.4"; 1001]}), "ips"),
        ("fetchThreatActors", json!({"startTs": 0, "endTs": 0}), "skip"),
        ("fetchCountBySeverity", json!({"startTs": 0}), "endTs"),
        ("fetchAggregateMaliciousRequests", json!({}), "refId"),
        ("fetchThreatsForActor", json!({"actor": "x", "limit": 1001}), "limit"),
    ] {
        let error = viewer.refused(name, body.clone()).await;
        assert!(error.starts_with(&format!("{field}: ")), "{body}: {error}");
    }
}

#[tokio::test]
async fn what_is_no_object_is_refused_and_an_empty_body_is_an_empty_object() {
    let plane = Plane::start().await;
    let viewer = plane.person(Role::Viewer);
    for body in ["[]", "7", "{", "\u{1}"] {
        let (status, reply) = viewer.send("fetchSuspectSampleData", body.into()).await;
        assert_eq!(status, 422, "{body}");
        assert!(reply["actionErrors"][0].as_str().unwrap().starts_with("body: "));
    }
    for body in ["", "  \n", "{}"] {
        assert_eq!(viewer.send("fetchSuspectSampleData", body.into()).await.0, 200, "{body:?}");
    }
    let (status, reply) = viewer.send("fetchSuspectSampleData", " ".repeat(2 << 20)).await;
    assert_eq!(status, 413, "{reply}");
}

#[tokio::test]
async fn the_filter_menus_offer_what_there_is_within_the_range() {
    let plane = Plane::start().await;
    plane.sensor().await.send(four()).await;
    let viewer = plane.person(Role::Viewer);
    let reply = viewer.ask("fetchFiltersThreatTable", json!({})).await;
    assert_eq!(reply["ips"], json!(["198.51.100.2", "203.0.113.9"]));
    assert_eq!(reply["urls"], json!(["/100%_sure", "/files"]));
    assert_eq!(reply["hosts"], json!(["Shop.Test", "api.test"]));
    assert_eq!(reply["subCategory"], json!(["PathTraversal", "SqlInjection"]));
    let reply = viewer.ask("fetchFiltersThreatTable", json!({"endTimestamp": NOON})).await;
    assert_eq!(reply["ips"], json!(["203.0.113.9"]));
    let reply = viewer.ask("fetchFiltersForThreatActors", json!({})).await;
    assert_eq!(reply["actorId"], json!(["198.51.100.2", "203.0.113.9"]));
    assert_eq!(reply["latestAttack"], json!(["PathTraversal", "SqlInjection"]));
}
