//! `portctl policy`, which needs no server but for stored events.

use std::{
    path::Path,
    process::{Command, Output},
};

use serde_json::json;

use crate::fixture::Server;

fn portctl(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_portctl")).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn write(folder: &Path, name: &str, policy: &str) -> String {
    let path = folder.join(name);
    std::fs::write(&path, policy).unwrap();
    path.display().to_string()
}

#[test]
fn lint_names_the_place_and_the_nearest_word_and_says_by_its_exit_code_how_much_is_good() {
    let folder = tempfile::tempdir().unwrap();
    let good = write(folder.path(), "good.yaml", "id: G\nfilter:\n  method: {eq: GET}\n");
    let bad = write(folder.path(), "bad.yaml", "id: B\nfilter:\n  urll: {eq: x}\n");
    assert_eq!(portctl(&["policy", "lint", &good]).status.code(), Some(0));
    let all = portctl(&["policy", "lint", folder.path().to_str().unwrap()]);
    assert_eq!(all.status.code(), Some(2));
    assert!(text(&all.stdout).contains("bad.yaml:3:3"), "{}", text(&all.stdout));
    let one = portctl(&["policy", "lint", "-o", "jsonl", &bad]);
    assert_eq!(one.status.code(), Some(1));
    let error: serde_json::Value = serde_json::from_slice(&one.stdout).unwrap();
    assert_eq!((&error["line"], &error["suggestion"]), (&3.into(), &"url".into()));
    assert_eq!(portctl(&["policy", "lint", "/nowhere"]).status.code(), Some(64));
}

#[test]
fn test_runs_the_examples_and_shows_those_that_went_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let policy = "id: T\nfilter:\n  url: {contains_either: [/x]}\nexamples:\n  match: [GET /x, GET /y]\n  no_match: [GET /z]\n";
    let path = write(folder.path(), "t.yaml", policy);
    let tested = portctl(&["policy", "test", "-o", "jsonl", &path]);
    assert_eq!(tested.status.code(), Some(1));
    let row: serde_json::Value = serde_json::from_slice(&tested.stdout).unwrap();
    assert_eq!((&row["missed"][0], row["accused"].as_array().unwrap().len()), (&"GET /y".into(), 0));
}

#[test]
fn explain_shows_what_was_sent_what_was_read_and_where_it_matched() {
    let told = portctl(&["policy", "explain", "--policy", "SQLInjection", "GET /i?id=7%27%20OR%201%3D1--"]);
    let shown = text(&told.stdout);
    assert!(shown.starts_with("SQLInjection matches"), "{shown}");
    assert!(shown.contains("decoded query.id = 7' OR 1=1--"), "{shown}");
    assert!(shown.contains("found query.id[0..19] = 7' OR 1=1-- (sqli)"), "{shown}");
    let folder = tempfile::tempdir().unwrap();
    let policy = "id: R\nfilter:\n  and:\n    - method: {eq: POST}\n    - request_payload: {for_one: {key: {eq: role}, value: {eq: admin}}}\n";
    let path = write(folder.path(), "r.yaml", policy);
    let curl = r#"curl -X POST https://a.test/me --json '{"role": "user"}'"#;
    let told = portctl(&["policy", "explain", "--policies", &path, "--policy", "R", curl]);
    let shown = text(&told.stdout);
    assert!(shown.starts_with("R does not match"), "{shown}");
    assert!(shown.contains("✓ key eq: role") && shown.contains("✗ value eq: admin"), "{shown}");
    let weak = "id: W\nsuspect_filter: {url: {contains_either: [/x]}}\nfilter: {url: {eq: /never}}\nevidence: [file-contents]\n";
    let path = write(folder.path(), "w.yaml", weak);
    let answered = |body: &str| format!("GET /x\n\nHTTP/1.1 200 OK\n\n{body}");
    let told = portctl(&["policy", "explain", "--policies", &path, "--policy", "W", &answered("nothing")]);
    assert!(text(&told.stdout).contains("suspicious, but"), "{}", text(&told.stdout));
    let file = answered("root:x:0:0:root:/root:/bin/bash\n");
    let told = portctl(&["policy", "explain", "--policies", &path, "--policy", "W", &file]);
    assert!(text(&told.stdout).contains("it worked: file-contents response.body["), "{}", text(&told.stdout));
    assert_eq!(portctl(&["policy", "explain", "nonsense"]).status.code(), Some(64));
}

#[test]
fn replay_judges_stored_exchanges_by_both_sets_and_shows_what_differs() {
    let event = json!({
        "id": "e-1", "actor": "203.0.113.7", "filterId": "Old", "url": "/download", "method": "GET", "timestamp": 1_795_308_476,
        "refId": "ref-1", "category": "LFI", "subCategory": "LFI", "eventType": "SINGLE", "status": "ACTIVE", "host": "shop.test",
        "severity": "HIGH",
    });
    let orig = json!({
        "method": "GET", "path": "/download?file=../../etc/passwd", "requestHeaders": json!({"host": "shop.test"}).to_string(),
        "requestPayload": "", "responseHeaders": "{}", "responsePayload": "", "ip": "203.0.113.7", "destIp": "",
        "statusCode": 404, "time": 1_795_308_476,
    });
    let samples = json!({"maliciousPayloadsResponses": [{"orig": orig.to_string(), "ts": 1_795_308_476}]});
    let server = Server::start()
        .answer("/api/fetchSuspectSampleData", 200, json!({"maliciousEvents": [event], "total": 1}))
        .answer("/api/fetchAggregateMaliciousRequests", 200, samples);
    let folder = tempfile::tempdir().unwrap();
    let old = write(folder.path(), "old.yaml", "id: Old\nfilter:\n  url: {contains_either: [etc/passwd]}\n");
    let new = write(folder.path(), "new.yaml", "id: New\nfilter:\n  response_code: {eq: 404}\n");
    let run = server.portctl(&["policy", "replay", "--policies", &new, "--against", &old, "-o", "json"]);
    assert_eq!(run.code, 0, "{}", run.notes);
    let rows: serde_json::Value = serde_json::from_str(&run.data).unwrap();
    let told =
        |at: usize| (rows[at]["change"].clone(), rows[at]["policy"].clone(), rows[at]["actor"].clone());
    assert_eq!(told(0), ("new".into(), "New".into(), "203.0.113.7".into()), "{rows}");
    assert_eq!(told(1), ("gone".into(), "Old".into(), "203.0.113.7".into()), "{rows}");
    assert!(run.notes.contains("1 events would be new, 1 would vanish, 0 stay"), "{}", run.notes);
}
