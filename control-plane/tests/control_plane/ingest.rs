//! Events over gRPC: enrolment, acknowledgement, duplicates, what does not fit.

use std::time::Duration;

use control_plane::{
    auth::command_line,
    fleet::{JoinTerms, create_join_token},
    store::Role,
};
use portcullis_proto::v1::ThreatEvent;
use serde_json::{Value, json};
use tonic::Code;

use crate::harness::{Person, Plane, TestSensor, event};

async fn total(viewer: &Person) -> Value {
    viewer.ask("fetchSuspectSampleData", json!({"limit": 0})).await["total"].clone()
}

async fn ingest(viewer: &Person) -> Value {
    viewer.ask("fetchSensors", json!({})).await["sensors"][0]["ingest"].clone()
}

#[tokio::test]
async fn a_join_token_enrols_as_often_as_it_may_and_no_longer() {
    let plane = Plane::start().await;
    let url = format!("http://{}", plane.server.grpc);
    let once = create_join_token(
        &plane.store(),
        &command_line("test"),
        JoinTerms { lifetime: Duration::from_secs(60), uses: 1 },
    )
    .unwrap();
    TestSensor::enroll(&url, once.reveal()).await.unwrap();
    let over = create_join_token(
        &plane.store(),
        &command_line("test"),
        JoinTerms { lifetime: Duration::ZERO, uses: 1 },
    )
    .unwrap();
    for token in [once.reveal(), over.reveal(), "pcj_00", ""] {
        let refused = TestSensor::enroll(&url, token).await.err().unwrap();
        assert_eq!(refused.code(), Code::Unauthenticated, "{token}");
        assert!(refused.message().contains("join-token create"), "{refused}");
    }
}

#[tokio::test]
async fn a_stream_without_a_credential_is_refused() {
    let plane = Plane::start().await;
    let sensor = plane.sensor().await;
    for credential in ["", "pcc_00", "wrong"] {
        let stranger = sensor.clone().with_credential(credential);
        assert_eq!(stranger.events().await.err().unwrap().code(), Code::Unauthenticated);
    }
}

#[tokio::test]
async fn an_acknowledged_event_is_listed_and_a_second_arrival_is_not_doubled() {
    let plane = Plane::start().await;
    let sensor = plane.sensor().await;
    let viewer = plane.person(Role::Viewer);
    let sent = event();
    sensor.send(vec![sent.clone()]).await;
    assert_eq!(total(&viewer).await, 1);
    sensor.send(vec![sent.clone(), event(), sent]).await;
    assert_eq!(total(&viewer).await, 2);
    let counts = ingest(&viewer).await;
    assert_eq!(
        (&counts["received"], &counts["stored"], &counts["duplicates"]),
        (&json!(4), &json!(2), &json!(2))
    );
}

#[tokio::test]
async fn a_malformed_event_is_counted_and_holds_up_nothing() {
    let plane = Plane::start().await;
    let sensor = plane.sensor().await;
    let mut stream = sensor.events().await.unwrap();
    let bad = ThreatEvent { actor: "nobody".into(), ..event() };
    stream.send(vec![bad, event()]).await.unwrap();
    stream.send(vec![event()]).await.unwrap();
    let viewer = plane.person(Role::Viewer);
    assert_eq!(total(&viewer).await, 2);
    let counts = ingest(&viewer).await;
    assert_eq!(counts["rejected"], 1);
    assert_eq!(counts["lastRejection"], "actor: \"nobody\" is no address");
}

#[tokio::test]
async fn an_oversized_batch_ends_its_stream_and_not_the_server() {
    let plane = Plane::start().await;
    let sensor = plane.sensor().await;
    let mut huge = event();
    huge.samples[0].response_payload = vec![b'x'; 17 << 20];
    let refused = sensor.events().await.unwrap().send(vec![huge]).await.unwrap_err();
    assert_eq!(refused.code(), Code::OutOfRange, "{refused}");
    sensor.send(vec![event()]).await;
    assert_eq!(total(&plane.person(Role::Viewer)).await, 1);
}

#[tokio::test]
async fn hostile_bytes_are_stored_and_shown_as_they_are() {
    let plane = Plane::start().await;
    let mut hostile = event();
    hostile.url = "/'; DROP TABLE event; --\u{0}\u{202e}<script>".into();
    hostile.samples[0].request_payload = (0..=255).collect();
    plane.sensor().await.send(vec![hostile.clone()]).await;
    let viewer = plane.person(Role::Viewer);
    let reply = viewer.ask("fetchSuspectSampleData", json!({"urls": [hostile.url]})).await;
    let row = &reply["maliciousEvents"][0];
    assert_eq!(row["url"], hostile.url);
    assert!(row["payload"].as_str().unwrap().contains(r"\000\001\002"));
}
