//! What a connection does with the requests it reads.

use portcullis_exchange::{Body, Exchange, Incomplete, Request, Timestamp};

use super::{
    Http1,
    framing::{self, Framing},
    head::RequestHead,
};
use crate::{
    flow::Peers,
    http::{HttpShard, body::BodyCollector},
};

impl Http1 {
    pub(super) fn request(
        &mut self,
        peers: &Peers,
        mut head: RequestHead,
        time: Timestamp,
        shard: &mut HttpShard,
    ) {
        let start = self.requests.start();
        let framing = framing::of_request(&mut head);
        if !peers.is_seen(self.client.other()) {
            self.pairing.give_up_received(start, shard);
        }
        if self.pairing.is_full() {
            self.pairing.give_up_oldest(Incomplete::NoResponse, shard);
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
            stream: None,
            request: Some(Request { method, target, headers, ..Request::default() }),
            response: None,
            incomplete: None,
            facts,
            grpc: None,
        };
        shard.tell_head(&exchange, std::mem::replace(&mut self.has_had_request, true));
        self.pairing.push(exchange, start, matches!(framing, Framing::Empty | Framing::Length(0)));
        self.requests.begin(framing, BodyCollector::of(&codings, shard.config.body_keep, peers));
    }

    pub(super) fn end_request(&mut self, body: Body, time: Timestamp, shard: &mut HttpShard) {
        if let Some(last) = self.pairing.last_mut() {
            last.end_request(body, self.requests.take_trailers(), time);
        }
        self.pairing.complete(shard);
    }
}
