use std::{borrow::Cow, net::SocketAddr};

use crate::{Body, Facts, Grpc, Headers, Incomplete, Timestamp};

/// One request with its response, or the half of it that was seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// First byte of the request, or of the response where there is no request.
    pub started_at: Timestamp,
    /// Last byte that belongs to it.
    pub completed_at: Timestamp,
    pub client: SocketAddr,
    pub server: SocketAddr,
    /// VXLAN network identifier (RFC 7348) of the tunnel the packets came in.
    pub vni: Option<u32>,
    pub protocol: Protocol,
    /// The HTTP/2 stream (RFC 9113 section 5.1.1); 1 where an HTTP/1.1 request was upgraded.
    pub stream: Option<u32>,
    pub request: Option<Request>,
    pub response: Option<Response>,
    pub incomplete: Option<Incomplete>,
    pub facts: Facts,
    pub grpc: Option<Box<Grpc>>,
}

impl Exchange {
    /// Nothing asked and nothing answered yet, all of it in one moment over HTTP/1.1: where an exchange comes from a
    /// text instead of from packets.
    pub fn at(moment: Timestamp, client: impl Into<SocketAddr>, server: impl Into<SocketAddr>) -> Self {
        Self {
            started_at: moment,
            completed_at: moment,
            client: client.into(),
            server: server.into(),
            vni: None,
            protocol: Protocol::Http11,
            stream: None,
            request: None,
            response: None,
            incomplete: None,
            facts: Facts::default(),
            grpc: None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// A request of one line, answered by bytes without a head (RFC 1945 section 3.1).
    Http09,
    Http10,
    Http11,
    Http2,
}

impl Protocol {
    /// As the request line writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http09 => "HTTP/0.9",
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
        }
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// Empty where HTTP/2 named it by a table entry that was not captured.
    pub method: String,
    /// The request target as sent: origin, absolute, authority or asterisk form (RFC 9112 section 3.2). In HTTP/2 it is
    /// `:path`, or `:authority` for CONNECT; empty where a table entry named it that was not captured.
    pub target: Vec<u8>,
    /// Without pseudo-header fields. `:authority` of HTTP/2 stands first as `host`, unless a `host` field says the same,
    /// as RFC 9113 section 8.3.1 has it for the way from HTTP/2 to HTTP/1.1.
    pub headers: Headers,
    pub body: Body,
    /// Fields after the body (RFC 9110 section 6.5).
    pub trailers: Headers,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Response {
    /// 0 where HTTP/2 named it by a table entry that was not captured, and in HTTP/0.9, which has none.
    pub status: u16,
    pub reason: Vec<u8>,
    pub headers: Headers,
    pub body: Body,
    /// Fields after the body (RFC 9110 section 6.5).
    pub trailers: Headers,
}

/// What allocators take for a message's small blocks beyond their bytes: five or six of some 24 bytes each.
const BLOCKS: usize = 144;

impl Response {
    /// Heap bytes held.
    pub fn memory(&self) -> usize {
        let fields = self.headers.memory() + self.trailers.memory();
        self.reason.capacity() + fields + self.body.bytes.capacity() + BLOCKS
    }
}

impl Request {
    /// Heap bytes held.
    pub fn memory(&self) -> usize {
        let fields = self.headers.memory() + self.trailers.memory();
        self.method.capacity() + self.target.capacity() + fields + self.body.bytes.capacity() + BLOCKS
    }

    /// The path of the target without query and fragment, as sent: nothing decoded.
    pub fn path(&self) -> &[u8] {
        let target = self.origin_form();
        let end = target.iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(target.len());
        target.get(..end).unwrap_or_default()
    }

    /// The query after the first `?`, as sent.
    pub fn query(&self) -> Option<&[u8]> {
        let target = self.origin_form();
        let start = target.iter().position(|byte| *byte == b'?')?;
        target.get(start + 1..)
    }

    /// `Host` (or `:authority`), else the authority of an absolute target.
    pub fn host(&self) -> Option<Cow<'_, str>> {
        let named =
            self.headers.get("host").or_else(|| self.absolute_parts().map(|(authority, _)| authority))?;
        Some(String::from_utf8_lossy(named.trim_ascii()))
    }

    fn origin_form(&self) -> &[u8] {
        self.absolute_parts().map_or(self.target.as_slice(), |(_, rest)| rest)
    }

    /// Authority and the rest of `http://authority/rest`.
    fn absolute_parts(&self) -> Option<(&[u8], &[u8])> {
        let after = ["http://", "https://"].iter().find_map(|scheme| {
            let (head, tail) = self.target.split_at_checked(scheme.len())?;
            head.eq_ignore_ascii_case(scheme.as_bytes()).then_some(tail)
        })?;
        let end = after.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(after.len());
        after.split_at_checked(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(target: &str) -> Request {
        Request { target: target.into(), ..Request::default() }
    }

    #[test]
    fn an_origin_target_splits_at_the_first_question_mark() {
        let request = request("/a/b?x=1?y=2");
        assert_eq!(request.path(), b"/a/b");
        assert_eq!(request.query(), Some(&b"x=1?y=2"[..]));
        assert_eq!(request.host(), None);
    }

    #[test]
    fn an_absolute_target_names_the_host() {
        let request = request("http://api.test:8080/a?x");
        assert_eq!(request.path(), b"/a");
        assert_eq!(request.host().as_deref(), Some("api.test:8080"));
    }
}
