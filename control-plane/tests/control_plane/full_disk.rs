//! A disk that runs full under a real store, with a real sensor's uplink and spool at the other end.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use control_plane::{authority::Authority, store::Role};
use portcullis_proto::v1::{
    Applied, AutomaticBlock, ControlMessage, InventoryUpdate, SensorReport, ThreatEvent, control_message,
};
use reqwest::{Client, StatusCode};
use sensor_user::{
    orders::{Orders, OutOfOrder},
    state_dir::StateDir,
    uplink::{Config, EventSender, JoinToken, Node, Prepared, Uplink, bounded},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::harness::{Person, Plane, event};

const PASSWORD: &str = "correct horse battery staple";
/// Ends a test that hangs; a machine with much else to do fills a disk slowly.
const PATIENCE: Duration = Duration::from_secs(300);

/// A file system of its own, in memory.
struct Disk(PathBuf);

impl Disk {
    fn of(size: &str) -> Result<Self, String> {
        let folder = tempfile::Builder::new().prefix("portcullis-disk-").tempdir().unwrap().keep();
        let made = mount(&["-t", "tmpfs", "-o", &format!("size={size},mode=0700"), "tmpfs"], &folder);
        made.map(|()| Self(folder.clone())).inspect_err(|_| fs::remove_dir(&folder).unwrap())
    }

    fn grow(&self, size: &str) {
        mount(&["-o", &format!("remount,size={size}")], &self.0).unwrap();
    }

    /// Takes all room that is left.
    fn fill(&self) {
        let mut file = File::create(self.0.join("filler")).unwrap();
        while file.write_all(&[0; 4096]).is_ok() {}
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let ended = Command::new("umount").arg("-l").arg(&self.0).status().unwrap();
        assert!(ended.success());
        fs::remove_dir(&self.0).unwrap();
    }
}

fn mount(options: &[&str], at: &Path) -> Result<(), String> {
    let output = Command::new("mount").args(options).arg(at).output().map_err(|error| error.to_string())?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
    }
}

/// A node that enforces nothing, with real orders.
struct Bare(Mutex<Orders>, watch::Sender<u64>);

impl Node for Bare {
    fn revision(&self) -> u64 {
        self.0.lock().unwrap().revision()
    }

    fn apply(&self, message: ControlMessage) -> Result<Option<Applied>, OutOfOrder> {
        let mut orders = self.0.lock().unwrap();
        match message.message.unwrap() {
            control_message::Message::Snapshot(snapshot) => orders.snapshot(snapshot),
            control_message::Message::Revision(revision) => orders.revise(revision).map(Some),
            _ => Ok(None),
        }
    }

    fn forget_revision(&self) {
        self.0.lock().unwrap().forget_revision();
    }

    fn report(&self) -> SensorReport {
        SensorReport::default()
    }

    fn automatic_blocks(&self) -> Vec<AutomaticBlock> {
        Vec::new()
    }

    fn automatic_blocks_made(&self) -> watch::Receiver<u64> {
        self.1.subscribe()
    }

    fn inventory(&self, _counts: bool) -> Option<InventoryUpdate> {
        None
    }

    fn inventory_arrived(&self, _number: u64) {}

    fn inventory_lost(&self, _update: InventoryUpdate) {}
}

fn sensor(plane: &Plane, folder: &TempDir) -> (Uplink, EventSender, StateDir) {
    let state = StateDir::open(&folder.path().join("state")).unwrap();
    let token = folder.path().join("token");
    let authority = Authority::open(plane.folder.path()).unwrap().fingerprint();
    fs::write(&token, format!("{}@{authority}", plane.join_token())).unwrap();
    let config = Config {
        control_plane: format!("https://{}", plane.server.grpc),
        authority: None,
        node: "node-1".into(),
        join_token: Some(JoinToken::read(&token).unwrap()),
        spool_limit: 256 << 20,
    };
    let (sender, receiver) = bounded();
    let orders = Orders::open(state.file("orders"), None).unwrap();
    let node = Bare(Mutex::new(orders), watch::Sender::new(0));
    (Prepared::new(config, &state).unwrap().start(Arc::new(node), receiver), sender, state)
}

/// With 8 KiB in it that no compression makes smaller.
fn large() -> ThreatEvent {
    let mut large = event();
    let mut noise = vec![0; 4096];
    getrandom::fill(&mut noise).unwrap();
    large.samples[0].response_payload = hex::encode(noise).into_bytes();
    large
}

