use std::{
    io::Write,
    process::{Output, Stdio},
};

use serde_json::{Value, json};

use crate::fixture::{KEY, Server, portctl};

const AT: i64 = 1_795_308_476;

fn user(role: &str) -> Value {
    json!({
        "name": "ada", "role": role, "createdAt": AT, "passwordChangedAt": AT, "lastLogInAt": null,
        "disabledAt": null, "sessions": 2,
    })
}

/// With a line on standard input.
fn with_input(server: &Server, arguments: &[&str], line: &str) -> Output {
    let mut child = portctl(arguments)
        .env("PORTCTL_SERVER", server.url())
        .env("PORTCTL_API_KEY", KEY)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{line}").unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn a_user_is_added_with_a_password_from_standard_input_that_is_not_shown() {
    let server = Server::start().answer("/api/addUser", 200, json!({ "user": user("admin") }));
    let added =
        with_input(&server, &["users", "add", "ada", "--role", "admin"], "correct horse battery staple");
    let shown = String::from_utf8(added.stdout).unwrap();
    assert_eq!(
        shown,
        "NAME  ROLE   STATE   SESSIONS  LOGGED IN  PASSWORD OF           SINCE\n\
         ada   admin  active  2         never      2026-11-22 00:47:56Z  2026-11-22 00:47:56Z\n"
    );
    assert_eq!(
        server.seen()[0].body,
        json!({"name": "ada", "role": "admin", "password": "correct horse battery staple"})
    );
    assert!(!String::from_utf8(added.stderr).unwrap().contains("horse"));
}

#[test]
fn users_are_listed_changed_and_removed_by_name() {
    let server = Server::start()
        .answer("/api/fetchUsers", 200, json!({"users": [user("viewer")], "total": 1}))
        .answer("/api/modifyUser", 200, json!({ "user": user("analyst") }))
        .answer("/api/removeUser", 200, json!({"name": "ada"}));
    assert!(server.portctl(&["users", "list"]).data.contains("viewer"));
    assert!(server.portctl(&["users", "role", "ada", "analyst"]).data.contains("analyst"));
    server.portctl(&["users", "disable", "ada"]);
    server.portctl(&["users", "enable", "ada", "-o", "jsonl"]);
    with_input(&server, &["users", "password", "ada"], "a quite different phrase");
    let removed = server.portctl(&["users", "remove", "ada"]);
    assert_eq!((removed.code, removed.notes.as_str()), (0, "ada is removed\n"));
    let asked: Vec<_> = server.seen()[1..].iter().map(|seen| seen.body.clone()).collect();
    assert_eq!(
        asked,
        [
            json!({"name": "ada", "role": "analyst"}),
            json!({"name": "ada", "disabled": true}),
            json!({"name": "ada", "disabled": false}),
            json!({"name": "ada", "password": "a quite different phrase"}),
            json!({"name": "ada"}),
        ]
    );
}

#[test]
fn a_password_that_is_too_weak_is_refused_with_the_servers_words() {
    let refusal = json!({"actionErrors": ["password: a password has at least 15 characters"]});
    let server = Server::start().answer("/api/addUser", 422, refusal);
    let refused = with_input(&server, &["users", "add", "ada", "--role", "admin"], "1234");
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("at least 15 characters"));
}

#[test]
fn standard_input_holds_no_two_secrets() {
    let server = Server::start();
    let both = with_input(&server, &["users", "add", "ada", "--role", "admin", "--api-key-file", "-"], KEY);
    assert_eq!(both.status.code(), Some(64));
    assert!(String::from_utf8(both.stderr).unwrap().contains("--api-key-file"));
    assert!(server.seen().is_empty());
}

#[test]
fn a_new_key_stands_alone_on_standard_output() {
    let made = json!({"id": "k1", "key": "pck_0123", "name": "ci", "role": "viewer", "expiresAt": AT});
    let server = Server::start().answer("/api/addKey", 200, made.clone());
    let run = server.portctl(&["keys", "create", "--name", "ci", "--role", "viewer", "--ttl", "90d"]);
    assert_eq!((run.data.as_str(), run.code), ("pck_0123\n", 0));
    assert!(run.notes.contains("this once") && !run.notes.contains("pck_0123"), "{}", run.notes);
    assert_eq!(server.seen()[0].body, json!({"name": "ci", "role": "viewer", "ttlSeconds": 7_776_000}));
    let run = server.portctl(&["keys", "create", "--name", "ci", "--role", "viewer", "-o", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&run.data).unwrap(), made);
}

