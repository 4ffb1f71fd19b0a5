//! Orders in bulk and at once: imports, the allow list, the gate mode, and that every sensor ends in the same state.

use std::{collections::BTreeSet, time::Duration};

use control_plane::store::Role;
use portcullis_proto::v1::{GateMode, Snapshot, change::Change, control_message::Message};
use serde_json::{Value, json};

use crate::harness::{CommandStream, Plane};

/// What a sensor makes of its orders: the blocks, in force or not.
#[derive(Default)]
struct Follower {
    revision: u64,
    blocks: BTreeSet<String>,
    pieces: u32,
}

impl Follower {
    fn take(&mut self, message: Message) {
        match message {
            ack @ (Message::AutomaticBlockAck(_) | Message::InventoryAck(_)) => panic!("{ack:?}"),
            Message::Snapshot(piece) => self.piece(piece),
            Message::Revision(revision) => {
                assert_eq!(revision.number, self.revision + 1);
                self.revision = revision.number;
                for change in revision.changes {
                    match change.change.unwrap() {
                        Change::Block(block) => drop(self.blocks.insert(block.cidr)),
                        Change::Unblock(unblock) => drop(self.blocks.remove(&unblock.cidr)),
                        other => panic!("{other:?}"),
                    }
                }
            }
        }
    }

    fn piece(&mut self, snapshot: Snapshot) {
        let piece = snapshot.piece.unwrap_or(portcullis_proto::v1::Piece { index: 0, last: true });
        assert_eq!(piece.index, self.pieces);
        self.pieces += 1;
        self.blocks.extend(snapshot.blocks.into_iter().map(|block| block.cidr));
        if piece.last {
            self.revision = snapshot.revision;
        }
    }

    async fn follow(mut self, orders: &mut CommandStream, until: u64) -> Self {
        while self.revision < until {
            self.take(orders.next().await);
        }
        self
    }
}

fn addresses(count: u32) -> Vec<Value> {
    (0..count).map(|n| json!({"cidr": format!("10.{}.{}.{}", n >> 16, (n >> 8) & 255, n & 255)})).collect()
}

#[tokio::test]
async fn an_import_takes_the_good_entries_and_says_what_is_wrong_with_the_others() {
    let plane = Plane::start().await;
    let analyst = plane.person(Role::Analyst);
    let blocks = json!([
        {"cidr": "192.0.2.1"},
        {"cidr": "192.0.2.999"},
        {"cidr": "127.0.0.1"},
        {"cidr": "198.51.100.0/24", "permanent": true, "reason": "its own"},
        {"cidr": "192.0.2.2", "ttlSeconds": "soon"},
        {},
        7
    ]);
    let request = json!({"blocks": blocks, "ttlSeconds": 60, "reason": "feed", "dryRun": true});
    let dry = analyst.ask("importBlocks", request.clone()).await;
    assert_eq!((&dry["accepted"], &dry["revision"]), (&json!(2), &json!(0)));

    let mut request = request;
    request["dryRun"] = json!(false);
    let reply = analyst.ask("importBlocks", request).await;
    assert_eq!((&reply["accepted"], &reply["revision"]), (&json!(2), &json!(1)));
    assert_eq!(reply["problems"], dry["problems"]);
    let wrong: Vec<_> =
        reply["problems"].as_array().unwrap().iter().map(|one| one["index"].clone()).collect();
    assert_eq!(wrong, [1, 2, 4, 5, 6]);
    assert_eq!(reply["problems"][0]["cidr"], "192.0.2.999");
    let listed = analyst.ask("fetchBlocklist", json!({"search": "feed"})).await;
    assert_eq!((&listed["total"], &listed["blocks"][0]["cidr"]), (&json!(1), &json!("192.0.2.1/32")));
    let listed = analyst.ask("fetchBlocklist", json!({"covers": "198.51.100.7"})).await["blocks"][0].clone();
    assert_eq!((&listed["reason"], &listed["expiresAt"]), (&json!("its own"), &Value::Null));

    let error = analyst.refused("importBlocks", json!({"blocks": addresses(10_001)})).await;
    assert!(error.starts_with("blocks: are at most 10000"), "{error}");
}