async fn state(person: &Person) -> Value {
    person.ask("fetchSensors", json!({})).await["store"].take()
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn stored(person: &Person) -> Vec<String> {
    let mut ids = Vec::new();
    loop {
        let page = json!({"skip": ids.len(), "limit": 1000});
        let more = person.rows("fetchSuspectSampleData", page, "maliciousEvents", "id").await;
        if more.is_empty() {
            return ids;
        }
        ids.extend(more.into_iter().map(|id| id.as_str().unwrap().to_owned()));
    }
}

async fn log_in(plane: &Plane) -> (StatusCode, String) {
    let body = json!({"name": "ada", "password": PASSWORD});
    let response = Client::new().post(format!("{}/session", plane.url())).json(&body).send().await.unwrap();
    (response.status(), response.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_keeps_events_at_the_sensor_and_all_of_them_arrive_when_there_is_room() {
    let disk = match Disk::of("32m") {
        Ok(disk) => disk,
        Err(why) => {
            let is_needed = std::env::var_os("PORTCULLIS_REQUIRE_ALL").is_some_and(|value| value == "1");
            assert!(!is_needed, "a file system cannot be mounted: {why}");
            println!("skipped: a file system cannot be mounted: {why}");
            return;
        }
    };
    let plane = Plane::start_keeping(tempfile::tempdir_in(&disk.0).unwrap(), 6 << 20).await;
    let (admin, viewer) = (plane.person(Role::Admin), plane.key(Role::Viewer));
    admin.ask("addUser", json!({"name": "ada", "role": "analyst", "password": PASSWORD})).await;
    let folder = tempfile::tempdir().unwrap();
    let (uplink, sender, _state) = sensor(&plane, &folder);
    uplink.ready().await;
    assert_eq!(state(&admin).await["state"], "ok");

    let mut sent = HashSet::new();
    for _ in 0..80 {
        for _ in 0..100 {
            let event = large();
            sent.insert(event.event_id.clone());
            sender.offer(&event);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    until("the store is full", async || state(&admin).await["state"] == "full").await;
    let told = state(&admin).await;
    assert!(told["note"].as_str().unwrap().starts_with("store full: "), "{told}");
    assert!(told["freeBytes"].as_u64() < told["keptFreeBytes"].as_u64(), "{told}");
    let health = reqwest::get(format!("{}/healthz", plane.url())).await.unwrap();
    assert_eq!((health.status(), health.text().await.unwrap()), (StatusCode::OK, "ok\nstore full\n".into()));

    // What was kept free serves everybody else, and blocks reach the sensor while its events wait.
    let before = stored(&admin).await.len();
    assert!(before > 0 && before < sent.len(), "{before} of {}", sent.len());
    assert_eq!(log_in(&plane).await.0, StatusCode::NO_CONTENT);
    let blocked = admin.ask("addBlock", json!({"cidr": "198.51.100.7", "waitSeconds": 20})).await;
    // It answered: a node that enforces nothing refuses.
    assert_eq!(blocked["refusals"].as_array().map(Vec::len), Some(1), "{blocked}");

    // Not a byte left: reading goes on, and what cannot be written says why.
    disk.fill();
    assert_eq!(stored(&admin).await.len(), before);
    let (status, text) = log_in(&plane).await;
    match status {
        StatusCode::NO_CONTENT => {}
        StatusCode::SERVICE_UNAVAILABLE => assert!(text.contains("store full"), "{text}"),
        other => panic!("{other}: {text}"),
    }

    disk.grow("256m");
    drop(sender);
    assert_eq!(uplink.stop(PATIENCE).await, 0, "events were left in the spool");
    let found = stored(&admin).await;
    assert_eq!(found.len(), sent.len());
    assert_eq!(found.into_iter().collect::<HashSet<_>>(), sent);
    assert_eq!(state(&admin).await["state"], "ok");
    assert_eq!(log_in(&plane).await.0, StatusCode::NO_CONTENT);
    let refused = state(&admin).await["batchesRefused"].as_u64().unwrap();
    assert!(refused > 0);
    let metrics = Client::new()
        .get(format!("{}/metrics", plane.url()))
        .header("x-api-key", viewer)
        .send()
        .await
        .unwrap();
    let line = format!("portcullis_control_plane_store_batches_refused_total {refused}");
    assert!(metrics.text().await.unwrap().lines().any(|known| known == line));
    plane.server.shut_down().await;
}
