//! One TCP connection.

mod assembler;
mod belonging;
mod delivery;
mod direction;
mod order;
mod reset;

pub(super) use belonging::Belonging;
pub(super) use order::REORDER_NANOS;
use portcullis_exchange::Timestamp;

use self::{direction::Direction, order::Blocked};
use super::{Connection, End, Outlet, Peers, Side};
use crate::segment::Segment;

/// Two directions, and their reader as long as it wants to read.
pub(super) struct Flow<C> {
    pub(super) peers: Peers,
    low: Direction,
    high: Direction,
    /// `None` once it ended: the flow then only absorbs retransmissions until it is forgotten, so that they do not
    /// come to life as a connection of their own.
    reader: Option<C>,
    is_reset: bool,
    pub(super) last_seen: Timestamp,
    blocked: Option<Blocked>,
    /// A SYN with another initial sequence number, not yet confirmed by the peer. Believing it at once would let a
    /// client blind us with one forged packet that its server ignores.
    rival_syn: Option<(Side, u32)>,
    /// What the table charged for this flow.
    pub(super) charged: usize,
    /// Whether the table has it in its list of flows to look at again.
    pub(super) is_listed: bool,
}

impl<C: Connection> Flow<C> {
    pub(super) fn new(peers: Peers, time: Timestamp) -> Self {
        Self {
            peers,
            low: Direction::default(),
            high: Direction::default(),
            reader: Some(C::open()),
            is_reset: false,
            last_seen: time,
            blocked: None,
            rival_syn: None,
            charged: 0,
            is_listed: false,
        }
    }

    pub(super) fn open_from(&mut self, side: Side, initial_sequence: u32) {
        self.peers.see(side);
        self.peers.initiator = Some(side);
        let first = initial_sequence.wrapping_add(1);
        let direction = self.direction_mut(side);
        direction.initial = Some(first);
        direction.stream.start(first);
    }

    pub(super) fn segment(&mut self, side: Side, segment: &Segment<'_>, outlet: &mut Outlet<'_, C>) {
        self.last_seen = self.last_seen.max(segment.time);
        self.peers.see(side);
        self.revive(side, segment, outlet);
        if self.reader.is_none() {
            if !segment.payload.is_empty() {
                outlet.counters.ignored_segments += 1;
            }
            return;
        }
        let acknowledgement = segment.flags.ack().then_some(segment.acknowledgement);
        if let Some(acknowledgement) = acknowledgement {
            self.direction_mut(side.other()).take_acknowledgement(acknowledgement);
        }
        let mut sequence = segment.sequence;
        if segment.flags.syn() {
            // Data may follow the SYN (RFC 7413).
            sequence = sequence.wrapping_add(1);
            self.handshake(side, segment, sequence);
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

    pub(super) fn is_open(&self) -> bool {
        self.reader.is_some()
    }

    pub(super) fn is_blocked(&self) -> bool {
        self.blocked.is_some()
    }

    pub(super) fn cost(&self) -> usize {
        let reader = self.reader.as_ref().map_or(0, C::memory);
        size_of::<Self>() + self.low.stream.allocated() + self.high.stream.allocated() + reader
    }

    fn handshake(&mut self, side: Side, segment: &Segment<'_>, first: u32) {
        let initiator = if segment.flags.ack() { side.other() } else { side };
        self.peers.initiator.get_or_insert(initiator);
        let direction = self.direction_mut(side);
        direction.initial.get_or_insert(first);
        if !direction.stream.is_started() {
            direction.stream.start(first);
        }
        if segment.flags.ack() {
            let peer = self.direction_mut(side.other());
            if !peer.stream.is_started() {
                peer.stream.start(segment.acknowledgement);
            }
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
        if !direction.stream.is_started() {
            direction.stream.start(sequence);
        }
        let Some(start) = direction.stream.offset_of(sequence) else { return };
        let payload = segment.payload;
        let cut = u32::try_from(i64::from(segment.wire_len) - payload.len() as i64).unwrap_or(0);
        let end = start + payload.len() as i64 + i64::from(cut);
        if segment.flags.fin() {
            direction.stream.set_fin(end);
        }
        let next = direction.stream.next();
        if end <= next {
            outlet.counters.duplicate_bytes += u64::from(segment.wire_len);
            return;
        }
        let in_order = start <= next && !direction.stream.has_pending();
        if in_order && !self.must_wait(side, acknowledgement) {
            let known = usize::try_from(next - start).unwrap_or(usize::MAX);
            outlet.counters.duplicate_bytes += known as u64;
            let bytes = payload.get(known..).unwrap_or_default();
            let past = u32::try_from(known.saturating_sub(payload.len())).unwrap_or(u32::MAX);
            self.give(side, bytes, cut.saturating_sub(past), acknowledgement, segment.time, outlet);
            return;
        }
        let overlap =
            self.direction_mut(side).stream.insert(start, payload, cut, acknowledgement, segment.time);
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
