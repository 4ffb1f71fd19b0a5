//! Backups made beside a running server, and a server on what was restored from them.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use control_plane::{backup, store::Role};
use portcullis_proto::v1::ThreatEvent;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

use crate::harness::{NOON, Person, Plane, event, event_at};

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

fn back_up(plane: &Plane, to: &Path) {
    let folder = plane.folder.path().to_str().unwrap();
    let made = run(&["backup", "--data-dir", folder, "--to", to.to_str().unwrap()]);
    assert_eq!(made.status.code(), Some(0), "{}", error_of(&made));
}

fn restore(from: &Path, into: &Path) -> Output {
    run(&["restore", "--data-dir", into.to_str().unwrap(), "--from", from.to_str().unwrap()])
}

const PASSWORD: &str = "correct horse battery staple";

const LISTS: [(&str, &str); 8] = [
    ("fetchSuspectSampleData", "maliciousEvents"),
    ("fetchUsers", "users"),
    ("fetchKeys", "keys"),
    ("fetchBlocklist", "blocks"),
    ("fetchSuppressions", "suppressions"),
    ("fetchFilterYamlTemplate", "templates"),
    ("fetchNotifyTargets", "targets"),
    ("fetchSensors", "sensors"),
];

/// What a person sees of everything that is kept.
async fn all(person: &Person) -> Vec<(&'static str, Value)> {
    let mut seen = Vec::new();
    for (name, list) in LISTS {
        let mut reply = person.ask(name, json!({})).await;
        let mut rows = reply[list].take();
        assert!(rows.as_array().is_some_and(|rows| !rows.is_empty()), "{name}: {rows}");
        // These tell of the running process, and of the asking itself.
        for row in rows.as_array_mut().unwrap().iter_mut().filter_map(Value::as_object_mut) {
            for moving in [
                "lastUsedAt",
                "ingest",
                "lastSeen",
                "connected",
                "sessions",
                "lastLogInAt",
                "applied",
                "queued",
                "failed",
                "failures",
                "nextAttemptAt",
            ] {
                row.remove(moving);
            }
        }
        seen.push((name, rows));
    }
    seen
}

