//! HTTP/1.0 and 1.1 (RFC 9112): both directions read on their own, then paired.

mod answer;
mod chunked;
pub(in crate::http) mod framing;
mod head;
mod pairing;
mod reader;
mod request;
pub(in crate::http) mod start_line;
mod undecided;
pub(super) use self::reader::Begin;

use portcullis_exchange::{Body, Exchange, Fact, Facts, Incomplete, Protocol, Timestamp};

use self::{
    answer::Answer,
    pairing::Pairing,
    reader::{Event, Kind, Loss, Reader},
    undecided::Undecided,
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
    /// Of client and server: bytes that are body or message.
    undecided: [Option<Undecided>; 2],
    over: Option<Over>,
    /// The request that asked for HTTP/2.
    upgraded: Option<Exchange>,
    /// Or may have had one, before capture began.
    has_had_request: bool,
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
    pub(super) fn new(client: Side, [requests, responses]: [Begin; 2]) -> Self {
        Self {
            client,
            requests: Reader::new(Kind::Requests, requests),
            responses: Reader::new(Kind::Responses, responses),
            pairing: Pairing::new(requests != Begin::Start),
            answer: None,
            undecided: [None, None],
            over: None,
            upgraded: None,
            has_had_request: requests != Begin::Start,
        }
    }

    pub(super) fn client(&self) -> Side {
        self.client
    }

    /// Whether all that was begun is over, so that a new reader would go on as well.
    pub(super) fn is_fresh(&self) -> bool {
        self.pairing.is_empty()
            && self.answer.is_none()
            && self.undecided.iter().all(Option::is_none)
            && self.requests.is_fresh()
            && self.responses.is_fresh()
    }

    /// The request that HTTP/2 answers, once that took over.
    pub(super) fn take_upgraded(&mut self) -> Option<Exchange> {
        self.upgraded.take()
    }

    pub(super) fn over(&self) -> Option<Over> {
        self.over
    }

    /// Leaves in the chunk what comes after the connection went over to something else.
    pub(super) fn data(&mut self, peers: &Peers, chunk: &mut Chunk<'_>, shard: &mut HttpShard) {
        let is_client = chunk.side == self.client;
        if is_client {
            self.end_empty_answer(peers, chunk.time, shard);
        } else {
            self.end_simple_request(peers, chunk.time, shard);
        }
        match self.undecided_mut(is_client).take() {
            None => self.read(peers, chunk, false, shard),
            Some(mut undecided) => {
                undecided.join(chunk);
                let mut chunk_joined = undecided.chunk(chunk.side);
                self.read(peers, &mut chunk_joined, false, shard);
                let left = chunk_joined.bytes.len().min(chunk.bytes.len());
                chunk.offset += (chunk.bytes.len() - left) as i64;
                chunk.bytes = chunk.bytes.get(chunk.bytes.len() - left..).unwrap_or_default();
            }
        }
    }

    /// `is_last` where no more bytes will come to decide by.
    fn read(&mut self, peers: &Peers, chunk: &mut Chunk<'_>, is_last: bool, shard: &mut HttpShard) {
        let is_client = chunk.side == self.client;
        while self.over.is_none() {
            if !chunk.bytes.is_empty() && self.may_lack_body(is_client) {
                match undecided::begins_message(self.reader(is_client), chunk.bytes) {
                    Some(true) => self.end_absent_body(peers, is_client, chunk.time, shard),
                    None if !is_last => {
                        *self.undecided_mut(is_client) = Some(Undecided::new(chunk));
                        chunk.bytes = &[];
                        return;
                    }
                    _ => self.body_is_there(is_client),
                }
            }
            let mut facts = Facts::default();
            let event = self.reader(is_client).next(chunk, &mut facts);
            self.note(is_client, facts);
            let Some(event) = event else { return };
            self.event(peers, is_client, event, chunk.time, shard);
        }
    }

    /// Takes what was held back for a body: nothing came that shows otherwise.
    fn decide(&mut self, peers: &Peers, side: Side, shard: &mut HttpShard) {
        if let Some(undecided) = self.undecided_mut(side == self.client).take() {
            self.read(peers, &mut undecided.chunk(side), true, shard);
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
        self.decide(peers, side, shard);
        let is_client = side == self.client;
        if !is_client {
            self.end_empty_answer(peers, time, shard);
        }
        let reader = self.reader(is_client);
        let loss = reader.gap(missing);
        let is_lost = reader.is_lost();
        match loss {
            Loss::InBody => self.mark(is_client, Incomplete::Gap),
            Loss::Body(body) => {
                self.mark(is_client, Incomplete::Gap);
                self.end_message(peers, is_client, body, time, shard);
            }
            Loss::Head(Some(event)) => self.cut_head(peers, is_client, event, Incomplete::Gap, time, shard),
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

    /// A body's middle or end was left out: nothing is missing of what would be kept.
    pub(super) fn left_out(
        &mut self,
        peers: &Peers,
        side: Side,
        bytes: u64,
        time: Timestamp,
        shard: &mut HttpShard,
    ) {
        self.decide(peers, side, shard);
        let is_client = side == self.client;
        match self.reader(is_client).leave_out(bytes) {
            Some(None) => {}
            Some(Some(body)) => self.end_message(peers, is_client, body, time, shard),
            None => {
                shard.counters.wrongly_left_out += bytes;
                self.gap(peers, side, bytes, time, shard);
            }
        }
    }

    /// How many of the next bytes of a side belong to a body of which enough is kept.
    pub(super) fn unwanted(&self, side: Side) -> u64 {
        let reader = if side == self.client { &self.requests } else { &self.responses };
        // Before its first byte it is not sure that there is a body at all.
        let is_sure = self.over.is_none() && !reader.is_before_body();
        if is_sure { reader.unwanted() } else { 0 }
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
        self.decide(peers, self.client, shard);
        self.decide(peers, self.client.other(), shard);
        self.end_empty_answer(peers, Timestamp::default(), shard);
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
        let undecided: usize = self.undecided.iter().flatten().map(Undecided::memory).sum();
        self.requests.memory() + self.responses.memory() + self.pairing.memory() + answer + undecided
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
            Event::NoMessage if !is_client && self.begin_bare_answer(shard) => {}
            Event::NoMessage => shard.counters.resyncs += 1,
            Event::Oversized(head) => {
                shard.counters.refused_heads += 1;
                if let Some(event) = head {
                    self.cut_head(peers, is_client, *event, Incomplete::CutOff, time, shard);
                }
                self.reader(is_client).lose(false);
            }
        }
    }

    /// A head of which only the first lines are there, so that nothing is known of what follows it.
    fn cut_head(
        &mut self,
        peers: &Peers,
        is_client: bool,
        mut event: Event,
        why: Incomplete,
        time: Timestamp,
        shard: &mut HttpShard,
    ) {
        if why == Incomplete::CutOff {
            match &mut event {
                Event::Request(head) => head.facts.insert(Fact::OversizedHead),
                Event::Response(head) => head.facts.insert(Fact::OversizedHead),
                _ => {}
            }
        }
        self.event(peers, is_client, event, time, shard);
        let body = self.reader(is_client).abandon_body();
        self.reader(is_client).lose(why == Incomplete::Gap);
        self.mark(is_client, why);
        if let Some(body) = body {
            self.end_message(peers, is_client, body, time, shard);
        }
    }

    fn reader(&mut self, is_client: bool) -> &mut Reader {
        if is_client { &mut self.requests } else { &mut self.responses }
    }

    fn undecided_mut(&mut self, is_client: bool) -> &mut Option<Undecided> {
        let [of_client, of_server] = &mut self.undecided;
        if is_client { of_client } else { of_server }
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
        self.decide(peers, side, shard);
        self.end_empty_answer(peers, time, shard);
        let is_bare = !is_client && self.responses.is_undecided() && self.begin_bare_answer(shard);
        if let Some(event) = self.reader(is_client).close_head().filter(|_| !is_bare) {
            let is_simple = matches!(&event, Event::Request(head) if head.protocol == Protocol::Http09);
            self.event(peers, is_client, event, time, shard);
            if !is_simple {
                self.mark(is_client, cut);
            }
        }
        let mut facts = Facts::default();
        if let Some((body, is_whole)) = self.reader(is_client).close(&mut facts) {
            self.note(is_client, facts);
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
