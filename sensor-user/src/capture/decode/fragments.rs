use std::{
    collections::{BTreeMap, btree_map::Entry},
    net::IpAddr,
};

use hashlink::LinkedHashMap;
use portcullis_exchange::Timestamp;

use super::{
    Position,
    ip::{Datagram, Fragment},
};
use crate::segment::Vlans;

/// Reassembles fragmented IP packets under a bound, the least recently used given up first.
///
/// Whatever two receivers would read differently, an attacker can hide in. So this takes and refuses what Linux does,
/// which most servers are (`inet_frag_queue_insert`, Linux 4.20 and later; for IPv6 RFC 5722): a fragment that lies
/// wholly within what is there already is ignored, one that overlaps in part drops the whole packet.
#[derive(Default)]
pub(super) struct Fragments {
    packets: LinkedHashMap<Key, Packet, ahash::RandomState>,
    pub(super) held: usize,
    pub(super) received: u64,
    /// Whole packets.
    pub(super) reassembled: u64,
    /// Fragments ignored because their bytes were there.
    pub(super) duplicate: u64,
    /// Fragments of packets that contradicted themselves.
    pub(super) overlapping: u64,
    /// Fragments whose packet was not whole in time.
    pub(super) expired: u64,
    /// Fragments given up because too many others came.
    pub(super) evicted: u64,
    /// Fragments that cannot be used: cut by the snap length, or reaching past the largest packet.
    pub(super) dropped: u64,
}

/// A fragmented packet put together.
pub(super) struct Whole {
    pub(super) protocol: u8,
    pub(super) payload: Vec<u8>,
}

const MAX_HELD: usize = 4 << 20;
/// What a run of fragments is charged beside its bytes, so that tiny ones are bounded too.
const RUN_COST: usize = 160;
/// As long as Linux keeps them (`ipfrag_time`, `ip6frag_time`; RFC 8200 section 4.5).
const TIMEOUT_V4_NANOS: u64 = 30_000_000_000;
const TIMEOUT_V6_NANOS: u64 = 60_000_000_000;
/// The largest IP payload (RFC 791, RFC 8200 without jumbograms).
const MAX_PAYLOAD: usize = 65_535;
/// In what the offsets count; all fragments but the last hold a multiple of it.
const UNIT: usize = 8;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    identification: u32,
    vni: Option<u32>,
    vlans: Vlans,
}

impl Key {
    fn timeout(&self) -> u64 {
        if self.source.is_ipv6() { TIMEOUT_V6_NANOS } else { TIMEOUT_V4_NANOS }
    }
}

impl Fragments {
    /// Takes a fragment, and gives the whole payload if it was the last one missing.
    pub(super) fn add(
        &mut self,
        datagram: &Datagram<'_>,
        fragment: Fragment,
        position: Position,
    ) -> Option<Whole> {
        self.received += 1;
        let is_v6 = datagram.source.is_ipv6();
        let mut payload = datagram.payload;
        let odd = payload.len() % UNIT;
        if datagram.cut > 0
            || fragment.offset + payload.len() > MAX_PAYLOAD
            || (is_v6 && fragment.more && odd > 0)
        {
            self.dropped += 1;
            return None;
        }
        if fragment.more {
            payload = payload.get(..payload.len() - odd)?;
        }
        let key = Key {
            source: datagram.source,
            destination: datagram.destination,
            // Fragments of IPv6 but the first may name another protocol (RFC 8200 section 4.5).
            protocol: if is_v6 { 0 } else { datagram.protocol },
            identification: fragment.identification,
            vni: position.vni,
            vlans: position.vlans,
        };
        self.expire(&key, position.time);
        let packet = match self.packets.to_back(&key) {
            Some(packet) => {
                self.held = self.held.saturating_sub(packet.cost());
                packet
            }
            None => self.packets.entry(key).or_insert_with(|| Packet::new(position.time)),
        };
        let taken = packet.take(fragment, payload);
        if taken == Taken::New && fragment.offset == 0 {
            packet.protocol = Some(datagram.protocol);
        }
        if taken == Taken::Contradicts || packet.is_whole() {
            let packet = self.packets.remove(&key)?;
            if taken == Taken::Contradicts {
                self.overlapping += packet.fragments + 1;
                return None;
            }
            self.reassembled += 1;
            return Some(Whole { protocol: packet.protocol?, payload: packet.concatenated() });
        }
        self.duplicate += u64::from(taken == Taken::Duplicate);
        self.held += packet.cost();
        while self.held > MAX_HELD {
            self.evicted += self.drop_oldest();
        }
        None
    }

