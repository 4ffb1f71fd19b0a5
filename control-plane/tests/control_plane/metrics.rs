//! What a Prometheus scrapes.

use std::time::Duration;

use control_plane::store::Role;
use portcullis_proto::v1::SensorReport;
use reqwest::{Client, Response};

use crate::harness::{Plane, TestSensor, event};

async fn get(plane: &Plane, header: Option<(&str, &str)>) -> Response {
    let request = Client::new().get(format!("{}/metrics", plane.url()));
    let request = match header {
        Some((name, value)) => request.header(name, value),
        None => request,
    };
    request.send().await.unwrap()
}

async fn scraped(plane: &Plane) -> String {
    let key = plane.key(Role::Viewer);
    let response = get(plane, Some(("authorization", &format!("Bearer {key}")))).await;
    assert_eq!(response.status(), 200);
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
    response.text().await.unwrap()
}

/// The metrics once the sensor's report is among them.
async fn scraped_with(plane: &Plane, line: &str) -> String {
    for _ in 0..100 {
        let text = scraped(plane).await;
        if text.lines().any(|known| known == line) {
            return text;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no line {line} in\n{}", scraped(plane).await);
}

async fn reporting(plane: &Plane, counters: &[(&str, u64)]) -> (TestSensor, impl Sized) {
    let sensor = plane.sensor().await;
    let commands = sensor.commands(0).await;
    let counters = counters.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    commands.report(SensorReport { counters, ..SensorReport::default() }).await;
    (sensor, commands)
}

#[tokio::test]
async fn metrics_need_a_key_in_either_header() {
    let plane = Plane::start().await;
    let key = plane.key(Role::Viewer);
    let bearer = format!("Bearer {key}");
    for (header, status) in [
        (None, 401),
        (Some(("x-api-key", "wrong")), 401),
        (Some(("authorization", "Bearer wrong")), 401),
        (Some(("authorization", key.as_str())), 401),
        (Some(("x-api-key", key.as_str())), 200),
        (Some(("authorization", bearer.as_str())), 200),
    ] {
        assert_eq!(get(&plane, header).await.status(), status, "{header:?}");
    }
}

#[tokio::test]
async fn every_counter_of_every_sensor_is_there_by_sensor_and_node() {
    let plane = Plane::start().await;
    let (one, _first) = reporting(&plane, &[("tap_ring_full_total", 3), ("seen_permille", 998)]).await;
    let (two, _second) = reporting(&plane, &[("tap_ring_full_total", 0)]).await;
    let labels = |sensor: &TestSensor| format!("{{sensor=\"{}\",node=\"node-1\"}}", sensor.id);
    scraped_with(&plane, &format!("portcullis_sensor_tap_ring_full_total{} 3", labels(&one))).await;
    let text =
        scraped_with(&plane, &format!("portcullis_sensor_tap_ring_full_total{} 0", labels(&two))).await;
    for line in [
        "# TYPE portcullis_sensor_tap_ring_full counter".to_owned(),
        "# TYPE portcullis_sensor_seen_permille gauge".to_owned(),
        format!("portcullis_sensor_seen_permille{} 998", labels(&one)),
        format!("portcullis_control_plane_sensor_connected{} 1", labels(&one)),
        "portcullis_control_plane_revision 0".to_owned(),
        "# EOF".to_owned(),
    ] {
        assert!(text.lines().any(|known| known == line), "no {line} in\n{text}");
    }
}

#[tokio::test]
async fn what_became_of_events_is_counted_and_rejected_ones_too() {
    let plane = Plane::start().await;
    let sensor = plane.sensor().await;
    let wrong = portcullis_proto::v1::ThreatEvent { actor: "nobody".into(), ..event() };
    sensor.send(vec![event(), event(), wrong]).await;
    let text = scraped(&plane).await;
    for (name, count) in [("received", 3), ("stored", 2), ("rejected", 1), ("duplicate", 0)] {
        let line = format!(
            "portcullis_control_plane_events_{name}_total{{sensor=\"{}\",node=\"node-1\"}} {count}",
            sensor.id
        );
        assert!(text.lines().any(|known| known == line), "no {line} in\n{text}");
    }
}

#[tokio::test]
async fn names_that_would_spoil_the_metrics_are_left_out_and_counted() {
    let plane = Plane::start().await;
    let hostile =
        [("a{x=\"1\"} 5\nb", 1), ("", 2), ("Upper", 3), ("1st", 4), ("twice", 5), ("twice_total", 6)];
    let (sensor, _commands) = reporting(&plane, &hostile).await;
    let labels = format!("{{sensor=\"{}\",node=\"node-1\"}}", sensor.id);
    let text =
        scraped_with(&plane, &format!("portcullis_control_plane_sensor_counters_refused{labels} 4")).await;
    let reported: Vec<_> =
        text.lines().filter(|line| line.starts_with("portcullis_sensor_")).map(str::to_owned).collect();
    assert_eq!(reported, [format!("portcullis_sensor_twice_total{labels} 6")]);
}
