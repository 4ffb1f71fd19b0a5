//! `TARGET\0CONTENT-TYPE\0HEADER\0BODY`: a request that can be written by hand, and may hold any byte.

use std::ops::Range;

use portcullis_detection::fuzzing::Stretch;
use portcullis_exchange::{Body, Headers, Request};

const HOST: &[u8] = b"api.test";

pub(crate) fn request(bytes: &[u8]) -> Request {
    let mut parts = bytes.splitn(4, |byte| *byte == 0);
    let mut part = || parts.next().unwrap_or_default();
    let (target, content_type, header, body) = (part(), part(), part(), part());
    Request {
        method: "POST".into(),
        target: target.to_vec(),
        headers: Headers::from_pairs([
            (&b"host"[..], HOST),
            (b"content-type", content_type),
            (b"cookie", header),
            (b"x-value", header),
        ]),
        body: Body::plain(body),
        ..Request::default()
    }
}

/// A part of a form is inside it, and what it was made of inside what was sent: `sent` bytes of the fuzzer's, or our host.
pub(crate) fn is_inside(stretch: &Stretch, sent: usize) {
    let sent = sent.max(HOST.len());
    let inside = |range: &Range<usize>, len: usize| range.start <= range.end && range.end <= len;
    assert!(inside(&stretch.range, stretch.len), "{stretch:?}");
    assert!(inside(&stretch.original, sent), "{stretch:?} of {sent} bytes");
}
