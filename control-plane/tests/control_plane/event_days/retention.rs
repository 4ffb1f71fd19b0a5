//! Days that go because the configuration says so: from a sensor's events to what REST no longer shows and the file has.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use control_plane::store::Role;
use portcullis_proto::v1::ThreatEvent;
use prost::Message as _;
use reqwest::Client;
use serde_json::{Value, json};

use super::aged::lines;
use crate::harness::{Person, Plane, event_at};

const DAY: u64 = 86_400;

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

fn by(actor: &str, seconds: u64) -> ThreatEvent {
    ThreatEvent {
        actor: actor.into(),
        url: format!("/of/{actor}"),
        host: format!("{actor}.test"),
        ..event_at(seconds)
    }
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_secs(30), "never: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn listed(person: &Person) -> u64 {
    person.ask("fetchSuspectSampleData", json!({})).await["total"].as_u64().unwrap()
}

async fn keep(admin: &Person, days: u64) {
    admin.ask("modifyThreatConfiguration", json!({"retentionDays": days, "waitSeconds": 0})).await;
}

/// The sensor's messages in each file, by the file's name.
fn exported(folder: &Path) -> BTreeMap<String, Vec<ThreatEvent>> {
    let detail = |line: &Value| {
        let bytes = STANDARD.decode(line["detail"].as_str().unwrap()).unwrap();
        ThreatEvent::decode(bytes.as_slice()).unwrap()
    };
    let file = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        (name, lines(&path).iter().map(detail).collect())
    };
    fs::read_dir(folder).unwrap().map(file).collect()
}

fn file_of(seconds: u64) -> String {
    let date = time::OffsetDateTime::from_unix_timestamp(seconds.cast_signed()).unwrap().date();
    format!("{date}.jsonl.zst")
}

async fn metric(plane: &Plane, name: &str) -> u64 {
    let request = Client::new().get(format!("{}/metrics", plane.url()));
    let reply = request.header("x-api-key", plane.key(Role::Viewer)).send().await.unwrap();
    let text = reply.text().await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("portcullis_control_plane_{name} ")));
    line.unwrap_or_else(|| panic!("no {name} in\n{text}")).parse().unwrap()
}

#[tokio::test]
async fn days_go_at_once_when_the_configuration_says_so_and_are_in_their_files() {
    let plane = Plane::start().await;
    let admin = plane.person(Role::Admin);
    let (oldest, older, young) = (now() - 9 * DAY, now() - 8 * DAY, now() - 60);
    let first = vec![by("192.0.2.1", oldest), by("192.0.2.2", oldest)];
    let second = vec![by("192.0.2.3", older)];
    let kept = by("192.0.2.4", young);
    let sensor = plane.sensor().await;
    sensor.send([first.as_slice(), &second, std::slice::from_ref(&kept)].concat()).await;
    assert_eq!(listed(&admin).await, 4);

    keep(&admin, 30).await;
    keep(&admin, 3).await;
    until("old days are gone", async || listed(&admin).await == 1).await;
    let folder = plane.folder.path().join("events");
    let by_file = BTreeMap::from([(file_of(oldest), first), (file_of(older), second)]);
    assert_eq!(exported(&folder), by_file);

    let everything = json!({"startTs": 0, "endTs": 0, "skip": 0});
    let severities = admin.ask("fetchCountBySeverity", everything.clone()).await;
    assert_eq!(severities["categoryCounts"][0]["count"], 1, "{severities}");
    let actors = admin.ask("fetchThreatActors", everything.clone()).await;
    assert_eq!((&actors["total"], &actors["actors"][0]["id"]), (&json!(1), &json!("192.0.2.4")), "{actors}");
    let urls = admin.ask("fetchFiltersThreatTable", json!({})).await["urls"].clone();
    assert_eq!(urls, json!(["/of/192.0.2.4"]));
    let store = admin.ask("fetchSensors", json!({})).await["store"].take();
    let told = json!({"note": "", "failures": 0, "daysDropped": 2, "eventsDropped": 3});
    assert_eq!(store["retention"], told);
    assert_eq!(metric(&plane, "events_dropped_by_age_total").await, 3);

    let audit = admin.ask("fetchAudit", json!({"action": ["dropOldEvents"]})).await;
    let entries = audit["entries"].as_array().unwrap();
    let told: Vec<_> = entries.iter().map(|entry| entry["before"].clone()).collect();
    assert_eq!(
        told,
        [json!({"events": 1, "export": file_of(older)}), json!({"events": 2, "export": file_of(oldest)})]
    );

    // What comes late for such a day goes with the next look, at the start among others.
    sensor.send(vec![by("192.0.2.1", oldest)]).await;
    assert_eq!(listed(&admin).await, 2);
    let plane = plane.restart().await;
    let admin = plane.person(Role::Admin);
    until("what came late is gone", async || listed(&admin).await == 1).await;
    let files = exported(&folder);
    let late = files.get(&file_of(oldest).replace(".jsonl", "-2.jsonl")).unwrap();
    assert_eq!((files.len(), late.len()), (3, 1));
    let rows = admin.rows("fetchSuspectSampleData", json!({}), "maliciousEvents", "id").await;
    assert_eq!(rows, [json!(kept.event_id)]);
}

#[tokio::test]
async fn what_cannot_be_exported_is_kept_and_said() {
    let plane = Plane::start().await;
    let admin = plane.person(Role::Admin);
    let folder = plane.folder.path().join("events");
    fs::write(&folder, "in the way").unwrap();
    plane.sensor().await.send(vec![event_at(now() - 9 * DAY), event_at(now() - 60)]).await;
    keep(&admin, 3).await;
    let retention = async || admin.ask("fetchSensors", json!({})).await["store"]["retention"].take();
    until("the failure is counted", async || retention().await["failures"] == 1).await;
    let note = retention().await["note"].as_str().unwrap().to_owned();
    assert!(note.contains("are kept") && note.contains(folder.to_str().unwrap()), "{note}");
    assert_eq!(metric(&plane, "event_drop_failures_total").await, 1);
    assert_eq!(metric(&plane, "events_dropped_by_age_total").await, 0);
    assert_eq!((listed(&admin).await, fs::read(&folder).unwrap()), (2, b"in the way".to_vec()));
    assert_eq!(admin.ask("fetchAudit", json!({"action": ["dropOldEvents"]})).await["total"], 0);

    fs::remove_file(&folder).unwrap();
    keep(&admin, 4).await;
    until("old days are gone", async || listed(&admin).await == 1).await;
    let told = json!({"note": "", "failures": 1, "daysDropped": 1, "eventsDropped": 1});
    until("the trouble is over", async || retention().await == told).await;
    assert_eq!(exported(&folder).len(), 1);
}
