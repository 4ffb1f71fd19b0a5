//! HTTP/1.0 and 1.1 (RFC 9112): both directions read on their own, then paired.

mod chunked;
mod framing;
mod head;
mod reader;
pub(in crate::http) mod start_line;

use std::collections::VecDeque;

use portcullis_exchange::{Body, Exchange, Facts, Incomplete, Protocol, Request, Response, Timestamp};

use self::{
    framing::Framing,
    head::{RequestHead, ResponseHead},
    reader::{Event, Kind, Loss, Reader, Start},
};
use super::{HttpShard, body::BodyCollector};
use crate::flow::{Chunk, End, Peers, Side};

/// One connection that speaks HTTP/1.
///
/// Responses come in the order of the requests (RFC 9112 section 9.3.2), so they pair by order; where bytes were lost,
/// order says nothing until an acknowledgement number has shown which request a response can be the answer to.
pub struct Http1 {
    client: Side,
    requests: Reader,
    responses: Reader,
    /// Requests whose exchange is not complete, in order; only the last one can be half read.
    outstanding: VecDeque<Outstanding>,
    answer: Option<Answer>,
    /// Requests may have been lost before the next one.
    is_after_loss: bool,
    /// Responses may have been lost before the next one.
    has_lost_responses: bool,
    /// The client did not always wait for its answer.
    is_pipelining: bool,
    over: Option<Over>,
}

/// Why no further message comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// CONNECT: what follows is whatever the tunnel carries, HTTP perhaps.
    Tunnel,
    /// Switched to another protocol.
    Upgrade,
}

struct Outstanding {
    exchange: Exchange,
    /// Where it begins in the client's stream.
    offset: i64,
    /// How far the client had received the server's stream when it sent it.
    acknowledged: Option<i64>,
    is_whole: bool,
    is_answered: bool,
    is_after_loss: bool,
}

/// The response being read.
struct Answer {
    response: Response,
    protocol: Protocol,
    facts: Facts,
    started_at: Timestamp,
    incomplete: Option<Incomplete>,
    /// Whether it answers the first unanswered request.
    is_paired: bool,
    opens: Option<Over>,
}

/// Requests without an answer that are kept. RFC 9112 sets no limit; servers queue far fewer.
const MAX_OUTSTANDING: usize = 256;

impl Http1 {
    pub(super) fn new(client: Side, is_midstream: bool) -> Self {
        Self {
            client,
            requests: Reader::new(Kind::Requests, is_midstream),
            responses: Reader::new(Kind::Responses, is_midstream),
            outstanding: VecDeque::new(),
            answer: None,
            is_after_loss: is_midstream,
            has_lost_responses: false,
            is_pipelining: false,
            over: None,
        }
    }

    pub(super) fn over(&self) -> Option<Over> {
        self.over
    }

    pub(super) fn data(&mut self, peers: &Peers, mut chunk: Chunk<'_>, shard: &mut HttpShard) {
        let is_client = chunk.side == self.client;
        while self.over.is_none() {
            if is_client {
                self.end_unsent_body(chunk.bytes, chunk.time, shard);
            } else {
                self.end_unexpected_body(peers, chunk, shard);
            }
            let mut facts = Facts::default();
            let reader = if is_client { &mut self.requests } else { &mut self.responses };
            let event = reader.next(&mut chunk, &mut facts);
            self.note(is_client, facts);
            let Some(event) = event else { return };
            self.event(peers, is_client, event, chunk.time, shard);
        }
    }

