use portcullis_exchange::{Exchange, Facts, Incomplete, Protocol, Timestamp};

use super::{
    block::Block,
    reader::{Event, Loss, Reader},
    settings,
    stream::Stream,
    streams::{Open, Streams},
};
use crate::{
    flow::{Chunk, End, Peers, Side},
    http::{HttpShard, websocket::WebSocket},
};

/// One connection that speaks HTTP/2.
///
/// Requests and responses pair by their stream's number, so that lost bytes never make a wrong pair: they leave halves.
pub struct Http2 {
    client: Side,
    requests: Reader,
    responses: Reader,
    streams: Streams,
}

/// An error code of RST_STREAM (RFC 9113 section 7): the server needs no more of the request.
const NO_ERROR: u32 = 0;
/// Requests that wait for a server of which nothing was captured yet: as many as clients send at once.
const MAX_UNHEARD: usize = 100;

impl Http2 {
    /// A connection whose preface was seen, or which a server began with its settings.
    pub(in crate::http) fn new(client: Side, is_midstream: bool) -> Self {
        let responses = if is_midstream { Reader::joining() } else { Reader::at_frames() };
        Self { client, requests: Reader::at_preface(), responses, streams: Streams::default() }
    }

    /// A connection whose beginning was not captured.
    pub(in crate::http) fn joining(client: Side) -> Self {
        let (requests, responses) = (Reader::joining(), Reader::joining());
        Self { client, requests, responses, streams: Streams::default() }
    }

    /// A connection that began as HTTP/1.1, with the request that asked for the upgrade (RFC 7540 section 3.2).
    pub(in crate::http) fn upgraded(client: Side, request: Option<Exchange>) -> Self {
        let mut this = Self::new(client, false);
        let allowed = request.as_ref().and_then(|exchange| settings::of_upgrade(exchange.request.as_ref()?));
        this.responses.allow_table(allowed.unwrap_or(usize::MAX));
        if let Some(request) = request {
            this.streams.insert(1, Open::Exchange(Box::new(Stream::upgraded(request))));
            this.streams.note_request(1);
        }
        this
    }

    pub(in crate::http) fn data(&mut self, peers: &Peers, mut chunk: Chunk<'_>, shard: &mut HttpShard) {
        let is_client = chunk.side == self.client;
        loop {
            let reader = if is_client { &mut self.requests } else { &mut self.responses };
            let Some(event) = reader.next(&mut chunk, &mut shard.counters.http2) else { return };
            self.event(peers, is_client, event, chunk.time, shard);
        }
    }

    pub(in crate::http) fn gap(
        &mut self,
        peers: &Peers,
        side: Side,
        missing: u64,
        time: Timestamp,
        shard: &mut HttpShard,
    ) {
        let is_client = side == self.client;
        let (reader, other) = if is_client {
            (&mut self.requests, &mut self.responses)
        } else {
            (&mut self.responses, &mut self.requests)
        };
        // A SETTINGS frame may be lost.
        other.allow_table(usize::MAX);
        match reader.gap(missing, &mut shard.counters.http2) {
            Loss::Nothing => {}
            Loss::Data { stream, missing, ends } => {
                match self.streams.get(stream) {
                    Some(Open::Exchange(open)) => open.gap(is_client, missing),
                    Some(Open::WebSocket(socket)) => socket.gap(is_client, missing, &mut shard.counters),
                    Some(Open::Tunnel) | None => {}
                }
                if ends {
                    self.end(is_client, stream, time, shard);
                }
                self.streams.account(stream);
            }
            Loss::Block(cut) => {
                if let Some(event) = cut {
                    self.event(peers, is_client, event, time, shard);
                }
            }
            Loss::Frames(cut) => {
                shard.counters.resyncs += 1;
                if let Some(event) = cut {
                    self.event(peers, is_client, event, time, shard);
                }
                self.streams.lose(is_client);
            }
        }
    }

    /// A side that says no more leaves the messages cut off that it had begun.
    pub(in crate::http) fn closed(&mut self, side: Side, time: Timestamp, shard: &mut HttpShard) {
        for open in self.streams.close(side == self.client) {
            complete(open, time, shard);
        }
    }

