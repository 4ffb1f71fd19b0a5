use std::{sync::Arc, time::UNIX_EPOCH};

use memchr::memmem;
use portcullis_exchange::{Body, Exchange, Headers, Request, Response, TaggedExchange, Timestamp};

/// A request, and perhaps its response, written as HTTP text under `examples:` of a policy.
#[derive(Clone, Debug)]
pub struct Example {
    /// As written, for messages.
    pub text: String,
    pub exchange: Arc<TaggedExchange>,
}

impl Example {
    /// Reads `METHOD target`, header lines, an empty line and a body. `HTTP/1.1 200 OK` after an empty line starts the
    /// response, in the same form, whose `date` is the time of both. Lines end with LF or CRLF; a version after the target may stand or not.
    pub fn parse(text: &[u8]) -> Result<Self, String> {
        let (request_text, response_text) = split_response(text);
        let request = read_request(request_text)?;
        let response = response_text.map(read_response).transpose()?;
        let dated = response.as_ref().and_then(|response| response.headers.text("date"));
        let at = dated.map(date).transpose()?.unwrap_or_default();
        let exchange = Exchange {
            request: Some(request),
            response,
            ..Exchange::at(at, ([203, 0, 113, 7], 40_000), ([192, 0, 2, 1], 80))
        };
        let exchange = Arc::new(TaggedExchange::untagged(exchange));
        Ok(Self { text: String::from_utf8_lossy(text).into_owned(), exchange })
    }
}

/// RFC 9110 section 5.6.7.
fn date(text: &str) -> Result<Timestamp, String> {
    let time = httpdate::parse_http_date(text).map_err(|_| format!("date: `{text}` is no date of HTTP"))?;
    let since = time.duration_since(UNIX_EPOCH).map_err(|_| format!("date: `{text}` is before 1970"))?;
    Ok(Timestamp::from_nanos(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)))
}

fn split_response(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    for (empty_line, marker) in [(2, b"\n\nHTTP/1.1 ".as_slice()), (4, b"\r\n\r\nHTTP/1.1 ")] {
        if let Some(at) = memmem::find(text, marker) {
            let (request, response) = text.split_at(at);
            return (request, response.get(empty_line..));
        }
    }
    (text, None)
}

fn read_request(text: &[u8]) -> Result<Request, String> {
    let (head, body) = split_head(text);
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default().trim();
    let (method, target) =
        first.split_once(' ').ok_or_else(|| format!("`{first}` is no request line like `GET /path`"))?;
    let target = target.trim_end_matches(" HTTP/1.1").trim_end_matches(" HTTP/1.0");
    Ok(Request {
        method: method.to_owned(),
        target: target.into(),
        headers: read_headers(lines)?,
        body: Body::plain(body.strip_suffix(b"\n").unwrap_or(body)),
        trailers: Headers::default(),
    })
}

fn read_response(text: &[u8]) -> Result<Response, String> {
    let (head, body) = split_head(text);
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default().trim_start_matches("HTTP/1.1 ");
    let (status, reason) = first.split_once(' ').unwrap_or((first, ""));
    Ok(Response {
        status: status.trim().parse().map_err(|_| format!("`{status}` is no status code"))?,
        reason: reason.into(),
        headers: read_headers(lines)?,
        body: Body::plain(body),
        trailers: Headers::default(),
    })
}

/// What stands before and behind the first empty line.
fn split_head(text: &[u8]) -> (String, &[u8]) {
    let ends = [(memmem::find(text, b"\n\n"), 2), (memmem::find(text, b"\r\n\r\n"), 4)];
    let end = ends.into_iter().filter_map(|(at, len)| Some((at?, len))).min();
    let (head, body) = match end {
        Some((at, len)) => (text.get(..at), text.get(at + len..)),
        None => (Some(text), None),
    };
    (String::from_utf8_lossy(head.unwrap_or_default()).into_owned(), body.unwrap_or_default())
}

fn read_headers<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Headers, String> {
    let mut headers = Headers::builder();
    for line in lines.filter(|line| !line.is_empty()) {
        let (name, value) =
            line.split_once(':').ok_or_else(|| format!("`{line}` is no header line like `name: value`"))?;
        headers.push(name.trim().as_bytes(), value.trim().as_bytes());
    }
    Ok(headers.build())
}
