//! `portctl events show`: what was asked, what was answered, and where in it the attack is.

mod exchange;
mod mark;

use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::{LIST, severity_tone};
use crate::{
    client::Client,
    failure::{Failure, Outcome},
    output::{Format, Output, Terminal, escape, terminal::Tone, when},
    reply::{Event, EventPage, Match, Sample, Samples},
};

const SAMPLES: &str = "fetchAggregateMaliciousRequests";

pub(super) fn run(
    client: &Client,
    id: &str,
    full: bool,
    output: &mut Output<'_>,
) -> Result<Outcome, Failure> {
    let row = find(client, id)?;
    let event: Event = client.parse(LIST, row.clone())?;
    let samples: Samples = client.call_for(
        SAMPLES,
        &json!({
            "refId": event.ref_id,
            "eventType": event.event_type,
            "actor": event.actor,
            "filterId": event.filter_id,
        }),
    )?;
    let samples = samples.malicious_payloads_responses;
    match output.format {
        Format::Table => {
            let mut text = summary(&event, output.terminal);
            for (index, sample) in samples.iter().enumerate() {
                let count = format!("{} of {}", index + 1, samples.len());
                let exchange = serde_json::from_str(&sample.orig).map_err(|error| Failure::BadReply {
                    server: client.server().to_string(),
                    endpoint: SAMPLES,
                    cause: format!("sample {count}: orig: {error}"),
                })?;
                text.push_str(&exchange::render(
                    &exchange,
                    sample.ts,
                    &count,
                    &places(&event),
                    full,
                    output.terminal,
                ));
            }
            output.text(&text)?;
            if samples.is_empty() {
                output.note("its request and response are not stored any more");
            }
            suggest(&event, output);
        }
        Format::Json | Format::Jsonl => {
            let samples: Vec<_> = samples.iter().map(unfold).collect();
            output.document(&json!({"event": row, "samples": samples}))?;
        }
    }
    Ok(Outcome::Done)
}

/// What people do next. An actor that is no address is not put into a command line that someone may copy.
fn suggest(event: &Event, output: &mut Output<'_>) {
    if let (Ok(address), false) = (event.actor.parse::<IpAddr>(), event.blocked) {
        output.note(&format!("block this actor: portctl block add {address}"));
    }
    output.note(&format!("never report this again: portctl events ignore {}", event.id));
}

fn find(client: &Client, id: &str) -> Result<Value, Failure> {
    let page: EventPage = client.call_for(LIST, &json!({"eventIds": [id], "limit": 1}))?;
    let found =
        page.malicious_events.into_iter().find(|row| row.get("id").and_then(Value::as_str) == Some(id));
    found.ok_or_else(|| Failure::NoSuchEvent { id: id.to_owned(), server: client.server().to_string() })
}

/// What matched in the request, and what in the response shows success.
fn places(event: &Event) -> Vec<Match> {
    let evidence = event.success_evidence.iter().filter_map(|evidence| evidence.at.clone());
    event.matched.iter().cloned().chain(evidence).collect()
}

fn summary(event: &Event, terminal: Terminal) -> String {
    let mut text = terminal.paint(Tone::Heading, &format!("Event {}", escape::line(&event.id))) + "\n";
    let mut line = |name: &str, value: &str, tone: Option<Tone>| {
        let value = escape::line(value);
        let value = tone.map_or_else(|| value.to_string(), |tone| terminal.paint(tone, &value));
        text.push_str(&format!("  {name:<10}{value}\n"));
    };
    line("time", &when::stamp(event.timestamp), None);
    line("severity", &event.severity, severity_tone(&event.severity));
    line("policy", &format!("{} ({} / {})", event.filter_id, event.category, event.sub_category), None);
    line("actor", &format!("{}{}", event.actor, if event.blocked { " (blocked)" } else { "" }), None);
    line("endpoint", &format!("{} {}{}", event.method, event.host.as_deref().unwrap_or(""), event.url), None);
    line("status", &event.status, None);
    if event.match_count > 1 && event.event_type == "SINGLE" {
        line("kind", &format!("SINGLE, {} times", event.match_count), None);
    } else if event.match_count > 1 {
        line("kind", &format!("{} of {} matches", event.event_type, event.match_count), None);
    } else {
        line("kind", &event.event_type, None);
    }
    match (&event.success_evidence, event.successful_exploit) {
        (Some(evidence), _) => line("exploit", &format!("succeeded: {}", evidence.kind), Some(Tone::Bad)),
        (None, true) => line("exploit", "succeeded: the response shows it", Some(Tone::Bad)),
        (None, false) => line("exploit", "no sign of success in the response", None),
    }
    let places = places(event);
    if !places.is_empty() {
        text.push_str(&format!("\n{}\n", terminal.paint(Tone::Heading, "Matched")));
    }
    for place in &places {
        text.push_str(&format!(
            "  {} [{}..{}]  {}  by {}\n",
            escape::line(&place.location),
            place.start,
            place.end,
            terminal.paint(Tone::Match, &escape::line(&place.phrase)),
            escape::line(&place.detector),
        ));
    }
    text
}

/// The strings within a sample that are JSON, as JSON, so that `jq` reaches everything.
fn unfold(sample: &Sample) -> Value {
    let mut unfolded = Map::new();
    unfolded.insert("ts".to_owned(), json!(sample.ts));
    match serde_json::from_str::<Map<String, Value>>(&sample.orig) {
        Ok(mut orig) => {
            for key in ["requestHeaders", "responseHeaders"] {
                let headers =
                    orig.get(key).and_then(Value::as_str).and_then(|text| serde_json::from_str(text).ok());
                if let Some(headers) = headers {
                    orig.insert(key.to_owned(), headers);
                }
            }
            unfolded.extend(orig);
        }
        Err(_) => {
            unfolded.insert("orig".to_owned(), json!(sample.orig));
        }
    }
    Value::Object(unfolded)
}
