//! Message heads: httparse where it agrees, our own reader where servers accept what it refuses.

mod lenient;

use std::mem::MaybeUninit;

use portcullis_exchange::{Fact, Facts, Headers, HeadersBuilder, Protocol};

use super::start_line;

pub(super) struct RequestHead {
    pub(super) method: String,
    pub(super) target: Vec<u8>,
    pub(super) protocol: Protocol,
    pub(super) headers: Headers,
    pub(super) facts: Facts,
}

pub(super) struct ResponseHead {
    pub(super) status: u16,
    pub(super) reason: Vec<u8>,
    pub(super) protocol: Protocol,
    pub(super) headers: Headers,
    pub(super) facts: Facts,
}

/// Fields that httparse gets room for; longer heads take the slower way.
const USUAL_FIELDS: usize = 96;

/// Reads a whole request head, empty line included. `None` where its first line is no request line.
pub(super) fn request(bytes: &[u8]) -> Option<RequestHead> {
    let bytes = start_line::without_empty_lines(bytes);
    let mut facts = line_facts(bytes);
    let mut fields = [const { MaybeUninit::uninit() }; USUAL_FIELDS];
    let mut parsed = httparse::Request::new(&mut []);
    let head = match (
        parsed.parse_with_uninit_headers(bytes, &mut fields),
        parsed.method,
        parsed.path,
        parsed.version,
    ) {
        (Ok(httparse::Status::Complete(_)), Some(method), Some(target), Some(version)) => RequestHead {
            method: method.to_owned(),
            target: target.as_bytes().to_vec(),
            protocol: if version == 0 { Protocol::Http10 } else { Protocol::Http11 },
            headers: headers(parsed.headers),
            facts,
        },
        _ => lenient::request(bytes, &mut facts).map(|head| RequestHead { facts, ..head })?,
    };
    let facts = head.facts.with(request_facts(&head));
    Some(RequestHead { facts, ..head })
}

/// What is odd about a request as a whole.
fn request_facts(head: &RequestHead) -> Facts {
    let mut facts = Facts::default();
    let mut hosts = head.headers.all("host");
    match (hosts.next(), hosts.next()) {
        (None, _) if head.protocol == Protocol::Http11 => facts.insert(Fact::AmbiguousHost),
        (Some(_), Some(_)) => facts.insert(Fact::AmbiguousHost),
        (Some(host), None)
            if authority(&head.target).is_some_and(|named| !named.eq_ignore_ascii_case(host)) =>
        {
            facts.insert(Fact::AuthorityDiffersFromHost);
        }
        _ => {}
    }
    if head.protocol == Protocol::Http09 {
        facts.insert(Fact::UnusualVersion);
    }
    facts
}

/// The authority of an absolute target, which goes before `Host` (RFC 9112 section 3.2.2).
fn authority(target: &[u8]) -> Option<&[u8]> {
    if target.first() == Some(&b'/') {
        return None;
    }
    let start = memchr::memmem::find(target, b"://")? + 3;
    target.get(start..)?.split(|byte| matches!(byte, b'/' | b'?' | b'#')).next()
}

/// Reads a whole response head, empty line included. `None` where its first line is no status line.
pub(super) fn response(bytes: &[u8]) -> Option<ResponseHead> {
    let bytes = start_line::without_empty_lines(bytes);
    let mut facts = line_facts(bytes);
    let mut fields = [const { MaybeUninit::uninit() }; USUAL_FIELDS];
    let mut parsed = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    let outcome = config.parse_response_with_uninit_headers(&mut parsed, bytes, &mut fields);
    match (outcome, parsed.code, parsed.version) {
        (Ok(httparse::Status::Complete(_)), Some(status), Some(version)) => Some(ResponseHead {
            status,
            reason: parsed.reason.unwrap_or_default().as_bytes().to_vec(),
            protocol: if version == 0 { Protocol::Http10 } else { Protocol::Http11 },
            headers: headers(parsed.headers),
            facts,
        }),
        _ => lenient::response(bytes, &mut facts).map(|head| ResponseHead { facts, ..head }),
    }
}

/// Fields after a chunked body.
pub(super) fn trailers(bytes: &[u8], facts: &mut Facts) -> Headers {
    lenient::trailers(bytes, facts)
}

/// Where a head ends, just after its empty line; `from` is how far an earlier call looked.
pub(super) fn end(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let line_end = at + memchr::memchr(b'\n', bytes.get(at..)?)?;
        match bytes.get(line_end + 1..)? {
            [b'\n', ..] => return Some(line_end + 2),
            [b'\r', b'\n', ..] => return Some(line_end + 3),
            _ => at = line_end + 1,
        }
    }
}

fn headers(fields: &[httparse::Header<'_>]) -> Headers {
    let bytes = fields.iter().map(|field| field.name.len() + field.value.len()).sum();
    let mut builder = HeadersBuilder::with_capacity(fields.len(), bytes);
    fields.iter().for_each(|field| builder.push(field.name.as_bytes(), field.value));
    builder.build()
}

/// What is odd about the head's lines as such, which httparse passes over.
fn line_facts(bytes: &[u8]) -> Facts {
    let mut facts = Facts::default();
    for at in memchr::memchr3_iter(b'\n', b'\r', 0, bytes) {
        match bytes.get(at) {
            Some(b'\n') if at.checked_sub(1).and_then(|before| bytes.get(before)) != Some(&b'\r') => {
                facts.insert(Fact::BareLineFeed);
            }
            Some(b'\r') if bytes.get(at + 1) != Some(&b'\n') => facts.insert(Fact::BareCarriageReturn),
            Some(0) => facts.insert(Fact::NulByte),
            _ => {}
        }
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_ends_after_its_empty_line_whatever_the_line_ends() {
        assert_eq!(end(b"a\r\nb\r\n\r\nc", 0), Some(8));
        assert_eq!(end(b"a\nb\n\nc", 0), Some(5));
        assert_eq!(end(b"a\nb\n\r\nc", 0), Some(6));
        assert_eq!(end(b"a\r\nb\r\n", 0), None);
    }

    #[test]
    fn what_httparse_refuses_and_servers_accept_is_read_with_its_facts() {
        let head = request(b"GET /a b HTTP/1.1\nHost : x\r\nX: 1\r\n 2\r\nnothing\r\n\r\n").unwrap();
        assert_eq!((head.method.as_str(), head.target.as_slice()), ("GET", &b"/a b"[..]));
        assert_eq!(head.headers.get("host"), Some(&b"x"[..]));
        assert_eq!(head.headers.get("x"), Some(&b"1 2"[..]));
        for fact in [Fact::BareLineFeed, Fact::SpaceBeforeColon, Fact::ObsoleteFolding] {
            assert!(head.facts.contains(fact), "{fact:?}");
        }
        let head = response(b"HTTP/1.1 200\r\nX : y\r\n\r\n").unwrap();
        assert_eq!((head.status, head.headers.get("x")), (200, Some(&b"y"[..])));
    }
}
