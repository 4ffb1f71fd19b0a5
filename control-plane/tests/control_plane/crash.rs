//! kill -9 in the middle of ingest: what was acknowledged is there, and nothing is doubled.

use std::{
    collections::HashSet,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU8, Ordering},
    time::Duration,
};

use control_plane::{
    auth::command_line,
    fleet::{JoinTerms, create_join_token},
    store::SqliteStore,
};
use portcullis_proto::v1::ThreatEvent;
use serde_json::json;

use crate::harness::{Person, TestSensor, event};

pub struct Process {
    child: Child,
    pub http: String,
    pub grpc: String,
    pub key: Option<String>,
}

impl Process {
    fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    pub fn start_with(folder: &Path, options: &[&str]) -> Self {
        let (http, grpc) = (free_address(), free_address());
        let mut child = Command::new(env!("CARGO_BIN_EXE_control-plane"))
            .args(["--data-dir", folder.to_str().unwrap(), "--http", &http, "--grpc", &grpc, "--log", "warn"])
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The line on standard error comes when both addresses answer.
        let mut notes = BufReader::new(child.stderr.take().unwrap()).lines();
        let ready = notes.by_ref().map_while(Result::ok).find(|line| line.contains(&http));
        assert!(ready.is_some(), "it ended before it was ready");
        std::thread::spawn(move || notes.for_each(drop));
        Self { child, http, grpc, key: None }
    }

    pub fn read_first_key(&mut self) {
        let mut line = String::new();
        BufReader::new(self.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        self.key = Some(line.trim().strip_prefix("API key (shown once): ").unwrap().to_owned());
    }

    /// SIGKILL: no handler, no flush.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Ended already where the test went well.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_control_plane_loses_nothing_it_acknowledged_and_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Process::start(folder.path());
    first.read_first_key();
    let key = first.key.clone().unwrap();
    let token = {
        let store = SqliteStore::open(folder.path()).unwrap();
        create_join_token(
            &store,
            &command_line("test"),
            JoinTerms { lifetime: Duration::from_secs(60), uses: 1 },
        )
        .unwrap()
        .reveal()
        .to_owned()
    };
    let sensor = TestSensor::enroll(&format!("http://{}", first.grpc), &token).await.unwrap();

    // A sensor sends batch after batch, keeping what is not acknowledged, until the server dies under it.
    let sending = tokio::spawn({
        let sensor = sensor.clone();
        async move {
            let mut stream = sensor.events().await.unwrap();
            let mut acknowledged: Vec<ThreatEvent> = Vec::new();
            loop {
                let batch: Vec<_> = (0..20).map(|_| event()).collect();
                match stream.send(batch.clone()).await {
                    Ok(()) => acknowledged.extend(batch),
                    Err(_) => return (acknowledged, batch),
                }
            }
        }
    });
    tokio::time::sleep(Duration::from_millis(700)).await;
    first.kill();
    let (acknowledged, pending) = sending.await.unwrap();
    assert!(acknowledged.len() >= 20, "only {} events were acknowledged", acknowledged.len());

    let second = Process::start(folder.path());
    let sensor = sensor.moved_to(&format!("http://{}", second.grpc)).await;
    sensor.send(pending.clone()).await;
    let person = Person::new(format!("http://{}", second.http), key);
    let mut stored = Vec::new();
    loop {
        let page = json!({"skip": stored.len(), "limit": 500});
        let ids = person.rows("fetchSuspectSampleData", page, "maliciousEvents", "id").await;
        if ids.is_empty() {
            break;
        }
        stored.extend(ids.into_iter().map(|id| id.as_str().unwrap().to_owned()));
    }
    let sent: HashSet<_> = acknowledged.iter().chain(&pending).map(|event| event.event_id.clone()).collect();
    assert_eq!(stored.len(), sent.len(), "lost or doubled");
    assert_eq!(stored.into_iter().collect::<HashSet<_>>(), sent);
}

/// On a loopback address of this process's own: a port of 127.0.0.1 that was free a moment ago may have become that of
/// somebody's outgoing connection.
fn free_address() -> String {
    static TAKEN: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = std::process::id().to_be_bytes();
    format!("127.{}.{low}.{}:8080", high | 1, TAKEN.fetch_add(1, Ordering::Relaxed))
}
