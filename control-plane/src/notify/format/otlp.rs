use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};

use super::{Body, json_headers, secret_header, summary};
use crate::{
    clock::EpochMillis,
    store::{Notice, Queued},
};

/// OTLP/HTTP with JSON: an `ExportLogsServiceRequest` in the JSON of Protocol Buffers, where 64-bit numbers are text.
pub(super) fn body(token: &str, queued: &[Queued], now: EpochMillis) -> Body {
    let records: Vec<_> = queued.iter().map(|one| record(one, now)).collect();
    let version = env!("CARGO_PKG_VERSION");
    let request = json!({ "resourceLogs": [{
        "resource": { "attributes": [text("service.name", "portcullis"), text("service.version", version)] },
        "scopeLogs": [{ "scope": { "name": "portcullis", "version": version }, "logRecords": records }],
    }] });
    let mut headers = json_headers();
    if !token.is_empty() {
        headers.extend(secret_header("Bearer", token).map(|value| (AUTHORIZATION, value)));
    }
    Body::Request { headers, bytes: request.to_string().into_bytes(), path: "/v1/logs" }
}

fn record(queued: &Queued, now: EpochMillis) -> Value {
    let Notice { severity, policy, category, sub_category, actor, country, method, host, url, .. } =
        &queued.notice;
    let named = [
        ("log.record.uid", queued.id.to_string()),
        ("client.address", actor.clone()),
        ("http.request.method", method.clone()),
        ("server.address", host.clone()),
        ("url.path", url.clone()),
        ("geo.country.iso_code", country.clone()),
        ("portcullis.event.id", queued.notice.event_id.clone()),
        ("portcullis.policy", policy.clone()),
        ("portcullis.category", category.clone()),
        ("portcullis.sub_category", sub_category.clone()),
        ("portcullis.sensor.id", queued.notice.sensor_id.clone()),
    ];
    let mut attributes: Vec<_> =
        named.iter().filter(|(_, value)| !value.is_empty()).map(|(key, value)| text(key, value)).collect();
    attributes.push(json!({
        "key": "portcullis.successful_exploit", "value": { "boolValue": queued.notice.successful_exploit },
    }));
    json!({
        "timeUnixNano": nanos(queued.notice.detected_at),
        "observedTimeUnixNano": nanos(now),
        "severityNumber": number(severity),
        "severityText": severity,
        "eventName": if queued.notice.coverage.is_some() { "portcullis.coverage" } else { "portcullis.threat" },
        "body": { "stringValue": summary(&queued.notice) },
        "attributes": attributes,
    })
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

fn nanos(at: EpochMillis) -> String {
    (i128::from(at.millis()) * 1_000_000).to_string()
}

/// INFO, WARN, ERROR and FATAL of the logs data model.
fn number(severity: &str) -> u8 {
    match severity {
        "CRITICAL" => 21,
        "HIGH" => 17,
        "MEDIUM" => 13,
        _ => 9,
    }
}
