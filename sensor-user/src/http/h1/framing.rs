//! Where a body ends (RFC 9112 section 6.3), and what is odd about how that is said.

use std::borrow::Cow;

use portcullis_exchange::{Fact, Facts, Headers, Protocol};

use super::{
    head::{RequestHead, ResponseHead},
    start_line::is_token,
};
use crate::http::decode::Coding;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    Empty,
    Length(u64),
    /// With the length that was given besides, for a body that turns out not to be chunked.
    Chunked {
        length: Option<u64>,
    },
    /// Until the connection closes.
    Close,
}

pub(super) fn of_request(head: &mut RequestHead) -> Framing {
    let framing = declared(&head.headers, &mut head.facts, Receiver::Server).unwrap_or(Framing::Empty);
    let has_body = !matches!(framing, Framing::Empty | Framing::Length(0));
    if has_body && matches!(head.method.as_str(), "GET" | "HEAD") {
        head.facts.insert(Fact::BodyOfGet);
    }
    framing
}

/// A response's framing depends on the method it answers (RFC 9112 section 6.3, rules 1 and 2). One to 204 and 304 says
/// where a body would end that must not be there, and is [`Framing::Empty`] where nothing is announced either.
pub(super) fn of_response(head: &mut ResponseHead, method: Option<&str>) -> Framing {
    let declared = declared(&head.headers, &mut head.facts, Receiver::Browser);
    if matches!(head.status, 100..=199) || method == Some("HEAD") {
        return Framing::Empty;
    }
    match declared {
        Some(Framing::Length(0)) if matches!(head.status, 204 | 304) => Framing::Empty,
        None if matches!(head.status, 204 | 304) && !closes(head) => Framing::Empty,
        // Rule 4 says so wherever a transfer coding is not chunked; browsers look at the length, and so do we where more may
        // follow.
        Some(Framing::Length(_)) if head.headers.get("transfer-encoding").is_some() && closes(head) => {
            Framing::Close
        }
        declared => declared.unwrap_or(Framing::Close),
    }
}

/// Whether no other response follows (RFC 9112 section 9.3).
fn closes(head: &ResponseHead) -> bool {
    let has = |option: &[u8]| {
        head.headers.all("connection").flat_map(list).any(|member| member.eq_ignore_ascii_case(option))
    };
    has(b"close") || (head.protocol == Protocol::Http10 && !has(b"keep-alive"))
}

/// The codings to take off the body, in the order in which they were applied.
pub(super) fn codings(headers: &Headers) -> Vec<Coding> {
    let content =
        headers.all("content-encoding").flat_map(list).filter_map(|name| Coding::named(&token(name)));
    let transfer = headers
        .all("transfer-encoding")
        .flat_map(list)
        .filter(|name| !Receiver::Server.is_chunked(name))
        .filter_map(|name| Coding::named(&token(name)))
        .filter(|coding| *coding != Coding::Unknown);
    content.chain(transfer).collect()
}

/// `Transfer-Encoding` goes before `Content-Length` (RFC 9112 section 6.3, rule 3), wherever `chunked` stands in it: a
/// body that then shows no chunk size is read by its length after all.
fn declared(headers: &Headers, facts: &mut Facts, receiver: Receiver) -> Option<Framing> {
    let length = length(headers, facts, receiver);
    let mut transfer = headers.all("transfer-encoding").flat_map(list).peekable();
    if transfer.peek().is_none() {
        return length.map(Framing::Length);
    }
    if length.is_some() {
        facts.insert(Fact::ContentLengthWithTransferEncoding);
    }
    let codings: Vec<&[u8]> = transfer.collect();
    let chunked = codings.iter().filter(|coding| receiver.is_chunked(coding)).count();
    let is_last = codings.last().is_some_and(|coding| receiver.is_chunked(coding));
    let is_plain = codings.iter().all(|coding| {
        coding.eq_ignore_ascii_case(b"chunked")
            || (coding.iter().copied().all(is_token) && Coding::named(coding) != Some(Coding::Unknown))
    });
    if chunked > 1 || (chunked == 1 && !is_last) || !is_plain {
        facts.insert(Fact::ObfuscatedTransferEncoding);
    }
    if chunked > 0 { Some(Framing::Chunked { length }) } else { length.map(Framing::Length) }
}

/// The length that a message of HTTP/2 says it has.
pub(in crate::http) fn content_length(headers: &Headers, facts: &mut Facts) -> Option<u64> {
    length(headers, facts, Receiver::Browser)
}

/// RFC 9112 section 6.3, rule 5, calls values that differ or are no number an error without recovery. Of several we
/// follow the last, and pass over a plus sign as some servers do.
fn length(headers: &Headers, facts: &mut Facts, receiver: Receiver) -> Option<u64> {
    let mut found: Option<u64> = None;
    for value in headers.all("content-length").flat_map(|value| value.split(|byte| *byte == b',')) {
        let value = value.trim_ascii();
        if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
            facts.insert(Fact::InvalidContentLength);
        }
        match (receiver.number(value.strip_prefix(b"+").unwrap_or(value)), found) {
            (Some(number), Some(before)) if number != before => {
                facts.insert(Fact::ConflictingContentLength);
                found = Some(number);
            }
            (Some(number), _) => found = Some(number),
            (None, _) => facts.insert(Fact::InvalidContentLength),
        }
    }
    found
}

