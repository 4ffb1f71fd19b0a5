//! Users, passwords, sessions and keys, over HTTP and by the binary.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

use control_plane::store::Role;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Person, Plane, read};

const PASSWORD: &str = "correct horse battery staple";
const OTHER: &str = "a quite different long phrase";

/// `control-plane users …` with a line on standard input.
fn users(plane: &Plane, arguments: &[&str], line: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_control-plane"))
        .args(["--data-dir", plane.folder.path().to_str().unwrap(), "users"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that reads nothing has closed it by now.
    let _closed = writeln!(child.stdin.take().unwrap(), "{line}");
    child.wait_with_output().unwrap()
}

fn make(plane: &Plane, name: &str, role: &str) {
    let made = users(plane, &["create", "--name", name, "--role", role], PASSWORD);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

fn session(plane: &Plane) -> String {
    format!("{}/session", plane.url())
}

async fn log_in(plane: &Plane, name: &str, password: &str) -> Response {
    let body = json!({ "name": name, "password": password });
    Client::new().post(session(plane)).json(&body).send().await.unwrap()
}

async fn cookie(plane: &Plane, name: &str, password: &str) -> String {
    let response = log_in(plane, name, password).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT, "{}", response.text().await.unwrap());
    let set = response.headers()["set-cookie"].to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

fn with_cookie(plane: &Plane, cookie: &str, name: &str, body: &Value) -> RequestBuilder {
    Client::new()
        .post(format!("{}/api/{name}", plane.url()))
        .header("cookie", cookie)
        .header("x-portcullis-request", "1")
        .json(body)
}

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

async fn works(plane: &Plane, cookie: &str) -> bool {
    status(with_cookie(plane, cookie, "fetchSensors", &json!({}))).await == 200
}

#[tokio::test]
async fn a_user_made_at_the_machine_logs_in_and_acts_under_their_own_name() {
    let plane = Plane::start().await;
    make(&plane, "ada", "analyst");
    let cookie = cookie(&plane, "Ada", PASSWORD).await;
    let asked = Client::new().get(session(&plane)).header("cookie", &cookie);
    let who = read("get", asked.send().await.unwrap()).await;
    assert_eq!(who, json!({"name": "ada", "role": "analyst", "kind": "user", "account": "1000000"}));
    let block = json!({"cidr": "203.0.113.9", "waitSeconds": 0});
    let reply = read("post", with_cookie(&plane, &cookie, "addBlock", &block).send().await.unwrap()).await;
    assert_eq!(reply["block"]["author"], "ada");
    assert_eq!(status(with_cookie(&plane, &cookie, "fetchUsers", &json!({}))).await, 403);
    let listed = users(&plane, &["list", "-o", "jsonl"], "");
    let listed: Value = serde_json::from_slice(&listed.stdout).unwrap();
    assert_eq!((&listed["name"], &listed["role"]), (&json!("ada"), &json!("analyst")));
    assert!(listed["lastLogInAt"].is_i64(), "{listed}");
}

#[tokio::test]
async fn neither_password_nor_session_is_in_the_data_folder() {
    let plane = Plane::start().await;
    make(&plane, "ada", "viewer");
    let cookie = cookie(&plane, "ada", PASSWORD).await;
    let secret = cookie.split_once('=').unwrap().1;
    for file in std::fs::read_dir(plane.folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for text in [PASSWORD, secret] {
            assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()));
        }
    }
}

#[tokio::test]
async fn who_is_unknown_wrong_or_disabled_is_told_the_same() {
    let plane = Plane::start().await;
    let admin = plane.person(Role::Admin);
    for name in ["ada", "off"] {
        make(&plane, name, "viewer");
    }
    admin.ask("modifyUser", json!({"name": "off", "disabled": true})).await;
    let mut told = Vec::new();
    for (name, password) in [("ada", OTHER), ("nobody", PASSWORD), ("off", PASSWORD), ("", "")] {
        let response = log_in(&plane, name, password).await;
        assert!(response.headers().get("set-cookie").is_none());
        told.push((response.status(), response.text().await.unwrap()));
    }
    assert_eq!(told[0].0, StatusCode::UNAUTHORIZED);
    assert!(told.iter().all(|one| *one == told[0]), "{told:?}");
}

#[tokio::test]
async fn ten_wrong_passwords_close_a_name_for_who_tried_them_and_not_for_its_owner() {
    let plane = Plane::start_behind("127.0.0.0/8").await;
    make(&plane, "ada", "viewer");
    let from = async |number: u32, name: &str, password: &str| {
        let body = json!({ "name": name, "password": password });
        let request = Client::new().post(session(&plane)).json(&body);
        request.header("x-forwarded-for", format!("198.51.100.{number}")).send().await.unwrap()
    };
    for _ in 0..10 {
        assert_eq!(from(1, "ada", OTHER).await.status(), StatusCode::UNAUTHORIZED);
    }
    let closed = from(1, "ADA", PASSWORD).await;
    assert_eq!(closed.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = closed.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=900).contains(&wait), "{wait}");
    assert_eq!(from(2, "ada", PASSWORD).await.status(), StatusCode::NO_CONTENT);
    let metrics = Client::new().get(format!("{}/metrics", plane.url())).bearer_auth(plane.key(Role::Viewer));
    let metrics = metrics.send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("portcullis_control_plane_log_ins_failed_total 10\n"), "{metrics}");
    // A name that nobody has closes in the same way.
    for _ in 0..10 {
        assert_eq!(from(3, "nobody", OTHER).await.status(), StatusCode::UNAUTHORIZED);
    }
    assert_eq!(from(3, "nobody", OTHER).await.status(), StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_new_password_ends_all_sessions_but_the_one_that_set_it() {
    let plane = Plane::start().await;
    make(&plane, "ada", "viewer");
    let (mine, other) = (cookie(&plane, "ada", PASSWORD).await, cookie(&plane, "ada", PASSWORD).await);
    let change = |current: &str, new: &str| {
        let body = json!({ "currentPassword": current, "newPassword": new });
        with_cookie(&plane, &mine, "changePassword", &body)
    };
    assert_eq!(status(change(OTHER, OTHER)).await, 422);
    assert_eq!(status(change(PASSWORD, "short")).await, 422);
    assert!(works(&plane, &other).await);
    assert_eq!(status(change(PASSWORD, OTHER)).await, 200);
    assert!(works(&plane, &mine).await && !works(&plane, &other).await);
    assert_eq!(log_in(&plane, "ada", PASSWORD).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(log_in(&plane, "ada", OTHER).await.status(), StatusCode::NO_CONTENT);

    assert!(users(&plane, &["password", "ada"], PASSWORD).status.success());
    assert!(!works(&plane, &mine).await);
}

#[tokio::test]
async fn disabling_and_removing_end_sessions_and_a_new_role_counts_at_once() {
    let plane = Plane::start().await;
    let admin = plane.person(Role::Admin);
    for name in ["ada", "grace"] {
        admin.ask("addUser", json!({"name": name, "role": "viewer", "password": PASSWORD})).await;
    }
    let (ada, grace) = (cookie(&plane, "ada", PASSWORD).await, cookie(&plane, "grace", PASSWORD).await);
    let block = json!({"cidr": "203.0.113.9", "waitSeconds": 0});
    assert_eq!(status(with_cookie(&plane, &ada, "addBlock", &block)).await, 403);
    admin.ask("modifyUser", json!({"name": "ada", "role": "analyst"})).await;
    assert_eq!(status(with_cookie(&plane, &ada, "addBlock", &block)).await, 200);
    let shown = admin.ask("modifyUser", json!({"name": "ada", "disabled": true})).await;
    assert!(shown["user"]["disabledAt"].is_i64() && shown["user"]["sessions"] == 0, "{shown}");
    assert!(!works(&plane, &ada).await && works(&plane, &grace).await);
    admin.ask("removeUser", json!({"name": "grace"})).await;
    assert!(!works(&plane, &grace).await);
    admin.ask("modifyUser", json!({"name": "ada", "disabled": false})).await;
    assert!(!works(&plane, &ada).await, "an ended session came back");
}

#[tokio::test]
async fn the_last_admin_stays_and_bad_users_are_refused_with_the_field() {
    let plane = Plane::start().await;
    make(&plane, "root", "admin");
    let admin = plane.person(Role::Admin);
    for change in [json!({"role": "analyst"}), json!({"disabled": true})] {
        let mut change = change;
        change["name"] = json!("ROOT");
        assert!(admin.refused("modifyUser", change).await.contains("last admin"));
    }
    assert!(admin.refused("removeUser", json!({"name": "root"})).await.contains("last admin"));
    make(&plane, "second", "admin");
    admin.ask("removeUser", json!({"name": "root"})).await;

    let add =
        |name: &str, role: &str, password: &str| json!({"name": name, "role": role, "password": password});
    for (body, field) in [
        (add("a b", "viewer", PASSWORD), "name: "),
        (add("аda", "viewer", PASSWORD), "name: "),
        (add("Second", "viewer", PASSWORD), "name: there is a user"),
        (add("ada", "root", PASSWORD), "role: "),
        (add("ada", "viewer", "1234"), "password: a password has at least 15"),
        (add("ada", "viewer", "ada-portcullis-ada"), "password: "),
        (json!({"name": "ada"}), "role: is required"),
    ] {
        let refused = admin.refused("addUser", body.clone()).await;
        assert!(refused.starts_with(field), "{body}: {refused}");
    }
    assert!(admin.refused("modifyUser", json!({"name": "second"})).await.contains("nothing is to change"));
    assert!(admin.refused("modifyUser", json!({"name": "none", "disabled": true})).await.contains("no user"));
}

#[tokio::test]
async fn a_password_is_no_argument_and_a_weak_one_makes_nobody() {
    let plane = Plane::start().await;
    let weak = users(&plane, &["create", "--name", "ada", "--role", "admin"], "12345");
    assert_eq!(weak.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&weak.stderr).contains("at least 15 characters"));
    let argument = users(&plane, &["create", "--name", "ada", "--role", "admin", "--password", PASSWORD], "");
    assert_eq!(argument.status.code(), Some(64));
    let none = users(&plane, &["list", "-o", "jsonl"], "");
    assert!(none.stdout.is_empty());
    let unknown = users(&plane, &["password", "ada"], PASSWORD);
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("users list"));
}