    pub(in crate::http) fn ended(mut self, end: End, shard: &mut HttpShard) {
        self.give_up_all(end, shard);
    }

    /// Gives out what is known of the open streams; the connection itself may go on.
    pub(in crate::http) fn give_up_all(&mut self, end: End, shard: &mut HttpShard) {
        let (cut, unanswered) = match end {
            End::Evicted => (Incomplete::Evicted, Incomplete::Evicted),
            End::Finished => (Incomplete::Evicted, Incomplete::NoResponse),
            End::Closed | End::Reset | End::Idle | End::Replaced => {
                (Incomplete::CutOff, Incomplete::NoResponse)
            }
        };
        for open in self.streams.take_exchanges() {
            give_up(open, cut, unanswered, shard);
        }
    }

    pub(in crate::http) fn memory(&self) -> usize {
        self.requests.memory() + self.responses.memory() + self.streams.memory()
    }

    fn event(
        &mut self,
        peers: &Peers,
        is_client: bool,
        event: Event<'_>,
        time: Timestamp,
        shard: &mut HttpShard,
    ) {
        match event {
            Event::Block { is_push: true, .. } => shard.counters.http2.pushes += 1,
            Event::Block { stream, end_stream, block, is_cut, time: began, .. } => {
                // What answers a push is no exchange either.
                if stream % 2 == 0 {
                    return;
                }
                if is_client {
                    self.request_block(peers, stream, block, is_cut, began, shard);
                } else {
                    self.response_block(peers, stream, block, is_cut, began, shard);
                }
                if end_stream {
                    self.end(is_client, stream, time, shard);
                }
                self.streams.account(stream);
                self.make_room(shard);
            }
            Event::Data { stream, bytes } => {
                let is_read = match self.streams.get(stream) {
                    Some(Open::Exchange(open)) => open.data(is_client, bytes),
                    Some(Open::WebSocket(socket)) => {
                        socket.bytes(is_client, bytes, &mut shard.counters);
                        true
                    }
                    Some(Open::Tunnel) => true,
                    None => false,
                };
                if !is_read {
                    shard.counters.http2.stray_bytes += bytes.len() as u64;
                }
                self.streams.account(stream);
                self.make_room(shard);
            }
            Event::EndStream(stream) => self.end(is_client, stream, time, shard),
            Event::Reset { stream, code } => {
                shard.counters.http2.resets += 1;
                if let Some(Open::Exchange(mut open)) = self.streams.remove(stream) {
                    let is_answered = open.response.is_whole && (open.request.is_whole || code == NO_ERROR);
                    if !is_answered {
                        open.mark(Incomplete::Reset);
                    }
                    complete(*open, time, shard);
                }
            }
            Event::HeaderTableSize(size) => {
                let other = if is_client { &mut self.responses } else { &mut self.requests };
                other.allow_table(size as usize);
            }
        }
    }

    fn request_block(
        &mut self,
        peers: &Peers,
        stream: u32,
        block: Box<Block>,
        is_cut: bool,
        began: Timestamp,
        shard: &mut HttpShard,
    ) {
        let keep = if peers.keeps_bodies { shard.config.body_keep } else { 0 };
        let is_head = block.pseudo.is_request() || block.unknown > 0;
        match self.streams.get(stream) {
            Some(Open::Exchange(open)) if open.has_request() => {
                open.trailers(true, *block);
                if is_cut {
                    open.mark(Incomplete::Gap);
                }
            }
            Some(Open::Exchange(open)) if is_head => {
                open.begin_request(*block, keep);
            }
            Some(_) => {}
            None if is_head => {
                if !peers.is_seen(self.client.other()) {
                    self.give_up_unanswered(shard);
                }
                shard.counters.http2.streams += 1;
                self.streams.note_request(stream);
                let mut open = Stream::new(self.exchange(peers, stream, began));
                open.is_websocket = open.begin_request(*block, keep).as_deref() == Some(b"websocket");
                if is_cut {
                    open.mark(Incomplete::Gap);
                }
                shard.tell_head(&open.exchange, true);
                self.streams.insert(stream, Open::Exchange(Box::new(open)));
            }
            // Trailers of a request whose head was not captured.
            None => {}
        }
    }

