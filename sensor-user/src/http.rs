//! From the two byte streams of a connection to HTTP exchanges.
//!
//! [`sniff`] says from the first bytes what a connection speaks; then a folder for each version reads it. Everything
//! decoded passes the one capped decoder in [`decode`].

mod body;
mod decode;
mod h1;
mod h2;
mod sniff;
mod websocket;

use std::net::SocketAddr;

use portcullis_exchange::{Exchange, Headers, Timestamp};

use self::{
    h1::{Http1, Over},
    h2::{Http2, Http2Counters},
    sniff::{Opening, Verdict},
    websocket::{WebSocket, WebSocketCounters},
};
use crate::{
    counters::Counters,
    flow::{Chunk, Connection, End, Peers, Rest, Side},
};

#[derive(Clone, Copy, Debug)]
pub struct HttpConfig {
    /// Decoded bytes of each request's body that are kept; the rest is only counted.
    pub body_keep: usize,
    /// The same of each answer's.
    pub answer_keep: usize,
}

/// What the connections of a shard share.
pub struct HttpShard {
    pub(crate) config: HttpConfig,
    pub(crate) counters: HttpCounters,
    pub(crate) completed: Vec<Exchange>,
    watch: Option<Box<dyn HeadWatch>>,
}

/// Told of every request as soon as its head is there, long before its exchange is complete.
pub trait HeadWatch: Send {
    fn head(&mut self, head: &Head<'_>);
}

/// A request's head, and the connection that it came on.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    pub client: SocketAddr,
    pub server: SocketAddr,
    pub vni: Option<u32>,
    pub headers: &'a Headers,
    /// It is not the connection's first, or others may be under way beside it.
    pub may_be_shared: bool,
}

impl HttpShard {
    pub fn new(config: HttpConfig) -> Self {
        Self { config, counters: HttpCounters::default(), completed: Vec::new(), watch: None }
    }

    pub fn watch_heads(&mut self, watch: Box<dyn HeadWatch>) {
        self.watch = Some(watch);
    }

    fn tell_head(&mut self, exchange: &Exchange, may_be_shared: bool) {
        if let Some(watch) = &mut self.watch
            && let Some(request) = &exchange.request
        {
            let Exchange { client, server, vni, .. } = *exchange;
            watch.head(&Head { client, server, vni, headers: &request.headers, may_be_shared });
        }
    }

    pub fn counters(&self) -> Counters {
        self.counters.named()
    }

