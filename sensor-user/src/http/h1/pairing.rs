//! Which response answers which request.

use std::collections::VecDeque;

use portcullis_exchange::{Body, Exchange, Headers, Incomplete, Request, Response, Timestamp};

use super::reader::Start;
use crate::http::HttpShard;

/// The requests of a connection whose exchange is not complete, in order.
///
/// Responses come in the order of the requests (RFC 9112 section 9.3.2), so they pair by order; where bytes were lost,
/// order says nothing until an acknowledgement number has shown which request a response can be the answer to.
pub(super) struct Pairing {
    /// Only the last one can be half read.
    outstanding: VecDeque<Outstanding>,
    /// Requests may have been lost before the next one.
    is_after_loss: bool,
    /// Responses may have been lost before the next one.
    has_lost_responses: bool,
    /// The client did not always wait for its answer.
    is_pipelining: bool,
}

pub(super) struct Outstanding {
    pub(super) exchange: Exchange,
    /// Where it begins in the client's stream.
    offset: i64,
    /// How far the client had received the server's stream when it sent it.
    acknowledged: Option<i64>,
    pub(super) is_whole: bool,
    pub(super) is_answered: bool,
    is_after_loss: bool,
}

/// Requests without an answer that are kept. RFC 9112 sets no limit; servers queue far fewer.
const MAX_OUTSTANDING: usize = 256;

impl Pairing {
    pub(super) fn new(is_midstream: bool) -> Self {
        Self {
            outstanding: VecDeque::new(),
            is_after_loss: is_midstream,
            has_lost_responses: false,
            is_pipelining: false,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.outstanding.is_empty()
    }

    /// Whether the oldest request must be given up before another is taken.
    pub(super) fn is_full(&self) -> bool {
        self.outstanding.len() >= MAX_OUTSTANDING
    }

    pub(super) fn push(&mut self, exchange: Exchange, start: Start, is_whole: bool) {
        // Another request without anything received since the last one did not wait for that one's answer.
        self.is_pipelining |=
            self.last().is_some_and(|last| !last.is_answered && start.acknowledged <= last.acknowledged);
        self.outstanding.push_back(Outstanding {
            exchange,
            offset: start.offset,
            acknowledged: start.acknowledged,
            is_whole,
            is_answered: false,
            is_after_loss: std::mem::take(&mut self.is_after_loss),
        });
    }

    pub(super) fn lose_requests(&mut self) {
        self.is_after_loss = true;
    }

    pub(super) fn lose_responses(&mut self) {
        self.has_lost_responses = true;
    }

    /// Whether a response that begins here answers the first unanswered request.
    pub(super) fn pair(&mut self, start: Start, shard: &mut HttpShard) -> bool {
        if let Some(acknowledged) = start.acknowledged.filter(|_| self.has_lost_responses) {
            self.skip_lost_answers(acknowledged, shard);
        }
        let Some(first) = self.unanswered() else { return false };
        let precedes = start.acknowledged.is_some_and(|acknowledged| acknowledged <= first.offset);
        if first.is_after_loss && precedes {
            return false;
        }
        self.has_lost_responses = false;
        true
    }

    pub(super) fn unanswered(&self) -> Option<&Outstanding> {
        self.outstanding.iter().find(|request| !request.is_answered)
    }

    pub(super) fn unanswered_mut(&mut self) -> Option<&mut Outstanding> {
        self.outstanding.iter_mut().find(|request| !request.is_answered)
    }

    /// The request that was read last, or is being read.
    pub(super) fn last(&self) -> Option<&Outstanding> {
        self.outstanding.back()
    }

    pub(super) fn last_mut(&mut self) -> Option<&mut Outstanding> {
        self.outstanding.back_mut()
    }

    /// Gives out exchanges whose both halves are there.
    pub(super) fn complete(&mut self, shard: &mut HttpShard) {
        while self.outstanding.front().is_some_and(|first| first.is_whole && first.is_answered) {
            if let Some(done) = self.outstanding.pop_front() {
                shard.complete(done.exchange);
            }
        }
    }

    pub(super) fn give_up_oldest(&mut self, why: Incomplete, shard: &mut HttpShard) -> bool {
        let Some(mut oldest) = self.outstanding.pop_front() else { return false };
        if !oldest.is_answered {
            oldest.exchange.incomplete.get_or_insert(why);
        }
        shard.complete(oldest.exchange);
        true
    }

    /// Where the server is not seen, a client that has received more since it asked got an answer that nobody will see.
    pub(super) fn give_up_received(&mut self, start: Start, shard: &mut HttpShard) {
        while self.outstanding.front().is_some_and(|oldest| start.acknowledged > oldest.acknowledged) {
            self.give_up_oldest(Incomplete::NoResponse, shard);
            self.is_after_loss = true;
        }
    }

    /// The first unanswered request, for whoever answers it from now on; the others are given up.
    pub(super) fn take_unanswered(&mut self, shard: &mut HttpShard) -> Option<Exchange> {
        while self.outstanding.front().is_some_and(|first| first.is_answered) {
            self.give_up_oldest(Incomplete::NoResponse, shard);
        }
        let first = self.outstanding.pop_front();
        while self.give_up_oldest(Incomplete::NoResponse, shard) {}
        first.map(|first| first.exchange)
    }

    pub(super) fn memory(&self) -> usize {
        let room = self.outstanding.capacity() * size_of::<Outstanding>();
        room + self.outstanding.iter().map(Outstanding::memory).sum::<usize>()
    }

    /// After lost responses: of the requests that the server had received, a client that waits for its answers sent the
    /// last one after the others' answers. One that pipelines leaves no way to tell, so none of them is paired.
    fn skip_lost_answers(&mut self, acknowledged: i64, shard: &mut HttpShard) {
        let received = self
            .outstanding
            .iter()
            .filter(|request| !request.is_answered && request.offset < acknowledged)
            .count();
        let lost = if self.is_pipelining && received > 1 { received } else { received.saturating_sub(1) };
        for _ in 0..lost {
            if let Some(mut request) = self.outstanding.pop_front() {
                request.exchange.incomplete = Some(Incomplete::Gap);
                shard.complete(request.exchange);
            }
        }
    }
}

impl Outstanding {
    pub(super) fn method(&self) -> Option<&str> {
        self.exchange.request.as_ref().map(|request| request.method.as_str())
    }

    /// The request's last byte was read.
    pub(super) fn end_request(&mut self, body: Body, trailers: Headers, time: Timestamp) {
        self.is_whole = true;
        self.exchange.completed_at = self.exchange.completed_at.max(time);
        if let Some(request) = &mut self.exchange.request {
            (request.body, request.trailers) = (body, trailers);
        }
    }

    fn memory(&self) -> usize {
        let request = self.exchange.request.as_ref().map_or(0, Request::memory);
        let response = self.exchange.response.as_ref().map_or(0, Response::memory);
        request + response
    }
}
