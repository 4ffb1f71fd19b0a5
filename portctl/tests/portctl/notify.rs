use std::io::Write;

use serde_json::{Value, json};

use crate::fixture::Server;

const AT: i64 = 1_795_308_476;

fn target() -> Value {
    json!({
        "name": "hook", "kind": "webhook", "address": "https://hooks.example", "severity": ["HIGH", "CRITICAL"],
        "category": [], "policy": [], "enabled": true, "createdAt": AT, "createdBy": "ada", "queued": 2, "delivered": 5,
        "failed": 3, "givenUp": 1, "dropped": 0, "failures": 3, "nextAttemptAt": AT,
    })
}

fn file(line: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "{line}").unwrap();
    file
}

#[test]
fn targets_are_listed_with_what_waits_and_what_was_lost() {
    let server =
        Server::start().answer("/api/fetchNotifyTargets", 200, json!({"targets": [target()], "total": 1}));
    let listed = server.portctl(&["notify", "list"]);
    assert_eq!(
        listed.data,
        "NAME  KIND     ADDRESS                STATE      QUEUED  DELIVERED  LOST  EVENTS\n\
         hook  webhook  https://hooks.example  failed 3x  2       5          1     HIGH,CRITICAL\n"
    );
}

#[test]
fn a_target_is_added_with_address_and_secret_from_files() {
    let server = Server::start().answer("/api/addNotifyTarget", 200, json!({ "target": target() }));
    let (url, secret) = (file("https://hooks.example/T0/x"), file("0123456789abcdef"));
    let added = server.portctl(&[
        "notify",
        "add",
        "hook",
        "--kind",
        "webhook",
        "--severity",
        "high,critical",
        "--url-file",
        url.path().to_str().unwrap(),
        "--secret-file",
        secret.path().to_str().unwrap(),
    ]);
    assert_eq!(added.code, 0, "{}", added.notes);
    assert_eq!(
        server.seen()[0].body,
        json!({
            "name": "hook", "url": "https://hooks.example/T0/x", "secret": "0123456789abcdef",
            "severity": ["HIGH", "CRITICAL"], "kind": "webhook"
        })
    );
    assert!(!added.data.contains("0123456789abcdef") && !added.notes.contains("0123456789abcdef"));
}

#[test]
fn a_secret_that_was_made_stands_alone_on_standard_output() {
    let reply = json!({"target": target(), "secret": "pcw_00"});
    let server = Server::start().answer("/api/addNotifyTarget", 200, reply);
    let added =
        server.portctl(&["notify", "add", "hook", "--kind", "webhook", "--url", "https://hooks.example/"]);
    assert_eq!((added.code, added.data.as_str()), (0, "pcw_00\n"));
    let missing = server.portctl(&["notify", "add", "hook", "--kind", "webhook"]);
    assert_eq!(missing.code, 64);
}

#[test]
fn a_target_is_disabled_tested_and_removed_by_name() {
    let tried = |delivered: bool, detail: &str| json!({"name": "hook", "delivered": delivered, "detail": detail, "id": "x", "tookMs": 7});
    let server = Server::start()
        .answer("/api/modifyNotifyTarget", 200, json!({ "target": target() }))
        .answer("/api/testNotifyTarget", 200, tried(true, "answered 204"))
        .answer("/api/testNotifyTarget", 200, tried(false, "answered 503"))
        .answer("/api/removeNotifyTarget", 200, json!({"name": "hook"}));
    server.portctl(&["notify", "modify", "hook", "--disable"]);
    assert_eq!(server.seen()[0].body, json!({"name": "hook", "enabled": false}));
    let good = server.portctl(&["notify", "test", "hook"]);
    assert_eq!((good.code, good.notes.as_str()), (0, "hook: delivered in 7 ms (answered 204)\n"));
    let bad = server.portctl(&["notify", "test", "hook"]);
    assert_eq!(bad.code, 1);
    assert!(bad.notes.contains("not delivered: answered 503"), "{}", bad.notes);
    assert_eq!(server.portctl(&["notify", "remove", "hook"]).notes, "hook is removed\n");
}

#[test]
fn the_log_tells_attempts_from_tests() {
    let entry = |is_test: bool| {
        json!({
            "seq": 1, "name": "hook", "at": AT, "id": "0198", "count": 1, "attempt": 2, "isTest": is_test,
            "outcome": "failed", "detail": "answered 503", "tookMs": 12
        })
    };
    let reply = json!({"entries": [entry(false), entry(true)], "next": null});
    let server = Server::start().answer("/api/fetchNotifyLog", 200, reply);
    assert_eq!(
        server.portctl(&["notify", "log", "hook"]).data,
        "AT                    TARGET  OUTCOME  ATTEMPT  EVENTS  MS  ANSWER        ID\n\
         2026-11-22 00:47:56Z  hook    failed   2        1       12  answered 503  0198\n\
         2026-11-22 00:47:56Z  hook    failed   test     1       12  answered 503  0198\n"
    );
    assert_eq!(server.seen()[0].body, json!({"name": "hook", "limit": 100}));
}
