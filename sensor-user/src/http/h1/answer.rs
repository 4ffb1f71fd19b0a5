//! What a connection does with the responses it reads.

use portcullis_exchange::{Body, Exchange, Fact, Facts, Headers, Incomplete, Protocol, Response, Timestamp};

use super::{
    Http1, Over,
    framing::{self, Framing},
    head::ResponseHead,
    pairing::Outstanding,
};
use crate::{
    flow::Peers,
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
    /// Its status has no body, and yet one was announced.
    should_lack_body: bool,
    /// The next message may begin where its body would.
    pub(super) may_lack_body: bool,
    opens: Option<Over>,
}

impl Answer {
    pub(super) fn memory(&self) -> usize {
        self.response.memory()
    }

    pub(super) fn should_lack_body(&self) -> bool {
        self.should_lack_body
    }

    pub(super) fn body_is_there(&mut self) {
        self.may_lack_body = false;
        if std::mem::take(&mut self.should_lack_body) {
            self.facts.insert(Fact::UnexpectedBody);
        }
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
        let should_lack_body = matches!(head.status, 204 | 304) && framing != Framing::Empty;
        let codings = framing::codings(&head.headers);
        let ResponseHead { status, reason, protocol, headers, facts } = head;
        self.answer = Some(Answer {
            response: Response { status, reason, headers, ..Response::default() },
            protocol,
            facts,
            started_at: start.time,
            incomplete: None,
            is_paired,
            should_lack_body,
            may_lack_body: should_lack_body || !is_paired,
            opens,
        });
        self.responses.begin(framing, BodyCollector::of(&codings, shard.config.answer_keep, peers));
        if matches!(framing, Framing::Empty | Framing::Length(0)) {
            self.end_response(peers, Body::default(), time, shard);
        }
    }

    /// Whether the bytes that begin no head are the answer to a request of HTTP/0.9, as which they are then read.
    pub(super) fn begin_bare_answer(&mut self, shard: &mut HttpShard) -> bool {
        let is_simple = |request: &Outstanding| request.exchange.protocol == Protocol::Http09;
        if self.answer.is_some() || !self.pairing.unanswered().is_some_and(is_simple) {
            return false;
        }
        let start = self.responses.start();
        self.answer = Some(Answer {
            response: Response::default(),
            protocol: Protocol::Http09,
            facts: Facts::default(),
            started_at: start.time,
            incomplete: None,
            is_paired: self.pairing.pair(start, shard),
            should_lack_body: false,
            may_lack_body: false,
            opens: None,
        });
        self.responses.begin_bare(BodyCollector::new(&[], shard.config.answer_keep));
        true
    }

    pub(super) fn end_response(&mut self, peers: &Peers, body: Body, time: Timestamp, shard: &mut HttpShard) {
        let Some(answer) = self.answer.take() else { return };
        let Answer { mut response, protocol, facts, started_at, incomplete, is_paired, opens, .. } = answer;
        response.body = body;
        response.trailers = self.responses.take_trailers();
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
            // Requests that the client sent without waiting are those of the tunnel, which then speaks HTTP.
            if opens != Some(Over::Tunnel) || self.pairing.unanswered().is_none() {
                while self.pairing.give_up_oldest(Incomplete::NoResponse, shard) {}
                self.over = opens;
            }
        }
    }
}
