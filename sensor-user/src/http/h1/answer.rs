//! What a connection does with the responses it reads.

use portcullis_exchange::{Body, Exchange, Facts, Headers, Incomplete, Protocol, Response, Timestamp};

use super::{
    Http1, Over,
    framing::{self, Framing},
    head::ResponseHead,
    pairing::Outstanding,
    start_line,
};
use crate::{
    flow::{Chunk, Peers},
    http::{HttpShard, body::BodyCollector},
};

/// What a 101 switches to.
fn taken_over_by(headers: &Headers) -> Over {
    match headers.get("upgrade").map(<[u8]>::trim_ascii) {
        Some(name) if name.eq_ignore_ascii_case(b"websocket") => Over::WebSocket,
        Some(name) if name.eq_ignore_ascii_case(b"h2c") => Over::Http2,
        _ => Over::Upgrade,
    }
}

/// The response being read.
pub(super) struct Answer {
    response: Response,
    protocol: Protocol,
    pub(super) facts: Facts,
    started_at: Timestamp,
    pub(super) incomplete: Option<Incomplete>,
    /// Whether it answers the first unanswered request.
    is_paired: bool,
    opens: Option<Over>,
}

impl Answer {
    pub(super) fn memory(&self) -> usize {
        self.response.memory()
    }
}

impl Http1 {
    pub(super) fn response(
        &mut self,
        peers: &Peers,
        mut head: ResponseHead,
        time: Timestamp,
        shard: &mut HttpShard,
    ) {
        if matches!(head.status, 100 | 102..=199) {
            shard.counters.interim += 1;
            return;
        }
        let start = self.responses.start();
        let is_paired = self.pairing.pair(start, shard);
        let method = if is_paired { self.pairing.unanswered().and_then(Outstanding::method) } else { None };
        let opens = match (head.status, method) {
            (101, _) => Some(taken_over_by(&head.headers)),
            (200..=299, Some("CONNECT")) => Some(Over::Tunnel),
            _ => None,
        };
        let framing = if opens.is_some() { Framing::Empty } else { framing::of_response(&mut head, method) };
        let codings = framing::codings(&head.headers);
        let ResponseHead { status, reason, protocol, headers, facts } = head;
        self.answer = Some(Answer {
            response: Response { status, reason, headers, ..Response::default() },
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

    pub(super) fn end_response(&mut self, peers: &Peers, body: Body, time: Timestamp, shard: &mut HttpShard) {
        let Some(answer) = self.answer.take() else { return };
        let Answer { mut response, protocol, facts, started_at, incomplete, is_paired, opens } = answer;
        response.body = body;
        if opens == Some(Over::Http2) && is_paired {
            // The answer to the request comes on the first stream, so this one is no more than interim.
            shard.counters.interim += 1;
            self.upgraded = self.pairing.take_unanswered(shard);
            self.over = opens;
            return;
        }
        let request = if is_paired { self.pairing.unanswered_mut() } else { None };
        match request {
            Some(request) => {
                let exchange = &mut request.exchange;
                exchange.response = Some(response);
                exchange.completed_at = exchange.completed_at.max(time);
                exchange.incomplete = exchange.incomplete.or(incomplete);
                facts.iter().for_each(|fact| exchange.facts.insert(fact));
                request.is_answered = true;
                request.is_whole |= opens.is_some();
                self.pairing.complete(shard);
            }
            None => shard.complete(Exchange {
                started_at,
                completed_at: time.max(started_at),
                client: peers.address(self.client),
                server: peers.address(self.client.other()),
                vni: peers.vni,
                protocol,
                stream: None,
                request: None,
                response: Some(response),
                incomplete: Some(incomplete.unwrap_or(Incomplete::NoRequest)),
                facts,
                grpc: None,
            }),
        }
        if opens.is_some() {
            shard.counters.tunnels += 1;
            while self.pairing.give_up_oldest(Incomplete::NoResponse, shard) {}
            self.over = opens;
        }
    }

    /// The answer to a request that was not seen may be one to HEAD: then the next message begins where its body would.
    pub(super) fn end_unexpected_body(&mut self, peers: &Peers, chunk: Chunk<'_>, shard: &mut HttpShard) {
        let is_orphan = self.answer.as_ref().is_some_and(|answer| !answer.is_paired);
        if is_orphan && self.responses.is_before_body() && start_line::is_response(chunk.bytes) == Some(true)
        {
            let body = self.responses.abandon_body().unwrap_or_default();
            self.end_response(peers, body, chunk.time, shard);
        }
    }
}