    fn response_block(
        &mut self,
        peers: &Peers,
        stream: u32,
        block: Box<Block>,
        is_cut: bool,
        began: Timestamp,
        shard: &mut HttpShard,
    ) {
        let keep = if peers.keeps_bodies { shard.config.answer_keep } else { 0 };
        if matches!(block.pseudo.status_code(), 100..=199) {
            shard.counters.interim += 1;
            return;
        }
        let is_head = block.pseudo.is_response() || block.unknown > 0;
        let is_closed = self.streams.was_seen(stream);
        match self.streams.get(stream) {
            Some(Open::Exchange(open)) => {
                if open.has_response() || !is_head {
                    open.trailers(false, *block);
                } else {
                    open.begin_response(*block, keep);
                }
                if is_cut {
                    open.mark(Incomplete::Gap);
                }
                if open.opens_tunnel() {
                    self.open_tunnel(stream, began, shard);
                }
            }
            None if is_head && !is_closed => {
                let mut open = Stream::new(self.exchange(peers, stream, began));
                open.begin_response(*block, keep);
                if is_cut {
                    open.mark(Incomplete::Gap);
                }
                self.streams.insert(stream, Open::Exchange(Box::new(open)));
            }
            // What was on its way when the stream was reset, or the trailers of what was not captured.
            Some(_) | None => {}
        }
    }

    /// The handshake is an exchange; what follows on the stream is none.
    fn open_tunnel(&mut self, stream: u32, time: Timestamp, shard: &mut HttpShard) {
        let Some(Open::Exchange(open)) = self.streams.remove(stream) else { return };
        shard.counters.tunnels += 1;
        let after = if open.is_websocket {
            Open::WebSocket(Box::new(WebSocket::new(self.client, &mut shard.counters)))
        } else {
            Open::Tunnel
        };
        complete(*open, time, shard);
        self.streams.insert(stream, after);
    }

    fn end(&mut self, is_client: bool, stream: u32, time: Timestamp, shard: &mut HttpShard) {
        match self.streams.get(stream) {
            Some(Open::Exchange(open)) => {
                open.end(is_client);
                if open.is_over()
                    && let Some(Open::Exchange(open)) = self.streams.remove(stream)
                {
                    complete(*open, time, shard);
                }
            }
            // What the client says last in a tunnel, the server may still answer.
            Some(_) if !is_client => {
                self.streams.remove(stream);
            }
            Some(_) | None => {}
        }
    }

    /// Where the server is never heard, no answer will be seen: a request that is over is all there will be.
    fn give_up_unanswered(&mut self, shard: &mut HttpShard) {
        while self.streams.len() >= MAX_UNHEARD {
            let Some(open) = self.streams.pop_unanswered() else { return };
            give_up(open, Incomplete::CutOff, Incomplete::NoResponse, shard);
        }
    }

    fn make_room(&mut self, shard: &mut HttpShard) {
        while self.streams.is_over_limit() {
            let Some(open) = self.streams.pop_oldest() else { return };
            shard.counters.http2.evicted_streams += 1;
            give_up(open, Incomplete::Evicted, Incomplete::Evicted, shard);
        }
    }

    fn exchange(&self, peers: &Peers, stream: u32, began: Timestamp) -> Exchange {
        Exchange {
            started_at: began,
            completed_at: began,
            client: peers.address(self.client),
            server: peers.address(self.client.other()),
            vni: peers.vni,
            protocol: Protocol::Http2,
            stream: Some(stream),
            request: None,
            response: None,
            incomplete: None,
            facts: Facts::default(),
            grpc: None,
        }
    }
}

fn give_up(open: Open, cut: Incomplete, unanswered: Incomplete, shard: &mut HttpShard) {
    let Open::Exchange(mut open) = open else { return };
    if open.has_request() && !open.request.is_whole {
        open.mark(cut);
    } else if !open.has_response() {
        open.mark(unanswered);
    } else if !open.response.is_whole {
        open.mark(cut);
    }
    let time = open.exchange.completed_at;
    complete(*open, time, shard);
}

fn complete(open: Stream, time: Timestamp, shard: &mut HttpShard) {
    let exchange = open.finish(time);
    shard.counters.http2.grpc_calls += u64::from(exchange.grpc.is_some());
    shard.complete(exchange);
}
