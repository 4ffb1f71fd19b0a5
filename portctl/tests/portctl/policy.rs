//! `portctl policy`, which needs no server but for stored events.

use std::{
    path::Path,
    process::{Command, Output},
};

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
    assert_eq!(portctl(&["policy", "explain", "nonsense"]).status.code(), Some(64));
}
