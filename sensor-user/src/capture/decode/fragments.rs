use std::{collections::BTreeMap, net::IpAddr};

use hashlink::LinkedHashMap;
use portcullis_exchange::Timestamp;

use super::ip::{Datagram, Fragment};

/// Reassembles fragmented IP packets under a bound, the oldest given up first.
///
/// Overlapping fragments drop the whole packet, as receivers do (RFC 5722; Linux since 4.20 for IPv4 too): whatever
/// was chosen otherwise, some receiver would have chosen differently.
#[derive(Default)]
pub(super) struct Fragments {
    packets: LinkedHashMap<Key, Packet, ahash::RandomState>,
    held: usize,
    pub(super) received: u64,
    pub(super) reassembled: u64,
    /// Fragments given up: overlapping, late, too many, or cut by the snap length.
    pub(super) dropped: u64,
}

const MAX_HELD: usize = 4 << 20;
/// What a fragment is charged beside its bytes, so that tiny ones are bounded too.
const FRAGMENT_COST: usize = 160;
const TIMEOUT_NANOS: u64 = 30_000_000_000;
/// The largest IP payload (RFC 791, RFC 8200 without jumbograms).
const MAX_PAYLOAD: usize = 65_535;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    identification: u32,
    vni: Option<u32>,
}

struct Packet {
    began: Timestamp,
    parts: BTreeMap<usize, Box<[u8]>>,
    /// Known once the last fragment is here.
    total: Option<usize>,
    have: usize,
}

impl Packet {
    fn cost(&self) -> usize {
        self.have + (self.parts.len() + 1) * FRAGMENT_COST
    }
}

impl Fragments {
    /// Takes a fragment, and gives the whole payload if it was the last one missing.
    pub(super) fn add(
        &mut self,
        datagram: &Datagram<'_>,
        fragment: Fragment,
        vni: Option<u32>,
        time: Timestamp,
    ) -> Option<Vec<u8>> {
        self.received += 1;
        let end = fragment.offset + datagram.payload.len();
        if datagram.cut > 0 || datagram.payload.is_empty() || end > MAX_PAYLOAD {
            self.dropped += 1;
            return None;
        }
        self.expire(time);
        let key = Key {
            source: datagram.source,
            destination: datagram.destination,
            // Fragments of IPv6 but the first may name another protocol (RFC 8200 section 4.5).
            protocol: if datagram.source.is_ipv6() { 0 } else { datagram.protocol },
            identification: fragment.identification,
            vni,
        };
        let packet = self.packets.entry(key).or_insert_with(|| Packet {
            began: time,
            parts: BTreeMap::new(),
            total: None,
            have: 0,
        });
        self.held = self.held.saturating_sub(packet.cost());
        let accepted = packet.accept(fragment, datagram.payload);
        if accepted.is_none() || packet.total == Some(packet.have) {
            let packet = self.packets.remove(&key)?;
            if accepted.is_none() {
                self.dropped += packet.parts.len() as u64 + 1;
                return None;
            }
            self.reassembled += 1;
            return Some(packet.parts.into_values().flatten().collect());
        }
        self.held += packet.cost();
        while self.held > MAX_HELD {
            self.drop_oldest();
        }
        None
    }

    fn expire(&mut self, now: Timestamp) {
        while let Some((_, packet)) = self.packets.front() {
            if now.nanos().saturating_sub(packet.began.nanos()) < TIMEOUT_NANOS {
                return;
            }
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        match self.packets.pop_front() {
            Some((_, packet)) => {
                self.held = self.held.saturating_sub(packet.cost());
                self.dropped += packet.parts.len() as u64;
            }
            None => self.held = 0,
        }
    }
}

impl Packet {
    /// `None` where the fragment contradicts the others.
    fn accept(&mut self, fragment: Fragment, payload: &[u8]) -> Option<()> {
        let end = fragment.offset + payload.len();
        if self.parts.get(&fragment.offset).is_some_and(|part| **part == *payload) {
            // The same packet captured twice.
            return Some(());
        }
        let before = self.parts.range(..=fragment.offset).next_back();
        let after = self.parts.range(fragment.offset..).next();
        let overlaps = before.is_some_and(|(start, part)| start + part.len() > fragment.offset)
            || after.is_some_and(|(start, _)| *start < end)
            || self.total.is_some_and(|total| end > total);
        if overlaps {
            return None;
        }
        if !fragment.more && self.total.replace(end).is_some_and(|total| total != end) {
            return None;
        }
        self.have += payload.len();
        self.parts.insert(fragment.offset, payload.into());
        Some(())
    }
}
