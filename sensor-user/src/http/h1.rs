//! HTTP/1.0 and 1.1 (RFC 9112): both directions read on their own, then paired.

mod answer;
mod chunked;
pub(in crate::http) mod framing;
mod head;
mod pairing;
mod reader;
mod request;
pub(in crate::http) mod start_line;

use portcullis_exchange::{Body, Exchange, Facts, Incomplete, Timestamp};

use self::{
    answer::Answer,
    pairing::Pairing,
    reader::{Event, Kind, Loss, Reader},
};
use super::HttpShard;
use crate::flow::{Chunk, End, Peers, Side};

/// One connection that speaks HTTP/1.
pub struct Http1 {
    client: Side,
    requests: Reader,
    responses: Reader,
    pairing: Pairing,
    answer: Option<Answer>,
    over: Option<Over>,
    /// The request that asked for HTTP/2.
    upgraded: Option<Exchange>,
}

/// Why no further message comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// CONNECT: what follows is whatever the tunnel carries, HTTP perhaps.
    Tunnel,
    /// Switched to WebSocket.
    WebSocket,
    /// Switched to HTTP/2, which answers the request at hand on its first stream.
    Http2,
    /// Switched to another protocol.
    Upgrade,
}

impl Http1 {
    pub(super) fn new(client: Side, is_midstream: bool) -> Self {
        Self {
            client,
            requests: Reader::new(Kind::Requests, is_midstream),
            responses: Reader::new(Kind::Responses, is_midstream),
            pairing: Pairing::new(is_midstream),
            answer: None,
            over: None,
            upgraded: None,
        }
    }

    pub(super) fn client(&self) -> Side {
        self.client
    }

    /// The request that HTTP/2 answers, once that took over.
    pub(super) fn take_upgraded(&mut self) -> Option<Exchange> {
        self.upgraded.take()
    }

    pub(super) fn over(&self) -> Option<Over> {
        self.over
    }

    /// What comes after the last message stays in the chunk.
    pub(super) fn data(&mut self, peers: &Peers, chunk: &mut Chunk<'_>, shard: &mut HttpShard) {
        let is_client = chunk.side == self.client;
        while self.over.is_none() {
            if is_client {
                self.end_unsent_body(chunk.bytes, chunk.time, shard);
            } else {
                self.end_unexpected_body(peers, *chunk, shard);
            }
            let mut facts = Facts::default();
            let reader = if is_client { &mut self.requests } else { &mut self.responses };
            let event = reader.next(chunk, &mut facts);
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
                self.pairing.lose_requests();
            } else {
                self.pairing.lose_responses();
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
        while self.pairing.give_up_oldest(unanswered, shard) {}
    }

    pub(super) fn memory(&self) -> usize {
        let answer = self.answer.as_ref().map_or(0, Answer::memory);
        self.requests.memory() + self.responses.memory() + self.pairing.memory() + answer
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
            if let Some(last) = self.pairing.last_mut() {
                last.exchange.incomplete.get_or_insert(incomplete);
            }
        } else if let Some(answer) = &mut self.answer {
            answer.incomplete.get_or_insert(incomplete);
        }
    }

    fn note(&mut self, is_client: bool, facts: Facts) {
        let target = if is_client {
            self.pairing.last_mut().map(|last| &mut last.exchange.facts)
        } else {
            self.answer.as_mut().map(|answer| &mut answer.facts)
        };
        if let Some(target) = target {
            facts.iter().for_each(|fact| target.insert(fact));
        }
    }
}
