use serde_json::{Value, json};

use crate::fixture::Server;

fn event(id: &str, change: Value) -> Value {
    let mut event = json!({
        "id": id, "actor": "203.0.113.7", "filterId": "LocalFileInclusionLFIRFI", "url": "/download",
        "method": "GET", "apiCollectionId": 0, "ip": "203.0.113.7", "country": "NL",
        "timestamp": 1_795_308_476, "type": "Rule-Based", "refId": "ref-1", "category": "LFI",
        "subCategory": "LocalFileInclusion", "eventType": "SINGLE", "payload": "", "metadata": "",
        "successfulExploit": true, "status": "ACTIVE", "host": "shop.test", "severity": "HIGH",
        "jiraTicketUrl": null, "sensorId": "s1", "blocked": false,
        "matched": [{"location": "query.file", "start": 0, "end": 16, "phrase": "../../etc/passwd", "detector": "path"}],
    });
    event.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    event
}

fn list(events: &[Value], total: usize) -> Value {
    json!({"maliciousEvents": events, "total": total, "skip": 0, "limit": 50, "sort": {"detectedAt": -1}})
}

const LIST: &str = "/api/fetchSuspectSampleData";
const SAMPLES: &str = "/api/fetchAggregateMaliciousRequests";
const UPDATE: &str = "/api/updateMaliciousEventStatus";

#[test]
fn the_list_shows_a_row_an_event_and_says_how_many_there_are() {
    let server = Server::start().answer(LIST, 200, list(&[event("e-1", json!({}))], 7));
    let run = server.portctl(&["events", "--limit", "1"]);
    assert_eq!(
        run.data,
        "TIME                  ID   SEVERITY  ACTOR        COUNTRY  POLICY                    METHOD  HOST       URL        EXPLOIT  STATUS\n\
         2026-11-22 00:47:56Z  e-1  HIGH      203.0.113.7  NL       LocalFileInclusionLFIRFI  GET     shop.test  /download  yes      ACTIVE\n"
    );
    assert_eq!(run.notes, "1 of 7 events; --limit N shows more\n");
    assert_eq!(run.code, 0);
}

#[test]
fn every_filter_reaches_the_server_under_its_documented_name() {
    let server = Server::start().answer(LIST, 200, list(&[], 0));
    let run = server.portctl(&[
        "events",
        "--actor",
        "203.0.113.7,203.0.113.8",
        "--url",
        "/a,b",
        "--host",
        "shop.test",
        "--severity",
        "HIGH,critical",
        "--policy",
        "SQLInjection",
        "--status",
        "under-review",
        "--successful",
        "--since",
        "2026-11-22T00:00:00Z",
        "--search",
        "passwd",
        "--limit",
        "20",
        "--until",
        "2026-11-22T00:01:00Z",
        "--method",
        "GET",
        "--type",
        "anomaly",
        "--sub-category",
        "X",
        "--collection",
        "7",
        "--sensor",
        "s-1,s-2",
    ]);
    assert_eq!(run.code, 0, "{}", run.notes);
    let seen = server.seen();
    assert_eq!(seen[0].key.as_deref(), Some(crate::fixture::KEY));
    assert_eq!(
        seen[0].body,
        json!({
            "sort": {"detectedAt": -1}, "startTimestamp": 1_795_305_600, "endTimestamp": 1_795_305_660, "method": ["GET"],
            "types": ["Anomaly"], "subCategory": ["X"], "apiCollectionIds": [7], "sensorIds": ["s-1", "s-2"], "ips": ["203.0.113.7", "203.0.113.8"],
            "urls": ["/a,b"], "hosts": ["shop.test"], "latestAttack": ["SQLInjection"],
            "severity": ["HIGH", "CRITICAL"], "statusFilter": "UNDER_REVIEW", "successfulExploit": true,
            "searchText": "passwd", "skip": 0, "limit": 20,
        })
    );
}

#[test]
fn more_than_a_page_is_fetched_page_by_page_bounded_by_the_first_row() {
    let page: Vec<_> = (0..1000).map(|n| event(&format!("e-{n}"), json!({}))).collect();
    let server = Server::start().answer(LIST, 200, list(&page, 1001)).answer(
        LIST,
        200,
        list(&[event("last", json!({}))], 1001),
    );
    let run = server.portctl(&["events", "--limit", "1500", "-o", "jsonl"]);
    assert_eq!(run.data.lines().count(), 1001);
    let second = &server.seen()[1].body;
    assert_eq!((&second["skip"], &second["limit"]), (&json!(1000), &json!(500)));
    assert_eq!(second["endTimestamp"], json!(1_795_308_476));
}

