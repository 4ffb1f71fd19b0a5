//! From segments to exchanges: flow and http of one shard, put together.
//!
//! Nothing here does I/O or reads a clock: time is what the packets and the caller say.

use std::time::Duration;

use portcullis_exchange::{Exchange, Timestamp};

use crate::{
    counters::Counters,
    flow::{Advice, FlowConfig, FlowTable},
    http::{HeadWatch, HttpConfig, HttpConnection, HttpShard},
    segment::Segment,
};

#[derive(Clone, Debug)]
pub struct WireConfig {
    /// Bytes that flows, out-of-order data and unfinished messages of this shard may take together. Past it the
    /// least recently used flow is evicted, of those that nothing is read of first.
    pub memory_budget: usize,
    /// Decoded bytes of each request's body that are kept; the rest is only counted.
    pub body_keep: usize,
    /// The same of each answer's.
    pub answer_keep: usize,
    /// Packet time after which a silent connection is given up.
    pub idle_timeout: Duration,
}

/// Resident memory is promised to stay near 256 MiB. Of these an attack can charge three quarters: the rest goes to what an
/// allocator adds, size classes and freed pages between those in use.
const CHARGED_BUDGET: usize = (256 << 20) / 4 * 3;

impl WireConfig {
    /// The process's budget, divided by the shards.
    pub fn for_shards(shards: usize) -> Self {
        Self { memory_budget: CHARGED_BUDGET / shards.max(1), ..Self::default() }
    }
}

impl Default for WireConfig {
    fn default() -> Self {
        Self {
            memory_budget: CHARGED_BUDGET,
            body_keep: 64 << 10,
            answer_keep: 64 << 10,
            idle_timeout: Duration::from_secs(120),
        }
    }
}

/// One shard's way from TCP segments to HTTP exchanges.
pub struct Wire {
    flows: FlowTable<HttpConnection>,
    http: HttpShard,
}

impl Wire {
    pub fn new(config: WireConfig) -> Self {
        let WireConfig { memory_budget, body_keep, answer_keep, idle_timeout } = config;
        Self {
            flows: FlowTable::new(FlowConfig { memory_budget, idle_timeout }),
            http: HttpShard::new(HttpConfig { body_keep, answer_keep }),
        }
    }

    /// Has every request told as soon as its head is there.
    pub fn watch_heads(&mut self, watch: Box<dyn HeadWatch>) {
        self.http.watch_heads(watch);
    }

    /// Takes one segment; exchanges it completed are appended.
    pub fn segment(&mut self, segment: &Segment<'_>, completed: &mut Vec<Exchange>) {
        self.flows.segment(segment, &mut self.http);
        self.hand_over(completed);
    }

    /// Lets packet time pass where no segment came: lost bytes are given up, idle connections end.
    pub fn advance(&mut self, now: Timestamp, completed: &mut Vec<Exchange>) {
        self.flows.advance(now, &mut self.http);
        self.hand_over(completed);
    }

    /// While on, connections that are not known yet are refused as a whole (`flow_shed_total`,
    /// `flow_shed_segments_total`); those at hand go on. A connection refused is not taken up in its middle within the
    /// next ten seconds of packet time.
    pub fn set_shedding(&mut self, on: bool) {
        self.flows.set_shedding(on);
    }

    /// What the capture may leave alone from now on.
    pub fn take_advice(&mut self) -> Vec<Advice> {
        self.flows.take_advice()
    }

    /// The capture ended: what is half there is given up as such, some connections at a time, because what they leave
    /// can be more than they took. False once all are.
    pub fn finish_some(&mut self, completed: &mut Vec<Exchange>) -> bool {
        let is_more = self.flows.finish_some(&mut self.http);
        self.hand_over(completed);
        is_more
    }

    /// [`Wire::finish_some`] to the end.
    pub fn finish(&mut self, completed: &mut Vec<Exchange>) {
        while self.finish_some(completed) {}
    }

    /// The whole list where its taker has none: exchanges are large to copy.
    fn hand_over(&mut self, completed: &mut Vec<Exchange>) {
        let new = &mut self.http.completed;
        if completed.is_empty() {
            std::mem::swap(completed, new);
        } else if !new.is_empty() {
            completed.append(new);
        }
    }

    pub fn counters(&self) -> Counters {
        let mut counters = self.flows.counters();
        counters.merge(&self.http.counters());
        counters
    }
}