    fn expire(&mut self, key: &Key, now: Timestamp) {
        let is_over =
            |key: &Key, packet: &Packet| now.nanos().saturating_sub(packet.began.nanos()) >= key.timeout();
        while self.packets.front().is_some_and(|(key, packet)| is_over(key, packet)) {
            self.expired += self.drop_oldest();
        }
        // The front is the least recently used, not the oldest.
        if self.packets.get(key).is_some_and(|packet| is_over(key, packet))
            && let Some(packet) = self.packets.remove(key)
        {
            self.held = self.held.saturating_sub(packet.cost());
            self.expired += packet.fragments;
        }
    }

    /// How many fragments that were.
    fn drop_oldest(&mut self) -> u64 {
        let Some((_, packet)) = self.packets.pop_front() else {
            self.held = 0;
            return 0;
        };
        self.held = self.held.saturating_sub(packet.cost());
        packet.fragments
    }
}

struct Packet {
    began: Timestamp,
    /// By where they begin; disjoint. Fragments that come in order make one.
    runs: BTreeMap<usize, Vec<u8>>,
    /// As the first fragment names it.
    protocol: Option<u8>,
    /// The highest byte seen, the packet's length once the last fragment is here.
    end: usize,
    has_last: bool,
    have: usize,
    allocated: usize,
    fragments: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    New,
    Duplicate,
    Contradicts,
}

impl Packet {
    fn new(began: Timestamp) -> Self {
        Self {
            began,
            runs: BTreeMap::new(),
            protocol: None,
            end: 0,
            has_last: false,
            have: 0,
            allocated: 0,
            fragments: 0,
        }
    }

    fn cost(&self) -> usize {
        self.allocated + (self.runs.len() + 1) * RUN_COST
    }

    fn is_whole(&self) -> bool {
        self.has_last && self.have == self.end
    }

    fn take(&mut self, fragment: Fragment, payload: &[u8]) -> Taken {
        let (start, end) = (fragment.offset, fragment.offset + payload.len());
        let moves_end =
            if fragment.more { end > self.end && self.has_last } else { end < self.end || self.has_last };
        if payload.is_empty() || (moves_end && end != self.end) {
            return Taken::Contradicts;
        }
        self.has_last |= !fragment.more;
        self.end = self.end.max(end);
        if let Some((&run_start, run)) = self.runs.range(..end).next_back() {
            let run_end = run_start + run.len();
            if run_end > start {
                let is_within = run_start <= start && end <= run_end;
                return if is_within { Taken::Duplicate } else { Taken::Contradicts };
            }
        }
        self.put(start, payload);
        Taken::New
    }

    /// Only what follows the last run is joined to it, as Linux does: what lies across two runs that touch is no
    /// duplicate there.
    fn put(&mut self, start: usize, payload: &[u8]) {
        self.fragments += 1;
        self.have += payload.len();
        if let Some(mut last) = self.runs.last_entry()
            && last.key() + last.get().len() == start
        {
            self.allocated -= last.get().capacity();
            last.get_mut().extend_from_slice(payload);
            self.allocated += last.get().capacity();
            return;
        }
        if let Entry::Vacant(place) = self.runs.entry(start) {
            self.allocated += place.insert(payload.to_vec()).capacity();
        }
    }

    fn concatenated(mut self) -> Vec<u8> {
        let Some(mut first) = self.runs.first_entry().map(|mut first| std::mem::take(first.get_mut())) else {
            return Vec::new();
        };
        for run in self.runs.into_values() {
            first.extend(run);
        }
        first
    }
}