    pub(super) fn gap(
        &mut self,
        peers: &Peers,
        side: Side,
        missing: u64,
        time: Timestamp,
        shard: &mut HttpShard,
    ) {
        let is_client = side == self.client;
        let reader = if is_client { &mut self.requests } else { &mut self.responses };
        let loss = reader.gap(missing);
        let is_lost = reader.is_lost();
        match loss {
            Loss::InBody => self.mark(is_client, Incomplete::Gap),
            Loss::Body(body) => {
                self.mark(is_client, Incomplete::Gap);
                self.end_message(peers, is_client, body, time, shard);
            }
            Loss::Head(Some(event)) => {
                self.event(peers, is_client, event, time, shard);
                let reader = if is_client { &mut self.requests } else { &mut self.responses };
                let body = reader.abandon_body();
                reader.lose();
                self.mark(is_client, Incomplete::Gap);
                if let Some(body) = body {
                    self.end_message(peers, is_client, body, time, shard);
                }
            }
            Loss::Head(None) | Loss::Between => {}
        }
        if is_lost {
            shard.counters.resyncs += 1;
            if is_client {
                self.is_after_loss = true;
            } else {
                self.has_lost_responses = true;
            }
        }
    }

    pub(super) fn closed(&mut self, peers: &Peers, side: Side, time: Timestamp, shard: &mut HttpShard) {
        self.close(peers, side, Incomplete::CutOff, time, shard);
    }

    pub(super) fn ended(mut self, peers: &Peers, end: End, shard: &mut HttpShard) {
        let (cut, unanswered) = match end {
            End::Evicted => (Incomplete::Evicted, Incomplete::Evicted),
            End::Finished => (Incomplete::Evicted, Incomplete::NoResponse),
            End::Closed | End::Reset | End::Idle | End::Replaced => {
                (Incomplete::CutOff, Incomplete::NoResponse)
            }
        };
        if self.over.is_some() {
            return;
        }
        if end != End::Closed {
            self.mark_unfinished(cut);
        }
        let time = Timestamp::default();
        self.close(peers, self.client, cut, time, shard);
        self.close(peers, self.client.other(), cut, time, shard);
        while let Some(mut left) = self.outstanding.pop_front() {
            if !left.is_answered {
                left.exchange.incomplete.get_or_insert(unanswered);
            }
            shard.complete(left.exchange);
        }
    }

    pub(super) fn memory(&self) -> usize {
        let outstanding: usize = self.outstanding.iter().map(Outstanding::memory).sum();
        let answer = self.answer.as_ref().map_or(0, |_| HEAD_MEMORY);
        self.requests.memory() + self.responses.memory() + outstanding + answer
    }

    fn event(
        &mut self,
        peers: &Peers,
        is_client: bool,
        event: Event,
        time: Timestamp,
        shard: &mut HttpShard,
    ) {
        match event {
            Event::Request(head) => self.request(peers, head, time, shard),
            Event::Response(head) => self.response(peers, head, time, shard),
            Event::Body(body) => self.end_message(peers, is_client, body, time, shard),
            Event::BrokenBody(body) => {
                shard.counters.resyncs += 1;
                self.mark(is_client, Incomplete::CutOff);
                self.end_message(peers, is_client, body, time, shard);
            }
            Event::NoMessage => shard.counters.resyncs += 1,
            Event::Oversized => shard.counters.refused_heads += 1,
        }
    }

    fn request(&mut self, peers: &Peers, mut head: RequestHead, time: Timestamp, shard: &mut HttpShard) {
        let start = self.requests.start();
        let framing = framing::of_request(&mut head);
        // Another request without anything received since the last one did not wait for that one's answer.
        self.is_pipelining |= self
            .outstanding
            .back()
            .is_some_and(|last| !last.is_answered && start.acknowledged <= last.acknowledged);
        if !peers.is_seen(self.client.other()) || self.outstanding.len() >= MAX_OUTSTANDING {
            // No answer will be seen, or too many are owed.
            self.give_up_oldest(shard);
        }
        let codings = framing::codings(&head.headers);
        let RequestHead { method, target, protocol, headers, facts } = head;
        let exchange = Exchange {
            started_at: start.time,
            completed_at: time,
            client: peers.address(self.client),
            server: peers.address(self.client.other()),
            vni: peers.vni,
            protocol,
            request: Some(Request { method, target, headers, body: Body::default() }),
            response: None,
            incomplete: None,
            facts,
        };
        self.outstanding.push_back(Outstanding {
            exchange,
            offset: start.offset,
            acknowledged: start.acknowledged,
            is_whole: matches!(framing, Framing::Empty | Framing::Length(0)),
            is_answered: false,
            is_after_loss: std::mem::take(&mut self.is_after_loss),
        });
        self.requests.begin(framing, BodyCollector::new(&codings, shard.config.body_keep));
    }

