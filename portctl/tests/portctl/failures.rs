use std::{fs, io::Write, os::unix::fs::PermissionsExt, process::Stdio};

use serde_json::{Value, json};

use crate::fixture::{KEY, Server, portctl, run};

const SENSORS: &str = "/api/fetchSensors";

#[test]
fn a_control_plane_that_is_not_there_names_how_to_start_it() {
    let free = "127.0.0.77:9";
    let run = run(portctl(&["--server", &format!("http://{free}"), "sensors"]).env("PORTCTL_API_KEY", KEY));
    assert_eq!((run.code, run.data.as_str()), (1, ""));
    assert!(
        run.notes.contains(&format!("cannot reach the control plane at http://{free}: Connection refused"))
    );
    assert!(run.notes.contains(&format!("control-plane --data-dir DIR --http {free}")), "{}", run.notes);
}

#[test]
fn each_refusal_names_its_next_step() {
    for (status, body, expected) in [
        (401, json!({}), "control-plane keys create"),
        (403, json!({"actionErrors": ["this needs the role admin"]}), "this needs the role admin"),
        (403, json!({}), "keys create"),
        (422, json!({"actionErrors": ["limit: at most 1000"]}), "limit: at most 1000"),
        (404, json!("<h1>nginx</h1>"), "check --server"),
        (302, json!(""), "give the final URL to --server"),
        (500, json!("boom"), "portctl doctor"),
    ] {
        let server = Server::start().answer(SENSORS, status, body);
        let run = server.portctl(&["sensors", "-o", "json"]);
        assert_eq!((run.code, run.data.as_str()), (1, ""), "{status}");
        assert!(
            run.notes.contains(expected) && run.notes.contains("fetchSensors"),
            "{status}: {}",
            run.notes
        );
        assert!(!run.notes.contains(KEY), "{status}: {}", run.notes);
    }
}

#[test]
fn an_answer_that_is_no_control_planes_is_said_to_be_one() {
    for body in [json!("<html>"), json!({"sensors": "many"}), json!("")] {
        let run = Server::start().answer(SENSORS, 200, body).portctl(&["sensors"]);
        assert_eq!(run.code, 1);
        assert!(
            run.notes.contains("cannot read the answer") && run.notes.contains("curl -i"),
            "{}",
            run.notes
        );
    }
}

#[test]
fn an_error_cannot_act_on_the_terminal_either() {
    let run = Server::start().answer(SENSORS, 500, json!("\u{1b}[2J")).portctl(&["sensors"]);
    assert!(run.notes.contains("\\x1b[2J") && !run.notes.contains('\u{1b}'), "{:?}", run.notes);
}

#[test]
fn a_key_as_an_argument_is_refused_with_the_reason_and_not_repeated() {
    for arguments in [&["--api-key", "pk_secret", "sensors"][..], &["sensors", "--api-key=pk_secret"]] {
        let run = run(&mut portctl(arguments));
        assert_eq!(run.code, 64);
        assert!(run.notes.contains("`ps`") && run.notes.contains("--api-key-file"), "{}", run.notes);
        assert!(!run.notes.contains("pk_secret"), "{}", run.notes);
    }
}

#[test]
fn without_a_key_the_way_to_make_one_is_shown() {
    let run = run(&mut portctl(&["sensors"]));
    assert_eq!(run.code, 64);
    assert!(run.notes.contains("PORTCTL_API_KEY") && run.notes.contains("keys create"), "{}", run.notes);
}

#[test]
fn a_key_comes_from_a_file_which_others_should_not_read() {
    let server = Server::start().answer(SENSORS, 200, json!({"sensors": [], "revision": 0}));
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("key");
    fs::write(&file, format!("{KEY}\n")).unwrap();
    let name = file.to_str().unwrap();
    let with_mode = |mode| {
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        run(&mut portctl(&["--server", &server.url(), "--api-key-file", name, "sensors", "-o", "json"]))
    };
    let private = with_mode(0o600);
    assert_eq!((private.code, private.notes.as_str()), (0, ""));
    assert_eq!(server.seen()[0].key.as_deref(), Some(KEY));
    let shared = with_mode(0o644);
    assert_eq!(shared.code, 0);
    assert!(shared.notes.contains(&format!("chmod 600 {name}")), "{}", shared.notes);
}

#[test]
fn a_key_comes_from_standard_input() {
    let server = Server::start().answer(SENSORS, 200, json!({"sensors": [], "revision": 0}));
    let mut child = portctl(&["--server", &server.url(), "--api-key-file", "-", "sensors"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    writeln!(child.stdin.take().unwrap(), "{KEY}").unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(server.seen()[0].key.as_deref(), Some(KEY));
}

#[test]
fn an_empty_reader_ends_the_list_quietly() {
    let rows: Vec<Value> = (0..1000)
        .map(|n| {
            json!({"id": format!("e-{n}"), "actor": "a", "filterId": "p", "url": "/", "method": "GET",
                "host": "h", "timestamp": 1, "severity": "LOW", "category": "c", "subCategory": "s",
                "status": "ACTIVE", "refId": "r", "eventType": "SINGLE", "payload": "x".repeat(500)})
        })
        .collect();
    let server = Server::start().answer(
        "/api/fetchSuspectSampleData",
        200,
        json!({"maliciousEvents": rows, "total": 1000}),
    );
    let mut child = portctl(&["--server", &server.url(), "events", "--limit", "1000", "-o", "jsonl"])
        .env("PORTCTL_API_KEY", KEY)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn bad_usage_is_64_and_help_is_0() {
    assert_eq!(run(&mut portctl(&["evnets"])).code, 64);
    assert_eq!(run(&mut portctl(&["--server", "127.0.0.1:8080", "sensors"])).code, 64);
    assert_eq!(run(&mut portctl(&["events", "--limit", "0"])).code, 64);
    let help = run(&mut portctl(&["--help"]));
    assert_eq!((help.code, help.notes.as_str()), (0, ""));
    assert!(help.data.contains("PORTCTL_API_KEY") && !help.data.contains("--api-key <"), "{}", help.data);
}