#[test]
fn keys_are_listed_with_their_state_and_revoked() {
    let key = |revoked: Value, ends: Value| {
        json!({
            "id": "k1", "name": "ci", "role": "viewer", "createdAt": AT, "createdBy": "ada", "lastUsedAt": null,
            "expiresAt": ends, "revokedAt": revoked,
        })
    };
    let keys = [key(Value::Null, Value::Null), key(Value::Null, json!(1)), key(json!(AT), Value::Null)];
    let server = Server::start().answer("/api/fetchKeys", 200, json!({"keys": keys, "total": 3})).answer(
        "/api/revokeKey",
        200,
        json!({"id": "k1"}),
    );
    let run = server.portctl(&["keys", "list"]);
    let states: Vec<_> =
        run.data.lines().skip(1).map(|line| line.split_whitespace().nth(3).unwrap()).collect();
    assert_eq!(states, ["active", "over", "revoked"]);
    assert_eq!(server.portctl(&["keys", "revoke", "k1"]).notes, "k1 is revoked\n");
    assert_eq!(server.seen()[1].body, json!({"id": "k1"}));
}

fn entry(seq: u64) -> Value {
    json!({
        "seq": seq, "at": AT, "kind": "user", "who": "ada", "whoId": "u1", "from": "203.0.113.7",
        "action": "addBlock", "object": "198.51.100.7/32", "before": null, "after": {"reason": "\u{1b}[2Jscan"},
    })
}

#[test]
fn the_audit_log_comes_page_by_page_with_its_filter() {
    let page = |seq: u64, next: Value| json!({"entries": [entry(seq)], "total": 2, "next": next});
    let server = Server::start().answer("/api/fetchAudit", 200, page(2, json!(2))).answer(
        "/api/fetchAudit",
        200,
        page(1, Value::Null),
    );
    let run = server.portctl(&[
        "audit",
        "--who",
        "ada,grace",
        "--action",
        "addBlock",
        "--object",
        "198",
        "--since",
        "2026-11-22T00:00:00Z",
        "-o",
        "jsonl",
    ]);
    assert_eq!((run.data.lines().count(), run.code), (2, 0));
    let filter = json!({
        "who": ["ada", "grace"], "action": ["addBlock"], "object": "198", "startTimestamp": 1_795_305_600,
    });
    let mut asked = filter.clone();
    asked["limit"] = json!(100);
    assert_eq!(server.seen()[0].body, asked);
    assert_eq!(server.seen()[1].body["cursor"], 2);
    let run = server.portctl(&["audit", "--limit", "1"]);
    assert_eq!(
        run.data,
        "TIME                  WHO       FROM         ACTION    OBJECT           BEFORE  AFTER\n\
         2026-11-22 00:47:56Z  user ada  203.0.113.7  addBlock  198.51.100.7/32  -       {\"reason\":\"\\u001b[2Jscan\"}\n"
    );
    assert!(run.notes.contains("1 of 2"), "{}", run.notes);
}

#[test]
fn the_export_is_passed_on_byte_for_byte() {
    let csv = "seq,at\r\n1,\"a \u{202e}\"\"b\"\r\n";
    let server = Server::start().answer("/api/exportAudit", 200, json!(csv));
    let run = server.portctl(&["audit", "export", "--search", "b"]);
    assert_eq!((run.data.as_str(), run.code), (csv, 0));
    assert_eq!(server.seen()[0].body, json!({"format": "csv", "searchText": "b"}));
    let refused = json!({"actionErrors": ["this needs the role admin, and yours is viewer"]});
    let run = Server::start().answer("/api/exportAudit", 403, refused).portctl(&["audit", "export"]);
    assert!(run.code == 1 && run.data.is_empty() && run.notes.contains("role admin"), "{}", run.notes);
}