#[tokio::test]
async fn thousands_of_blocks_go_out_in_messages_of_a_bounded_size_and_a_new_sensor_gets_them_in_pieces() {
    let plane = Plane::start().await;
    let analyst = plane.person(Role::Analyst);
    let mut old = plane.sensor().await.commands(0).await;
    let follower = Follower::default().follow(&mut old, 0).await;
    assert!(matches!(old.next().await, Message::Snapshot(_)));
    let reason = "r".repeat(400);
    let reply = analyst.ask("importBlocks", json!({"blocks": addresses(5_000), "reason": reason})).await;
    let revision = reply["revision"].as_u64().unwrap();
    assert!(revision > 1, "{reply}");
    // The client would refuse a message above 4 MiB.
    let followed = follower.follow(&mut old, revision).await;
    assert_eq!(followed.blocks.len(), 5_000);
    let mut new = plane.sensor().await.commands(0).await;
    let fresh = Follower::default().follow(&mut new, revision).await;
    assert_eq!(fresh.blocks, followed.blocks);
    assert!(fresh.pieces > 1, "{}", fresh.pieces);
}

#[tokio::test]
async fn orders_given_at_once_end_in_the_same_state_on_every_sensor_and_in_the_list() {
    let plane = Plane::start().await;
    let sensors = [plane.sensor().await, plane.sensor().await, plane.sensor().await];
    let mut people = Vec::new();
    for caller in 0..8 {
        let analyst = plane.person(Role::Analyst);
        people.push(tokio::spawn(async move {
            // All of them at the same few addresses, in turn on and off.
            for turn in 0..12 {
                let cidr = format!("192.0.2.{}", (caller + turn) % 5);
                let name = if (caller + turn) % 3 == 0 { "removeBlock" } else { "addBlock" };
                // Lifting what somebody else has just lifted is refused, and that is right.
                let _ = analyst.try_ask(name, json!({"cidr": cidr, "waitSeconds": 0})).await;
            }
        }));
    }
    // Some follow from the start, one comes in the middle.
    let mut streams = vec![sensors[0].commands(0).await, sensors[1].commands(0).await];
    tokio::time::sleep(Duration::from_millis(50)).await;
    streams.push(sensors[2].commands(0).await);
    for person in people {
        person.await.unwrap();
    }
    let viewer = plane.person(Role::Viewer);
    let listed = viewer.ask("fetchBlocklist", json!({})).await;
    let revision = listed["revision"].as_u64().unwrap();
    let expected: BTreeSet<_> = listed["blocks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|block| block["cidr"].as_str().unwrap().to_owned())
        .collect();
    assert!(revision > 10);
    for stream in &mut streams {
        assert_eq!(Follower::default().follow(stream, revision).await.blocks, expected);
    }
}

#[tokio::test]
async fn the_allow_list_wins_over_blocks_and_reaches_sensors() {
    let plane = Plane::start().await;
    let analyst = plane.person(Role::Analyst);
    let mut orders = plane.sensor().await.commands(0).await;
    orders.next().await;
    let allow = json!({"cidr": "203.0.113.0/24", "reason": "customer", "waitSeconds": 0});
    assert_eq!(analyst.ask("addAllowed", allow).await["revision"], 1);
    let Message::Revision(revision) = orders.next().await else { panic!("no revision") };
    let Change::Allow(allowed) = revision.changes[0].change.clone().unwrap() else { panic!("not allowed") };
    assert_eq!((&*allowed.cidr, &*allowed.reason, &*allowed.author), ("203.0.113.0/24", "customer", "test"));
    let error = analyst.refused("addBlock", json!({"cidr": "203.0.113.9", "force": true})).await;
    assert!(error.contains("allow list (203.0.113.0/24)") && error.contains("allow remove"), "{error}");

    let more = json!({"allowed": [{"cidr": "2001:db8::/32"}, {"cidr": "0.0.0.0/0"}, {"cidr": "x"}]});
    let reply = analyst.ask("importAllowed", more).await;
    assert_eq!((&reply["accepted"], reply["problems"].as_array().unwrap().len()), (&json!(1), 2));
    let listed = analyst.rows("fetchAllowed", json!({}), "allowed", "cidr").await;
    assert_eq!(listed, ["203.0.113.0/24", "2001:db8::/32"]);
    let remove = json!({"cidr": "203.0.113.0/24", "waitSeconds": 0});
    analyst.ask("removeAllowed", remove.clone()).await;
    assert!(analyst.refused("removeAllowed", remove).await.contains("fetchAllowed"));
    analyst.ask("addBlock", json!({"cidr": "203.0.113.9", "waitSeconds": 0})).await;

    let mut new = plane.sensor().await.commands(0).await;
    let Message::Snapshot(snapshot) = new.next().await else { panic!("no snapshot") };
    assert_eq!(snapshot.allow[0].cidr, "2001:db8::/32");
}

#[tokio::test]
async fn an_administrator_sets_the_gate_mode_for_all_sensors() {
    let plane = Plane::start().await;
    let admin = plane.person(Role::Admin);
    assert_eq!(admin.ask("fetchGateMode", json!({})).await["mode"], Value::Null);
    let (status, _) = plane.person(Role::Analyst).try_ask("setGateMode", json!({"mode": "monitor"})).await;
    assert_eq!(status.as_u16(), 403);
    assert!(admin.refused("setGateMode", json!({"mode": "off"})).await.starts_with("mode: "));
    let mut orders = plane.sensor().await.commands(0).await;
    assert!(
        matches!(orders.next().await, Message::Snapshot(one) if one.gate_mode() == GateMode::Unspecified)
    );
    admin.ask("setGateMode", json!({"mode": "monitor", "waitSeconds": 0})).await;
    let Message::Revision(revision) = orders.next().await else { panic!("no revision") };
    assert_eq!(revision.changes[0].change, Some(Change::GateMode(GateMode::Monitor.into())));
    assert_eq!(admin.ask("fetchGateMode", json!({})).await["mode"], "monitor");
    let mut new = plane.sensor().await.commands(0).await;
    assert!(matches!(new.next().await, Message::Snapshot(one) if one.gate_mode() == GateMode::Monitor));
}

#[tokio::test]
async fn an_administrator_arms_automatic_blocking_on_one_node_or_on_all_and_it_is_no_state() {
    let plane = Plane::start().await;
    let admin = plane.person(Role::Admin);
    let (status, _) = plane.person(Role::Analyst).try_ask("armAutomaticBlocking", json!({})).await;
    assert_eq!(status.as_u16(), 403);
    let sensor = plane.sensor().await;
    let mut orders = sensor.commands(0).await;
    assert!(matches!(orders.next().await, Message::Snapshot(_)));
    assert!(admin.refused("armAutomaticBlocking", json!({"node": "nowhere"})).await.starts_with("node: "));
    let node = admin.ask("fetchSensors", json!({})).await["sensors"][0]["node"].clone();
    for (asked, sent) in
        [(json!({"node": node, "waitSeconds": 0}), node.as_str().unwrap()), (json!({"waitSeconds": 0}), "")]
    {
        admin.ask("armAutomaticBlocking", asked).await;
        let Message::Revision(revision) = orders.next().await else { panic!("no revision") };
        let Some(Change::ArmAutomaticBlocking(arm)) = &revision.changes[0].change else {
            panic!("{revision:?}")
        };
        assert!(arm.node == sent && arm.age_ms < 10_000, "{arm:?}");
    }
    let mut new = plane.sensor().await.commands(0).await;
    assert!(matches!(new.next().await, Message::Snapshot(one) if one.revision == 2));
}

#[tokio::test]
async fn who_waits_is_told_which_sensor_is_late_and_when_it_is_there() {
    let plane = Plane::start().await;
    let analyst = plane.person(Role::Analyst);
    let quick = plane.sensor().await;
    quick.commands(0).await.obey();
    let slow = plane.sensor().await;
    let mut orders = slow.commands(0).await;
    orders.next().await;
    let reply = analyst.ask("addBlock", json!({"cidr": "192.0.2.1", "waitSeconds": 1})).await;
    assert_eq!(reply["sensors"], json!({"total": 2, "applied": 1}));
    let late = reply["behind"].as_array().unwrap();
    assert_eq!(
        (late.len(), &late[0]["sensorId"], &late[0]["appliedRevision"]),
        (1, &json!(slow.id), &json!(0))
    );
    assert!(reply["tookMs"].as_f64().unwrap() >= 1_000.0);

    let waiting =
        tokio::spawn(
            async move { analyst.ask("awaitRevision", json!({"revision": 1, "waitSeconds": 10})).await },
        );
    orders.obey();
    let reply = waiting.await.unwrap();
    assert_eq!((&reply["sensors"], &reply["behind"]), (&json!({"total": 2, "applied": 2}), &json!([])));

    let viewer = plane.person(Role::Viewer);
    assert!(viewer.refused("awaitRevision", json!({"revision": 9})).await.starts_with("revision: "));
    let long = json!({"revision": 1, "waitSeconds": 61});
    assert!(viewer.refused("awaitRevision", long).await.starts_with("waitSeconds: "));
}

#[tokio::test]
async fn a_block_that_is_hardly_ever_meant_needs_force() {
    let plane = Plane::start().await;
    let analyst = plane.person(Role::Analyst);
    let error = analyst.refused("addBlock", json!({"cidr": "128.0.0.0/2"})).await;
    assert!(error.starts_with("cidr: ") && error.contains("force: true"), "{error}");
    let forced = json!({"cidr": "128.0.0.0/2", "force": true, "waitSeconds": 0});
    assert_eq!(analyst.ask("addBlock", forced).await["block"]["forced"], true);
    let mut orders = plane.sensor().await.commands(0).await;
    assert!(matches!(orders.next().await, Message::Snapshot(one) if one.blocks[0].forced));
}