    fn complete(&mut self, exchange: Exchange) {
        self.counters.exchanges += 1;
        self.counters.incomplete += u64::from(exchange.incomplete.is_some());
        self.completed.push(exchange);
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct HttpCounters {
    pub(crate) exchanges: u64,
    pub(crate) incomplete: u64,
    pub(crate) interim: u64,
    pub(crate) not_http: u64,
    pub(crate) tunnels: u64,
    pub(crate) resyncs: u64,
    pub(crate) refused_heads: u64,
    /// Bytes that were left out for a body that was not there: what they were is not known.
    pub(crate) wrongly_left_out: u64,
    http2: Http2Counters,
    websocket: WebSocketCounters,
}

impl HttpCounters {
    fn named(&self) -> Counters {
        let mut counters = Counters::from_iter([
            ("http_exchanges_total", self.exchanges),
            ("http_incomplete_total", self.incomplete),
            ("http_interim_responses_total", self.interim),
            ("http_not_http_flows_total", self.not_http),
            ("http_tunnels_total", self.tunnels),
            ("http_resyncs_total", self.resyncs),
            ("http_refused_heads_total", self.refused_heads),
            ("http_missed_bytes_total", self.wrongly_left_out),
        ]);
        counters.merge(&self.http2.named());
        counters.merge(&self.websocket.named());
        counters
    }
}

/// The reader of one connection: first finds out what it speaks.
pub enum HttpConnection {
    Opening(Opening),
    Http1(Box<Http1>),
    Http2(Box<Http2>),
    WebSocket(Box<WebSocket>),
    /// Not HTTP, or nothing that we read: no further byte is wanted.
    Ignored,
}

impl HttpConnection {
    /// Goes on with what a tunnel carries, or with the protocol that took over. True where it changed.
    fn follow(&mut self, shard: &mut HttpShard) -> bool {
        let Self::Http1(http1) = self else { return false };
        *self = match http1.over() {
            None => return false,
            Some(Over::Tunnel) => Self::Opening(Opening::in_tunnel()),
            Some(Over::WebSocket) => {
                Self::WebSocket(Box::new(WebSocket::new(http1.client(), &mut shard.counters)))
            }
            Some(Over::Http2) => {
                shard.counters.http2.flows += 1;
                shard.counters.http2.upgrades += 1;
                Self::Http2(Box::new(Http2::upgraded(http1.client(), http1.take_upgraded())))
            }
            Some(Over::Upgrade) => Self::Ignored,
        };
        true
    }

    /// Reads with whoever reads now; what comes after a change of protocols stays in the chunk.
    fn read(&mut self, peers: &Peers, chunk: &mut Chunk<'_>, shard: &mut HttpShard) {
        let whole = *chunk;
        match self {
            Self::Opening(opening) => {
                let verdict = opening.data(peers, whole);
                let is_midstream = opening.is_midstream(peers);
                let begin = |client: Side| [client, client.other()].map(|side| opening.begin(peers, side));
                let next = match verdict {
                    Verdict::Undecided => return,
                    Verdict::Http1 { client } => Self::Http1(Box::new(Http1::new(client, begin(client)))),
                    Verdict::Http2 { client } => {
                        shard.counters.http2.flows += 1;
                        Self::Http2(Box::new(Http2::new(client, is_midstream)))
                    }
                    Verdict::Http2Joined { client } => {
                        shard.counters.http2.flows += 1;
                        shard.counters.http2.joined += 1;
                        Self::Http2(Box::new(Http2::joining(client)))
                    }
                    Verdict::Other => {
                        shard.counters.not_http += 1;
                        Self::Ignored
                    }
                };
                if let Self::Opening(mut opening) = std::mem::replace(self, next) {
                    opening.replay(whole, &mut |chunk| self.data(peers, chunk, shard));
                }
            }
            Self::Http1(http1) => {
                *chunk = whole;
                http1.data(peers, chunk, shard);
            }
            Self::Http2(http2) => http2.data(peers, whole, shard),
            Self::WebSocket(socket) => socket.data(whole, &mut shard.counters),
            Self::Ignored => {}
        }
    }
}

/// Exchanges that may pile up while connections are given up one after the other: some hundred KiB.
const MANY_EXCHANGES: usize = 256;

impl Connection for HttpConnection {
    type Shard = HttpShard;

    fn open() -> Self {
        Self::Opening(Opening::default())
    }

    fn data(&mut self, peers: &Peers, mut chunk: Chunk<'_>, shard: &mut HttpShard) {
        loop {
            self.read(peers, &mut chunk, shard);
            if !self.follow(shard) || chunk.bytes.is_empty() {
                return;
            }
        }
    }

    fn gap(&mut self, peers: &Peers, side: Side, missing: u64, time: Timestamp, shard: &mut HttpShard) {
        match self {
            Self::Opening(opening) => opening.gap(side),
            Self::Http1(http1) => {
                http1.gap(peers, side, missing, time, shard);
                self.follow(shard);
            }
            Self::Http2(http2) => http2.gap(peers, side, missing, time, shard),
            Self::WebSocket(socket) => socket.gap(side == socket.client(), missing, &mut shard.counters),
            Self::Ignored => {}
        }
    }

    fn left_out(&mut self, peers: &Peers, side: Side, bytes: u64, time: Timestamp, shard: &mut HttpShard) {
        if let Self::Http1(http1) = self {
            http1.left_out(peers, side, bytes, time, shard);
            self.follow(shard);
        } else {
            shard.counters.wrongly_left_out += bytes;
            self.gap(peers, side, bytes, time, shard);
        }
    }

    fn unwanted(&self, side: Side) -> u64 {
        if let Self::Http1(http1) = self { http1.unwanted(side) } else { 0 }
    }

    fn closed(&mut self, peers: &Peers, side: Side, time: Timestamp, shard: &mut HttpShard) {
        match self {
            Self::Http1(http1) => http1.closed(peers, side, time, shard),
            Self::Http2(http2) => http2.closed(side, time, shard),
            Self::Opening(_) | Self::WebSocket(_) | Self::Ignored => {}
        }
    }

    fn ended(self, peers: &Peers, end: End, shard: &mut HttpShard) {
        match self {
            Self::Http1(http1) => http1.ended(peers, end, shard),
            Self::Http2(http2) => http2.ended(end, shard),
            Self::Opening(_) | Self::WebSocket(_) | Self::Ignored => {}
        }
    }

    fn silent(&mut self, shard: &mut HttpShard) -> Rest {
        match self {
            Self::Opening(opening) if opening.is_fresh() => Rest::Anew,
            Self::Http1(http1) if http1.is_fresh() => Rest::Anew,
            Self::Http1(_) => Rest::Unfinished,
            Self::Http2(http2) => {
                http2.give_up_all(End::Idle, shard);
                Rest::Kept
            }
            Self::Opening(_) | Self::WebSocket(_) | Self::Ignored => Rest::Kept,
        }
    }

    fn is_full(shard: &HttpShard) -> bool {
        shard.completed.len() >= MANY_EXCHANGES
    }

    fn memory(&self) -> usize {
        match self {
            Self::Opening(opening) => opening.memory(),
            Self::Http1(http1) => size_of::<Http1>() + http1.memory(),
            Self::Http2(http2) => size_of::<Http2>() + http2.memory(),
            Self::WebSocket(_) => size_of::<WebSocket>(),
            Self::Ignored => 0,
        }
    }

    fn is_recognised(&self) -> bool {
        match self {
            Self::Opening(_) | Self::Ignored => false,
            Self::Http1(_) | Self::Http2(_) | Self::WebSocket(_) => true,
        }
    }

    fn is_interested(&self) -> bool {
        match self {
            Self::Opening(_) | Self::Http1(_) | Self::Http2(_) | Self::WebSocket(_) => true,
            Self::Ignored => false,
        }
    }
}
