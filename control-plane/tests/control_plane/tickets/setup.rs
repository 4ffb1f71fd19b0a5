use std::time::{Duration, Instant};

use control_plane::store::Role;
use serde_json::{Value, json};

use super::tracker::{Kind, TOKEN, Tracker, USER};
use crate::{
    harness::{Person, Plane},
    notify::receiver::to_loopback,
};

const PATIENCE: Duration = Duration::from_secs(30);
pub const CONSOLE: &str = "https://portcullis.acme.example";

/// A control plane, an admin of it, and a tracker.
pub async fn setup(kind: Kind) -> (Plane, Person, Tracker) {
    let plane = Plane::start_notifying(to_loopback()).await;
    let admin = plane.person(Role::Admin);
    (plane, admin, Tracker::start(kind).await)
}

/// As [`setup`], with the integration `board`.
pub async fn connected(kind: Kind, more: Value) -> (Plane, Person, Tracker) {
    let (plane, admin, tracker) = setup(kind).await;
    admin.ask("addTicketIntegration", integration(&tracker, more)).await;
    (plane, admin, tracker)
}

pub fn integration(tracker: &Tracker, more: Value) -> Value {
    let (kind, project, user) = match tracker.kind {
        Kind::JiraCloud => ("jiraCloud", "SEC", json!(USER)),
        Kind::JiraServer => ("jiraServer", "SEC", Value::Null),
        Kind::AzureBoards => ("azureBoards", "Web Shop", Value::Null),
    };
    let mut asked = json!({
        "name": "board", "kind": kind, "url": tracker.url(), "project": project, "issueType": "Bug", "user": user,
        "token": TOKEN, "consoleUrl": CONSOLE,
    });
    asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    asked
}

/// What an attacker would have act in a ticket.
pub const HOSTILE: &str = "<img src=x onerror=alert(1)> {html}x{html} *b* h1.";

/// As nuclei 3 writes a find; a year ahead of any clock is now.
pub async fn found(admin: &Person, template: &str) -> Value {
    scanned(admin, template, true).await
}

/// A scan that tried it again and did not find it.
pub async fn clean(admin: &Person, template: &str) -> Value {
    scanned(admin, template, false).await
}

async fn scanned(admin: &Person, template: &str, is_found: bool) -> Value {
    // Later than whatever was scanned before.
    tokio::time::sleep(Duration::from_millis(5)).await;
    let line = json!({
        "template-id": template,
        "info": {
            "name": format!("Git exposed {HOSTILE}"), "severity": "high", "tags": ["git"],
            "description": format!("The repository is served.\n{HOSTILE}"), "remediation": "Do not serve it.",
            "reference": ["https://example.com/git"], "classification": {"cwe-id": ["cwe-200"]},
        },
        "type": "http",
        "host": "shop.example",
        "matched-at": "https://shop.example/.git/config",
        "request": "GET /.git/config HTTP/1.1\r\nHost: shop.example\r\nAuthorization: Bearer s3cret\r\n\r\n",
        "response": "HTTP/1.1 200 OK\r\nSet-Cookie: sid=s3cret\r\n\r\n</pre>{noformat}<b>",
        "timestamp": "2099-01-01T00:00:00Z",
        "matcher-status": is_found,
    });
    let asked = json!({"format": "nuclei", "document": line.to_string()});
    admin.ask("importIssues", asked).await;
    let asked = json!({"checkIds": [format!("nuclei/{template}")]});
    admin.ask("fetchIssues", asked).await["issues"][0].clone()
}

/// The ticket of an issue once that holds of it.
pub async fn ticket_when(admin: &Person, issue: &Value, holds: impl Fn(&Value) -> bool) -> Value {
    let asked = json!({"issueIds": [issue["issueId"]]});
    when(admin, "fetchTickets", asked, "/tickets/0", holds).await
}

/// That part of a reply once that holds of it.
pub async fn when(
    admin: &Person,
    call: &str,
    asked: Value,
    part: &str,
    holds: impl Fn(&Value) -> bool,
) -> Value {
    let began = Instant::now();
    loop {
        let reply = admin.ask(call, asked.clone()).await;
        let part = reply.pointer(part).cloned().unwrap_or_default();
        if holds(&part) {
            return part;
        }
        assert!(began.elapsed() < PATIENCE, "{call}: {reply}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}