#[test]
fn json_is_the_servers_own_rows_as_one_array_and_jsonl_one_a_line() {
    let rows = [event("e-1", json!({"payload": "a\u{9b}b"})), event("e-2", json!({}))];
    let server = Server::start().answer(LIST, 200, list(&rows, 2));
    let json = server.portctl(&["events", "-o", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&json.data).unwrap(), json!(rows));
    assert!(!json.data.contains('\u{9b}'), "a control character reached the terminal");
    let jsonl = server.portctl(&["events", "-o", "jsonl"]);
    let lines: Vec<Value> = jsonl.data.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, rows);
    let none = Server::start().answer(LIST, 200, list(&[], 0)).portctl(&["events", "-o", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&none.data).unwrap(), json!([]));
}

#[test]
fn no_attack_in_a_row_can_act_on_the_terminal() {
    let hostile = "\u{1b}]52;c;ZXZpbA==\u{7}\u{9b}2J\r\n\u{202e}x";
    let change = json!({
        "actor": hostile, "filterId": hostile, "url": hostile, "method": hostile, "host": hostile,
        "severity": hostile, "status": hostile, "id": hostile,
    });
    let server = Server::start().answer(LIST, 200, list(&[event("e-1", change)], 1));
    for format in ["table", "json", "jsonl"] {
        let run = server.portctl(&["events", "-o", format]);
        let acting: Vec<_> =
            run.data.chars().filter(|c| c.is_control() && *c != '\n' || *c == '\u{202e}').collect();
        assert!(acting.is_empty(), "{format}: {acting:?} in {}", run.data);
    }
    let table = server.portctl(&["events"]);
    assert_eq!(table.data.lines().count(), 2, "{}", table.data);
}

fn samples() -> Value {
    let orig = json!({
        "method": "GET", "path": "/download?file=../../etc/passwd", "type": "HTTP/1.1",
        "requestHeaders": json!({"host": "shop.test", "user-agent": "\u{1b}[2J"}).to_string(),
        "requestPayload": "", "responseHeaders": json!({"content-type": "text/plain"}).to_string(),
        "responsePayload": "root:x:0:0:root\n", "ip": "203.0.113.7", "destIp": "", "statusCode": 200,
        "status": "200 OK", "time": 1_795_308_476, "source": "MIRRORING", "akto_vxlan_id": "0",
        "akto_account_id": "1000000",
    });
    json!({"maliciousPayloadsResponses": [{"orig": orig.to_string(), "metadata": "{}", "ts": 1_795_308_476}]})
}

