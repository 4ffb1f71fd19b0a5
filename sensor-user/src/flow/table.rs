use std::{collections::VecDeque, net::SocketAddr, time::Duration};

use hashlink::LruCache;
use portcullis_exchange::Timestamp;

use super::{
    Connection, End, Outlet, Peers, Side,
    counters::FlowCounters,
    tcp::{Belonging, Flow, REORDER_NANOS},
};
use crate::{counters::Counters, segment::Segment};

#[derive(Clone, Copy, Debug)]
pub struct FlowConfig {
    /// Bytes that all flows and their readers may take together.
    pub memory_budget: usize,
    /// Packet time of silence after which a connection is given up.
    pub idle_timeout: Duration,
}

/// All connections of one shard, under one memory budget, the least recently used evicted first.
pub struct FlowTable<C: Connection> {
    flows: LruCache<Key, Flow<C>, ahash::RandomState>,
    config: FlowConfig,
    used: usize,
    peak: usize,
    /// Flows whose bytes wait for others, by when to look again. Each flow is in it once at most.
    waiting: VecDeque<(Timestamp, Key)>,
    now: Timestamp,
    swept_at: Timestamp,
    counters: FlowCounters,
}

/// Addresses and ports in a fixed order, so that both directions find the same flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    low: SocketAddr,
    high: SocketAddr,
    vni: Option<u32>,
}

impl Key {
    fn of(segment: &Segment<'_>) -> (Self, Side) {
        let (source, destination, vni) = (segment.source, segment.destination, segment.vni);
        if source <= destination {
            (Self { low: source, high: destination, vni }, Side::Low)
        } else {
            (Self { low: destination, high: source, vni }, Side::High)
        }
    }
}

/// Share of the idle timeout after which an ended flow is forgotten: long enough to absorb retransmissions.
const SWEEP_NANOS: u64 = 1_000_000_000;

impl<C: Connection> FlowTable<C> {
    pub fn new(config: FlowConfig) -> Self {
        Self {
            flows: LruCache::with_hasher(usize::MAX, ahash::RandomState::new()),
            config,
            used: 0,
            peak: 0,
            waiting: VecDeque::new(),
            now: Timestamp::default(),
            swept_at: Timestamp::default(),
            counters: FlowCounters::default(),
        }
    }

    pub fn segment(&mut self, segment: &Segment<'_>, shard: &mut C::Shard) {
        self.counters.segments += 1;
        self.advance(segment.time, shard);
        let (key, side) = Key::of(segment);
        let mut rival_syn = None;
        if let Some(flow) = self.flows.get_mut(&key) {
            match flow.belonging(side, segment) {
                Belonging::Here => {
                    self.feed(key, side, segment, shard);
                    return;
                }
                Belonging::Successor => {
                    rival_syn = flow.rival_syn();
                    self.counters.replaced += 1;
                    self.remove(&key, End::Replaced, shard);
                }
            }
        }
        let is_worth_a_flow = segment.flags.syn() || segment.wire_len > 0;
        if !is_worth_a_flow {
            return;
        }
        let mut flow = Flow::new(Peers::new(key.low, key.high, key.vni), segment.time);
        if let Some((opener, initial_sequence)) = rival_syn {
            flow.open_from(opener, initial_sequence);
        }
        flow.charged = flow.cost() + ENTRY_COST;
        self.used += flow.charged;
        self.counters.opened += 1;
        self.flows.insert(key, flow);
        self.feed(key, side, segment, shard);
    }

    /// Lets packet time pass: holes that nobody fills count as lost, silent connections end.
    pub fn advance(&mut self, now: Timestamp, shard: &mut C::Shard) {
        if now <= self.now {
            return;
        }
        self.now = now;
        while let Some((at, key)) = self.waiting.front().copied() {
            if at > now {
                break;
            }
            self.waiting.pop_front();
            self.look_again(key, shard);
        }
        if now.nanos().saturating_sub(self.swept_at.nanos()) >= SWEEP_NANOS {
            self.swept_at = now;
            self.sweep(shard);
        }
    }

    pub fn finish(&mut self, shard: &mut C::Shard) {
        while let Some((_, flow)) = self.flows.remove_lru() {
            flow.end(End::Finished, &mut Outlet { shard, counters: &mut self.counters });
        }
        self.waiting.clear();
        self.used = 0;
    }

    pub fn counters(&self) -> Counters {
        let mut counters = self.counters.named();
        counters.add("flow_open", self.flows.len() as u64);
        counters.add("flow_memory_bytes", self.used as u64);
        counters.add("flow_memory_peak_bytes", self.peak as u64);
        counters
    }

    fn feed(&mut self, key: Key, side: Side, segment: &Segment<'_>, shard: &mut C::Shard) {
        let Some(flow) = self.flows.peek_mut(&key) else { return };
        flow.segment(side, segment, &mut Outlet { shard, counters: &mut self.counters });
        self.settle_accounts(key, shard);
    }

    fn look_again(&mut self, key: Key, shard: &mut C::Shard) {
        let Some(flow) = self.flows.peek_mut(&key) else { return };
        flow.is_listed = false;
        flow.settle(self.now, 0, &mut Outlet { shard, counters: &mut self.counters });
        self.settle_accounts(key, shard);
    }

    /// Charges what the flow takes now, and makes room where the budget is passed.
    fn settle_accounts(&mut self, key: Key, shard: &mut C::Shard) {
        if let Some(flow) = self.flows.peek_mut(&key) {
            let cost = flow.cost() + ENTRY_COST;
            self.used = self.used.saturating_sub(flow.charged).saturating_add(cost);
            flow.charged = cost;
            if flow.is_blocked() && !flow.is_listed {
                flow.is_listed = true;
                let at = Timestamp::from_nanos(self.now.nanos().saturating_add(REORDER_NANOS));
                self.waiting.push_back((at, key));
            }
        }
        self.peak = self.peak.max(self.used);
        while self.used > self.config.memory_budget {
            let Some((_, flow)) = self.flows.remove_lru() else { break };
            self.used = self.used.saturating_sub(flow.charged);
            self.counters.evicted += 1;
            flow.end(End::Evicted, &mut Outlet { shard, counters: &mut self.counters });
        }
    }

    fn sweep(&mut self, shard: &mut C::Shard) {
        let timeout = self.config.idle_timeout;
        while let Some((key, flow)) = self.flows.iter().next() {
            if self.now.saturating_duration_since(flow.last_seen) < timeout {
                break;
            }
            let key = *key;
            if flow.is_open() {
                self.counters.idle += 1;
            }
            self.remove(&key, End::Idle, shard);
        }
    }

    fn remove(&mut self, key: &Key, end: End, shard: &mut C::Shard) {
        if let Some(flow) = self.flows.remove(key) {
            self.used = self.used.saturating_sub(flow.charged);
            flow.end(end, &mut Outlet { shard, counters: &mut self.counters });
        }
    }
}

/// The table's own share of a flow: key, links, hash slot, and the entry in the waiting list.
const ENTRY_COST: usize = 192;
