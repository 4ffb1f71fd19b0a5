mod waiting;

use std::time::Duration;

use portcullis_exchange::Timestamp;

use self::waiting::Waiting;
use super::{
    Connection, End, Outlet, Side,
    advice::{self, Advice, Unwanted},
    counters::FlowCounters,
    key::Key,
    shed::Refused,
    store::{Place, Standing, Store},
    tcp::{Belonging, Embryo, Ended, Flow, REORDER_NANOS},
    vlan::SideVlans,
};
use crate::{counters::Counters, segment::Segment};

#[derive(Clone, Copy, Debug)]
pub struct FlowConfig {
    /// Bytes that all flows and their readers may take together.
    pub memory_budget: usize,
    /// Packet time of silence after which no more is waited for; the connection itself is remembered for longer.
    pub idle_timeout: Duration,
}

/// All connections of one shard, under one memory budget.
///
/// Where the budget is passed, the least recently used flow makes room; but of four standings, of which three are sure
/// of a share (see [`share`]). With one order for all, a million SYNs would push out every conversation of the node, and
/// blinding the sensor would cost an attacker a few seconds.
pub struct FlowTable<C: Connection> {
    store: Store<Entry<C>>,
    config: FlowConfig,
    /// By standing, and their sum's peak.
    used: [usize; 4],
    peak: usize,
    waiting: Waiting,
    refused: Refused,
    is_shedding: bool,
    /// How many of the flows are in lanes of their own.
    in_lanes: usize,
    now: Timestamp,
    swept_at: Timestamp,
    counters: FlowCounters,
    advice: Vec<Advice>,
}

struct Entry<C> {
    state: State<C>,
    last_seen: Timestamp,
    standing: Standing,
    vlans: SideVlans,
    charged: usize,
    /// The number of its entry in the waiting list.
    listed: Option<u32>,
}

enum State<C> {
    HalfOpen(Embryo),
    Open(Box<Flow<C>>),
    Ended(Ended),
}

/// After this silence nothing is remembered of a connection: as long as address translators remember one at the least
/// (RFC 5382, REQ-5), because hosts send keep-alive probes every two hours (RFC 1122 section 4.2.3.6). What is sent again
/// until then is no new message.
const FORGET_NANOS: u64 = 124 * 60 * 1_000_000_000;
/// How often silent connections are looked for, in packet time.
const SWEEP_NANOS: u64 = 1_000_000_000;
/// Silent flows that are given up in one go: a segment that comes then has to wait for it.
const SWEEP_FLOWS: usize = 256;

impl<C: Connection> FlowTable<C> {
    pub fn new(config: FlowConfig) -> Self {
        Self {
            store: Store::new(),
            refused: Refused::within(config.memory_budget),
            config,
            used: [0; 4],
            peak: 0,
            waiting: Waiting::default(),
            is_shedding: false,
            in_lanes: 0,
            now: Timestamp::default(),
            swept_at: Timestamp::default(),
            counters: FlowCounters::default(),
            advice: Vec::new(),
        }
    }

    pub fn segment(&mut self, segment: &Segment<'_>, shard: &mut C::Shard) {
        self.counters.segments += 1;
        self.advance(segment.time, shard);
        let (mut key, side) = Key::of(segment);
        let mut hash = self.store.hash(&key);
        let mut found = self.store.find(&key, hash);
        if self.is_elsewhere(found, &key, side, segment) {
            key = key.in_lane(segment.vlans);
            hash = self.store.hash(&key);
            found = self.store.find(&key, hash);
        }
        let mut rival_syn = None;
        if let Some(place) = found {
            match self.belonging(place, side, segment) {
                Belonging::Here => return self.feed(place, side, segment, shard),
                Belonging::Successor => {
                    let began_before = !segment.flags.syn() || segment.flags.ack();
                    rival_syn = self.replace(place, shard).filter(|_| began_before);
                }
            }
        }
        let is_worth_a_flow = segment.flags.syn() || segment.wire_len > 0;
        if !is_worth_a_flow || self.refuses(hash, segment) {
            return;
        }
        let state = match (rival_syn, Embryo::of(side, segment)) {
            (None, Some(embryo)) => State::HalfOpen(embryo),
            (rival_syn, _) => {
                let mut flow = Flow::new(key.peers(), segment.time);
                if let Some((opener, sequence)) = rival_syn {
                    flow.open_from(opener, sequence.wrapping_add(1));
                }
                State::Open(Box::new(flow))
            }
        };
        let standing = Standing::Unread;
        let vlans = SideVlans::default();
        let entry = Entry { state, last_seen: segment.time, standing, vlans, charged: 0, listed: None };
        if let Some(place) = self.store.insert(key, hash, standing, entry) {
            self.in_lanes += usize::from(key.is_in_lane());
            self.counters.opened += 1;
            self.feed(place, side, segment, shard);
        }
    }

