//! What an event says of itself, and the samples behind it.

use control_plane::store::Role;
use portcullis_proto::v1::EventType;
use serde_json::{Value, json};

use crate::harness::{NOON, Plane, event, event_at};

#[tokio::test]
async fn an_event_row_says_what_the_sensor_said() {
    let plane = Plane::start().await;
    let sensor = plane.sensor().await;
    let mut sent = event();
    sent.actor = "8.8.8.8".into();
    sensor.send(vec![sent.clone()]).await;
    let reply = plane.person(Role::Viewer).ask("fetchSuspectSampleData", json!({})).await;
    let row = &reply["maliciousEvents"][0];
    for (key, value) in [
        ("id", json!(sent.event_id)),
        ("actor", json!("8.8.8.8")),
        ("country", json!("US")),
        ("metadata", json!("country_code: \"US\"\n")),
        ("filterId", json!("PathTraversal")),
        ("category", json!("LFI")),
        ("subCategory", json!("PATH_TRAVERSAL")),
        ("severity", json!("HIGH")),
        ("type", json!("Rule-Based")),
        ("eventType", json!("SINGLE")),
        ("status", json!("ACTIVE")),
        ("timestamp", json!(NOON)),
        ("successfulExploit", json!(false)),
        ("sensorId", json!(sensor.id)),
        ("blocked", json!(false)),
        ("jiraTicketUrl", Value::Null),
    ] {
        assert_eq!(row[key], value, "{key}");
    }
    assert_eq!(row["matched"][0]["location"], "query.name");
    let payload = row["payload"].as_str().unwrap();
    assert!(payload.contains("path: \"/files?name=../../etc/passwd\"\n"), "{payload}");
    assert!(payload.contains("akto_account_id: \"1000000\"\n"), "{payload}");
}

#[tokio::test]
async fn samples_of_a_single_event_come_by_reference_and_of_an_aggregated_one_the_latest_ten() {
    let plane = Plane::start().await;
    let mut burst: Vec<_> = (0..12).map(|second| event_at(NOON + second)).collect();
    for event in &mut burst {
        event.event_type = EventType::Aggregated.into();
    }
    let single = burst[3].clone();
    plane.sensor().await.send(burst).await;
    let viewer = plane.person(Role::Viewer);
    let ask = |event_type: &str| {
        json!({
            "actor": "203.0.113.9", "filterId": "PathTraversal", "refId": single.ref_id, "eventType": event_type
        })
    };
    let times = |reply: &Value| -> Vec<u64> {
        reply["maliciousPayloadsResponses"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["ts"].as_u64().unwrap())
            .collect()
    };
    let reply = viewer.ask("fetchAggregateMaliciousRequests", ask("SINGLE")).await;
    assert_eq!(times(&reply), [NOON + 3]);
    let orig: Value =
        serde_json::from_str(reply["maliciousPayloadsResponses"][0]["orig"].as_str().unwrap()).unwrap();
    for key in [
        "method",
        "path",
        "requestHeaders",
        "requestPayload",
        "responseHeaders",
        "responsePayload",
        "ip",
        "destIp",
        "statusCode",
        "status",
        "time",
        "type",
        "source",
        "akto_vxlan_id",
        "akto_account_id",
    ] {
        assert!(orig.get(key).is_some(), "no {key}");
    }
    let reply = viewer.ask("fetchAggregateMaliciousRequests", ask("AGGREGATED")).await;
    let newest: Vec<_> = (2..12).rev().map(|second| NOON + second).collect();
    assert_eq!(times(&reply), newest);
}
