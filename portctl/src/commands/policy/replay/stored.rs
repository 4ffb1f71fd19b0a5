//! The exchanges of stored events, judged again here.

use std::{collections::HashSet, net::IpAddr, sync::Arc};

use portcullis_detection::{Engine, PolicySet};
use portcullis_exchange::{Actor, Body, Exchange, Headers, Request, Response, TaggedExchange, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Both, Finding, Findings};
use crate::{
    cli::{Connection, Replay},
    client::Client,
    commands::{connect, policy::files},
    failure::Failure,
    output::Output,
    reply::{Event, EventPage, Samples},
};

const LIST: &str = "fetchSuspectSampleData";
const SAMPLES: &str = "fetchAggregateMaliciousRequests";
/// What one request may ask for.
const PAGE: u32 = 500;

pub(super) fn run(
    connection: &Connection,
    replay: &Replay,
    output: &mut Output<'_>,
) -> Result<Both, Failure> {
    let after = Engine::new(files::usable(std::slice::from_ref(&replay.policies), output)?);
    let before = match &replay.against {
        Some(path) => files::usable(std::slice::from_ref(path), output)?,
        None => PolicySet::builtin(),
    };
    let before = Engine::new(before);
    let client = connect(connection, output)?;
    let mut exchanges = exchanges(&client, replay, output)?;
    exchanges.sort_by_key(|tagged| tagged.exchange.completed_at);
    output.note(&format!(
        "{} exchanges of stored events; secrets in them are masked and long bodies cut, so some may be judged otherwise \
         than they were",
        exchanges.len()
    ));
    let judge = |engine: &Engine| {
        let mut findings = Findings::new();
        for tagged in &exchanges {
            for found in engine.judge(tagged) {
                let finding = finding(&found.policy_id, found.event_type.name(), tagged);
                *findings.entry(finding).or_default() += 1;
            }
        }
        findings
    };
    Ok(Both { before: judge(&before), after: judge(&after) })
}

fn finding(policy: &str, event_type: &str, tagged: &TaggedExchange) -> Finding {
    let request = tagged.exchange.request.as_ref();
    Finding {
        policy: policy.to_owned(),
        actor: tagged.actor.address.to_string(),
        method: request.map(|request| request.method.clone()).unwrap_or_default(),
        host: request.and_then(Request::host).map(std::borrow::Cow::into_owned),
        url: request.map(|request| String::from_utf8_lossy(request.path()).into_owned()).unwrap_or_default(),
        event_type: event_type.to_owned(),
    }
}

/// Every exchange once, however many events it is behind.
fn exchanges(
    client: &Client,
    replay: &Replay,
    output: &mut Output<'_>,
) -> Result<Vec<Arc<TaggedExchange>>, Failure> {
    let (mut exchanges, mut seen, mut skip) = (Vec::new(), HashSet::new(), 0);
    while skip < replay.limit {
        let limit = PAGE.min(replay.limit - skip);
        let request = json!({
            "sort": {"detectedAt": -1},
            "startTimestamp": replay.since.unwrap_or(0),
            "skip": skip,
            "limit": limit,
        });
        let page: EventPage = client.call_for(LIST, &request)?;
        let count = u32::try_from(page.malicious_events.len()).unwrap_or(u32::MAX);
        for row in page.malicious_events {
            let event: Event = client.parse(LIST, row)?;
            let request = json!({
                "refId": event.ref_id,
                "eventType": event.event_type,
                "actor": event.actor,
                "filterId": event.filter_id,
            });
            let samples: Samples = client.call_for(SAMPLES, &request)?;
            for sample in samples.malicious_payloads_responses {
                if !seen.insert(sample.orig.clone()) {
                    continue;
                }
                let stored: Stored =
                    serde_json::from_str(&sample.orig).map_err(|error| Failure::BadReply {
                        server: client.server().to_string(),
                        endpoint: SAMPLES,
                        cause: format!("orig: {error}"),
                    })?;
                exchanges.push(Arc::new(stored.exchange(&event.actor)));
            }
        }
        skip += count;
        output.progress(&format!("{} exchanges", exchanges.len()));
        if count < limit {
            break;
        }
    }
    output.progress("");
    Ok(exchanges)
}

/// `orig` of a sample: the headers are JSON objects as strings once more.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    method: String,
    path: String,
    request_headers: String,
    request_payload: String,
    response_headers: String,
    response_payload: String,
    status_code: u16,
    ip: String,
    dest_ip: String,
    /// Epoch seconds.
    time: u64,
}

impl Stored {
    fn exchange(self, actor: &str) -> TaggedExchange {
        let unknown = IpAddr::from([0, 0, 0, 0]);
        let address = |text: &str| text.parse().unwrap_or(unknown);
        let at = Timestamp::from_nanos(self.time.saturating_mul(1_000_000_000));
        let response = (self.status_code != 0).then(|| Response {
            status: self.status_code,
            headers: headers(&self.response_headers),
            body: Body::plain(self.response_payload),
            ..Response::default()
        });
        let exchange = Exchange {
            request: Some(Request {
                method: self.method,
                target: self.path.into_bytes(),
                headers: headers(&self.request_headers),
                body: Body::plain(self.request_payload),
                ..Request::default()
            }),
            response,
            ..Exchange::at(at, (address(&self.ip), 0), (address(&self.dest_ip), 0))
        };
        let actor = Actor::of_packet(address(actor));
        TaggedExchange { actor, ..TaggedExchange::untagged(exchange) }
    }
}

fn headers(text: &str) -> Headers {
    let fields: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    Headers::from_pairs(fields.into_iter().map(|(name, value)| (name, text(value))))
}