    /// Lets packet time pass: holes that nobody fills count as lost, silent connections end.
    pub fn advance(&mut self, now: Timestamp, shard: &mut C::Shard) {
        if now <= self.now {
            return;
        }
        self.now = now;
        while let Some((key, number)) = self.waiting.pop_due(now) {
            self.look_again(&key, number, shard);
        }
        if now.nanos().saturating_sub(self.swept_at.nanos()) >= SWEEP_NANOS && self.sweep(shard) {
            self.swept_at = now;
        }
    }

    /// While on, flows that are not known yet are refused as a whole, and counted; those at hand go on.
    pub fn set_shedding(&mut self, on: bool) {
        self.is_shedding = on;
    }

    /// Gives up some flows because the capture ended, the least recently used first. False once none is left.
    pub fn finish_some(&mut self, shard: &mut C::Shard) -> bool {
        while !C::is_full(shard) {
            let Some(place) = self.longest_silent(&Standing::ALL, 0) else { return false };
            self.remove(place, End::Finished, shard);
        }
        true
    }

    /// What the capture may leave alone from now on.
    pub fn take_advice(&mut self) -> Vec<Advice> {
        std::mem::take(&mut self.advice)
    }

    pub fn counters(&self) -> Counters {
        let mut counters = self.counters.named();
        counters.add("flow_open", self.store.len() as u64);
        counters.add("flow_memory_bytes", self.used() as u64);
        counters.add("flow_memory_peak_bytes", self.peak as u64);
        counters
    }

    /// Whether another flow has these addresses, and this segment is in other VLANs.
    fn is_elsewhere(&self, found: Option<Place>, key: &Key, side: Side, segment: &Segment<'_>) -> bool {
        let Some(entry) = found.and_then(|place| self.store.value(place)) else {
            let in_lane = key.in_lane(segment.vlans);
            return self.in_lanes > 0 && self.store.find(&in_lane, self.store.hash(&in_lane)).is_some();
        };
        !entry.vlans.allow(side, segment, || match &entry.state {
            State::HalfOpen(embryo) => embryo.known_to(side),
            State::Open(flow) => flow.known_to(side),
            State::Ended(ended) => ended.known_to(side),
        })
    }

    fn belonging(&mut self, place: Place, side: Side, segment: &Segment<'_>) -> Belonging {
        match self.store.value_mut(place).map(|entry| &mut entry.state) {
            Some(State::Open(flow)) => flow.belonging(side, segment),
            Some(State::Ended(ended)) => ended.belonging(side, segment),
            // As long as nothing was read, one connection's SYN is as good as another's: see `feed`.
            Some(State::HalfOpen(_)) | None => Belonging::Here,
        }
    }

    /// Ends a flow for another one on its ports, and gives the SYN which that one began with, if it came before.
    fn replace(&mut self, place: Place, shard: &mut C::Shard) -> Option<(Side, u32)> {
        let rival_syn = match self.store.value(place).map(|entry| &entry.state) {
            Some(State::Open(flow)) => flow.rival_syn(),
            Some(State::Ended(ended)) => ended.rival_syn(),
            Some(State::HalfOpen(_)) | None => None,
        };
        self.counters.replaced += 1;
        self.remove(place, End::Replaced, shard);
        rival_syn
    }

    fn refuses(&mut self, hash: u64, segment: &Segment<'_>) -> bool {
        if self.is_shedding {
            self.counters.shed += u64::from(self.refused.refuse(hash, self.now));
        } else if segment.flags.syn() && !segment.flags.ack() {
            self.refused.forget(hash);
            return false;
        } else if !self.refused.contains(hash, self.now) {
            return false;
        }
        self.counters.shed_segments += 1;
        true
    }

