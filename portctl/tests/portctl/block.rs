use serde_json::{Value, json};

use crate::fixture::{Server, portctl, run};

const ADD: &str = "/api/addBlock";
const REMOVE: &str = "/api/removeBlock";
const LIST: &str = "/api/fetchBlocklist";

fn block(cidr: &str, expires_at: Value) -> Value {
    json!({
        "cidr": cidr, "reason": "scanner", "author": "admin", "createdAt": 1_795_308_476, "expiresAt": expires_at,
        "revision": 3, "sensors": {"total": 2, "applied": 2}, "hits": {"packets": 12, "bytes": 720},
    })
}

fn added(cidr: &str, applied: u64, total: u64) -> Value {
    json!({"block": block(cidr, Value::Null), "revision": 3, "sensors": {"total": total, "applied": applied}})
}

#[test]
fn a_block_that_every_sensor_applied_is_done() {
    let server = Server::start().answer(ADD, 200, added("203.0.113.7/32", 2, 2));
    let run = server.portctl(&["block", "add", "203.0.113.7", "--ttl", "4h", "--reason", "scanner"]);
    assert_eq!(
        run.data,
        "CIDR            NOW               SENSORS  REVISION\n\
         203.0.113.7/32  blocked for good  2/2      3\n"
    );
    assert_eq!((run.notes.as_str(), run.code), ("", 0));
    assert_eq!(
        server.seen()[0].body,
        json!({"cidr": "203.0.113.7/32", "ttlSeconds": 14_400, "reason": "scanner"})
    );
}

#[test]
fn a_permanent_block_says_so_and_none_leaves_the_time_to_the_server() {
    let server = Server::start().answer(ADD, 200, added("2001:db8::/32", 1, 1));
    server.portctl(&["block", "add", "2001:db8::/32", "--permanent"]);
    server.portctl(&["block", "add", "2001:db8::/32"]);
    assert_eq!(server.seen()[0].body, json!({"cidr": "2001:db8::/32", "permanent": true}));
    assert_eq!(server.seen()[1].body, json!({"cidr": "2001:db8::/32"}));
}

#[test]
fn a_block_that_is_not_in_force_everywhere_is_partly_done_and_says_where_to_look() {
    let server = Server::start().answer(ADD, 200, added("203.0.113.7/32", 1, 2)).answer(
        ADD,
        200,
        added("203.0.113.7/32", 0, 0),
    );
    let behind = server.portctl(&["block", "add", "203.0.113.7"]);
    assert_eq!(behind.code, 2);
    assert!(
        behind.notes.contains("1 of 2 sensors") && behind.notes.contains("portctl sensors"),
        "{}",
        behind.notes
    );
    let none = server.portctl(&["block", "add", "203.0.113.7"]);
    assert_eq!(none.code, 2);
    assert!(none.notes.contains("sensor run"), "{}", none.notes);
}

#[test]
fn a_sensors_refusal_is_shown_with_its_reason() {
    let mut reply = added("203.0.113.0/24", 1, 1);
    reply["refusals"] =
        json!([{"sensorId": "s1", "cidr": "203.0.113.0/24", "reason": "holds this node's address"}]);
    let server = Server::start().answer(ADD, 200, reply);
    let run = server.portctl(&["block", "add", "203.0.113.0/24"]);
    assert_eq!(run.code, 2);
    assert!(run.notes.contains("sensor s1 refused: holds this node's address"), "{}", run.notes);
}

#[test]
fn one_refused_address_does_not_hold_up_the_others() {
    let server = Server::start()
        .answer(ADD, 422, json!({"actionErrors": ["cidr: 127.0.0.0/8 is loopback"]}))
        .answer(ADD, 200, added("203.0.113.7/32", 1, 1));
    let run = server.portctl(&["block", "add", "127.0.0.0/8", "203.0.113.7"]);
    assert_eq!(run.code, 2);
    assert!(run.data.contains("203.0.113.7/32"), "{}", run.data);
    assert!(run.notes.contains("cidr: 127.0.0.0/8 is loopback"), "{}", run.notes);
}

#[test]
fn only_refused_addresses_are_a_failure() {
    let server = Server::start().answer(ADD, 422, json!({"actionErrors": ["cidr: 127.0.0.0/8 is loopback"]}));
    let run = server.portctl(&["block", "add", "127.0.0.0/8", "-o", "json"]);
    assert_eq!((run.code, run.data.as_str()), (1, "[]\n"));
}

#[test]
fn the_list_shows_what_is_blocked_until_when_and_what_it_dropped() {
    let blocks = [block("203.0.113.7/32", Value::Null), block("198.51.100.0/24", json!(1))];
    let server = Server::start().answer(LIST, 200, json!({"blocks": blocks, "total": 2}));
    let run = server.portctl(&["block", "list"]);
    assert_eq!(
        run.data,
        "CIDR             ENDS       SENSORS  DROPPED                REASON   AUTHOR  SINCE\n\
         203.0.113.7/32   permanent  2/2      12 packets, 720 bytes  scanner  admin   2026-11-22 00:47:56Z\n\
         198.51.100.0/24  ended      2/2      12 packets, 720 bytes  scanner  admin   2026-11-22 00:47:56Z\n"
    );
    let json = server.portctl(&["block", "list", "-o", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&json.data).unwrap(), json!(blocks));
}

#[test]
fn a_block_is_lifted() {
    let server =
        Server::start().answer(REMOVE, 200, json!({"revision": 4, "sensors": {"total": 1, "applied": 1}}));
    let run = server.portctl(&["block", "rm", "203.0.113.7", "-o", "jsonl"]);
    assert_eq!(
        serde_json::from_str::<Value>(&run.data).unwrap(),
        json!({"revision": 4, "sensors": {"total": 1, "applied": 1}, "cidr": "203.0.113.7/32"})
    );
    assert_eq!((run.notes.as_str(), run.code), ("", 0));
}

#[test]
fn what_cannot_be_a_block_is_bad_usage() {
    for arguments in [
        &["block", "add"][..],
        &["block", "add", "203.0.113.7/24"],
        &["block", "add", "203.0.113.7", "--ttl", "4"],
        &["block", "add", "203.0.113.7", "--ttl", "4h", "--permanent"],
    ] {
        let run = run(&mut portctl(arguments));
        assert_eq!((run.code, run.data.as_str()), (64, ""), "{arguments:?}: {}", run.notes);
    }
}
