//! Where a body ends (RFC 9112 section 6.3), and what is odd about how that is said.

use portcullis_exchange::{Fact, Facts, Headers};

use super::head::{RequestHead, ResponseHead};
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
    declared(&head.headers, &mut head.facts).unwrap_or(Framing::Empty)
}

/// A response's framing depends on the method it answers.
pub(super) fn of_response(head: &mut ResponseHead, method: Option<&str>) -> Framing {
    let declared = declared(&head.headers, &mut head.facts);
    if matches!(head.status, 100..=199 | 204 | 304) || method == Some("HEAD") {
        return Framing::Empty;
    }
    declared.unwrap_or(Framing::Close)
}

/// The codings to take off the body, in the order in which they were applied.
pub(super) fn codings(headers: &Headers) -> Vec<Coding> {
    let content = headers.all("content-encoding").flat_map(list);
    let transfer = headers.all("transfer-encoding").flat_map(list).filter(|coding| !is_chunked(coding));
    content
        .filter_map(Coding::named)
        .chain(transfer.filter_map(Coding::named).filter(|coding| *coding != Coding::Unknown))
        .collect()
}

fn declared(headers: &Headers, facts: &mut Facts) -> Option<Framing> {
    let length = content_length(headers, facts);
    let mut transfer = headers.all("transfer-encoding").flat_map(list).peekable();
    if transfer.peek().is_none() {
        return length.map(Framing::Length);
    }
    if length.is_some() {
        facts.insert(Fact::ContentLengthWithTransferEncoding);
    }
    let codings: Vec<&[u8]> = transfer.collect();
    let chunked = codings.iter().filter(|coding| is_chunked(coding)).count();
    let is_last = codings.last().is_some_and(|coding| is_chunked(coding));
    let is_known =
        codings.iter().all(|coding| is_chunked(coding) || Coding::named(coding) != Some(Coding::Unknown));
    if chunked > 1 || (chunked == 1 && !is_last) || !is_known {
        facts.insert(Fact::ObfuscatedTransferEncoding);
    }
    if chunked > 0 { Some(Framing::Chunked { length }) } else { length.map(Framing::Length) }
}

pub(in crate::http) fn content_length(headers: &Headers, facts: &mut Facts) -> Option<u64> {
    let mut found: Option<u64> = None;
    for value in headers.all("content-length").flat_map(list) {
        let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 || digits < value.len() {
            facts.insert(Fact::InvalidContentLength);
        }
        let number = std::str::from_utf8(value.get(..digits).unwrap_or_default())
            .ok()
            .and_then(|digits| digits.parse::<u64>().ok());
        match (number, found) {
            (Some(number), Some(first)) if number != first => facts.insert(Fact::ConflictingContentLength),
            (Some(number), None) => found = Some(number),
            (None, _) => facts.insert(Fact::InvalidContentLength),
            _ => {}
        }
    }
    found
}

fn is_chunked(coding: &[u8]) -> bool {
    coding.eq_ignore_ascii_case(b"chunked")
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
        let mut facts = Facts::default();
        let framing = declared(&Headers::from_pairs(fields.iter().copied()), &mut facts);
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
            (Some(Framing::Length(5)), vec![Fact::ConflictingContentLength])
        );
        assert_eq!(framed(&[("Content-Length", "5, 5")]), (Some(Framing::Length(5)), vec![]));
        assert_eq!(framed(&[("Content-Length", "-1")]), (None, vec![Fact::InvalidContentLength]));
    }

    #[test]
    fn chunked_that_some_peers_miss_is_a_fact() {
        let hidden = [("Transfer-Encoding", "xchunked"), ("Content-Length", "3")];
        assert_eq!(framed(&hidden).0, Some(Framing::Length(3)));
        assert!(framed(&hidden).1.contains(&Fact::ObfuscatedTransferEncoding));
        assert_eq!(
            framed(&[("Transfer-Encoding", "chunked, identity")]),
            (Some(Framing::Chunked { length: None }), vec![Fact::ObfuscatedTransferEncoding])
        );
    }
}