/// Whose reading we follow where a field says nothing valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Receiver {
    /// Of requests: the most tolerant one, so that no body escapes us. A wrong guess shows in the body.
    Server,
    /// Of responses.
    Browser,
}

impl Receiver {
    /// Some servers read the digits and stop. Browsers take no more than white space behind them, and else read to the
    /// connection's end.
    fn number(self, value: &[u8]) -> Option<u64> {
        let is_end = |byte: &u8| match self {
            Self::Server => !byte.is_ascii_digit(),
            Self::Browser => matches!(byte, b' ' | b'\t'),
        };
        let digits = value.split(is_end).next()?;
        // Rust's own parsing takes a sign.
        std::str::from_utf8(digits)
            .ok()
            .filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?
            .parse()
            .ok()
    }

    /// Servers have passed over control characters before the name and behind it, browsers only behind it.
    fn is_chunked(self, coding: &[u8]) -> bool {
        match self {
            Self::Server => token(coding).eq_ignore_ascii_case(b"chunked"),
            Self::Browser => {
                let (name, rest) = coding.split_at(coding.len().min(b"chunked".len()));
                name.eq_ignore_ascii_case(b"chunked") && !rest.first().copied().is_some_and(is_token)
            }
        }
    }
}

/// The characters of a name that may stand in one (RFC 9110 section 5.6.2). Peers that find a NUL or a no-break space
/// beside a coding's name differ on whether it is that coding; a body that then shows another form is read as such.
fn token(name: &[u8]) -> Cow<'_, [u8]> {
    if name.iter().copied().all(is_token) {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(name.iter().copied().filter(|byte| is_token(*byte)).collect())
    }
}

/// Members of a comma-separated list (RFC 9110 section 5.6.1), without parameters.
fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value
        .split(|byte| *byte == b',')
        .map(|member| member.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii())
        .filter(|member| !member.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framed(fields: &[(&str, &str)]) -> (Option<Framing>, Vec<Fact>) {
        read(fields, Receiver::Browser)
    }

    fn read(fields: &[(&str, &str)], receiver: Receiver) -> (Option<Framing>, Vec<Fact>) {
        let mut facts = Facts::default();
        let framing = declared(&Headers::from_pairs(fields.iter().copied()), &mut facts, receiver);
        (framing, facts.iter().collect())
    }

    #[test]
    fn transfer_encoding_goes_before_content_length_and_both_are_a_fact() {
        let both = framed(&[("Content-Length", "5"), ("Transfer-Encoding", "chunked")]);
        assert_eq!(
            both,
            (Some(Framing::Chunked { length: Some(5) }), vec![Fact::ContentLengthWithTransferEncoding])
        );
    }

    #[test]
    fn lengths_that_differ_or_are_no_number_are_facts() {
        assert_eq!(
            framed(&[("Content-Length", "5"), ("Content-Length", "6")]),
            (Some(Framing::Length(6)), vec![Fact::ConflictingContentLength])
        );
        assert_eq!(framed(&[("Content-Length", "5, 5")]), (Some(Framing::Length(5)), vec![]));
        for none in ["-1", "", "5;", "0x5", "99999999999999999999"] {
            assert_eq!(
                framed(&[("Content-Length", none)]),
                (None, vec![Fact::InvalidContentLength]),
                "{none}"
            );
        }
        assert_eq!(
            read(&[("Content-Length", "5;")], Receiver::Server),
            (Some(Framing::Length(5)), vec![Fact::InvalidContentLength])
        );
        assert_eq!(
            framed(&[("Content-Length", "+5")]),
            (Some(Framing::Length(5)), vec![Fact::InvalidContentLength])
        );
    }

    #[test]
    fn chunked_that_some_peers_miss_is_a_fact() {
        let hidden = [("Transfer-Encoding", "xchunked"), ("Content-Length", "3")];
        assert_eq!(framed(&hidden).0, Some(Framing::Length(3)));
        assert!(framed(&hidden).1.contains(&Fact::ObfuscatedTransferEncoding));
        for odd in ["chunked\0", "\u{b}chunked", ":chunked", "chunked, chunked", "chun\u{7f}ked"] {
            let (framing, facts) = read(&[("Transfer-Encoding", odd)], Receiver::Server);
            assert_eq!(framing, Some(Framing::Chunked { length: None }), "{odd:?}");
            assert_eq!(facts, [Fact::ObfuscatedTransferEncoding], "{odd:?}");
        }
        assert_eq!(
            framed(&[("Transfer-Encoding", "chunked, identity")]),
            (Some(Framing::Chunked { length: None }), vec![Fact::ObfuscatedTransferEncoding])
        );
    }
}