#[tokio::test]
async fn a_page_of_another_site_changes_nothing_even_with_the_cookie_and_the_header() {
    let plane = Plane::start().await;
    make(&plane, "ada", "analyst");
    let cookie = cookie(&plane, "ada", PASSWORD).await;
    let block = json!({"cidr": "203.0.113.9", "waitSeconds": 0});
    for (header, value) in
        [("origin", "https://evil.test"), ("sec-fetch-site", "cross-site"), ("sec-fetch-site", "same-site")]
    {
        let forged = with_cookie(&plane, &cookie, "addBlock", &block).header(header, value);
        assert_eq!(status(forged).await, 403, "{header}: {value}");
        let body = json!({ "name": "ada", "password": PASSWORD });
        let forged = Client::new().post(session(&plane)).json(&body).header(header, value);
        assert_eq!(status(forged).await, 403, "{header}: {value}");
    }
    let own = with_cookie(&plane, &cookie, "addBlock", &block).header("origin", plane.url());
    assert_eq!(status(own).await, 200);
}

#[tokio::test]
async fn behind_tls_the_cookie_is_secure_and_from_elsewhere_nobody_can_say_so() {
    for (proxy, is_secure) in [("127.0.0.1/32", true), ("192.0.2.1/32", false)] {
        let plane = Plane::start_behind(proxy).await;
        let key = json!({ "apiKey": plane.key(Role::Viewer) });
        let request = Client::new().post(session(&plane)).json(&key).header("x-forwarded-proto", "https");
        let response = request.send().await.unwrap();
        let set = response.headers()["set-cookie"].to_str().unwrap();
        assert_eq!(set.contains("; Secure"), is_secure, "{proxy}: {set}");
        assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"), "{set}");
    }
}

