//! `portctl issues` against canned answers of the REST interface.

use serde_json::{Value, json};

use crate::fixture::Server;

const ID: &str = "988c84138d790d1eac9ba20e2f92b9da";

fn issue() -> Value {
    json!({
        "issueId": ID, "name": "Git configuration exposed", "checkId": "nuclei/git-config", "category": "config",
        "severity": "HIGH", "method": "GET", "host": "shop.example", "endpoint": "/users/{id}", "detail": "",
        "status": "IGNORED", "reopened": false, "firstSeen": 1_772_355_601, "lastSeen": 1_772_355_605,
        "lastCleanAt": null, "source": "IMPORT", "tags": ["git"], "cwe": ["CWE-200"],
        "ignored": {"reason": "FALSE_POSITIVE", "note": "ours", "by": "ada", "at": 1_772_355_700},
    })
}

fn detail() -> Value {
    let mut detail = issue();
    let more = json!({
        "description": "It is served.", "impact": "", "remediation": "Do not.", "references": ["https://example.com"],
        "cve": [], "affectedTotal": 1,
        "evidence": {"message": "", "url": "https://shop.example/users/17", "request": "GET /\u{1b}[2J", "response": ""},
        "affectedEndpoints": [{"issueId": ID, "method": "GET", "host": "shop.example", "endpoint": "/users/{id}",
                               "detail": "", "status": "IGNORED", "lastSeen": 1_772_355_605}],
    });
    detail.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    detail
}

#[test]
fn the_list_asks_for_what_the_filter_says_and_shows_a_row_each() {
    let server = Server::start().answer("/api/fetchIssues", 200, json!({"issues": [issue()], "total": 7}));
    let run =
        server.portctl(&["issues", "list", "--severity", "HIGH,LOW", "--status", "open", "--limit", "1"]);
    assert_eq!(run.code, 0, "{}", run.notes);
    assert!(run.data.contains("GET shop.example/users/{id}"), "{}", run.data);
    assert!(run.notes.contains("1 of 7"), "{}", run.notes);
    let asked = json!({"severity": ["HIGH", "LOW"], "statusFilter": "OPEN", "skip": 0, "limit": 1});
    assert_eq!(server.seen().last().unwrap().body, asked);
    let run = server.portctl(&["issues", "list", "--limit", "1", "-o", "jsonl"]);
    assert_eq!(serde_json::from_str::<Value>(run.data.trim()).unwrap(), issue());
}

#[test]
fn one_issue_is_shown_whole_and_its_evidence_moves_no_cursor() {
    let server = Server::start().answer("/api/fetchIssue", 200, json!({"issue": detail()}));
    let run = server.portctl(&["issues", "show", ID]);
    assert_eq!(run.code, 0, "{}", run.notes);
    for part in
        ["FALSE_POSITIVE by ada", "git, CWE-200", "Do not.", "https://shop.example/users/17", "Affected (1)"]
    {
        assert!(run.data.contains(part), "{part}: {}", run.data);
    }
    assert!(!run.data.contains('\u{1b}'), "{}", run.data);
}

#[test]
fn issues_are_ignored_by_id_with_a_reason_and_by_filter_only_with_yes() {
    let server = Server::start().answer("/api/fetchIssues", 200, json!({"issues": [], "total": 3})).answer(
        "/api/bulkUpdateIssueStatus",
        200,
        json!({"updatedCount": 1}),
    );
    let ignore = ["issues", "ignore", "--as", "false-positive", "--note", "ours"];
    let run = server.portctl(&[&ignore[..], &[ID]].concat());
    assert_eq!(run.code, 0, "{}", run.notes);
    let asked =
        json!({"issueIds": [ID], "status": "IGNORED", "ignoreReason": "FALSE_POSITIVE", "note": "ours"});
    assert_eq!(server.seen().last().unwrap().body, asked);
    assert_eq!(server.portctl(&[&ignore[..], &[ID, "other"]].concat()).code, 2);

    let run = server.portctl(&["issues", "open", "--check", "a"]);
    assert_eq!(run.code, 1);
    assert!(run.notes.contains("3 issues are like that; nothing was changed"), "{}", run.notes);
    assert_eq!(server.portctl(&["issues", "open", "--check", "a", "--yes"]).code, 0);
    assert_eq!(server.seen().last().unwrap().body, json!({"checkIds": ["a"], "status": "OPEN"}));
    assert_eq!(server.portctl(&["issues", "open"]).code, 64);
    assert_eq!(server.portctl(&["issues", "open", "--check", "a", ID]).code, 64);
}

#[test]
fn a_file_is_sent_as_it_is_and_what_was_skipped_is_told() {
    let reply = json!({
        "found": 2, "clean": 1, "skipped": [{"place": "line 3", "problem": "is no JSON"}], "skippedCount": 4,
        "created": 1, "reopened": 0, "fixed": 1, "leftOut": 0, "dryRun": false,
    });
    let server = Server::start().answer("/api/importIssues", 200, reply);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("found.jsonl");
    std::fs::write(&file, "{}\n").unwrap();
    let run = server.portctl(&["issues", "import", file.to_str().unwrap()]);
    assert_eq!(run.code, 2);
    assert_eq!(
        server.seen().last().unwrap().body,
        json!({"format": "nuclei", "document": "{}\n", "dryRun": false})
    );
    for note in ["line 3: is no JSON", "and 3 more were skipped", "1 new issues, 0 reopened, 1 fixed"] {
        assert!(run.notes.contains(note), "{note}: {}", run.notes);
    }
    let odd = folder.path().join("found.txt");
    std::fs::write(&odd, "").unwrap();
    assert_eq!(server.portctl(&["issues", "import", odd.to_str().unwrap()]).code, 64);
    assert_eq!(server.portctl(&["issues", "import", "/nowhere.sarif"]).code, 64);
}
