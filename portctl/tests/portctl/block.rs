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

#[test]
fn who_waits_sees_how_many_have_it_and_how_long_that_took() {
    let mut reply = added("203.0.113.7/32", 12, 12);
    reply["tookMs"] = json!(8.4);
    let mut late = added("203.0.113.8/32", 11, 12);
    late["behind"] = json!([{"sensorId": "s9", "node": "node-9", "appliedRevision": 2, "lastSeen": 1}]);
    late["tookMs"] = json!(3_000.0);
    let server = Server::start().answer(ADD, 200, reply).answer(ADD, 200, late);
    let run = server.portctl(&["block", "add", "203.0.113.7", "--wait"]);
    assert!(run.data.contains("applied on 12/12 in 8.4 ms"), "{}", run.data);
    assert_eq!((run.notes.as_str(), run.code), ("", 0));
    let run = server.portctl(&["block", "add", "203.0.113.8", "--wait", "--timeout", "3s", "--force"]);
    assert!(run.data.contains("applied on 11/12 in 3000 ms"), "{}", run.data);
    assert!(run.notes.contains("node-9 (sensor s9) is connected and at revision 2 of 3"), "{}", run.notes);
    assert_eq!(run.code, 2);
    let asked = &server.seen()[1].body;
    assert_eq!(*asked, json!({"cidr": "203.0.113.8/32", "force": true, "waitSeconds": 3}));
}

#[test]
fn an_import_sends_the_good_lines_and_names_the_bad_ones() {
    const IMPORT: &str = "/api/importBlocks";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("feed.csv");
    std::fs::write(&file, "cidr,ttl\n203.0.113.7,4h\nnonsense\n127.0.0.1\n").unwrap();
    let problems = json!([{"index": 1, "cidr": "127.0.0.1/32", "problem": "covers loopback"}]);
    let reply = json!({"accepted": 1, "problems": problems, "revision": 7, "dryRun": false});
    let server = Server::start().answer(IMPORT, 200, reply);
    let run = server.portctl(&["block", "import", file.to_str().unwrap(), "--reason", "feed"]);
    assert_eq!(run.code, 2);
    assert!(run.notes.contains("line 3: \"nonsense\" is not an address"), "{}", run.notes);
    assert!(run.notes.contains("line 4: covers loopback"), "{}", run.notes);
    assert_eq!(
        run.data,
        "LINES  ACCEPTED  REFUSED  REVISION  SENSORS\n3      1         2        7         not waited for\n"
    );
    let blocks = json!([{"cidr": "203.0.113.7/32", "ttlSeconds": 14_400}, {"cidr": "127.0.0.1/32"}]);
    assert_eq!(server.seen()[0].body, json!({"reason": "feed", "blocks": blocks, "dryRun": false}));
}

#[test]
fn a_long_import_goes_in_calls_of_ten_thousand() {
    const IMPORT: &str = "/api/importAllowed";
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("feed");
    let lines: String =
        (0..25_000).map(|n| format!("{{\"cidr\":\"10.{}.{}.1\"}}\n", n >> 8, n & 255)).collect();
    std::fs::write(&file, lines).unwrap();
    let reply = json!({"accepted": 10_000, "problems": [], "revision": 7, "dryRun": true});
    let server = Server::start().answer(IMPORT, 200, reply);
    let run = server.portctl(&["allow", "import", file.to_str().unwrap(), "--dry-run", "-o", "jsonl"]);
    assert_eq!((run.code, run.notes.as_str()), (0, ""));
    let counts: Vec<_> =
        server.seen().iter().map(|seen| seen.body["allowed"].as_array().unwrap().len()).collect();
    assert_eq!(counts, [10_000, 10_000, 5_000]);
}

#[test]
fn a_long_list_comes_page_by_page() {
    let page =
        |cidr: &str, next: Value| json!({"blocks": [block(cidr, Value::Null)], "total": 2, "next": next});
    let server = Server::start().answer(LIST, 200, page("203.0.113.7/32", json!(41))).answer(
        LIST,
        200,
        page("203.0.113.8/32", Value::Null),
    );
    let run = server.portctl(&["block", "list", "-o", "jsonl", "--search", "feed"]);
    assert_eq!((run.data.lines().count(), run.code), (2, 0));
    assert_eq!(server.seen()[1].body, json!({"search": "feed", "limit": 10_000, "cursor": 41}));
    let run = server.portctl(&["block", "list", "--limit", "1"]);
    assert!(run.notes.contains("1 of 2"), "{}", run.notes);
}

#[test]
fn the_gate_mode_is_shown_and_set() {
    let pushed =
        json!({"mode": "monitor", "revision": 3, "sensors": {"total": 2, "applied": 2}, "behind": []});
    let server = Server::start()
        .answer("/api/fetchGateMode", 200, json!({"mode": null, "revision": 0}))
        .answer("/api/setGateMode", 200, pushed);
    assert!(server.portctl(&["gate", "mode"]).data.contains("not set"));
    let run = server.portctl(&["gate", "mode", "monitor"]);
    assert!(run.data.contains("monitor  2/2"), "{}", run.data);
    assert_eq!((run.code, &server.seen()[1].body), (0, &json!({"mode": "monitor"})));
}

#[test]
fn automatic_blocking_is_armed_on_one_node_or_on_all() {
    let pushed = json!({"node": null, "revision": 3, "sensors": {"total": 2, "applied": 2}, "behind": []});
    let server = Server::start().answer("/api/armAutomaticBlocking", 200, pushed);
    let run = server.portctl(&["gate", "arm", "--wait"]);
    assert!(run.code == 0 && run.data.contains("all nodes"), "{}", run.data);
    assert!(server.portctl(&["gate", "arm", "--node", "edge-1"]).data.contains("edge-1"));
    assert_eq!(server.seen()[0].body, json!({"waitSeconds": 10}));
    assert_eq!(server.seen()[1].body, json!({"node": "edge-1"}));
}

#[test]
fn the_allow_list_is_kept_with_the_same_words() {
    let pushed = json!({"cidr": "203.0.113.0/24", "revision": 3, "sensors": {"total": 1, "applied": 1}});
    let entry = json!({"cidr": "203.0.113.0/24", "reason": "office", "author": "me", "createdAt": 1, "revision": 3,
                       "sensors": {"total": 1, "applied": 1}});
    let server = Server::start()
        .answer("/api/addAllowed", 200, pushed.clone())
        .answer("/api/removeAllowed", 200, pushed)
        .answer("/api/fetchAllowed", 200, json!({"allowed": [entry], "total": 1}));
    let run = server.portctl(&["allow", "add", "203.0.113.0/24", "--reason", "office"]);
    assert!(run.data.contains("203.0.113.0/24  allowed"), "{}", run.data);
    assert_eq!(server.seen()[0].body, json!({"cidr": "203.0.113.0/24", "reason": "office"}));
    assert!(server.portctl(&["allow", "list"]).data.contains("office"));
    assert_eq!(server.portctl(&["allow", "remove", "203.0.113.0/24"]).code, 0);
}
