//! What schemathesis makes of the OpenAPI document, sent to a control plane that holds something.

use std::{
    process::{Command, Stdio},
    time::Duration,
};

use control_plane::store::Role;
use portcullis_proto::v1::ThreatEvent;
use serde_json::json;

use crate::harness::{NOON, Plane, event_at};

/// The program; `cargo xtask test contract` installs it and names it here.
const PROGRAM: &str = "PORTCULLIS_SCHEMATHESIS";
const SECONDS: &str = "60";
/// That bad data is refused, and good data taken, depends on more than a schema says: addresses, what is there, who asks.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,ignored_auth";

#[tokio::test(flavor = "multi_thread")]
async fn no_call_that_the_document_allows_brings_a_server_error() {
    let Some(program) = std::env::var_os(PROGRAM) else {
        let why = "PORTCULLIS_SCHEMATHESIS names no program; `cargo xtask test contract` installs one";
        assert!(std::env::var_os("PORTCULLIS_REQUIRE_ALL").is_none_or(|value| value != "1"), "{why}");
        println!("skipped: {why}");
        return;
    };
    let plane = Plane::start().await;
    let admin = plane.person(Role::Admin);
    let events = (0..200).map(|number| ThreatEvent {
        actor: format!("198.51.100.{}", number % 40),
        url: format!("/items/{}", number % 7),
        policy_id: ["PathTraversal", "SQLInjection", "XSS"][number as usize % 3].to_owned(),
        ..event_at(NOON + number * 3_600)
    });
    let sensor = plane.sensor().await;
    sensor.send(events.collect()).await;
    let _orders = sensor.commands(0).await.obey();
    for (name, body) in [
        ("addUser", json!({"name": "ada", "role": "viewer", "password": "correct horse battery staple"})),
        ("addBlock", json!({"cidr": "203.0.113.0/24", "waitSeconds": 0})),
        ("addAllowed", json!({"cidr": "192.0.2.1", "waitSeconds": 0})),
        ("addNotifyTarget", json!({"name": "hook", "kind": "webhook", "url": "https://hooks.example/x"})),
    ] {
        admin.ask(name, body).await;
    }
    let url = format!("{}/api/openapi.json", plane.url());
    let key = format!("x-api-key: {}", plane.key(Role::Admin));
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    command.args(["run", &url, "--header", &key, "--checks", CHECKS, "--max-time", SECONDS]);
    command.args([
        "--workers",
        "2",
        "--suppress-health-check",
        "all",
        "--request-timeout",
        "40",
        "--no-color",
    ]);
    command.args(["--continue-on-failure", "--warnings", "off"]);
    command.current_dir(folder.path()).stdin(Stdio::null());
    let run = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = tokio::time::timeout(Duration::from_secs(300), run).await.unwrap().unwrap();
    let told =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    let tested = told.lines().find(|line| line.contains("Tested:")).unwrap_or_default();
    let count: usize = tested.trim().trim_start_matches("Tested:").trim().parse().unwrap_or_default();
    assert!(count > 50, "only {count} calls were tried:\n{told}");
}
