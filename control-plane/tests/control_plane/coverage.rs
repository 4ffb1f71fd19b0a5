//! Coverage that is lost is told, and so is that it is back.

use std::time::Duration;

use control_plane::{NotifySettings, Server, fleet::CoverageSettings, store::Role};
use portcullis_proto::v1::{GateMode, InterfaceReport, SensorReport};
use serde_json::{Value, json};

use crate::{
    harness::{Plane, config},
    notify::receiver::{Answer, Receiver, add},
};

const SOON: Duration = Duration::from_millis(300);

async fn plane() -> Plane {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(&folder);
    config.notify = NotifySettings { allowed: vec!["127.0.0.0/8".parse().unwrap()], ca: None };
    config.coverage = Some(CoverageSettings {
        open_after: SOON,
        close_after: SOON,
        every: Duration::from_millis(50),
        certificate_lifetime: Duration::from_secs(60),
    });
    Plane { server: Server::start(config).await.unwrap(), folder }
}

fn report(tap: &str, seen: u64, now_ms: u64) -> SensorReport {
    let eth0 = InterfaceReport {
        name: "eth0".into(),
        gate: "tcx".into(),
        tap: tap.into(),
        ..InterfaceReport::default()
    };
    SensorReport {
        capture_mode: "ebpf".into(),
        interfaces: vec![eth0],
        gate_mode: GateMode::Enforce.into(),
        counters: [
            ("seen_of_late_permille".to_owned(), seen),
            ("tap_segments_total".to_owned(), now_ms / 10),
        ]
        .into(),
        started_at_ms: 1,
        now_ms,
        ..SensorReport::default()
    }
}

fn now_ms() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

/// What is open once it is what is expected, within a bound.
async fn open_alerts(plane: &Plane, expected: &[(&str, &str)]) -> Value {
    let viewer = plane.person(Role::Viewer);
    for _ in 0..200 {
        let reply = viewer.ask("fetchCoverageAlerts", json!({})).await;
        let alerts = reply["alerts"].as_array().unwrap();
        let mut found: Vec<_> = alerts
            .iter()
            .map(|one| (one["kind"].as_str().unwrap(), one["subject"].as_str().unwrap()))
            .collect();
        found.sort_unstable();
        if found == expected {
            return reply;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("expected {expected:?}: {}", viewer.ask("fetchCoverageAlerts", json!({})).await);
}

#[tokio::test]
async fn lost_coverage_is_shown_and_told_and_closed_when_it_is_back() {
    let plane = plane().await;
    let receiver = Receiver::start(&[Answer::Status(200)]).await;
    add(&plane.person(Role::Admin), "hook", "webhook", &receiver.url()).await;
    let sensor = plane.sensor().await;
    let stream = sensor.commands(0).await;
    stream.report(report("tcx", 1000, now_ms())).await;
    tokio::time::sleep(3 * SOON).await;
    open_alerts(&plane, &[]).await;

    stream.report(report("none", 900, now_ms() - 60_000)).await;
    let lost = open_alerts(&plane, &[("clock", ""), ("interface", "eth0"), ("loss", "")]).await;
    let loss = lost["alerts"].as_array().unwrap().iter().find(|one| one["kind"] == "loss").unwrap();
    assert_eq!(loss["detail"], "10.0 % of the traffic went unseen of late");
    assert_eq!(loss["sensorId"], sensor.id);
    let shown = plane.person(Role::Viewer).ask("fetchSensors", json!({})).await;
    assert_eq!(shown["sensors"][0]["coverageAlerts"].as_array().unwrap().len(), 3);
    assert!(shown["sensors"][0]["clockSkewMs"].as_i64().unwrap() < -59_000);

    stream.report(report("tcx", 1000, now_ms())).await;
    open_alerts(&plane, &[]).await;
    let told: Vec<_> = receiver.wait_for(6).await.iter().map(|seen| seen.json()).collect();
    let states: Vec<_> =
        told.iter().map(|body| body["events"][0]["coverage"]["state"].as_str().unwrap().to_owned()).collect();
    assert_eq!(states.iter().filter(|state| *state == "opened").count(), 3, "{told:?}");
    assert_eq!(states.iter().filter(|state| *state == "closed").count(), 3, "{told:?}");

    drop(stream);
    open_alerts(&plane, &[("silent", "")]).await;
    let metrics = reqwest::Client::new()
        .get(format!("{}/metrics", plane.url()))
        .header("x-api-key", plane.key(Role::Viewer))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(metrics.contains("portcullis_control_plane_accounts_coverage_alerts 1"), "{metrics}");
    let closed = plane.person(Role::Viewer).ask("fetchCoverageAlerts", json!({ "closed": true })).await;
    assert_eq!((closed["alerts"].as_array().unwrap().len(), &closed["open"]), (4, &json!(1)));
}

#[tokio::test]
async fn an_alert_stays_one_over_a_restart_of_the_control_plane() {
    let plane = plane().await;
    plane.sensor().await;
    let before = open_alerts(&plane, &[("silent", "")]).await;
    plane.server.shut_down().await;
    let mut config = config(&plane.folder);
    config.coverage = Some(CoverageSettings {
        open_after: SOON,
        close_after: SOON,
        every: Duration::from_millis(50),
        certificate_lifetime: Duration::from_secs(60),
    });
    let plane = Plane { server: Server::start(config).await.unwrap(), folder: plane.folder };
    tokio::time::sleep(3 * SOON).await;
    assert_eq!(open_alerts(&plane, &[("silent", "")]).await, before);
}

#[tokio::test]
async fn what_an_admin_accepts_is_the_new_normal() {
    let plane = plane().await;
    let stream = plane.sensor().await.commands(0).await;
    stream.report(report("tcx", 1000, now_ms())).await;
    tokio::time::sleep(2 * SOON).await;
    let by_pcap = SensorReport { capture_mode: "pcap".into(), ..report("pcap", 1000, now_ms()) };
    stream.report(by_pcap.clone()).await;
    let lost = open_alerts(&plane, &[("capture-mode", "")]).await;
    let id = lost["alerts"][0]["id"].clone();
    let accepted = json!({ "id": id });
    plane.person(Role::Admin).ask("acceptCoverageAlert", accepted.clone()).await;
    tokio::time::sleep(3 * SOON).await;
    open_alerts(&plane, &[]).await;
    assert!(plane.person(Role::Admin).refused("acceptCoverageAlert", accepted).await.starts_with("id: "));
    drop(stream);
}

#[tokio::test]
async fn rates_are_of_the_time_between_two_reports() {
    let plane = plane().await;
    let stream = plane.sensor().await.commands(0).await;
    stream.report(report("tcx", 1000, now_ms())).await;
    stream.report(report("tcx", 1000, now_ms() + 1000)).await;
    tokio::time::sleep(SOON).await;
    let shown = plane.person(Role::Viewer).ask("fetchSensors", json!({})).await;
    let rate = shown["sensors"][0]["rates"]["tap_segments_total"].as_f64().unwrap();
    assert!((99.0..=101.0).contains(&rate), "{rate}");
}
