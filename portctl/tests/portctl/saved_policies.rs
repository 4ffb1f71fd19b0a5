//! `portctl policy` on what the control plane keeps.

use serde_json::{Value, json};

use crate::fixture::Server;

const LIST: &str = "/api/fetchFilterYamlTemplate";
const AT: i64 = 1_795_308_476;
const TEXT: &str = "id: Own\nfilter:\n  method: {eq: GET}\n";

fn template(id: &str, change: Value) -> Value {
    let mut one = json!({
        "id": id, "content": TEXT, "author": "ada", "createdAt": AT, "updatedAt": AT, "info": {"severity": "HIGH"},
        "origin": "saved", "inForce": true, "mode": "detect", "version": 2, "revision": 9,
    });
    one.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    one
}

fn settled(more: Value) -> Value {
    let mut reply = json!({"revision": 9, "sensors": {"total": 1, "applied": 1}, "refused": [], "behind": [], "tookMs": 1.0});
    reply.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    reply
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[test]
fn the_list_says_where_each_comes_from_and_what_it_does() {
    let built_in = json!({"origin": "built-in", "mode": "block", "version": null, "updatedAt": null, "author": "PORTCULLIS"});
    let templates =
        [template("Own", json!({})), template("XSS", built_in), template("Off", json!({"inForce": false}))];
    let run = Server::start()
        .answer(LIST, 200, json!({"templates": templates, "content": null}))
        .portctl(&["policy", "list"]);
    let lines: Vec<_> = run.data.lines().map(str::trim_end).collect();
    assert_eq!(
        lines,
        [
            "POLICY  SEVERITY  ORIGIN    STATE         VERSION  AUTHOR      CHANGED",
            "Own     HIGH      saved     detects       2        ada         2026-11-22 00:47:56Z",
            "XSS     HIGH      built-in  blocks        -        PORTCULLIS  -",
            "Off     HIGH      saved     out of force  2        ada         2026-11-22 00:47:56Z",
        ]
    );
}

#[test]
fn show_gives_the_text_as_a_file_would_hold_it() {
    let templates = [template("Own", json!({})), template("Off", json!({"inForce": false}))];
    let server = Server::start().answer(LIST, 200, json!({"templates": templates, "content": null}));
    let own = server.portctl(&["policy", "show", "Own"]);
    assert_eq!((own.code, own.data.as_str(), own.notes.as_str()), (0, TEXT, ""));
    assert!(server.portctl(&["policy", "show", "Off"]).notes.contains("portctl policy restore Off"));
    let unknown = server.portctl(&["policy", "show", "Nothing"]);
    assert!(unknown.code == 64 && unknown.notes.contains("portctl policy list"), "{}", unknown.notes);
}

#[test]
fn a_saved_policy_tells_how_far_it_is_and_which_of_its_examples_go_wrong() {
    let saved = settled(json!({
        "template": template("Own", json!({})), "examples": {"missed": ["GET /x"], "accused": []},
    }));
    let refused = json!({"actionErrors": ["content: line 2, column 3: unknown key (did you mean `url`?)"]});
    let server = Server::start().answer("/api/saveFilterYamlTemplate", 200, saved).answer(
        "/api/saveFilterYamlTemplate",
        422,
        refused,
    );
    let policy = file(TEXT);
    let path = policy.path().to_str().unwrap();
    let run = server.portctl(&["policy", "save", path]);
    assert_eq!(run.code, 0);
    assert!(run.notes.starts_with("Own: revision 9, sensors 1/1\n"), "{}", run.notes);
    assert!(run.notes.contains("misses an example that it should match:\nGET /x"), "{}", run.notes);
    assert_eq!(server.seen()[0].body, json!({"content": TEXT}));
    let run = server.portctl(&["policy", "save", path]);
    assert!(run.code == 1 && run.notes.contains("line 2, column 3"), "{}", run.notes);
}

#[test]
fn each_order_about_a_policy_reaches_the_server_under_its_documented_name() {
    let with_text = || {
        settled(json!({"template": template("Own", json!({})), "examples": {"missed": [], "accused": []}}))
    };
    let server = Server::start()
        .answer("/api/deleteFilterYamlTemplate", 200, settled(json!({})))
        .answer("/api/restoreFilterYamlTemplate", 200, settled(json!({})))
        .answer("/api/setFilterYamlTemplateMode", 200, with_text())
        .answer("/api/rollbackFilterYamlTemplate", 200, with_text());
    for arguments in [
        &["policy", "delete", "Own"][..],
        &["policy", "restore", "XSS"],
        &["policy", "mode", "Own", "block"],
        &["policy", "rollback", "Own", "1"],
    ] {
        let run = server.portctl(arguments);
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.notes);
    }
    let asked: Vec<_> = server.seen().iter().map(|seen| (seen.path.clone(), seen.body.clone())).collect();
    assert_eq!(
        asked,
        [
            ("/api/deleteFilterYamlTemplate".to_owned(), json!({"templateId": "Own"})),
            ("/api/restoreFilterYamlTemplate".to_owned(), json!({"templateId": "XSS"})),
            ("/api/setFilterYamlTemplateMode".to_owned(), json!({"templateId": "Own", "mode": "block"})),
            ("/api/rollbackFilterYamlTemplate".to_owned(), json!({"templateId": "Own", "version": 1})),
        ]
    );
    assert_eq!(server.portctl(&["policy", "mode", "Own", "shout"]).code, 64);
}

