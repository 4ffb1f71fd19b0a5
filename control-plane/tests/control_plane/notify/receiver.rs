//! What stands at the other end: an HTTP server that answers as told, and a listener for syslog.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use control_plane::{NotifySettings, store::Role};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::harness::{Person, Plane};

const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Clone, Debug)]
pub struct Seen {
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Seen {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }
}

#[derive(Clone, Copy)]
pub enum Answer {
    Status(u16),
    RedirectTo(&'static str),
    Json(&'static str),
    Never,
}

type Shared = Arc<Mutex<(Vec<Answer>, Vec<Seen>)>>;

/// Answers in this order, then with the last one for ever.
#[derive(Clone)]
pub struct Receiver {
    pub address: SocketAddr,
    shared: Shared,
}

impl Receiver {
    pub async fn start(answers: &[Answer]) -> Self {
        let mut answers = answers.to_vec();
        answers.reverse();
        let shared: Shared = Arc::new(Mutex::new((answers, Vec::new())));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(serve).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, shared }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook/of-nobody", self.address)
    }

    pub fn answer(&self, answer: Answer) {
        self.shared.lock().unwrap().0 = vec![answer];
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.shared.lock().unwrap().1.clone()
    }

    pub async fn wait_for(&self, count: usize) -> Vec<Seen> {
        let began = std::time::Instant::now();
        while self.seen().len() < count {
            assert!(began.elapsed() < PATIENCE, "only {} of {count} requests came", self.seen().len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.seen()
    }
}

async fn serve(State(shared): State<Shared>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let answer = {
        let mut shared = shared.lock().unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        shared.1.push(Seen { path: uri.path().to_owned(), headers, body });
        if shared.0.len() > 1 { shared.0.pop().unwrap() } else { shared.0[0] }
    };
    match answer {
        Answer::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Answer::RedirectTo(place) => (StatusCode::FOUND, [(header::LOCATION, place)]).into_response(),
        Answer::Json(body) => ([(header::CONTENT_TYPE, "application/json")], body).into_response(),
        Answer::Never => std::future::pending().await,
    }
}

/// Notifications may go to loopback.
pub fn to_loopback() -> NotifySettings {
    NotifySettings { allowed: vec!["127.0.0.0/8".parse().unwrap()], ca: None }
}

pub async fn plane() -> (Plane, Person) {
    let plane = Plane::start_notifying(to_loopback()).await;
    let admin = plane.person(Role::Admin);
    (plane, admin)
}

pub const SECRET: &str = "0123456789abcdef-of-a-test";

pub async fn add(admin: &Person, name: &str, kind: &str, url: &str) -> Value {
    let secret = if matches!(kind, "slack" | "syslog") { Value::Null } else { json!(SECRET) };
    admin.ask("addNotifyTarget", json!({"name": name, "kind": kind, "url": url, "secret": secret})).await
}

/// The target once that holds of it.
pub async fn target_when(admin: &Person, name: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let began = std::time::Instant::now();
    loop {
        let targets = admin.ask("fetchNotifyTargets", json!({})).await["targets"].take();
        let target =
            targets.as_array().unwrap().iter().find(|target| target["name"] == name).unwrap().clone();
        if holds(&target) {
            return target;
        }
        assert!(began.elapsed() < PATIENCE, "{target}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