#[test]
fn show_prints_the_request_and_the_response_with_the_matched_places() {
    let place = json!({"location": "response.body", "start": 0, "end": 10, "phrase": "root:x:0:0", "detector": "passwd"});
    let evidence = json!({"successEvidence": {"kind": "file contents", "at": place}, "matchCount": 1});
    let server =
        Server::start().answer(LIST, 200, list(&[event("e-1", evidence)], 1)).answer(SAMPLES, 200, samples());
    let run = server.portctl(&["events", "show", "e-1"]);
    assert_eq!(
        run.data,
        r"Event e-1
  time      2026-11-22 00:47:56Z
  severity  HIGH
  policy    LocalFileInclusionLFIRFI (LFI / LocalFileInclusion)
  actor     203.0.113.7
  endpoint  GET shop.test/download
  status    ACTIVE
  kind      SINGLE
  exploit   succeeded: file contents

Matched
  query.file [0..16]  ../../etc/passwd  by path
  response.body [0..10]  root:x:0:0  by passwd

Request (sample 1 of 1, 2026-11-22 00:47:56Z)
  GET /download?file=«../../etc/passwd» HTTP/1.1
  host: shop.test
  user-agent: \x1b[2J

Response
  HTTP/1.1 200 OK
  content-type: text/plain

  «root:x:0:0»:root
"
    );
    assert!(run.notes.contains("portctl block add 203.0.113.7"), "{}", run.notes);
    let seen = server.seen();
    assert_eq!(seen[0].body["eventIds"], json!(["e-1"]));
    assert_eq!(
        seen[1].body,
        json!({"refId": "ref-1", "eventType": "SINGLE", "actor": "203.0.113.7", "filterId": "LocalFileInclusionLFIRFI"})
    );
}

#[test]
fn show_as_json_unfolds_the_strings_that_are_json() {
    let server = Server::start().answer(LIST, 200, list(&[event("e-1", json!({}))], 1)).answer(
        SAMPLES,
        200,
        samples(),
    );
    let run = server.portctl(&["events", "show", "e-1", "-o", "json"]);
    let shown: Value = serde_json::from_str(&run.data).unwrap();
    assert_eq!(shown["event"]["id"], "e-1");
    assert_eq!(shown["samples"][0]["requestHeaders"]["host"], "shop.test");
    assert_eq!(shown["samples"][0]["statusCode"], 200);
}

#[test]
fn an_id_that_is_not_there_names_where_ids_come_from() {
    let server = Server::start().answer(LIST, 200, list(&[event("another", json!({}))], 1));
    let run = server.portctl(&["events", "show", "e-1"]);
    assert_eq!(run.code, 1);
    assert!(run.notes.contains("no event e-1") && run.notes.contains("portctl events"), "{}", run.notes);
}

#[test]
fn a_status_is_changed_for_all_ids_at_once_and_what_is_not_there_makes_it_partly() {
    let server = Server::start()
        .answer(UPDATE, 200, json!({"updateSuccess": true, "updateMessage": "", "updatedCount": 2}))
        .answer(UPDATE, 200, json!({"updateSuccess": true, "updateMessage": "", "updatedCount": 1}))
        .answer(UPDATE, 200, json!({"updateSuccess": false, "updateMessage": "none", "updatedCount": 0}));
    let all = server.portctl(&["events", "ignore", "e-2", "e-1", "e-2", "--reason", "ours"]);
    assert_eq!((all.data.as_str(), all.code), ("IGNORED: 2 of 2 events\n", 0));
    assert_eq!(
        server.seen()[0].body,
        json!({"eventIds": ["e-1", "e-2"], "status": "IGNORED", "reason": "ours"})
    );
    let some = server.portctl(&["events", "review", "e-1", "e-2"]);
    assert_eq!((some.data.as_str(), some.code), ("UNDER_REVIEW: 1 of 2 events\n", 2));
    let none = server.portctl(&["events", "activate", "e-1", "e-2"]);
    assert_eq!((none.data.as_str(), none.code), ("ACTIVE: 0 of 2 events\n", 1));
}

#[test]
fn what_a_filter_selects_is_counted_first_and_changed_when_told_so() {
    let server = Server::start()
        .answer(LIST, 200, list(&[], 42))
        .answer(UPDATE, 200, json!({"updateSuccess": true, "updateMessage": "", "updatedCount": 42}))
        .answer("/api/deleteMaliciousEvents", 200, json!({"deleteSuccess": true, "deletedCount": 3}));
    let counted = server.portctl(&["events", "review", "--actor", "203.0.113.7"]);
    assert_eq!((counted.code, counted.data.as_str()), (1, ""));
    assert!(counted.notes.contains("42 events") && counted.notes.contains("--yes"), "{}", counted.notes);
    let changed = server.portctl(&["events", "review", "--actor", "203.0.113.7", "--yes"]);
    assert_eq!((changed.code, changed.data.as_str()), (0, "UNDER_REVIEW: 42 of 42 events\n"));
    let deleted = server.portctl(&["events", "delete", "--policy", "XSS", "--yes"]);
    assert_eq!((deleted.code, deleted.data.as_str()), (0, "deleted: 3 of 3 events\n"));
    let bodies: Vec<_> = server.seen().into_iter().map(|seen| seen.body).collect();
    assert_eq!(bodies[0], json!({"ips": ["203.0.113.7"], "limit": 0}));
    assert_eq!(bodies[1], json!({"status": "UNDER_REVIEW", "ips": ["203.0.113.7"]}));
    assert_eq!(bodies[2], json!({"latestAttack": ["XSS"]}));
    for bad in [&["events", "delete", "--yes"][..], &["events", "delete", "e-1", "--actor", "203.0.113.7"]] {
        assert_eq!(server.portctl(bad).code, 64, "{bad:?}");
    }
    assert_eq!(server.seen().len(), 3);
}

#[test]
fn following_writes_each_new_event_once_the_oldest_first() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let [old, new, newer] = ["old", "new", "newer"].map(|id| event(id, json!({"timestamp": now - 60})));
    let server = Server::start()
        .answer(LIST, 200, list(std::slice::from_ref(&old), 1))
        .answer(LIST, 200, list(&[new.clone(), old.clone()], 2))
        .answer(LIST, 200, list(&[newer, new, old], 3));
    let run = server.portctl(&["events", "--follow", "--limit", "2", "-o", "jsonl"]);
    assert_eq!(run.code, 0, "{}", run.notes);
    let ids: Vec<Value> =
        run.data.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].clone()).collect();
    assert_eq!(ids, ["new", "newer"]);
}
