//! What placeholders stand for, of an issue or of an event.

use portcullis_detection::Info;
use portcullis_proto::v1::{Header, Match, Sample};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::template::Values;
use crate::{
    clock::EpochMillis,
    issues::redacted,
    store::{EventDetail, EventRow, EventStatus, Issue, Subject},
};

/// Of what an attacker chose the length.
const MAX_PAYLOAD: usize = 4_096;
const MAX_WORD: usize = 500;

pub(super) fn of_issue(issue: &Issue, console_url: &str) -> Values {
    let subject = Subject::Issue(issue.fingerprint);
    let mut values = of_any(subject, console_url);
    let (place, about) = (&issue.place, &issue.weakness.about);
    let shown = [issue.evidence.message.as_str(), issue.evidence.url.as_str()];
    for (name, value) in [
        ("severity", issue.severity.name()),
        ("status", issue.status.name()),
        ("name", issue.weakness.name.as_str()),
        ("check", issue.weakness.id.as_str()),
        ("category", issue.weakness.category.as_str()),
        ("method", place.method.as_str()),
        ("host", place.host.as_str()),
        ("endpoint", place.template.as_str()),
        ("detail", place.detail.as_str()),
    ] {
        values.set(name, word(value));
    }
    for (name, value) in [
        ("first_seen", stamp(issue.first_found)),
        ("last_seen", stamp(issue.last_found)),
        ("description", text(&about.description)),
        ("impact", text(&about.impact)),
        ("remediation", text(&about.remediation)),
        ("references", text(&about.references.join("\n"))),
        ("tags", word(&[about.tags.as_slice(), &about.cwe, &about.cve].concat().join(", "))),
        ("evidence", text(&shown.map(str::trim).join("\n"))),
        ("request", text(&issue.evidence.request)),
        ("response", text(&issue.evidence.response)),
    ] {
        values.set(name, value);
    }
    values
}

/// `info` is what its policy says, where that is still there.
pub(super) fn of_event(
    row: &EventRow,
    detail: &EventDetail,
    info: Option<&Info>,
    console_url: &str,
) -> Values {
    let mut values = of_any(Subject::Event(row.id), console_url);
    let status = if row.status == EventStatus::Ignored { "IGNORED" } else { "OPEN" };
    let name = info.map(|info| info.name.as_str()).filter(|name| !name.is_empty());
    for (placeholder, value) in [
        ("severity", row.severity.name()),
        ("status", status),
        ("name", name.unwrap_or(&row.policy_id)),
        ("policy", row.policy_id.as_str()),
        ("category", row.category.as_str()),
        ("method", row.method.as_str()),
        ("host", row.host.as_str()),
        ("endpoint", row.url.as_str()),
        ("actor", row.actor.as_str()),
        ("country", row.country.as_str()),
        ("success", if row.successful { "yes" } else { "" }),
        ("sensor", row.sensor_id.as_str()),
    ] {
        values.set(placeholder, word(value));
    }
    let last = i64::try_from(detail.last_detected_at_ms).unwrap_or(0).max(row.detected_at.millis());
    values.set("first_seen", stamp(row.detected_at));
    values.set("last_seen", stamp(EpochMillis::from_millis(last)));
    values.set("evidence", text(&evidence(detail)));
    if let Some(sample) = detail.samples.first() {
        values.set("request", text(&request(sample)));
        values.set("response", text(&response(sample)));
    }
    if let Some(info) = info {
        values.set("description", text(&info.description));
        values.set("impact", text(&info.impact));
        values.set("remediation", text(&info.remediation));
        values.set("references", text(&info.references.join("\n")));
        values.set("tags", word(&[info.tags.as_slice(), &info.cwe, &info.cve].concat().join(", ")));
    }
    values
}

fn of_any(subject: Subject, console_url: &str) -> Values {
    let mut values = Values::default();
    values.set("kind", subject.kind());
    values.set("id", subject.to_string());
    values.set("link", link(subject, console_url).unwrap_or_default());
    values
}

/// Where the console shows it.
pub(super) fn link(subject: Subject, console_url: &str) -> Option<String> {
    let page = match subject {
        Subject::Event(_) => "activity",
        Subject::Issue(_) => "issues",
    };
    (!console_url.is_empty()).then(|| format!("{}/{page}/{subject}", console_url.trim_end_matches('/')))
}

pub(super) fn stamp(at: EpochMillis) -> String {
    let at = OffsetDateTime::from_unix_timestamp(at.seconds()).ok();
    at.and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default()
}

fn evidence(detail: &EventDetail) -> String {
    let line = |one: &Match| format!("{}: {}", one.location, word(&one.phrase));
    let mut lines: Vec<_> = detail.matched.iter().take(20).map(line).collect();
    if let Some(success) = &detail.successful_exploit {
        let at = success.at.as_ref().map(|one| format!(" at {}", line(one))).unwrap_or_default();
        lines.push(format!("success ({}){at}", success.kind));
    }
    lines.join("\n")
}

fn request(sample: &Sample) -> String {
    let head = format!("{} {} {}", sample.method, sample.path, sample.protocol);
    message(&head, &sample.request_headers, &sample.request_payload)
}

fn response(sample: &Sample) -> String {
    if sample.status_code == 0 {
        return String::new();
    }
    let head = format!("{} {} {}", sample.protocol, sample.status_code, sample.reason);
    message(&head, &sample.response_headers, &sample.response_payload)
}

fn message(head: &str, headers: &[Header], body: &[u8]) -> String {
    let headers: String = headers.iter().map(|one| format!("\n{}: {}", one.name, one.value)).collect();
    format!("{head}{headers}\n\n{}", String::from_utf8_lossy(body))
}

/// Masked before it is cut: half a secret would not be known as one.
fn text(text: &str) -> String {
    cut(&redacted(text), MAX_PAYLOAD)
}

fn word(text: &str) -> String {
    cut(&redacted(text), MAX_WORD)
}

fn cut(text: &str, most: usize) -> String {
    match text.len() > most {
        true => format!("{}…", text.get(..text.floor_char_boundary(most)).unwrap_or_default()),
        false => text.to_owned(),
    }
}
