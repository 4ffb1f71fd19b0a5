use reqwest::header::AUTHORIZATION;
use serde_json::json;

use super::{Body, identified, json_headers, secret_header};
use crate::store::Queued;

/// Splunk's HTTP Event Collector: one object after another.
pub(super) fn body(token: &str, queued: &[Queued]) -> Body {
    let events = queued.iter().map(|one| {
        let millis = one.notice.detected_at.millis();
        json!({
            "time": format!("{}.{:03}", millis / 1_000, millis % 1_000),
            "host": one.notice.host,
            "source": "portcullis",
            "sourcetype": "portcullis:event",
            "event": identified(one),
        })
        .to_string()
    });
    let bytes = events.collect::<Vec<_>>().join("\n").into_bytes();
    let mut headers = json_headers();
    headers.extend(secret_header("Splunk", token).map(|value| (AUTHORIZATION, value)));
    Body::Request { headers, bytes, path: "/services/collector/event" }
}
