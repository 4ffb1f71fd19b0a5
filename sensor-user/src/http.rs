//! From the two byte streams of a connection to HTTP exchanges.
//!
//! [`sniff`] says from the first bytes what a connection speaks; then a folder for each version reads it. Everything
//! decoded passes the one capped decoder in [`decode`].

mod body;
mod decode;
mod h1;
mod sniff;

use portcullis_exchange::{Exchange, Timestamp};

use self::{
    h1::{Http1, Over},
    sniff::{Opening, Verdict},
};
use crate::{
    counters::Counters,
    flow::{Chunk, Connection, End, Peers, Side},
};

#[derive(Clone, Copy, Debug)]
pub struct HttpConfig {
    /// Decoded bytes of each body that are kept; the rest is only counted.
    pub body_keep: usize,
}

/// What the connections of a shard share.
pub struct HttpShard {
    pub(crate) config: HttpConfig,
    pub(crate) counters: HttpCounters,
    pub(crate) completed: Vec<Exchange>,
}

impl HttpShard {
    pub fn new(config: HttpConfig) -> Self {
        Self { config, counters: HttpCounters::default(), completed: Vec::new() }
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
    pub(crate) http2: u64,
    pub(crate) tunnels: u64,
    pub(crate) resyncs: u64,
    pub(crate) refused_heads: u64,
}

impl HttpCounters {
    fn named(&self) -> Counters {
        Counters::from_iter([
            ("http_exchanges_total", self.exchanges),
            ("http_incomplete_total", self.incomplete),
            ("http_interim_responses_total", self.interim),
            ("http_not_http_flows_total", self.not_http),
            ("http_http2_flows_total", self.http2),
            ("http_tunnels_total", self.tunnels),
            ("http_resyncs_total", self.resyncs),
            ("http_refused_heads_total", self.refused_heads),
        ])
    }
}

/// The reader of one connection: first finds out what it speaks.
pub enum HttpConnection {
    Opening(Opening),
    Http1(Box<Http1>),
    /// Not HTTP, or nothing that we read: no further byte is wanted.
    Ignored,
}

impl HttpConnection {
    /// Goes on with what a tunnel carries, or leaves what another protocol took over.
    fn follow(&mut self) {
        if let Self::Http1(http1) = self {
            match http1.over() {
                None => {}
                Some(Over::Tunnel) => *self = Self::Opening(Opening::in_tunnel()),
                Some(Over::Upgrade) => *self = Self::Ignored,
            }
        }
    }
}

impl Connection for HttpConnection {
    type Shard = HttpShard;

    fn open() -> Self {
        Self::Opening(Opening::default())
    }

    fn data(&mut self, peers: &Peers, chunk: Chunk<'_>, shard: &mut HttpShard) {
        match self {
            Self::Opening(opening) => match opening.data(peers, chunk) {
                Verdict::Undecided => {}
                Verdict::Http1 { client } => {
                    let mut http1 = Box::new(Http1::new(client, opening.is_midstream(peers)));
                    opening.replay(chunk, &mut |chunk| http1.data(peers, chunk, shard));
                    *self = Self::Http1(http1);
                    self.follow();
                }
                Verdict::Http2 => {
                    shard.counters.http2 += 1;
                    *self = Self::Ignored;
                }
                Verdict::Other => {
                    shard.counters.not_http += 1;
                    *self = Self::Ignored;
                }
            },
            Self::Http1(http1) => {
                http1.data(peers, chunk, shard);
                self.follow();
            }
            Self::Ignored => {}
        }
    }

    fn gap(&mut self, peers: &Peers, side: Side, missing: u64, time: Timestamp, shard: &mut HttpShard) {
        match self {
            Self::Opening(opening) => opening.gap(side),
            Self::Http1(http1) => {
                http1.gap(peers, side, missing, time, shard);
                self.follow();
            }
            Self::Ignored => {}
        }
    }

    fn closed(&mut self, peers: &Peers, side: Side, time: Timestamp, shard: &mut HttpShard) {
        if let Self::Http1(http1) = self {
            http1.closed(peers, side, time, shard);
        }
    }

    fn ended(self, peers: &Peers, end: End, shard: &mut HttpShard) {
        if let Self::Http1(http1) = self {
            http1.ended(peers, end, shard);
        }
    }

    fn memory(&self) -> usize {
        match self {
            Self::Opening(opening) => opening.memory(),
            Self::Http1(http1) => size_of::<Http1>() + http1.memory(),
            Self::Ignored => 0,
        }
    }

    fn is_recognised(&self) -> bool {
        match self {
            Self::Opening(_) | Self::Ignored => false,
            Self::Http1(_) => true,
        }
    }

    fn is_interested(&self) -> bool {
        match self {
            Self::Opening(_) => true,
            Self::Http1(_) => true,
            Self::Ignored => false,
        }
    }
}
