//! Where notifications do not go.

use std::time::{Duration, Instant};

use control_plane::store::Role;
use serde_json::json;

use super::receiver::{Answer, Receiver, SECRET, add, plane, target_when};
use crate::harness::{Plane, event};

#[tokio::test]
async fn addresses_that_are_not_public_are_refused_when_they_are_set() {
    let plane = Plane::start().await;
    let admin = plane.person(Role::Admin);
    for url in [
        "https://127.0.0.1/x",
        "https://10.0.0.1/x",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://0177.0.0.1/x",
        "https://2130706433/x",
    ] {
        let body = json!({"name": "hook", "kind": "webhook", "url": url, "secret": SECRET});
        let refusal = admin.refused("addNotifyTarget", body).await;
        assert!(
            refusal.starts_with("url: ") && refusal.contains("is not a public address"),
            "{url}: {refusal}"
        );
    }
}

#[tokio::test]
async fn a_name_that_resolves_to_a_private_address_is_never_connected_to() {
    let plane = Plane::start().await;
    let admin = plane.person(Role::Admin);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    add(&admin, "hook", "webhook", &format!("https://localhost:{port}/x")).await;
    add(&admin, "siem", "syslog", &format!("tcp://localhost:{port}")).await;
    for name in ["hook", "siem"] {
        let tried = admin.ask("testNotifyTarget", json!({ "name": name })).await;
        assert_eq!(tried["delivered"], false, "{tried}");
        assert!(tried["detail"].as_str().unwrap().contains("is not a public address"), "{tried}");
    }
    let connected = tokio::time::timeout(Duration::from_millis(300), listener.accept()).await;
    assert!(connected.is_err(), "somebody connected");
}

#[tokio::test]
async fn redirects_are_followed_to_nowhere() {
    let (_plane, admin) = plane().await;
    let elsewhere = Receiver::start(&[Answer::Status(200)]).await;
    let to_elsewhere = format!("http://{}/", elsewhere.address).leak();
    let receiver = Receiver::start(&[
        Answer::RedirectTo("http://169.254.169.254/latest/meta-data/"),
        Answer::RedirectTo(to_elsewhere),
    ])
    .await;
    add(&admin, "hook", "webhook", &receiver.url()).await;
    for _ in 0..2 {
        let tried = admin.ask("testNotifyTarget", json!({"name": "hook"})).await;
        let expected = json!("answered 302; redirects are not followed");
        assert_eq!((&tried["delivered"], &tried["detail"]), (&json!(false), &expected));
    }
    assert_eq!((receiver.seen().len(), elsewhere.seen().len()), (2, 0));
}

#[tokio::test]
async fn a_target_that_never_answers_is_given_ten_seconds_and_holds_up_no_other() {
    let (plane, admin) = plane().await;
    let hanging = Receiver::start(&[Answer::Never]).await;
    let other = Receiver::start(&[Answer::Status(200)]).await;
    add(&admin, "hanging", "webhook", &hanging.url()).await;
    add(&admin, "other", "webhook", &other.url()).await;
    plane.sensor().await.send(vec![event(), event()]).await;
    let began = Instant::now();
    other.wait_for(2).await;
    assert!(began.elapsed() < Duration::from_secs(8), "it waited for another target");
    let target = target_when(&admin, "hanging", |target| target["failed"] == 1).await;
    assert_eq!(target["queued"], 2);
    let log = admin.ask("fetchNotifyLog", json!({"name": "hanging"})).await;
    assert_eq!(log["entries"][0]["detail"], "no answer within 10 s");
}
