//! The binary: exit codes, and subcommands beside a running server.

use std::{
    os::unix::fs::PermissionsExt,
    process::{Command, Output},
};

use control_plane::store::Role;
use serde_json::json;

use crate::harness::{Person, Plane};

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_control-plane"))
        .args(arguments)
        .env_remove("PORTCULLIS_DATA_DIR")
        .output()
        .unwrap()
}

fn error_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn bad_usage_exits_64_and_help_exits_0() {
    for arguments in [&["--no-such-flag"][..], &[], &["--http", "nowhere", "--data-dir", "x"], &["keys"]] {
        assert_eq!(run(arguments).status.code(), Some(64), "{arguments:?}");
    }
    let help = run(&["--help"]);
    assert_eq!(help.status.code(), Some(0));
    let text = String::from_utf8_lossy(&help.stdout).into_owned();
    assert!(["--data-dir", "--http", "--grpc", "keys"].iter().all(|word| text.contains(word)), "{text}");
}

#[tokio::test]
async fn a_key_made_beside_the_running_server_works_at_once() {
    let plane = Plane::start().await;
    let folder = plane.folder.path().to_str().unwrap();
    let made = run(&["keys", "create", "--data-dir", folder, "--role", "viewer", "--name", "ci"]);
    assert_eq!(made.status.code(), Some(0), "{}", error_of(&made));
    let key = String::from_utf8(made.stdout).unwrap();
    assert_eq!(key.lines().count(), 1);
    Person::new(plane.url(), key.trim().to_owned()).ask("fetchSensors", json!({})).await;

    let listed = run(&["keys", "list", "--data-dir", folder, "-o", "jsonl"]);
    let text = String::from_utf8(listed.stdout).unwrap();
    assert_eq!(text.lines().count(), 2);
    assert!(text.contains("\"ci\"") && !text.contains(key.trim()));
    let revoked = run(&["keys", "revoke", "--data-dir", folder, "no-such-id"]);
    assert_eq!(revoked.status.code(), Some(1));
    assert!(error_of(&revoked).contains("keys list"));
}

#[tokio::test]
async fn a_join_token_is_printed_alone_with_the_authoritys_fingerprint() {
    let plane = Plane::start().await;
    let folder = plane.folder.path().to_str().unwrap();
    let made = run(&["join-token", "create", "--data-dir", folder, "--ttl", "1h", "--uses", "2"]);
    let token = String::from_utf8(made.stdout).unwrap();
    assert_eq!(token.lines().count(), 1, "{token}");
    let (secret, authority) = token.trim().split_once('@').unwrap();
    crate::harness::TestSensor::enroll(&format!("http://{}", plane.server.grpc), secret).await.unwrap();
    let shown = run(&["authority", "--data-dir", folder]);
    assert_eq!(String::from_utf8(shown.stdout).unwrap().trim(), authority);
}

#[tokio::test]
async fn what_is_in_use_is_named_with_the_way_out() {
    let plane = Plane::start().await;
    let same = run(&["--data-dir", plane.folder.path().to_str().unwrap(), "--http", "127.0.0.1:0"]);
    assert_eq!(same.status.code(), Some(1));
    assert!(error_of(&same).contains("in use by another control plane"), "{}", error_of(&same));

    let other = tempfile::tempdir().unwrap();
    let http = plane.server.http.to_string();
    let output = run(&["--data-dir", other.path().to_str().unwrap(), "--http", &http]);
    assert_eq!(output.status.code(), Some(1));
    assert!(error_of(&output).contains(&format!("{http} is in use")) && error_of(&output).contains("--http"));
}

#[test]
fn a_folder_that_cannot_be_is_named() {
    let output = run(&["--data-dir", "/proc/nowhere/data"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(error_of(&output).contains("/proc/nowhere/data"), "{}", error_of(&output));
}

#[tokio::test]
async fn the_data_folder_is_made_for_its_owner_alone() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("deep/data");
    let made = run(&["keys", "create", "--data-dir", folder.to_str().unwrap(), "--role", "admin"]);
    assert_eq!(made.status.code(), Some(0), "{}", error_of(&made));
    assert_eq!(folder.metadata().unwrap().permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let plane = Plane::start().await;
    plane.person(Role::Viewer).ask("fetchSensors", json!({})).await;
    plane.server.shut_down().await;
    let path = plane.folder.path().join("control-plane.sqlite");
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 999).unwrap();
    let output = run(&["keys", "list", "--data-dir", plane.folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(error_of(&output).contains("newer control-plane (schema 999"), "{}", error_of(&output));
}