#[tokio::test]
async fn keys_are_made_listed_and_revoked_over_rest_and_only_shown_once() {
    let plane = Plane::start().await;
    let admin = plane.person(Role::Admin);
    let made = admin.ask("addKey", json!({"name": "ci", "role": "viewer", "ttlSeconds": 3600})).await;
    let key = made["key"].as_str().unwrap().to_owned();
    let ci = Person::new(plane.url(), key.clone());
    ci.ask("fetchSensors", json!({})).await;
    assert_eq!(ci.try_ask("fetchKeys", json!({})).await.0, 403);
    let listed = admin.ask("fetchKeys", json!({})).await;
    assert!(!listed.to_string().contains(&key));
    let row = listed["keys"].as_array().unwrap().iter().find(|row| row["name"] == "ci").unwrap().clone();
    assert_eq!(
        (&row["id"], &row["role"], &row["createdBy"]),
        (&made["id"], &json!("viewer"), &json!("test"))
    );
    assert!(row["lastUsedAt"].is_i64() && row["revokedAt"].is_null());
    assert_eq!(row["expiresAt"], made["expiresAt"]);
    let id = json!({"id": made["id"]});
    admin.ask("revokeKey", id.clone()).await;
    assert_eq!(ci.try_ask("fetchSensors", json!({})).await.0, 401);
    assert!(admin.refused("revokeKey", id).await.starts_with("id: "));
    for (body, field) in [
        (json!({"name": " ", "role": "viewer"}), "name: "),
        (json!({"name": "ci", "role": "owner"}), "role: "),
        (json!({"name": "ci", "role": "viewer", "ttlSeconds": 0}), "ttlSeconds: "),
        (json!({"name": "ci", "role": "viewer", "ttlSeconds": u64::MAX}), "ttlSeconds: "),
    ] {
        assert!(admin.refused("addKey", body.clone()).await.starts_with(field), "{body}");
    }
}
