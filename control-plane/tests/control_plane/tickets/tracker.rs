//! An issue tracker as the public documentation of its REST API describes it. Whatever a request has that is not described is
//! answered with 400, and noted: a test fails by it.

mod azure;
mod jira;

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub const USER: &str = "robot@acme.example";
pub const TOKEN: &str = "token-of-a-test-0123456789";

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    JiraCloud,
    JiraServer,
    AzureBoards,
}

/// One that somebody made.
#[derive(Clone, Debug)]
pub struct Item {
    pub id: u64,
    pub state: &'static str,
    pub labels: Vec<String>,
    pub fields: Value,
    pub comments: Vec<Value>,
}

/// What goes wrong with the next request whose method and path are so.
pub struct Fault {
    pub method: &'static str,
    pub path_ends: &'static str,
    pub status: u16,
    pub retry_after: Option<u64>,
    pub body: Value,
    /// It is done all the same, and nobody hears of it.
    pub done: bool,
}

impl Fault {
    pub fn new(method: &'static str, path_ends: &'static str, status: u16, body: Value) -> Self {
        Self { method, path_ends, status, retry_after: None, body, done: false }
    }
}

pub struct Asked {
    method: Method,
    /// Below the API, with its query.
    path: String,
    body: Value,
}

pub struct Held {
    pub items: Vec<Item>,
    pub faults: VecDeque<Fault>,
    pub seen: Vec<String>,
    pub violations: Vec<String>,
    pub token: String,
}

#[derive(Clone)]
pub struct Tracker {
    pub kind: Kind,
    pub address: SocketAddr,
    held: Arc<Mutex<Held>>,
}

impl Tracker {
    pub async fn start(kind: Kind) -> Self {
        let held = Held {
            items: Vec::new(),
            faults: VecDeque::new(),
            seen: Vec::new(),
            violations: Vec::new(),
            token: TOKEN.to_owned(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let tracker = Self { kind, address, held: Arc::new(Mutex::new(held)) };
        let router = Router::new().fallback(serve).with_state(tracker.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        tracker
    }

    pub fn url(&self) -> String {
        let below = match self.kind {
            Kind::JiraCloud => "",
            Kind::JiraServer => "/jira",
            Kind::AzureBoards => "/acme",
        };
        format!("http://{}{below}", self.address)
    }

    pub fn with<T>(&self, work: impl FnOnce(&mut Held) -> T) -> T {
        work(&mut self.held.lock().unwrap())
    }

    pub fn items(&self) -> Vec<Item> {
        self.with(|held| held.items.clone())
    }

    pub fn fault(&self, fault: Fault) {
        self.with(|held| held.faults.push_back(fault));
    }

    pub fn set_state(&self, index: usize, state: &'static str) {
        self.with(|held| held.items[index].state = state);
    }

    /// That every request was as documented.
    pub fn is_content(&self) {
        self.with(|held| assert_eq!(held.violations, Vec::<String>::new()));
    }

    fn authorization(&self, token: &str) -> String {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        match self.kind {
            Kind::JiraCloud => format!("Basic {}", STANDARD.encode(format!("{USER}:{token}"))),
            Kind::JiraServer => format!("Bearer {token}"),
            Kind::AzureBoards => format!("Basic {}", STANDARD.encode(format!(":{token}"))),
        }
    }
}

/// A reply, or what of the request is not as documented.
type Answer = Result<(u16, Value), String>;

async fn serve(
    State(tracker): State<Tracker>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut held = tracker.held.lock().unwrap();
    let path = uri.path_and_query().unwrap().as_str().to_owned();
    held.seen.push(format!("{method} {path}"));
    if headers.get(header::AUTHORIZATION).map(|value| value.to_str().unwrap())
        != Some(&tracker.authorization(&held.token))
    {
        return match tracker.kind {
            // As Azure answers to a token that is over: its page for logging in.
            Kind::AzureBoards => {
                (StatusCode::NON_AUTHORITATIVE_INFORMATION, "<html>Sign In</html>").into_response()
            }
            _ => (StatusCode::UNAUTHORIZED, "Client must be authenticated to access this resource.")
                .into_response(),
        };
    }
    let fault = held
        .faults
        .front()
        .is_some_and(|fault| fault.method == method.as_str() && uri.path().ends_with(fault.path_ends));
    let fault = if fault { held.faults.pop_front() } else { None };
    if let Some(fault) = fault.as_ref().filter(|fault| !fault.done) {
        return reply(fault.status, &fault.body, fault.retry_after);
    }
    let answer = asked(&tracker, method, &path, &headers, &body).and_then(|asked| match tracker.kind {
        Kind::AzureBoards => azure::answer(&tracker, &mut held, &asked),
        _ => jira::answer(&tracker, &mut held, &asked),
    });
    match (answer, fault) {
        (Ok(_), Some(fault)) => reply(fault.status, &fault.body, fault.retry_after),
        (Ok((status, body)), None) => reply(status, &body, None),
        (Err(violation), _) => {
            let said = json!({"errorMessages": [violation.clone()], "errors": {}});
            held.violations.push(format!("{path}: {violation}"));
            reply(400, &said, None)
        }
    }
}

fn asked(
    tracker: &Tracker,
    method: Method,
    path: &str,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Asked, String> {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    if accept != Some("application/json") {
        return Err(format!("accepts {accept:?}"));
    }
    let kind = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap());
    let is_patch = tracker.kind == Kind::AzureBoards && path.contains("/workitems/");
    let wanted = match (method == Method::GET, is_patch) {
        (true, _) => None,
        (false, true) => Some("application/json-patch+json"),
        (false, false) => Some("application/json"),
    };
    if kind != wanted {
        return Err(format!("content type {kind:?} and not {wanted:?}"));
    }
    let body = match method {
        Method::GET => Value::Null,
        _ => serde_json::from_slice(body).map_err(|error| error.to_string())?,
    };
    let root = match tracker.kind {
        Kind::JiraCloud => "/rest/api/3/",
        Kind::JiraServer => "/jira/rest/api/2/",
        Kind::AzureBoards => "/acme/Web%20Shop/_apis/wit/",
    };
    let below = path.strip_prefix(root).ok_or_else(|| format!("{path} is not below {root}"))?;
    Ok(Asked { method, path: below.to_owned(), body })
}

fn reply(status: u16, body: &Value, retry_after: Option<u64>) -> Response {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let kind = [(header::CONTENT_TYPE, "application/json;charset=UTF-8".to_owned())];
    let after = retry_after.map(|seconds| [(header::RETRY_AFTER, seconds.to_string())]);
    let status = StatusCode::from_u16(status).unwrap();
    match after {
        Some(after) => (status, kind, after, text).into_response(),
        None => (status, kind, text).into_response(),
    }
}

/// That an object has these keys and no others.
fn has_keys(object: &Value, required: &[&str], optional: &[&str]) -> Result<(), String> {
    let object = object.as_object().ok_or_else(|| format!("{object} is no object"))?;
    for key in required {
        if !object.contains_key(*key) {
            return Err(format!("{key} is missing"));
        }
    }
    match object.keys().find(|key| !required.contains(&key.as_str()) && !optional.contains(&key.as_str())) {
        Some(other) => Err(format!("{other} is not documented")),
        None => Ok(()),
    }
}