    fn feed(&mut self, place: Place, side: Side, segment: &Segment<'_>, shard: &mut C::Shard) {
        let Some(key) = self.store.key(place) else { return };
        let Some(entry) = self.store.value_mut(place) else { return };
        entry.last_seen = entry.last_seen.max(segment.time);
        entry.vlans.learn(side, segment.vlans);
        let mut hatched = None;
        match &mut entry.state {
            State::Open(_) => {}
            State::HalfOpen(embryo) => {
                if !embryo.absorbs(side, segment) {
                    hatched = Some(embryo.hatch(key.peers(), segment.time));
                }
            }
            State::Ended(ended) => {
                hatched = ended.revive(side, segment, key.peers(), shard);
                self.counters.ignored_segments += u64::from(hatched.is_none() && !segment.payload.is_empty());
            }
        }
        if let Some(flow) = hatched {
            entry.state = State::Open(Box::new(flow));
        }
        if let State::Open(flow) = &mut entry.state {
            let was_open = flow.is_open();
            flow.segment(side, segment, &mut Outlet { shard, counters: &mut self.counters });
            let what = if was_open && flow.is_ignored() {
                Some(Unwanted::Connection)
            } else {
                let unwanted = flow.newly_unwanted(side, advice::LEAST);
                unwanted.map(|(sequence, len)| Unwanted::Bytes { sequence, len })
            };
            if let Some(what) = what.filter(|_| self.advice.len() < advice::MOST_ADVICE) {
                self.advice.push(Advice::on(segment, what));
            }
        }
        self.settle_accounts(place, &key, shard);
    }

    fn look_again(&mut self, key: &Key, number: u32, shard: &mut C::Shard) {
        let Some(place) = self.store.find(key, self.store.hash(key)) else { return };
        let Some(entry) = self.store.value_mut(place) else { return };
        if entry.listed != Some(number) {
            return;
        }
        entry.listed = None;
        if let State::Open(flow) = &mut entry.state {
            flow.settle(self.now, 0, &mut Outlet { shard, counters: &mut self.counters });
        }
        self.settle_accounts(place, key, shard);
    }

    /// Charges what the flow takes now, and makes room where the budget is passed.
    fn settle_accounts(&mut self, place: Place, key: &Key, shard: &mut C::Shard) {
        let Some(entry) = self.store.value_mut(place) else { return };
        let (standing, cost) = match &entry.state {
            State::Open(flow) if flow.is_open() => {
                let standing = if flow.is_conversing() { Standing::Conversing } else { Standing::Unproven };
                if flow.is_blocked() && entry.listed.is_none() {
                    let at = Timestamp::from_nanos(self.now.nanos().saturating_add(REORDER_NANOS));
                    entry.listed = Some(self.waiting.push(at, *key));
                }
                (standing, flow.cost())
            }
            State::Open(flow) => {
                entry.state = State::Ended(Ended::of(flow));
                (Standing::Unread, 0)
            }
            State::HalfOpen(_) | State::Ended(_) => (Standing::Unread, 0),
        };
        self.charge(place, standing, cost);
        self.prune_waiting();
        self.peak = self.peak.max(self.used());
        while self.used() > self.config.memory_budget {
            let Some((standing, place)) = self.victim() else { break };
            self.counters.evict(standing);
            self.remove(place, End::Evicted, shard);
        }
    }

    /// Charges a flow with what it takes besides its entry, and makes it the most recently used one of its standing.
    fn charge(&mut self, place: Place, standing: Standing, cost: usize) {
        let Some(entry) = self.store.value_mut(place) else { return };
        let waiting = if entry.listed.is_some() { Waiting::ENTRY_COST } else { 0 };
        let cost = Store::<Entry<C>>::ENTRY_COST + waiting + cost;
        let (before, charged) = (entry.standing, entry.charged);
        (entry.standing, entry.charged) = (standing, cost);
        self.refund(before, charged);
        if let Some(used) = self.used.get_mut(standing as usize) {
            *used += cost;
        }
        self.store.touch(place, standing);
    }

