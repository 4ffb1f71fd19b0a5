//! gRPC calls: who is called by the path, length-prefixed messages in the DATA, the outcome in the trailers.

use percent_encoding::percent_decode;
use portcullis_exchange::{Grpc, GrpcMessages, Headers};

/// Counts the messages of one direction (`Length-Prefixed-Message` of the gRPC protocol).
#[derive(Debug, Default)]
pub(super) struct Messages {
    found: GrpcMessages,
    /// Compressed flag and length.
    prefix: [u8; PREFIX_LEN],
    filled: usize,
    /// Bytes of the message at hand that lack.
    left: u64,
}

const PREFIX_LEN: usize = 5;
const COMPRESSED: u8 = 1;
/// gRPC-Web sends its trailers as a last frame of the body.
const WEB_TRAILERS: u8 = 0x80;
/// Bytes of `grpc-message` that are kept.
const MAX_MESSAGE: usize = 1 << 10;

/// Whether a message is one of gRPC: `application/grpc`, with what follows of it.
pub(super) fn is_grpc(headers: &Headers) -> bool {
    const TYPE: &[u8] = b"application/grpc";
    headers.get("content-type").and_then(|value| value.split_at_checked(TYPE.len())).is_some_and(
        |(start, rest)| {
            start.eq_ignore_ascii_case(TYPE) && matches!(rest, [] | [b'+' | b';' | b'-' | b' ', ..])
        },
    )
}

/// The call of a path `/package.Service/Method`; empty names where the path was not seen or has not that form.
pub(super) fn call(path: &[u8]) -> Grpc {
    let path = String::from_utf8_lossy(path);
    let (service, method) = path.strip_prefix('/').and_then(|path| path.rsplit_once('/')).unwrap_or_default();
    Grpc { service: service.to_owned(), method: method.to_owned(), ..Grpc::default() }
}

/// Reads the outcome from trailers, or from a response that consists of them alone.
pub(super) fn note_status(call: &mut Grpc, fields: &Headers) {
    if let Some(status) = fields.text("grpc-status").and_then(|status| status.trim().parse().ok()) {
        call.status = Some(status);
    }
    if let Some(message) = fields.get("grpc-message") {
        let kept = message.get(..message.len().min(MAX_MESSAGE)).unwrap_or_default();
        call.message = Some(percent_decode(kept).decode_utf8_lossy().into_owned());
    }
}

impl Messages {
    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && !self.found.is_broken {
            if self.left > 0 {
                let len = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
                self.left -= len as u64;
                bytes = bytes.get(len..).unwrap_or_default();
                continue;
            }
            let mut used = 0;
            for (slot, byte) in self.prefix.iter_mut().skip(self.filled).zip(bytes) {
                *slot = *byte;
                used += 1;
            }
            self.filled += used;
            bytes = bytes.get(used..).unwrap_or_default();
            if self.filled == PREFIX_LEN {
                self.begin();
            }
        }
    }

    /// Bytes were lost: where they lie within one message, the next one is still found.
    pub(super) fn gap(&mut self, missing: u64) {
        match self.left.checked_sub(missing) {
            Some(left) if self.left > 0 => self.left = left,
            _ => self.found.is_broken = true,
        }
    }

    pub(super) fn lose(&mut self) {
        self.found.is_broken = true;
    }

    pub(super) fn finish(mut self) -> GrpcMessages {
        self.found.is_broken |= self.left > 0 || self.filled > 0;
        self.found
    }

    fn begin(&mut self) {
        self.filled = 0;
        let [flags, length @ ..] = self.prefix;
        let length = u32::from_be_bytes(length);
        self.left = u64::from(length);
        match flags {
            0 | COMPRESSED => {
                self.found.count += 1;
                self.found.bytes += self.left;
                self.found.compressed += u64::from(flags);
                if self.found.lengths.len() < GrpcMessages::MAX_LENGTHS {
                    self.found.lengths.push(length);
                }
            }
            WEB_TRAILERS => {}
            _ => self.found.is_broken = true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_counted_at_any_cut() {
        let sent = [&[0, 0, 0, 0, 3][..], b"abc", &[1, 0, 0, 0, 0], &[0, 0, 0, 0, 2], b"xy"].concat();
        for step in 1..sent.len() {
            let mut messages = Messages::default();
            sent.chunks(step).for_each(|bytes| messages.push(bytes));
            let expected =
                GrpcMessages { count: 3, bytes: 5, compressed: 1, lengths: vec![3, 0, 2], is_broken: false };
            assert_eq!(messages.finish(), expected);
        }
    }

    #[test]
    fn a_message_cut_short_and_bytes_that_are_none_are_told() {
        for bytes in [&[0, 0, 0, 0, 3, b'a'][..], &[0, 0], b"{\"a\":1}"] {
            let mut messages = Messages::default();
            messages.push(bytes);
            assert!(messages.finish().is_broken);
        }
    }

    #[test]
    fn a_call_is_named_by_its_path_and_its_type() {
        let call = call(b"/shop.v1.Cart/Add");
        assert_eq!((call.service.as_str(), call.method.as_str()), ("shop.v1.Cart", "Add"));
        for (value, expected) in
            [("application/grpc", true), ("application/grpc+proto", true), ("application/grpcx", false)]
        {
            assert_eq!(is_grpc(&Headers::from_pairs([("content-type", value)])), expected);
        }
    }

    #[test]
    fn the_outcome_is_decoded() {
        let mut call = Grpc::default();
        note_status(&mut call, &Headers::from_pairs([("grpc-status", "5"), ("grpc-message", "not%20here")]));
        assert_eq!((call.status, call.message.as_deref()), (Some(5), Some("not here")));
    }
}