async fn filled() -> (Plane, Person) {
    let plane = Plane::start().await;
    let admin = plane.person(Role::Admin);
    plane.sensor().await.send((0..50).map(|number| event_at(NOON + number)).collect()).await;
    let [one, ..] = &admin.rows("fetchSuspectSampleData", json!({}), "maliciousEvents", "id").await[..]
    else {
        panic!("no event")
    };
    let ignore = json!({"eventId": one, "updatedStatus": "IGNORED", "status": "IGNORED", "reason": "ours"});
    admin.ask("updateMaliciousEventStatus", ignore).await;
    admin.ask("addUser", json!({"name": "ada", "role": "analyst", "password": PASSWORD})).await;
    admin.ask("addBlock", json!({"cidr": "198.51.100.0/24", "waitSeconds": 0})).await;
    let hook = json!({"name": "hook", "kind": "webhook", "url": "https://hooks.example/T0/x"});
    admin.ask("addNotifyTarget", hook).await;
    (plane, admin)
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_there_again_on_another_machine() {
    let (plane, admin) = filled().await;
    let folder = tempfile::tempdir().unwrap();
    let (archive, data) = (folder.path().join("one.tar.zst"), folder.path().join("data"));

    // Somebody writes all along: the copy is of one moment all the same.
    let sensor = plane.sensor().await;
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let writing = tokio::spawn(async move {
        while stopped.try_recv().is_err() {
            sensor.send(vec![ThreatEvent { url: "/other".into(), ..event_at(NOON - 1) }]).await;
        }
    });
    back_up(&plane, &archive);
    stop.send(()).unwrap();
    writing.await.unwrap();
    assert_eq!(archive.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "copies were left");

    let before = all(&admin).await;
    let key = plane.key(Role::Admin);
    assert_eq!(restore(&archive, &data).status.code(), Some(0));
    for file in ["control-plane.sqlite", "notify.key"] {
        assert_eq!(data.join(file).metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file}");
    }
    let again = Plane::start_in(moved(&data)).await;
    // Made after the backup, so it is not in it.
    assert_eq!(
        Person::new(again.url(), key).try_ask("fetchKeys", json!({})).await.0,
        StatusCode::UNAUTHORIZED
    );
    let after = all(&admin.at(again.url())).await;
    for ((name, before), (_, after)) in before.iter().zip(&after) {
        let of_the_start = |rows: &Value| -> Vec<Value> {
            let rows = rows.as_array().unwrap().iter();
            // What was written meanwhile may be in it or not.
            rows.filter(|row| row["timestamp"] != json!(NOON - 1) && row["name"] != "test").cloned().collect()
        };
        match *name {
            "fetchSuspectSampleData" => {
                let page = json!({"startTimestamp": NOON, "limit": 100, "sort": {"detectedAt": 1}});
                let ids = async |person: &Person| {
                    person.rows("fetchSuspectSampleData", page.clone(), "maliciousEvents", "id").await
                };
                let found = ids(&admin.at(again.url())).await;
                assert_eq!((found.len(), &found), (50, &ids(&admin).await));
            }
            "fetchSensors" => assert!(!after.as_array().unwrap().is_empty()),
            _ => assert_eq!(of_the_start(before), of_the_start(after), "{name}"),
        }
    }
    let log_in = json!({"name": "ada", "password": PASSWORD});
    let logged_in =
        Client::new().post(format!("{}/session", again.url())).json(&log_in).send().await.unwrap();
    assert_eq!(logged_in.status(), StatusCode::NO_CONTENT);
    // The target's secret opens with the restored key: a refusal to connect, not to open.
    let tried = admin.at(again.url()).ask("testNotifyTarget", json!({"name": "hook"})).await;
    assert!(!tried["detail"].as_str().unwrap().contains("notify.key"), "{tried}");
    let audit = admin.at(again.url()).rows("fetchAudit", json!({}), "entries", "action").await;
    assert!(audit.contains(&json!("restore")) && audit.contains(&json!("backup")), "{audit:?}");
}

/// A restored folder as one that goes at the end of the test.
fn moved(data: &Path) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::rename(data, folder.path()).unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admin_fetches_one_over_rest_and_nobody_else() {
    let (plane, admin) = filled().await;
    let url = format!("{}/api/exportBackup", plane.url());
    let fetch = async |role: Role| {
        Client::new().post(&url).header("x-api-key", plane.key(role)).send().await.unwrap()
    };
    assert_eq!(fetch(Role::Analyst).await.status(), StatusCode::FORBIDDEN);
    let response = fetch(Role::Admin).await;
    assert_eq!(response.headers()["content-type"], "application/zstd");
    let folder = tempfile::tempdir().unwrap();
    let (archive, data) = (folder.path().join("one"), folder.path().join("data"));
    fs::write(&archive, response.bytes().await.unwrap()).unwrap();
    assert_eq!(restore(&archive, &data).status.code(), Some(0));
    let again = Plane::start_in(moved(&data)).await;
    let ids = json!({"limit": 100});
    let count =
        admin.at(again.url()).rows("fetchSuspectSampleData", ids, "maliciousEvents", "id").await.len();
    assert_eq!(count, 50);
    let left = fs::read_dir(plane.folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(!left.into_iter().any(|name| name.to_string_lossy().starts_with(".backup")), "copies were left");
    let audit = admin.rows("fetchAudit", json!({}), "entries", "action").await;
    assert!(audit.contains(&json!("exportBackup")), "{audit:?}");
}

async fn archive() -> (tempfile::TempDir, PathBuf) {
    let plane = Plane::start().await;
    plane.sensor().await.send(vec![event()]).await;
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("one.tar.zst");
    back_up(&plane, &archive);
    (folder, archive)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_archive_is_refused_with_the_place_and_nothing_is_left() {
    let (folder, archive) = archive().await;
    let whole = fs::read(&archive).unwrap();
    let data = folder.path().join("data");
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 0x10;
    let short = whole[..whole.len() - 20].to_vec();
    for (damaged, places) in [
        (flipped, &["control-plane.sqlite", "manifest.json", "the end"][..]),
        (short, &["the end", "notify.key", "control-plane.sqlite"]),
        (b"no archive at all".to_vec(), &["manifest.json"]),
        (Vec::new(), &["manifest.json"]),
    ] {
        let bad = folder.path().join("bad");
        fs::write(&bad, damaged).unwrap();
        let output = restore(&bad, &data);
        let told = error_of(&output);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("is damaged at") && told.contains("byte "), "{told}");
        assert!(places.iter().any(|place| told.contains(place)), "{told}");
        let left: Vec<_> = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["server.lock"]);
    }
    assert_eq!(restore(&archive, &data).status.code(), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_exchanged_is_found_by_its_digest() {
    let (folder, archive) = archive().await;
    let unpacked = zstd::decode_all(fs::File::open(&archive).unwrap()).unwrap();
    let mut made = tar::Builder::new(zstd::Encoder::new(Vec::new(), 1).unwrap());
    for entry in tar::Archive::new(unpacked.as_slice()).entries().unwrap() {
        let mut entry = entry.unwrap();
        let (mut header, path) = (entry.header().clone(), entry.path().unwrap().into_owned());
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        if path == Path::new("notify.key") {
            bytes[0] ^= 1;
        }
        made.append_data(&mut header, path, bytes.as_slice()).unwrap();
    }
    let bad = folder.path().join("bad");
    fs::write(&bad, made.into_inner().unwrap().finish().unwrap()).unwrap();
    let told = error_of(&restore(&bad, &folder.path().join("data")));
    assert!(told.contains("notify.key") && told.contains("digest"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_overwritten() {
    let (folder, archive) = archive().await;
    let other = Plane::start().await;
    let told = error_of(&restore(&archive, other.folder.path()));
    assert!(told.contains("in use by another control plane"), "{told}");
    let full = folder.path().join("full");
    fs::create_dir(&full).unwrap();
    fs::write(full.join("notes"), "mine").unwrap();
    let told = error_of(&restore(&archive, &full));
    assert!(told.contains("is not empty (notes"), "{told}");

    let data = other.folder.path().to_str().unwrap();
    let to = |to: &Path| error_of(&run(&["backup", "--data-dir", data, "--to", to.to_str().unwrap()]));
    assert!(to(&archive).contains("is there already"), "{}", to(&archive));
    let inside = to(&other.folder.path().join("one"));
    assert!(inside.contains("choose a place outside"), "{inside}");
    let none = folder.path().join("full");
    let output = run(&["backup", "--data-dir", none.to_str().unwrap(), "--to", "x"]);
    assert!(error_of(&output).contains("holds no control plane's data"), "{}", error_of(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_a_newer_form_and_one_that_leads_outside_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let entry = json!({"path": "../outside", "bytes": 0, "sha256": "", "schema": null});
    let newer = json!({"path": "control-plane.sqlite", "bytes": 0, "sha256": "", "schema": 999});
    for (format, files, told) in
        [(2, json!([]), "format 2"), (1, json!([entry]), "../outside"), (1, json!([newer]), "999")]
    {
        let manifest = json!({"format": format, "version": "9.0.0", "madeAt": 0, "files": files}).to_string();
        let mut made = tar::Builder::new(zstd::Encoder::new(Vec::new(), 1).unwrap());
        let mut header = tar::Header::new_gnu();
        header.set_size(manifest.len() as u64);
        made.append_data(&mut header, "manifest.json", manifest.as_bytes()).unwrap();
        let path = folder.path().join("archive");
        fs::write(&path, made.into_inner().unwrap().finish().unwrap()).unwrap();
        let refused =
            backup::restore(&path, &folder.path().join("data"), &mut |_| {}).unwrap_err().to_string();
        assert!(refused.contains(told), "{refused}");
    }
    assert!(!folder.path().join("outside").exists());
}