    /// Of the first standing that takes more than its share, the flow that was least recently used. While all of them
    /// together take more than the budget, there is one.
    fn victim(&self) -> Option<(Standing, Place)> {
        let is_over = |standing: &Standing| {
            let share = share(*standing, self.config.memory_budget);
            self.used.get(*standing as usize).is_some_and(|used| *used > share)
        };
        let oldest = |standing: Standing| Some((standing, self.store.oldest(standing)?));
        let over = Standing::ALL.into_iter().filter(is_over).find_map(oldest);
        // What is no flow's own may fill the budget too.
        over.or_else(|| Standing::ALL.into_iter().find_map(oldest))
    }

    /// Looks after connections that are silent for too long. False where there may be more of them.
    fn sweep(&mut self, shard: &mut C::Shard) -> bool {
        let idle_nanos = u64::try_from(self.config.idle_timeout.as_nanos()).unwrap_or(u64::MAX);
        for _ in 0..SWEEP_FLOWS {
            if C::is_full(shard) {
                return false;
            }
            if let Some(place) = self.longest_silent(&Standing::HEARD, idle_nanos) {
                self.fall_silent(place, shard);
            } else if let Some(place) = self.longest_silent(&[Standing::Silent], FORGET_NANOS) {
                self.forget(place, shard);
            } else {
                return true;
            }
        }
        false
    }

    /// Gives out what a silent connection has, and keeps no more of it than is needed should it go on.
    fn fall_silent(&mut self, place: Place, shard: &mut C::Shard) {
        let Some(entry) = self.store.value_mut(place) else { return };
        let cost = match &mut entry.state {
            State::Open(flow) => {
                self.counters.idle += 1;
                match flow.silent(&mut Outlet { shard, counters: &mut self.counters }) {
                    None => flow.cost(),
                    Some(ended) => {
                        entry.state = State::Ended(ended);
                        0
                    }
                }
            }
            State::Ended(ended) if ended.may_go_on() => 0,
            State::HalfOpen(_) | State::Ended(_) => return self.forget(place, shard),
        };
        self.charge(place, Standing::Silent, cost);
    }

    fn forget(&mut self, place: Place, shard: &mut C::Shard) {
        let state = self.store.value(place).map(|entry| &entry.state);
        let is_over = matches!(state, Some(State::Ended(ended)) if !ended.may_go_on());
        self.counters.forgotten += u64::from(!is_over);
        self.remove(place, End::Idle, shard);
    }

    /// Of these standings, the flow that is silent for longest, and for this long.
    fn longest_silent(&self, standings: &[Standing], nanos: u64) -> Option<Place> {
        let last_seen = |place: Place| self.store.value(place).map(|entry| entry.last_seen);
        let oldest = standings.iter().filter_map(|standing| self.store.oldest(*standing));
        let longest = oldest.min_by_key(|place| last_seen(*place))?;
        let silent = self.now.nanos().saturating_sub(last_seen(longest)?.nanos());
        (silent >= nanos).then_some(longest)
    }

    fn remove(&mut self, place: Place, end: End, shard: &mut C::Shard) {
        self.in_lanes -= usize::from(self.store.key(place).is_some_and(|key| key.is_in_lane()));
        let Some(entry) = self.store.remove(place) else { return };
        self.refund(entry.standing, entry.charged);
        if let State::Open(flow) = entry.state {
            flow.end(end, &mut Outlet { shard, counters: &mut self.counters });
        }
    }

    fn refund(&mut self, standing: Standing, charged: usize) {
        if let Some(used) = self.used.get_mut(standing as usize) {
            *used = used.saturating_sub(charged);
        }
    }

    /// Flows that ended leave their entries in the waiting list: not more than there are flows.
    fn prune_waiting(&mut self) {
        let store = &self.store;
        self.waiting.prune(store.len(), |key, number| {
            let place = store.find(key, store.hash(key));
            place.and_then(|place| store.value(place)).is_some_and(|entry| entry.listed == Some(number))
        });
    }

    fn used(&self) -> usize {
        self.used.iter().sum::<usize>() + self.refused.memory()
    }
}

/// What a standing may keep of the budget whatever the others want. A flood of half-open flows, or of requests that
/// nobody answers, costs the conversations no more than a quarter.
fn share(standing: Standing, budget: usize) -> usize {
    match standing {
        Standing::Silent => 0,
        Standing::Unread | Standing::Unproven => budget / 8,
        Standing::Conversing => budget - 2 * (budget / 8),
    }
}
