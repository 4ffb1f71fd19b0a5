//! One TCP connection.

mod assembler;
mod belonging;
mod delivery;
mod direction;
mod embryo;
mod ended;
mod order;
mod reset;

pub(super) use belonging::Belonging;
pub(super) use embryo::Embryo;
pub(super) use ended::Ended;
pub(super) use order::REORDER_NANOS;
use portcullis_exchange::Timestamp;

use self::{assembler::Arrived, delivery::Cut, direction::Direction};
use super::{Connection, End, Outlet, Peers, Rest, Side, vlan::Known};
use crate::segment::Segment;

/// Two directions, and their reader as long as it wants to read.
pub(super) struct Flow<C> {
    pub(super) peers: Peers,
    low: Direction,
    high: Direction,
    /// `None` once it ended: what still comes is then for [`Ended`].
    reader: Option<C>,
    is_reset: bool,
    last_seen: Timestamp,
    /// A SYN with another initial sequence number, not yet confirmed by the peer. Believing it at once would let a
    /// client blind us with one forged packet that its server ignores.
    rival_syn: Option<(Side, u32)>,
}

/// What the allocator takes for itself of a block.
const HEAP_COST: usize = 16;

impl<C: Connection> Flow<C> {
    pub(super) fn new(peers: Peers, time: Timestamp) -> Self {
        Self {
            peers,
            low: Direction::default(),
            high: Direction::default(),
            reader: Some(C::open()),
            is_reset: false,
            last_seen: time,
            rival_syn: None,
        }
    }

    /// As if `side` had sent a SYN; `first` is the sequence number after it.
    pub(super) fn open_from(&mut self, side: Side, first: u32) {
        self.peers.see(side);
        self.handshake(side, first, None);
    }

    pub(super) fn segment(&mut self, side: Side, segment: &Segment<'_>, outlet: &mut Outlet<'_, C>) {
        self.last_seen = self.last_seen.max(segment.time);
        self.peers.see(side);
        self.peers.keeps_bodies = !segment.left_out.bodies;
        let acknowledgement = segment.flags.ack().then_some(segment.acknowledgement);
        if let Some(acknowledgement) = acknowledgement {
            self.direction_mut(side.other()).take_acknowledgement(acknowledgement);
        }
        let mut sequence = segment.sequence;
        if segment.flags.syn() {
            // Data may follow the SYN (RFC 7413).
            sequence = sequence.wrapping_add(1);
            self.handshake(side, sequence, acknowledgement);
        }
        if segment.flags.rst() {
            self.reset(side, segment, outlet);
            return;
        }
        if segment.wire_len > 0 || segment.flags.fin() {
            self.payload(side, sequence, acknowledgement, segment, outlet);
        }
        self.settle(segment.time, 1, outlet);
    }

    pub(super) fn end(mut self, end: End, outlet: &mut Outlet<'_, C>) {
        self.finish(end, outlet);
    }

    /// Waits no longer for what is missing. Gives what is left of the connection, unless all of it is needed.
    pub(super) fn silent(&mut self, outlet: &mut Outlet<'_, C>) -> Option<Ended> {
        self.settle_all(outlet);
        let Some(reader) = &mut self.reader else { return Some(Ended::of(self)) };
        let rest = reader.silent(outlet.shard);
        if rest == Rest::Kept {
            return None;
        }
        self.let_go(End::Idle, outlet);
        Some(Ended::silent(self, rest == Rest::Unfinished))
    }

    pub(super) fn known_to(&self, side: Side) -> Known {
        Known {
            peer_next: self.direction(side.other()).stream.next_sequence(),
            acknowledged: self.direction(side).acknowledged,
        }
    }

    /// It goes on, and nobody reads it.
    pub(super) fn is_ignored(&self) -> bool {
        let is_closed = self.low.is_closed && self.high.is_closed;
        !(self.is_open() || self.is_reset || is_closed)
    }

    pub(super) fn is_open(&self) -> bool {
        self.reader.is_some()
    }

    /// Whether the reader knows what is spoken, and both sides spoke.
    pub(super) fn is_conversing(&self) -> bool {
        self.low.stream.next() > 0
            && self.high.stream.next() > 0
            && self.reader.as_ref().is_some_and(C::is_recognised)
    }

    /// Bytes of memory, those of the reader included.
    pub(super) fn cost(&self) -> usize {
        let reader = self.reader.as_ref().map_or(0, C::memory);
        size_of::<Self>() + HEAP_COST + self.low.stream.allocated() + self.high.stream.allocated() + reader
    }

    /// A SYN, or with an acknowledgement a SYN-ACK; `first` is the sequence number after it.
    fn handshake(&mut self, side: Side, first: u32, acknowledgement: Option<u32>) {
        let initiator = if acknowledgement.is_some() { side.other() } else { side };
        self.peers.initiator.get_or_insert(initiator);
        let direction = self.direction_mut(side);
        direction.initial.get_or_insert(first);
        direction.stream.start_once(first);
        if let Some(acknowledgement) = acknowledgement {
            self.direction_mut(side.other()).stream.start_once(acknowledgement);
        }
    }

    fn payload(
        &mut self,
        side: Side,
        sequence: u32,
        acknowledgement: Option<u32>,
        segment: &Segment<'_>,
        outlet: &mut Outlet<'_, C>,
    ) {
        let direction = self.direction_mut(side);
        direction.stream.start_once(sequence);
        let Some(start) = direction.stream.offset_of(sequence) else { return };
        let bytes = segment.payload;
        let cut = u32::try_from(i64::from(segment.wire_len) - bytes.len() as i64).unwrap_or(0);
        let is_left_out = segment.left_out.tail;
        let arrived = Arrived { start, bytes, cut, is_left_out, acknowledgement, time: segment.time };
        let (next, end) = (direction.stream.next(), arrived.end());
        // A FIN before what was received is no receiver's end of the stream (RFC 9293 section 3.10.7.4).
        if segment.flags.fin() && end >= next {
            direction.stream.set_fin(end);
        }
        if end <= next {
            outlet.counters.duplicate_bytes += u64::from(segment.wire_len);
            return;
        }
        let in_order = start <= next && !direction.stream.has_pending();
        if in_order && !self.must_wait(side, acknowledgement) {
            let known = usize::try_from(next - start).unwrap_or(usize::MAX);
            outlet.counters.duplicate_bytes += known as u64;
            let past = u32::try_from(known.saturating_sub(bytes.len())).unwrap_or(u32::MAX);
            let bytes = bytes.get(known..).unwrap_or_default();
            let cut = Cut { len: cut.saturating_sub(past), is_left_out };
            self.give(side, bytes, cut, acknowledgement, segment.time, outlet);
            return;
        }
        let overlap = self.direction_mut(side).stream.insert(&arrived);
        outlet.counters.duplicate_bytes += overlap.bytes;
        outlet.counters.overlap_conflicts += u64::from(overlap.conflict);
        outlet.counters.out_of_order_segments += 1;
    }

    fn finish(&mut self, end: End, outlet: &mut Outlet<'_, C>) {
        // Room is wanted at once, not after everything that waits was read.
        if end != End::Evicted {
            self.settle_all(outlet);
        }
        self.let_go(end, outlet);
    }

    fn has_pending(&self) -> bool {
        self.low.stream.has_pending() || self.high.stream.has_pending()
    }

    fn direction(&self, side: Side) -> &Direction {
        match side {
            Side::Low => &self.low,
            Side::High => &self.high,
        }
    }

    fn direction_mut(&mut self, side: Side) -> &mut Direction {
        match side {
            Side::Low => &mut self.low,
            Side::High => &mut self.high,
        }
    }
}
