//! From segments to exchanges: flow and http of one shard, put together.
//!
//! Nothing here does I/O or reads a clock: time is what the packets and the caller say.

use std::time::Duration;

use portcullis_exchange::{Exchange, Timestamp};

use crate::{
    counters::Counters,
    flow::{FlowConfig, FlowTable},
    http::{HttpConfig, HttpConnection, HttpShard},
    segment::Segment,
};

#[derive(Clone, Debug)]
pub struct WireConfig {
    /// Bytes that flows, out-of-order data and unfinished messages of this shard may take together. Past it the
    /// least recently used flow is evicted.
    pub memory_budget: usize,
    /// Decoded bytes of each body that are kept; the rest is only counted.
    pub body_keep: usize,
    /// Packet time after which a silent connection is given up.
    pub idle_timeout: Duration,
}

impl WireConfig {
    /// The process budget of 256 MiB, divided by the shards.
    pub fn for_shards(shards: usize) -> Self {
        Self { memory_budget: (256 << 20) / shards.max(1), ..Self::default() }
    }
}

impl Default for WireConfig {
    fn default() -> Self {
        Self { memory_budget: 256 << 20, body_keep: 64 << 10, idle_timeout: Duration::from_secs(120) }
    }
}

/// One shard's way from TCP segments to HTTP exchanges.
pub struct Wire {
    flows: FlowTable<HttpConnection>,
    http: HttpShard,
}

impl Wire {
    pub fn new(config: WireConfig) -> Self {
        let WireConfig { memory_budget, body_keep, idle_timeout } = config;
        Self {
            flows: FlowTable::new(FlowConfig { memory_budget, idle_timeout }),
            http: HttpShard::new(HttpConfig { body_keep }),
        }
    }

    /// Takes one segment; exchanges it completed are appended.
    pub fn segment(&mut self, segment: &Segment<'_>, completed: &mut Vec<Exchange>) {
        self.flows.segment(segment, &mut self.http);
        completed.append(&mut self.http.completed);
    }

    /// Lets packet time pass where no segment came: lost bytes are given up, idle connections end.
    pub fn advance(&mut self, now: Timestamp, completed: &mut Vec<Exchange>) {
        self.flows.advance(now, &mut self.http);
        completed.append(&mut self.http.completed);
    }

    /// The capture ended: what is half there is given up as such.
    pub fn finish(&mut self, completed: &mut Vec<Exchange>) {
        self.flows.finish(&mut self.http);
        completed.append(&mut self.http.completed);
    }

    pub fn counters(&self) -> Counters {
        let mut counters = self.flows.counters();
        counters.merge(&self.http.counters());
        counters
    }
}
