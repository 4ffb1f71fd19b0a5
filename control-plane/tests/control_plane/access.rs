//! Keys, roles, sessions.

use control_plane::{
    auth::command_line,
    clock::EpochMillis,
    store::{AccessStore, Role},
};
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Person, Plane, read};

#[tokio::test]
async fn without_a_valid_key_nothing_is_served() {
    let plane = Plane::start().await;
    let client = Client::new();
    let url = format!("{}/api/fetchSuspectSampleData", plane.url());
    for key in [None, Some(""), Some("wrong"), Some("pck_00"), Some("' OR 1=1 --")] {
        let mut request = client.post(&url).body("{}");
        if let Some(key) = key {
            request = request.header("x-api-key", key);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{key:?}");
        assert!(response.json::<Value>().await.unwrap()["actionErrors"][0].is_string());
    }
}

#[tokio::test]
async fn a_viewer_reads_an_analyst_acts_and_an_admin_deletes() {
    let plane = Plane::start().await;
    let block = json!({"cidr": "203.0.113.9"});
    let ignore = json!({"startTimestamp": 1, "status": "IGNORED"});
    let delete = json!({"startTimestamp": 1});
    for (role, name, body, status) in [
        (Role::Viewer, "fetchBlocklist", json!({}), 200),
        (Role::Viewer, "addBlock", block.clone(), 403),
        (Role::Viewer, "removeBlock", block.clone(), 403),
        (Role::Viewer, "modifyThreatActorStatus", json!({"actorIp": "1.2.3.4", "status": "blocked"}), 403),
        (Role::Viewer, "updateMaliciousEventStatus", ignore.clone(), 403),
        (Role::Viewer, "deleteMaliciousEvents", delete.clone(), 403),
        (Role::Analyst, "addBlock", block, 200),
        (Role::Analyst, "updateMaliciousEventStatus", ignore, 200),
        (Role::Analyst, "deleteMaliciousEvents", delete.clone(), 403),
        (Role::Admin, "deleteMaliciousEvents", delete, 200),
        (Role::Admin, "noSuchEndpoint", json!({}), 404),
    ] {
        let (got, reply) = plane.person(role).try_ask(name, body).await;
        assert_eq!(got.as_u16(), status, "{role:?} {name}: {reply}");
    }
}

#[tokio::test]
async fn the_first_start_makes_one_admin_key_and_the_next_none() {
    let plane = Plane::start().await;
    let key = plane.server.first_key.as_ref().unwrap().reveal().to_owned();
    let plane = plane.restart().await;
    assert!(plane.server.first_key.is_none());
    let keys = plane.store().keys().unwrap();
    assert_eq!((keys.len(), keys[0].role), (1, Role::Admin));
    Person::new(plane.url(), key.clone()).ask("fetchSensors", json!({})).await;
    let stored = std::fs::read(plane.folder.path().join("control-plane.sqlite")).unwrap();
    assert!(!stored.windows(key.len()).any(|window| window == key.as_bytes()), "the key itself is stored");
}

#[tokio::test]
async fn a_revoked_key_ends_at_once_with_its_sessions_and_use_is_noted() {
    let plane = Plane::start().await;
    let key = plane.key(Role::Viewer);
    let person = Person::new(plane.url(), key.clone());
    person.ask("fetchSensors", json!({})).await;
    let cookie = cookie_of(&log_in(&plane, &key).await);
    let store = plane.store();
    let used = store.keys().unwrap().into_iter().find(|key| key.role == Role::Viewer).unwrap();
    assert!(used.last_used_at.is_some());
    assert!(store.revoke_key(&command_line("test"), &used.id, EpochMillis::now()).unwrap());
    assert_eq!(person.try_ask("fetchSensors", json!({})).await.0, 401);
    assert_eq!(with_session(&plane, &cookie, true).await, 401);
    assert!(!store.revoke_key(&command_line("test"), &used.id, EpochMillis::now()).unwrap());
}

#[tokio::test]
async fn a_session_serves_its_own_page_and_ends_at_log_out() {
    let plane = Plane::start().await;
    let response = log_in(&plane, &plane.key(Role::Analyst)).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    let set = response.headers()["set-cookie"].to_str().unwrap();
    for part in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age="] {
        assert!(set.contains(part), "{set}");
    }
    let cookie = cookie_of(&response);
    assert_eq!(with_session(&plane, &cookie, true).await, 200);
    // A foreign site can make the browser send the cookie, but not the header.
    assert_eq!(with_session(&plane, &cookie, false).await, 403);

    let session = format!("{}/session", plane.url());
    let asked = Client::new().get(&session).header("cookie", &cookie);
    let who = read("get", asked.send().await.unwrap()).await;
    assert_eq!(who, json!({"name": "test", "role": "analyst", "kind": "key", "account": "1000000"}));
    let log_out = |own: bool| {
        let request = Client::new().delete(&session).header("cookie", &cookie);
        if own { request.header("x-portcullis-request", "1") } else { request }.send()
    };
    assert_eq!(log_out(false).await.unwrap().status(), 403);
    assert_eq!(log_out(true).await.unwrap().status(), 204);
    assert_eq!(with_session(&plane, &cookie, true).await, 401);
    assert_eq!(Client::new().get(&session).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn ten_wrong_keys_close_the_log_in_and_a_form_never_opens_it() {
    let plane = Plane::start().await;
    let key = plane.key(Role::Viewer);
    let form = Client::new().post(format!("{}/session", plane.url())).header("content-type", "text/plain");
    let response = form.body(json!({"apiKey": key}).to_string()).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::UNPROCESSABLE_ENTITY);
    for _ in 0..10 {
        assert_eq!(log_in(&plane, "wrong").await.status(), StatusCode::UNAUTHORIZED);
    }
    assert_eq!(log_in(&plane, &key).await.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let plane = Plane::start().await;
    for path in ["/", "/api/fetchSensors", "/session", "/healthz"] {
        let response = Client::new().get(format!("{}{path}", plane.url())).send().await.unwrap();
        let header =
            |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let policy = header("content-security-policy").unwrap();
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(policy.contains("script-src 'self';"), "{policy}");
        assert_eq!(header("x-content-type-options").as_deref(), Some("nosniff"));
        assert_eq!(header("referrer-policy").as_deref(), Some("no-referrer"));
        assert!(header("access-control-allow-origin").is_none());
        if path.starts_with("/api") || path == "/session" {
            assert_eq!(header("cache-control").as_deref(), Some("no-store"));
        }
    }
}

async fn log_in(plane: &Plane, key: &str) -> Response {
    let request = Client::new().post(format!("{}/session", plane.url())).json(&json!({ "apiKey": key }));
    request.send().await.unwrap()
}

fn cookie_of(response: &Response) -> String {
    let set = response.headers()["set-cookie"].to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

async fn with_session(plane: &Plane, cookie: &str, own_page: bool) -> u16 {
    let mut request =
        Client::new().post(format!("{}/api/fetchSensors", plane.url())).header("cookie", cookie).body("{}");
    if own_page {
        request = request.header("x-portcullis-request", "1");
    }
    request.send().await.unwrap().status().as_u16()
}
