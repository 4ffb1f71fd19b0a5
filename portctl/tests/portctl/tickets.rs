use std::io::Write;

use serde_json::{Value, json};

use crate::fixture::Server;

const ISSUE: &str = "0123456789abcdef0123456789abcdef";

fn ticket(state: &str, problem: &str) -> Value {
    json!({
        "issueId": ISSUE, "eventId": null, "integration": "board", "kind": "jiraCloud", "key": "SEC-7",
        "url": "https://acme.example/browse/SEC-7", "state": state, "trackerState": "To Do", "linked": false,
        "createdAt": 1, "createdBy": "ada", "syncedAt": 1, "doneAt": null, "attempts": 0, "nextAttemptAt": null,
        "problem": problem,
    })
}

fn integration() -> Value {
    json!({
        "name": "board", "kind": "jiraCloud", "url": "https://acme.example/", "project": "SEC", "issueType": "Bug",
        "consoleUrl": "", "summary": "{name}", "description": "{link}", "fields": {}, "states": {}, "enabled": true,
        "createdAt": 1, "createdBy": "ada", "queued": 1, "created": 4, "updated": 0, "failed": 2, "failures": 2,
        "problem": "answered 401", "nextAttemptAt": 1, "polledAt": null,
    })
}

fn created(created: u64, failed: u64) -> Value {
    json!({
        "tickets": [ticket("OPEN", "")], "selected": created + failed, "existing": 0, "created": created, "failed": failed,
        "queued": 0,
    })
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "{text}").unwrap();
    file
}

#[test]
fn tickets_are_listed_with_their_address_or_what_is_wrong() {
    let reply = json!({"tickets": [ticket("OPEN", ""), ticket("GONE", "no\u{1b}[31m more")], "total": 2});
    let server = Server::start().answer("/api/fetchTickets", 200, reply);
    let run = server.portctl(&[
        "tickets",
        "list",
        "--state",
        "open,gone",
        "--integration",
        "board",
        "--key",
        "SEC-7",
    ]);
    assert_eq!(run.code, 0, "{}", run.notes);
    assert!(
        run.data.contains("https://acme.example/browse/SEC-7") && run.data.contains("GONE"),
        "{}",
        run.data
    );
    assert!(!run.data.contains('\u{1b}'), "{}", run.data);
    let asked = json!({
        "states": ["OPEN", "GONE"], "integrations": ["board"], "keys": ["SEC-7"], "skip": 0, "limit": 100
    });
    assert_eq!(server.seen()[0].body, asked);
}

#[test]
fn tickets_are_made_by_id_and_by_filter_only_with_yes() {
    let server = Server::start()
        .answer("/api/fetchIssues", 200, json!({"issues": [], "total": 3}))
        .answer("/api/createTicketsForIssues", 200, created(1, 0))
        .answer("/api/createTicketsForIssues", 200, created(1, 1))
        .answer("/api/createTicketsForEvents", 200, created(1, 0));
    let run = server.portctl(&["tickets", "create", "issues", ISSUE, "--integration", "board", "--again"]);
    assert_eq!(run.code, 0, "{}", run.notes);
    assert_eq!(
        server.seen()[0].body,
        json!({"issueIds": [ISSUE], "integration": "board", "again": true, "waitSeconds": 30})
    );
    assert!(run.notes.contains("1 made, 0 there already, 0 refused, 0 to be made"), "{}", run.notes);

    let asked = server.portctl(&["tickets", "create", "issues", "--severity", "HIGH"]);
    assert_eq!(asked.code, 1);
    assert!(asked.notes.contains("3 issues are like that; nothing was made"), "{}", asked.notes);
    let partly =
        server.portctl(&["tickets", "create", "issues", "--severity", "HIGH", "--yes", "--wait", "0"]);
    assert_eq!(partly.code, 2);
    assert_eq!(server.seen().last().unwrap().body, json!({"severity": ["HIGH"], "waitSeconds": 0}));

    let events =
        server.portctl(&["tickets", "create", "events", "--host", "a.example", "--yes", "-o", "jsonl"]);
    assert_eq!(events.code, 0, "{}", events.notes);
    assert_eq!(serde_json::from_str::<Value>(&events.data).unwrap(), created(1, 0));
    assert_eq!(server.seen().last().unwrap().body, json!({"hosts": ["a.example"], "waitSeconds": 30}));
    assert_eq!(server.portctl(&["tickets", "create", "events"]).code, 64);
    assert_eq!(server.portctl(&["tickets", "create", "issues", ISSUE, "--check", "a"]).code, 64);
}

