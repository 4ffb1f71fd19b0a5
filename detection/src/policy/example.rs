use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use portcullis_exchange::{
    Actor, ActorSource, Body, Exchange, Facts, Headers, Protocol, Request, Response, TaggedExchange, Tags,
    Timestamp,
};

/// A request, and perhaps its response, written as HTTP text under `examples:` of a policy.
#[derive(Clone, Debug)]
pub struct Example {
    /// As written, for messages.
    pub text: String,
    pub exchange: Arc<TaggedExchange>,
}

impl Example {
    /// Reads `METHOD target`, header lines, an empty line and a body. A line `HTTP/1.1 200 OK` after an empty line
    /// starts the response, in the same form. A line `===` may part the two.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let (request_text, response_text) = split_response(text);
        let request = read_request(request_text)?;
        let response = response_text.map(read_response).transpose()?;
        let client = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(203, 0, 113, 7)), 40_000);
        let exchange = Exchange {
            started_at: Timestamp::default(),
            completed_at: Timestamp::default(),
            client,
            server: SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 80),
            vni: None,
            protocol: Protocol::Http11,
            stream: None,
            request: Some(request),
            response,
            incomplete: None,
            facts: Facts::default(),
            grpc: None,
        };
        let actor = Actor { address: client.ip(), source: ActorSource::Packet };
        let exchange = Arc::new(TaggedExchange { exchange, actor, tags: Arc::new(Tags::default()) });
        Ok(Self { text: text.to_owned(), exchange })
    }
}

fn split_response(text: &str) -> (&str, Option<&str>) {
    match text.split_once("\n\nHTTP/1.1 ") {
        Some((request, response)) => (request, Some(response)),
        None => (text, None),
    }
}

fn read_request(text: &str) -> Result<Request, String> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default().trim();
    let (method, target) =
        first.split_once(' ').ok_or_else(|| format!("`{first}` is no request line like `GET /path`"))?;
    Ok(Request {
        method: method.to_owned(),
        target: target.trim_end_matches(" HTTP/1.1").into(),
        headers: read_headers(lines)?,
        body: Body::plain(body.strip_suffix('\n').unwrap_or(body)),
        trailers: Headers::default(),
    })
}

fn read_response(text: &str) -> Result<Response, String> {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    let (status, reason) = first.split_once(' ').unwrap_or((first, ""));
    Ok(Response {
        status: status.parse().map_err(|_| format!("`{status}` is no status code"))?,
        reason: reason.into(),
        headers: read_headers(lines)?,
        body: Body::plain(body),
        trailers: Headers::default(),
    })
}

fn read_headers<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Headers, String> {
    let mut headers = Headers::builder();
    for line in lines {
        let (name, value) =
            line.split_once(':').ok_or_else(|| format!("`{line}` is no header line like `name: value`"))?;
        headers.push(name.trim().as_bytes(), value.trim().as_bytes());
    }
    Ok(headers.build())
}