#[test]
fn versions_are_listed_newest_first_with_what_became_of_the_policy() {
    let version = |version: u64, step: &str| {
        json!({
            "version": version, "step": step, "content": null, "digest": "0123456789abcdef", "author": "ada", "at": AT,
            "revision": version,
        })
    };
    let versions = [version(2, "deleted"), version(1, "saved")];
    let server = Server::start()
        .answer(
            "/api/fetchFilterYamlTemplateVersions",
            200,
            json!({"templateId": "Own", "versions": versions, "total": 2}),
        )
        .answer(
            "/api/fetchFilterYamlTemplateVersions",
            200,
            json!({"templateId": "XSS", "versions": [], "total": 0}),
        );
    let run = server.portctl(&["policy", "versions", "Own"]);
    assert_eq!(
        run.data,
        "\
VERSION  WHAT     WHEN                  AUTHOR  REVISION  DIGEST
2        deleted  2026-11-22 00:47:56Z  ada     2         0123456789ab
1        saved    2026-11-22 00:47:56Z  ada     1         0123456789ab
"
    );
    assert_eq!(
        server.portctl(&["policy", "versions", "XSS"]).notes,
        "XSS is as it came: nothing was saved over it\n"
    );
}

#[test]
fn a_trial_over_stored_events_or_one_exchange_shows_what_would_match() {
    let row = |of: &Value| {
        json!({
            "eventId": of, "refId": of, "actor": of, "method": of, "url": of, "host": of, "timestamp": null,
            "latestAttack": of, "filterId": "Own", "eventType": "SINGLE", "severity": "HIGH", "matchCount": 1,
            "matched": [{"location": "query.a", "start": 0, "end": 1, "phrase": "x", "detector": "eq"}],
            "successfulExploit": false,
        })
    };
    let reply = |of: Value, total: u64| json!({"matches": [row(&of)], "evaluated": 1, "matching": 1, "total": total, "isCut": total > 1});
    let server = Server::start().answer("/api/testFilterYamlTemplate", 200, reply(json!("e-1"), 9)).answer(
        "/api/testFilterYamlTemplate",
        200,
        reply(json!(null), 1),
    );
    let (policy, sample) = (file(TEXT), file("{}"));
    let path = policy.path().to_str().unwrap();
    let stored = server.portctl(&["policy", "test", path, "--since", "2026-11-22T00:00:00Z"]);
    assert!(stored.code == 0 && stored.data.contains("e-1"), "{} {}", stored.data, stored.notes);
    assert!(stored.notes.contains("only the newest were looked at"), "{}", stored.notes);
    assert_eq!(server.seen()[0].body, json!({"content": TEXT, "startTs": 1_795_305_600}));
    let pasted = server.portctl(&["policy", "test", path, "--sample", sample.path().to_str().unwrap()]);
    assert!(pasted.code == 0 && pasted.data.contains("query.a: x"), "{} {}", pasted.data, pasted.notes);
    assert_eq!(server.seen()[1].body, json!({"content": TEXT, "sample": "{}"}));
}
