//! A block is a revision: stored, pushed, acknowledged, counted.

use std::time::{Duration, Instant};

use control_plane::store::Role;
use portcullis_proto::v1::{
    Applied, Block, BlockHits, InterfaceReport, Refusal, SensorReport, Unblock, change::Change,
    control_message::Message,
};
use serde_json::json;

use crate::harness::{Plane, event};

fn only_change(message: Message) -> (u64, Change) {
    let Message::Revision(revision) = message else { panic!("{message:?}") };
    (revision.number, revision.changes.into_iter().next().unwrap().change.unwrap())
}

#[tokio::test]
async fn block_ip_reaches_every_sensor_and_the_answer_counts_them() {
    let plane = Plane::start().await;
    let analyst = plane.person(Role::Analyst);
    let sensors = [plane.sensor().await, plane.sensor().await];
    sensors[0].send(vec![event()]).await;
    for sensor in &sensors {
        sensor.commands(0).await.obey();
    }
    until(&plane, 2).await;
    let block = json!({"actorIp": "203.0.113.9", "status": "blocked", "reason": "scanner"});
    let reply = analyst.ask("modifyThreatActorStatus", block).await;
    assert_eq!(reply["sensors"], json!({"total": 2, "applied": 2}));
    assert_eq!((&reply["blocked"], &reply["revision"]), (&json!(true), &json!(1)));

    let listed = analyst.ask("fetchBlocklist", json!({})).await["blocks"][0].clone();
    assert_eq!((&listed["cidr"], &listed["reason"]), (&json!("203.0.113.9/32"), &json!("scanner")));
    assert_eq!((&listed["author"], &listed["sensors"]), (&json!("test"), &json!({"total": 2, "applied": 2})));
    // Four hours, where nothing else is said.
    let lifetime = listed["expiresAt"].as_u64().unwrap() - listed["createdAt"].as_u64().unwrap();
    assert_eq!(lifetime, 4 * 3600);
    let row = analyst.ask("fetchSuspectSampleData", json!({})).await["maliciousEvents"][0].clone();
    assert_eq!(row["blocked"], true);
    let actors = json!({"startTs": 0, "endTs": 0, "skip": 0});
    assert_eq!(analyst.ask("fetchThreatActors", actors).await["actors"][0]["status"], "blocked");

    let reply =
        analyst.ask("modifyThreatActorStatus", json!({"actorIp": "203.0.113.9", "status": "active"})).await;
    assert_eq!((&reply["blocked"], &reply["revision"]), (&json!(false), &json!(2)));
    assert_eq!(analyst.ask("fetchBlocklist", json!({})).await["total"], 0);
}

#[tokio::test]
async fn the_answer_waits_two_seconds_for_a_silent_sensor_and_then_says_so() {
    let plane = Plane::start().await;
    let sensor = plane.sensor().await;
    let mut orders = sensor.commands(0).await;
    orders.next().await;
    let asked = Instant::now();
    let reply = plane.person(Role::Analyst).ask("addBlock", json!({"cidr": "198.51.100.0/24"})).await;
    assert_eq!(reply["sensors"], json!({"total": 1, "applied": 0}));
    let waited = asked.elapsed();
    assert!(waited >= Duration::from_secs(2) && waited < Duration::from_secs(5), "{waited:?}");
}

