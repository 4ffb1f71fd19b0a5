//! Bytes that are a body, or the next message because the body was left out.

use portcullis_exchange::Timestamp;

use super::{
    Http1,
    answer::Answer,
    reader::{Reader, Start},
};
use crate::{
    flow::{Chunk, Peers, Side},
    http::HttpShard,
};

/// Held until they show which, so that a cut inside a first line changes nothing.
pub(super) struct Undecided {
    bytes: Vec<u8>,
    start: Start,
}

/// A first line that is longer is taken for body.
const MAX_LINE: usize = 2 << 10;

/// Whether the bytes begin with a message; `None` where more are needed to tell.
pub(super) fn begins_message(reader: &Reader, bytes: &[u8]) -> Option<bool> {
    let line = bytes.get(..MAX_LINE).unwrap_or(bytes);
    reader.begins_message(line).or((line.len() == MAX_LINE).then_some(false))
}

impl Undecided {
    pub(super) fn new(chunk: &Chunk<'_>) -> Self {
        Self { bytes: chunk.bytes.to_vec(), start: Start::of(chunk) }
    }

    /// Goes on with what came now.
    pub(super) fn join(&mut self, more: &Chunk<'_>) {
        self.start = self.start.after(&self.bytes, more);
        self.bytes.extend_from_slice(more.bytes);
    }

    pub(super) fn chunk(&self, side: Side) -> Chunk<'_> {
        let Start { time, offset, acknowledged } = self.start;
        Chunk { side, time, bytes: &self.bytes, offset, acknowledged }
    }

    pub(super) fn memory(&self) -> usize {
        self.bytes.capacity()
    }
}

impl Http1 {
    /// Whether the body at hand may have been left out, and nothing of it came yet.
    ///
    /// A client that got its final answer early may not send it (RFC 9110 section 10.1.1). The answer to a request that was
    /// not seen may be one to HEAD. A 204 or 304 has none (RFC 9112 section 6.3), but servers make mistakes.
    pub(super) fn may_lack_body(&mut self, is_client: bool) -> bool {
        let may = if is_client {
            self.pairing.last().is_some_and(|last| last.is_answered && !last.is_whole)
        } else {
            self.answer.as_ref().is_some_and(|answer| answer.may_lack_body)
        };
        may && self.reader(is_client).is_before_body()
    }

    pub(super) fn end_absent_body(
        &mut self,
        peers: &Peers,
        is_client: bool,
        time: Timestamp,
        shard: &mut HttpShard,
    ) {
        let body = self.reader(is_client).abandon_body().unwrap_or_default();
        self.end_message(peers, is_client, body, time, shard);
    }

    pub(super) fn body_is_there(&mut self, is_client: bool) {
        if let Some(answer) = self.answer.as_mut().filter(|_| !is_client) {
            answer.body_is_there();
        }
    }

    /// A client that goes on has read the answer without body to its end.
    pub(super) fn end_empty_answer(&mut self, peers: &Peers, time: Timestamp, shard: &mut HttpShard) {
        let is_bodiless = self.answer.as_ref().is_some_and(Answer::should_lack_body);
        if is_bodiless && self.undecided_mut(false).is_none() && self.responses.is_before_body() {
            self.end_absent_body(peers, false, time, shard);
        }
    }

    /// The server answers what no empty line ended: HTTP/0.9.
    pub(super) fn end_simple_request(&mut self, peers: &Peers, time: Timestamp, shard: &mut HttpShard) {
        if self.requests.holds_simple_request()
            && let Some(event) = self.requests.close_head()
        {
            self.event(peers, true, event, time, shard);
        }
    }
}
