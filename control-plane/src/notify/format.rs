//! What a notification looks like to each kind of target.

mod cef;
mod otlp;
mod slack;
mod splunk;
mod syslog;
mod webhook;

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde_json::{Value, json};

use crate::{
    clock::EpochMillis,
    store::{CoverageNotice, Notice, Queued, TargetKind},
};

pub(super) enum Body {
    Request {
        headers: HeaderMap,
        bytes: Vec<u8>,
        /// Where the target's address has none.
        path: &'static str,
    },
    /// Syslog messages, framed.
    Frames(Vec<u8>),
}

pub(super) fn body(kind: TargetKind, secret: &str, queued: &[Queued], now: EpochMillis) -> Body {
    match kind {
        TargetKind::Webhook => webhook::body(secret, queued, now),
        TargetKind::Slack => slack::body(queued),
        TargetKind::Syslog => Body::Frames(queued.iter().flat_map(syslog::frame).collect()),
        TargetKind::Splunk => splunk::body(secret, queued),
        TargetKind::Otlp => otlp::body(secret, queued, now),
    }
}

fn json_headers() -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))])
}

/// A header that no log shows. Secrets are checked to be visible ASCII when they are set.
fn secret_header(scheme: &str, secret: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("{scheme} {secret}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// The notice with the id of its delivery in front.
fn identified(queued: &Queued) -> Value {
    let mut all = json!({ "id": queued.id.to_string() });
    if let (Some(all), Value::Object(notice)) = (all.as_object_mut(), json!(queued.notice)) {
        all.extend(notice);
    }
    all
}

/// One line for people.
fn summary(notice: &Notice) -> String {
    if let Some(coverage) = &notice.coverage {
        return about_coverage(notice, coverage);
    }
    let Notice { severity, policy, actor, method, host, url, .. } = notice;
    let success = if notice.successful_exploit { ", which succeeded" } else { "" };
    format!("{severity} {policy}: {actor} asked {method} {host}{url}{success}")
}

fn about_coverage(notice: &Notice, coverage: &CoverageNotice) -> String {
    let CoverageNotice { state, node, kind, detail, .. } = coverage;
    match state.as_str() {
        "closed" => format!("{}: coverage of {node} is back ({kind}; it was: {detail})", notice.severity),
        _ => format!("{}: coverage of {node} is lost ({kind}): {detail}", notice.severity),
    }
}

#[cfg(test)]
pub(super) fn queued(change: impl FnOnce(&mut Notice)) -> Queued {
    let mut notice = Notice::test(EpochMillis::from_millis(1_754_308_800_123));
    notice.event_id = uuid::Uuid::from_u128(7).to_string();
    change(&mut notice);
    Queued { seq: 1, id: uuid::Uuid::from_u128(9), notice }
}
