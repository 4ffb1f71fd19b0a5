//! Blocks that sensors make by themselves become blocks of the fleet, where no person has decided otherwise.

use control_plane::store::Role;
use portcullis_proto::v1::{
    AutomaticBlock, AutomaticBlockAck, AutomaticBlocking, BlockDecision, BlockOutcome, FlowCutting,
    SensorReport, ThreatEvent, change::Change, control_message::Message,
};
use serde_json::json;

use crate::harness::{CommandStream, Plane, event};

const ATTACKER: &str = "203.0.113.9/32";
const HOUR: u64 = 3_600_000;

fn block(event_id: &str, age_ms: u64) -> AutomaticBlock {
    AutomaticBlock {
        event_id: event_id.into(),
        policy_id: "SQLInjection".into(),
        cidr: ATTACKER.into(),
        remaining_ms: 4 * HOUR,
        age_ms,
    }
}

/// Reports it, and gives why it is refused, with the revisions that came meanwhile.
async fn told(stream: &mut CommandStream, block: AutomaticBlock) -> (String, Vec<Change>) {
    let event_id = block.event_id.clone();
    stream.automatic_block(block).await;
    let mut changes = Vec::new();
    loop {
        match stream.next().await {
            Message::AutomaticBlockAck(AutomaticBlockAck { event_id: acknowledged, refused }) => {
                assert_eq!(acknowledged, event_id);
                return (refused, changes);
            }
            Message::Revision(revision) => {
                changes.extend(revision.changes.into_iter().filter_map(|change| change.change));
            }
            Message::Snapshot(_) | Message::InventoryAck(_) => {}
        }
    }
}

async fn listed(plane: &Plane) -> serde_json::Value {
    plane.person(Role::Viewer).ask("fetchBlocklist", json!({})).await
}

#[tokio::test]
async fn a_sensors_own_block_reaches_the_others_and_says_whose_it_is() {
    let plane = Plane::start().await;
    let (first, second) = (plane.sensor().await, plane.sensor().await);
    let (mut first, mut second) = (first.commands(0).await, second.commands(0).await);
    assert!(matches!(second.next().await, Message::Snapshot(_)));
    assert_eq!(told(&mut first, block("e-1", 5)).await.0, "");
    let Message::Revision(revision) = second.next().await else { panic!("no revision") };
    let Some(Change::Block(pushed)) = &revision.changes[0].change else { panic!("no block") };
    assert_eq!((pushed.cidr.as_str(), pushed.author.as_str()), (ATTACKER, "policy:SQLInjection"));
    assert!(pushed.remaining_ms > 4 * HOUR - 60_000 && pushed.remaining_ms <= 4 * HOUR);
    let blocks = listed(&plane).await;
    assert_eq!(blocks["blocks"][0]["author"], "policy:SQLInjection");
    assert_eq!(blocks["blocks"][0]["reason"], "policy SQLInjection, event e-1, on node-1");
}

#[tokio::test]
async fn what_many_sensors_report_is_one_revision() {
    let plane = Plane::start().await;
    let mut streams = Vec::new();
    for _ in 0..4 {
        streams.push(plane.sensor().await.commands(0).await);
    }
    let reports = streams.into_iter().enumerate().map(|(n, mut stream)| {
        tokio::spawn(async move { told(&mut stream, block(&format!("e-{n}"), 5)).await.0 })
    });
    for report in reports.collect::<Vec<_>>() {
        assert_eq!(report.await.unwrap(), "");
    }
    assert_eq!(listed(&plane).await["revision"], 1);
}

#[tokio::test]
async fn what_a_person_has_lifted_does_not_come_back_with_a_stale_report() {
    let plane = Plane::start().await;
    let analyst = plane.person(Role::Analyst);
    let mut sensor = plane.sensor().await.commands(0).await;
    assert_eq!(told(&mut sensor, block("e-1", 5)).await.0, "");
    analyst.ask("removeBlock", json!({ "cidr": ATTACKER })).await;
    assert_eq!(told(&mut sensor, block("e-2", HOUR)).await.0, "test has lifted it since");
    assert_eq!(listed(&plane).await["total"], 0);
    let plane = plane.restart().await;
    let mut sensor = plane.sensor().await.commands(0).await;
    assert_eq!(told(&mut sensor, block("e-2", HOUR)).await.0, "test has lifted it since");
    // An attack after that is another matter.
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    assert_eq!(told(&mut sensor, block("e-3", 0)).await.0, "");
    assert_eq!(listed(&plane).await["total"], 1);
}

