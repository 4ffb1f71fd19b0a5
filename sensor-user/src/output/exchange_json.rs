use std::{borrow::Cow, net::IpAddr};

use portcullis_exchange::{Exchange, Fact, Facts, Grpc, GrpcMessages, Headers, Protocol};
use serde::{Serialize, Serializer};

/// One line of `sensor replay --emit exchanges`.
///
/// `ts` is the start in epoch seconds, body lengths count decoded bytes, and what was not seen is null: a half
/// exchange never gets a guessed other half. Keys after `incomplete` are there only where they apply.
pub fn exchange_json(exchange: &Exchange) -> impl Serialize {
    let request = exchange.request.as_ref();
    let response = exchange.response.as_ref();
    let method = request.map(|request| request.method.as_str());
    let target = request.map(|request| String::from_utf8_lossy(&request.target));
    // HTTP/2 may name them by table entries that were not captured.
    let is_seen = |len: usize| len > 0 || exchange.stream.is_none();
    Line {
        ts: exchange.started_at.seconds_f64(),
        src: exchange.client.ip(),
        src_port: exchange.client.port(),
        dst: exchange.server.ip(),
        dst_port: exchange.server.port(),
        vni: exchange.vni,
        method: method.filter(|method| is_seen(method.len())),
        target: target.filter(|target| is_seen(target.len())),
        host: request.and_then(|request| request.host()),
        status: response
            .map(|response| response.status)
            .filter(|status| *status != 0 || !lacks_status(exchange)),
        request_body_len: request.map(|request| request.body.decoded_len),
        response_body_len: response.map(|response| response.body.decoded_len),
        protocol: exchange.protocol.name(),
        incomplete: exchange.incomplete.map(|incomplete| incomplete.name()),
        stream: exchange.stream,
        grpc: exchange.grpc.as_deref().map(GrpcCall::from),
        request_trailers: Fields::unless_empty(request.map(|request| &request.trailers)),
        response_trailers: Fields::unless_empty(response.map(|response| &response.trailers)),
        facts: FactNames(exchange.facts),
    }
}

/// HTTP/0.9 has no status, and HTTP/2 may name it by a table entry that was not captured.
fn lacks_status(exchange: &Exchange) -> bool {
    matches!(exchange.protocol, Protocol::Http09 | Protocol::Http2)
}

/// Written straight from the exchange: there are many lines, and a tree of values for each costs more than the line.
#[derive(Serialize)]
struct Line<'a> {
    ts: f64,
    src: IpAddr,
    src_port: u16,
    dst: IpAddr,
    dst_port: u16,
    vni: Option<u32>,
    method: Option<&'a str>,
    target: Option<Cow<'a, str>>,
    host: Option<Cow<'a, str>>,
    status: Option<u16>,
    request_body_len: Option<u64>,
    response_body_len: Option<u64>,
    protocol: &'static str,
    incomplete: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grpc: Option<GrpcCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_trailers: Option<Fields<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_trailers: Option<Fields<'a>>,
    #[serde(skip_serializing_if = "FactNames::is_empty")]
    facts: FactNames,
}

#[derive(Serialize)]
struct GrpcCall<'a> {
    service: &'a str,
    method: &'a str,
    status: Option<u32>,
    message: Option<&'a str>,
    request: Messages<'a>,
    response: Messages<'a>,
}

#[derive(Serialize)]
struct Messages<'a> {
    messages: u64,
    bytes: u64,
    compressed: u64,
    lengths: &'a [u32],
    broken: bool,
}

impl<'a> From<&'a Grpc> for GrpcCall<'a> {
    fn from(grpc: &'a Grpc) -> Self {
        Self {
            service: &grpc.service,
            method: &grpc.method,
            status: grpc.status,
            message: grpc.message.as_deref(),
            request: (&grpc.sent).into(),
            response: (&grpc.received).into(),
        }
    }
}

impl<'a> From<&'a GrpcMessages> for Messages<'a> {
    fn from(messages: &'a GrpcMessages) -> Self {
        let GrpcMessages { count, bytes, compressed, lengths, is_broken } = messages;
        Self { messages: *count, bytes: *bytes, compressed: *compressed, lengths, broken: *is_broken }
    }
}

/// `[name, value]` in wire order.
struct Fields<'a>(&'a Headers);

impl<'a> Fields<'a> {
    fn unless_empty(fields: Option<&'a Headers>) -> Option<Self> {
        fields.filter(|fields| !fields.is_empty()).map(Self)
    }
}

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = String::from_utf8_lossy;
        serializer.collect_seq(self.0.iter().map(|(name, value)| [text(name), text(value)]))
    }
}

struct FactNames(Facts);

impl FactNames {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for FactNames {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Fact::name))
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use portcullis_exchange::{Body, Incomplete, Protocol, Request, Timestamp};
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_not_seen_is_null() {
        let exchange = Exchange {
            started_at: Timestamp::from_nanos(1_500_000_000),
            completed_at: Timestamp::from_seconds(2),
            client: SocketAddr::from(([192, 0, 2, 1], 40000)),
            server: SocketAddr::from(([192, 0, 2, 2], 80)),
            vni: None,
            protocol: Protocol::Http11,
            stream: None,
            request: Some(Request {
                method: "POST".into(),
                target: b"/a?b".to_vec(),
                headers: Headers::from_pairs([("Host", "api.test")]),
                body: Body::plain("abc"),
                ..Request::default()
            }),
            response: None,
            incomplete: Some(Incomplete::NoResponse),
            facts: Facts::default(),
            grpc: None,
        };
        let expected = json!({
            "ts": 1.5, "src": "192.0.2.1", "src_port": 40000, "dst": "192.0.2.2", "dst_port": 80, "vni": null,
            "method": "POST", "target": "/a?b", "host": "api.test", "status": null,
            "request_body_len": 3, "response_body_len": null,
            "protocol": "HTTP/1.1", "incomplete": "no-response",
        });
        assert_eq!(serde_json::to_value(exchange_json(&exchange)).unwrap(), expected);
    }
}