#[test]
fn a_ticket_is_linked_and_unlinked_and_trackers_are_asked() {
    let server = Server::start()
        .answer("/api/linkTicket", 200, json!({"ticket": ticket("OPEN", "")}))
        .answer("/api/unlinkTicket", 200, json!({"ticket": ticket("OPEN", "")}))
        .answer("/api/syncTickets", 200, json!({"integrations": 1}));
    assert_eq!(server.portctl(&["tickets", "link", "SEC-7", "--issue", ISSUE]).code, 0);
    assert_eq!(server.seen().last().unwrap().body, json!({"issueId": ISSUE, "key": "SEC-7"}));
    assert_eq!(server.portctl(&["tickets", "unlink", "--event", "e"]).code, 0);
    assert_eq!(server.seen().last().unwrap().body, json!({"eventId": "e"}));
    assert_eq!(server.portctl(&["tickets", "sync"]).code, 0);
    assert_eq!(server.portctl(&["tickets", "link", "SEC-7"]).code, 64);
    assert_eq!(server.portctl(&["tickets", "link", "SEC-7", "--issue", "a", "--event", "b"]).code, 64);
}

#[test]
fn an_integration_is_added_with_its_token_from_a_file_and_everything_that_it_has() {
    let server =
        Server::start().answer("/api/addTicketIntegration", 200, json!({"integration": integration()}));
    let (token, template) = (file("t0ken"), file("# What\n{evidence}"));
    let begin = ["tickets", "add", "board", "--kind", "jira-cloud", "--url", "https://acme.example"];
    let rest = [
        "--project",
        "SEC",
        "--issue-type",
        "Bug",
        "--user",
        "robot@acme.example",
        "--fields",
        r#"{"priority": {"name": "High"}}"#,
        "--close",
        "Done",
        "--done",
        "Verified",
        "--ignore",
        "Won't Do=acceptable-risk",
        "--token-file",
        token.path().to_str().unwrap(),
        "--description-file",
        template.path().to_str().unwrap(),
    ];
    let run = server.portctl(&[&begin[..], &rest[..]].concat());
    assert_eq!(run.code, 0, "{}", run.notes);
    assert!(run.data.contains("failed 2x") && run.data.contains("answered 401"), "{}", run.data);
    assert!(!run.data.contains("t0ken") && !run.notes.contains("t0ken"));
    assert_eq!(
        server.seen()[0].body,
        json!({
            "name": "board", "kind": "jiraCloud", "url": "https://acme.example", "project": "SEC", "issueType": "Bug",
            "user": "robot@acme.example", "token": "t0ken", "description": "# What\n{evidence}\n",
            "fields": {"priority": {"name": "High"}},
            "states": {"close": "Done", "done": ["Verified"], "ignore": {"Won't Do": "ACCEPTABLE_RISK"}},
        })
    );
    let missing = server.portctl(&begin);
    assert_eq!(missing.code, 64);
    assert!(missing.notes.contains("--project PROJECT is missing"), "{}", missing.notes);
    assert_eq!(server.portctl(&[&begin[..], &["--fields", "[]"]].concat()).code, 64);
    assert_eq!(server.portctl(&[&begin[..], &["--ignore", "Done"]].concat()).code, 64);
}

#[test]
fn an_integration_is_disabled_tested_and_removed_by_name() {
    let tried = |works: bool| json!({"name": "board", "works": works, "detail": "answered 401", "tookMs": 7});
    let server = Server::start()
        .answer("/api/fetchTicketIntegrations", 200, json!({"integrations": [integration()], "total": 1}))
        .answer("/api/modifyTicketIntegration", 200, json!({"integration": integration()}))
        .answer("/api/testTicketIntegration", 200, tried(true))
        .answer("/api/testTicketIntegration", 200, tried(false))
        .answer("/api/removeTicketIntegration", 200, json!({"name": "board", "tickets": 4}));
    assert!(server.portctl(&["tickets", "integrations"]).data.contains("https://acme.example/"));
    server.portctl(&["tickets", "modify", "board", "--disable"]);
    assert_eq!(server.seen().last().unwrap().body, json!({"name": "board", "enabled": false}));
    assert_eq!(server.portctl(&["tickets", "test", "board"]).code, 0);
    let bad = server.portctl(&["tickets", "test", "board"]);
    assert_eq!((bad.code, bad.notes.as_str()), (1, "board: does not work: answered 401\n"));
    let removed = server.portctl(&["tickets", "remove", "board"]);
    assert_eq!(removed.notes, "board is removed, and 4 tickets are no longer known here\n");
}