#[tokio::test]
async fn a_persons_block_is_left_as_it_is_and_a_policys_is_put_off() {
    let plane = Plane::start().await;
    let analyst = plane.person(Role::Analyst);
    let mut sensor = plane.sensor().await.commands(0).await;
    analyst.ask("addBlock", json!({ "cidr": ATTACKER, "ttlSeconds": 60, "reason": "for a minute" })).await;
    assert_eq!(told(&mut sensor, block("e-1", 5)).await.0, "");
    assert_eq!(listed(&plane).await["blocks"][0]["reason"], "for a minute");
    analyst.ask("removeBlock", json!({ "cidr": ATTACKER })).await;
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    for (event_id, remaining_ms, revision) in [("e-2", HOUR, 3), ("e-3", 4 * HOUR, 4), ("e-4", HOUR, 4)] {
        let one = AutomaticBlock { remaining_ms, ..block(event_id, 0) };
        assert_eq!(told(&mut sensor, one).await.0, "");
        assert_eq!(listed(&plane).await["revision"], revision, "{event_id}");
    }
}

#[tokio::test]
async fn who_is_allowed_and_what_is_no_single_address_are_refused() {
    let plane = Plane::start().await;
    plane.person(Role::Analyst).ask("addAllowed", json!({ "cidr": "203.0.113.0/24" })).await;
    let mut sensor = plane.sensor().await.commands(0).await;
    for (cidr, why) in [
        (ATTACKER, "it is on the allow list (203.0.113.0/24)"),
        ("198.51.100.0/24", "\"198.51.100.0/24\" is no single address"),
        ("nonsense", "\"nonsense\" is no single address"),
        ("127.0.0.1/32", "127.0.0.1 is nobody's address"),
    ] {
        let one = AutomaticBlock { cidr: cidr.into(), ..block("e", 0) };
        assert_eq!(told(&mut sensor, one).await.0, why);
    }
    let over = AutomaticBlock { remaining_ms: 0, cidr: "192.0.2.1/32".into(), ..block("e", 0) };
    assert_eq!(told(&mut sensor, over).await.0, "its time is over");
    assert_eq!(listed(&plane).await["total"], 0);
}

#[tokio::test]
async fn a_page_shows_what_became_of_a_block_and_whether_policies_may_block() {
    let plane = Plane::start().await;
    let sensor = plane.sensor().await;
    let reason = "61 automatic blocks within a minute".to_owned();
    let outcome = BlockOutcome { decision: BlockDecision::HeldBack.into(), reason: reason.clone() };
    sensor.send(vec![ThreatEvent { automatic_block: Some(outcome), ..event() }]).await;
    let stream = sensor.commands(0).await;
    stream
        .report(SensorReport {
            automatic_blocking: Some(AutomaticBlocking {
                mode: "tripped".into(),
                reason: reason.clone(),
                tripped_ms: 90_000,
            }),
            flow_cutting: Some(FlowCutting { mode: "tcx".into(), note: String::new() }),
            ..SensorReport::default()
        })
        .await;
    let viewer = plane.person(Role::Viewer);
    let shown = viewer.ask("fetchSuspectSampleData", json!({})).await["maliciousEvents"][0].clone();
    assert_eq!(shown["automaticBlock"], json!({ "decision": "held back", "reason": reason.clone() }));
    for _ in 0..100 {
        let sensor = viewer.ask("fetchSensors", json!({})).await["sensors"][0].clone();
        if !sensor["automaticBlocking"].is_null() {
            let tripped = json!({ "mode": "tripped", "reason": reason, "trippedSeconds": 90 });
            assert_eq!(sensor["automaticBlocking"], tripped);
            assert_eq!(sensor["flowCutting"], json!({ "mode": "tcx", "note": "" }));
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("the report never arrives");
}