#[tokio::test]
async fn a_sensor_that_was_away_gets_the_difference_and_a_new_one_a_snapshot() {
    let plane = Plane::start().await;
    let analyst = plane.person(Role::Analyst);
    let sensor = plane.sensor().await;
    for cidr in ["192.0.2.1", "192.0.2.2", "192.0.2.3"] {
        analyst.ask("addBlock", json!({"cidr": cidr, "permanent": true})).await;
    }
    analyst.ask("removeBlock", json!({"cidr": "192.0.2.1"})).await;

    let mut orders = sensor.commands(2).await;
    let block = Block { cidr: "192.0.2.3/32".into(), author: "test".into(), ..Block::default() };
    assert_eq!(only_change(orders.next().await), (3, Change::Block(block)));
    let unblock = Unblock { cidr: "192.0.2.1/32".into() };
    assert_eq!(only_change(orders.next().await), (4, Change::Unblock(unblock)));

    // The same sensor again: the newer stream is the one that counts.
    let mut again = sensor.commands(0).await;
    let Message::Snapshot(snapshot) = again.next().await else { panic!("no snapshot") };
    let mut cidrs: Vec<_> = snapshot.blocks.iter().map(|block| block.cidr.as_str()).collect();
    cidrs.sort_unstable();
    assert_eq!((snapshot.revision, cidrs), (4, vec!["192.0.2.2/32", "192.0.2.3/32"]));
    assert_eq!(orders.end().await.code(), tonic::Code::Aborted);

    // One that is ahead of a restored database starts over.
    let mut ahead = sensor.commands(99).await;
    assert!(matches!(ahead.next().await, Message::Snapshot(snapshot) if snapshot.revision == 4));
}

#[tokio::test]
async fn revisions_and_blocks_survive_a_restart() {
    let plane = Plane::start().await;
    let sensor = plane.sensor().await;
    plane.person(Role::Analyst).ask("addBlock", json!({"cidr": "192.0.2.1"})).await;
    let plane = plane.restart().await;
    let sensor = sensor.moved_to(&format!("http://{}", plane.server.grpc)).await;
    sensor.commands(1).await.obey();
    until(&plane, 1).await;
    let analyst = plane.person(Role::Analyst);
    let reply = analyst.ask("addBlock", json!({"cidr": "192.0.2.2"})).await;
    assert_eq!((&reply["revision"], &reply["sensors"]), (&json!(2), &json!({"total": 1, "applied": 1})));
    assert_eq!(analyst.ask("fetchBlocklist", json!({})).await["total"], 2);
}

#[tokio::test]
async fn a_short_block_ends_by_itself_here_too() {
    let plane = Plane::start().await;
    let analyst = plane.person(Role::Analyst);
    analyst.ask("addBlock", json!({"cidr": "192.0.2.1", "ttlSeconds": 1})).await;
    assert_eq!(analyst.ask("fetchBlocklist", json!({})).await["total"], 1);
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(analyst.ask("fetchBlocklist", json!({})).await["total"], 0);
    // A sensor that was away is told of the end, not of a block without one.
    let mut orders = plane.sensor().await.commands(0).await;
    assert!(matches!(orders.next().await, Message::Snapshot(snapshot) if snapshot.blocks.is_empty()));
}

#[tokio::test]
async fn a_wider_block_still_covers_an_actor_whose_own_is_lifted() {
    let plane = Plane::start().await;
    let analyst = plane.person(Role::Analyst);
    analyst.ask("addBlock", json!({"cidr": "203.0.113.77/24"})).await;
    let active = json!({"actorIp": "203.0.113.9", "status": "active"});
    assert_eq!(analyst.ask("modifyThreatActorStatus", active).await["blocked"], true);
    let listed = analyst.rows("fetchBlocklist", json!({}), "blocks", "cidr").await;
    assert_eq!(listed, ["203.0.113.0/24"]);
}

#[tokio::test]
async fn a_block_that_cannot_be_is_refused_with_the_field() {
    let plane = Plane::start().await;
    let analyst = plane.person(Role::Analyst);
    for (name, body, field) in [
        ("addBlock", json!({"cidr": "127.0.0.1"}), "cidr"),
        ("addBlock", json!({"cidr": "0.0.0.0/0"}), "cidr"),
        ("addBlock", json!({"cidr": "::1"}), "cidr"),
        ("addBlock", json!({"cidr": "example.org"}), "cidr"),
        ("addBlock", json!({"cidr": "192.0.2.1", "ttlSeconds": 0}), "ttlSeconds"),
        ("addBlock", json!({"cidr": "192.0.2.1", "ttlSeconds": 5, "permanent": true}), "permanent"),
        ("removeBlock", json!({"cidr": "192.0.2.1"}), "cidr"),
        ("modifyThreatActorStatus", json!({"actorIp": "127.0.0.1", "status": "blocked"}), "actorIp"),
        ("modifyThreatActorStatus", json!({"actorIp": "192.0.2.1", "status": "gone"}), "status"),
        ("modifyThreatActorStatus", json!({"status": "blocked"}), "actorIp"),
    ] {
        let error = analyst.refused(name, body.clone()).await;
        assert!(error.starts_with(&format!("{field}: ")), "{body}: {error}");
    }
    assert_eq!(analyst.ask("fetchBlocklist", json!({})).await["revision"], 0);
}