    fn response(&mut self, peers: &Peers, mut head: ResponseHead, time: Timestamp, shard: &mut HttpShard) {
        if matches!(head.status, 100 | 102..=199) {
            shard.counters.interim += 1;
            return;
        }
        let start = self.responses.start();
        let is_paired = self.pair(start, shard);
        let method = if is_paired { self.unanswered().and_then(Outstanding::method) } else { None };
        let opens = match (head.status, method) {
            (101, _) => Some(Over::Upgrade),
            (200..=299, Some("CONNECT")) => Some(Over::Tunnel),
            _ => None,
        };
        let framing = if opens.is_some() { Framing::Empty } else { framing::of_response(&mut head, method) };
        let codings = framing::codings(&head.headers);
        let ResponseHead { status, reason, protocol, headers, facts } = head;
        self.answer = Some(Answer {
            response: Response { status, reason, headers, body: Body::default() },
            protocol,
            facts,
            started_at: start.time,
            incomplete: None,
            is_paired,
            opens,
        });
        self.responses.begin(framing, BodyCollector::new(&codings, shard.config.body_keep));
        if matches!(framing, Framing::Empty | Framing::Length(0)) {
            self.end_response(peers, Body::default(), time, shard);
        }
    }

    /// Whether a response that begins here answers the first unanswered request.
    fn pair(&mut self, start: Start, shard: &mut HttpShard) -> bool {
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

    fn end_message(
        &mut self,
        peers: &Peers,
        is_client: bool,
        body: Body,
        time: Timestamp,
        shard: &mut HttpShard,
    ) {
        if is_client {
            self.end_request(body, time, shard);
        } else {
            self.end_response(peers, body, time, shard);
        }
    }

    fn end_request(&mut self, body: Body, time: Timestamp, shard: &mut HttpShard) {
        if let Some(last) = self.outstanding.back_mut() {
            last.is_whole = true;
            last.exchange.completed_at = last.exchange.completed_at.max(time);
            if let Some(request) = &mut last.exchange.request {
                request.body = body;
            }
        }
        self.complete(shard);
    }

    fn end_response(&mut self, peers: &Peers, body: Body, time: Timestamp, shard: &mut HttpShard) {
        let Some(answer) = self.answer.take() else { return };
        let Answer { mut response, protocol, facts, started_at, incomplete, is_paired, opens } = answer;
        response.body = body;
        let request =
            if is_paired { self.outstanding.iter_mut().find(|request| !request.is_answered) } else { None };
        match request {
            Some(request) => {
                let exchange = &mut request.exchange;
                exchange.response = Some(response);
                exchange.completed_at = exchange.completed_at.max(time);
                exchange.incomplete = exchange.incomplete.or(incomplete);
                facts.iter().for_each(|fact| exchange.facts.insert(fact));
                request.is_answered = true;
                request.is_whole |= opens.is_some();
                self.complete(shard);
            }
            None => shard.complete(Exchange {
                started_at,
                completed_at: time.max(started_at),
                client: peers.address(self.client),
                server: peers.address(self.client.other()),
                vni: peers.vni,
                protocol,
                request: None,
                response: Some(response),
                incomplete: Some(incomplete.unwrap_or(Incomplete::NoRequest)),
                facts,
            }),
        }
        if opens.is_some() {
            shard.counters.tunnels += 1;
            while self.give_up_oldest(shard) {}
            self.over = opens;
        }
    }

    /// Gives out exchanges whose both halves are there.
    fn complete(&mut self, shard: &mut HttpShard) {
        while self.outstanding.front().is_some_and(|first| first.is_whole && first.is_answered) {
            if let Some(done) = self.outstanding.pop_front() {
                shard.complete(done.exchange);
            }
        }
    }

    fn give_up_oldest(&mut self, shard: &mut HttpShard) -> bool {
        let Some(mut oldest) = self.outstanding.pop_front() else { return false };
        if !oldest.is_answered {
            oldest.exchange.incomplete.get_or_insert(Incomplete::NoResponse);
        }
        shard.complete(oldest.exchange);
        true
    }

    /// A client that got its final answer before it sent the body may leave the body out (RFC 9110 section 10.1.1).
    fn end_unsent_body(&mut self, bytes: &[u8], time: Timestamp, shard: &mut HttpShard) {
        let is_answered = self.outstanding.back().is_some_and(|last| last.is_answered && !last.is_whole);
        if is_answered && self.requests.is_before_body() && start_line::is_request(bytes) == Some(true) {
            let body = self.requests.abandon_body().unwrap_or_default();
            self.end_request(body, time, shard);
        }
    }

    /// The answer to a request that was not seen may be one to HEAD: then the next message begins where its body would.
    fn end_unexpected_body(&mut self, peers: &Peers, chunk: Chunk<'_>, shard: &mut HttpShard) {
        let is_orphan = self.answer.as_ref().is_some_and(|answer| !answer.is_paired);
        if is_orphan && self.responses.is_before_body() && start_line::is_response(chunk.bytes) == Some(true)
        {
            let body = self.responses.abandon_body().unwrap_or_default();
            self.end_response(peers, body, chunk.time, shard);
        }
    }

    fn close(&mut self, peers: &Peers, side: Side, cut: Incomplete, time: Timestamp, shard: &mut HttpShard) {
        let is_client = side == self.client;
        let reader = if is_client { &mut self.requests } else { &mut self.responses };
        if let Some(event) = reader.close_head() {
            self.event(peers, is_client, event, time, shard);
            self.mark(is_client, cut);
        }
        let reader = if is_client { &mut self.requests } else { &mut self.responses };
        if let Some((body, is_whole)) = reader.close() {
            if !is_whole {
                self.mark(is_client, cut);
            }
            self.end_message(peers, is_client, body, time, shard);
        }
    }

    /// The connection broke off: a body that only its end would have ended is not whole either.
    fn mark_unfinished(&mut self, cut: Incomplete) {
        if let Some(answer) = &mut self.answer {
            answer.incomplete.get_or_insert(cut);
        }
    }

    fn mark(&mut self, is_client: bool, incomplete: Incomplete) {
        if is_client {
            if let Some(last) = self.outstanding.back_mut() {
                last.exchange.incomplete.get_or_insert(incomplete);
            }
        } else if let Some(answer) = &mut self.answer {
            answer.incomplete.get_or_insert(incomplete);
        }
    }

    fn note(&mut self, is_client: bool, facts: Facts) {
        let target = if is_client {
            self.outstanding.back_mut().map(|last| &mut last.exchange.facts)
        } else {
            self.answer.as_mut().map(|answer| &mut answer.facts)
        };
        if let Some(target) = target {
            facts.iter().for_each(|fact| target.insert(fact));
        }
    }

    fn unanswered(&self) -> Option<&Outstanding> {
        self.outstanding.iter().find(|request| !request.is_answered)
    }
}

/// What a parsed head takes, roughly: its fields in one block, and the structures around it.
const HEAD_MEMORY: usize = 4 << 10;

impl Outstanding {
    fn method(&self) -> Option<&str> {
        self.exchange.request.as_ref().map(|request| request.method.as_str())
    }

    fn memory(&self) -> usize {
        let request = self.exchange.request.as_ref().map_or(0, |request| request.body.bytes.capacity());
        let response = self.exchange.response.as_ref().map_or(0, |response| response.body.bytes.capacity());
        HEAD_MEMORY + request + response
    }
}
