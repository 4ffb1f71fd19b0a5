//! Stored and pasted exchanges, as detection reads them. What was masked or cut on the node stays so.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use portcullis_exchange::{
    Actor, Body, Exchange, Facts, Headers, Protocol, Request, Response, TaggedExchange, Timestamp,
};
use portcullis_proto::v1;
use serde::Deserialize;
use serde_json::{Map, Value};

/// `orig` as `fetchAggregateMaliciousRequests` shows it: the headers are JSON objects as strings once more.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Orig {
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

impl Default for Orig {
    fn default() -> Self {
        let text = String::new;
        Self {
            method: "GET".to_owned(),
            path: "/".to_owned(),
            request_headers: text(),
            request_payload: text(),
            response_headers: text(),
            response_payload: text(),
            status_code: 0,
            ip: text(),
            dest_ip: text(),
            time: 0,
        }
    }
}

pub(super) fn of_orig(text: &str) -> Result<Arc<TaggedExchange>, String> {
    let orig: Orig = serde_json::from_str(text)
        .map_err(|error| format!("is no `orig` as fetchAggregateMaliciousRequests gives it: {error}"))?;
    let (request_headers, response_headers) =
        (pairs("requestHeaders", &orig.request_headers)?, pairs("responseHeaders", &orig.response_headers)?);
    let sample = v1::Sample {
        time_ms: orig.time.saturating_mul(1_000),
        source_ip: orig.ip.clone(),
        destination_ip: orig.dest_ip,
        method: orig.method,
        path: orig.path,
        request_headers,
        request_payload: orig.request_payload.into_bytes(),
        status_code: orig.status_code.into(),
        response_headers,
        response_payload: orig.response_payload.into_bytes(),
        ..v1::Sample::default()
    };
    Ok(of_sample(&sample, &orig.ip))
}

/// An actor that is no address counts as nobody's.
pub(super) fn of_sample(sample: &v1::Sample, actor: &str) -> Arc<TaggedExchange> {
    let address = |text: &str| text.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let port = |port: u32| u16::try_from(port).unwrap_or_default();
    let at = Timestamp::from_nanos(sample.time_ms.saturating_mul(1_000_000));
    let response = u16::try_from(sample.status_code).ok().filter(|status| *status > 0);
    let response = response.map(|status| Response {
        status,
        headers: headers(&sample.response_headers),
        body: Body::plain(sample.response_payload.clone()),
        ..Response::default()
    });
    let exchange = Exchange {
        started_at: at,
        completed_at: at,
        client: SocketAddr::new(address(&sample.source_ip), port(sample.source_port)),
        server: SocketAddr::new(address(&sample.destination_ip), port(sample.destination_port)),
        vni: sample.vni,
        protocol: Protocol::Http11,
        stream: None,
        request: Some(Request {
            method: sample.method.clone(),
            target: sample.path.clone().into_bytes(),
            headers: headers(&sample.request_headers),
            body: Body::plain(sample.request_payload.clone()),
            ..Request::default()
        }),
        response,
        incomplete: None,
        facts: Facts::default(),
        grpc: None,
    };
    let actor = Actor::of_packet(address(actor));
    Arc::new(TaggedExchange { actor, ..TaggedExchange::untagged(exchange) })
}

fn headers(fields: &[v1::Header]) -> Headers {
    Headers::from_pairs(fields.iter().map(|field| (field.name.as_str(), field.value.as_str())))
}

fn pairs(field: &str, text: &str) -> Result<Vec<v1::Header>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let fields: Map<String, Value> = serde_json::from_str(text)
        .map_err(|error| format!("{field} is no JSON object as a string: {error}"))?;
    let value = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    Ok(fields.into_iter().map(|(name, given)| v1::Header { name, value: value(given) }).collect())
}