#[tokio::test]
async fn a_sensors_refusal_and_its_report_are_shown() {
    let plane = Plane::start().await;
    let analyst = plane.person(Role::Analyst);
    let sensor = plane.sensor().await;
    let mut orders = sensor.commands(0).await;
    orders.next().await;
    let blocking = tokio::spawn(async move {
        let reply = analyst.ask("addBlock", json!({"cidr": "10.0.0.1"})).await;
        (analyst, reply)
    });
    orders.next().await;
    let refusal =
        Refusal { cidr: "10.0.0.1/32".into(), reason: "the node's own address".into(), what: String::new() };
    orders.applied(Applied { revision: 1, refusals: vec![refusal], ..Applied::default() }).await;
    let (analyst, reply) = blocking.await.unwrap();
    let expected =
        json!([{"sensorId": sensor.id, "cidr": "10.0.0.1/32", "reason": "the node's own address"}]);
    assert_eq!((&reply["refusals"], &reply["sensors"]), (&expected, &json!({"total": 1, "applied": 0})));
    assert_eq!(reply["behind"], json!([]), "it has done what it would do");

    let interface = InterfaceReport {
        name: "lo".into(),
        gate: "generic".into(),
        tap: "tcx".into(),
        note: "native refused".into(),
        index: 1,
        since_ms: 1_700_000_001_000,
        attach_failures: 2,
        ahead_of_tap: vec!["other (id 7) on ingress".into()],
    };
    let hits = BlockHits { cidr: "10.0.0.1/32".into(), packets: 3, bytes: 180 };
    let report = SensorReport {
        capture_mode: "ebpf".into(),
        enforcement_mode: "xdp".into(),
        interfaces: vec![interface],
        counters: [("packets".to_owned(), 7)].into(),
        started_at_ms: 1_700_000_000_000,
        block_hits: vec![hits],
        ..SensorReport::default()
    };
    orders.report(report).await;
    let shown = loop {
        let shown = analyst.ask("fetchSensors", json!({})).await["sensors"][0].clone();
        if shown["captureMode"] == "ebpf" {
            break shown;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!((&shown["enforcementMode"], &shown["connected"]), (&json!("xdp"), &json!(true)));
    assert_eq!((&shown["node"], &shown["version"]), (&json!("node-1"), &json!("0.1.0")));
    assert_eq!((&shown["appliedRevision"], &shown["counters"]), (&json!(1), &json!({"packets": 7})));
    assert_eq!(
        (&shown["interfaces"][0]["gate"], &shown["startedAt"]),
        (&json!("generic"), &json!(1_700_000_000))
    );
    let listed = analyst.ask("fetchBlocklist", json!({})).await["blocks"][0].clone();
    assert_eq!((&listed["hits"], &listed["refusals"]), (&json!({"packets": 3, "bytes": 180}), &expected));
}

/// Waits until so many sensors are connected and at the newest revision.
async fn until(plane: &Plane, count: usize) {
    let viewer = plane.person(Role::Viewer);
    loop {
        let reply = viewer.ask("fetchSensors", json!({})).await;
        let connected =
            reply["sensors"].as_array().unwrap().iter().filter(|sensor| sensor["connected"] == true);
        if connected.count() == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
