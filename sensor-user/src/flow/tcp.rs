use portcullis_exchange::Timestamp;

use super::{
    Chunk, Connection, End, Peers, Side,
    assembler::{Assembler, Piece},
    table::FlowCounters,
};
use crate::segment::Segment;

/// One TCP connection: two directions, and their reader as long as it wants to read.
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

#[derive(Debug, Default)]
struct Direction {
    stream: Assembler,
    /// Sequence number after the SYN.
    initial: Option<u32>,
    /// The highest acknowledgement its peer sent.
    acknowledged: Option<u32>,
    /// Acknowledgements up to here are no longer waited for.
    excused: Option<u32>,
    is_closed: bool,
}

/// Since when bytes wait for others that may still come.
#[derive(Clone, Copy, Debug)]
struct Blocked {
    since: Timestamp,
    segments: u32,
}

/// How many further segments of the connection may pass before acknowledged bytes that were not captured count as
/// lost: captures of several queues hand packets over slightly out of order, and the acknowledgement may come first.
const REORDER_SEGMENTS: u32 = 8;
/// The same in packet time.
pub(super) const REORDER_NANOS: u64 = 100_000_000;
/// Packet time after which a hole that nobody acknowledged counts as lost: several retransmission timeouts.
const HOLE_NANOS: u64 = 5_000_000_000;
/// Charged bytes of waiting data per direction past which its first hole counts as lost.
const PENDING_LIMIT: usize = 1 << 20;

/// What a segment means for the flow that has its addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Belonging {
    /// To the connection at hand.
    Here,
    /// It opens another connection, or proves that one was opened.
    Successor,
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

    /// Tells port reuse from a retransmitted, late or forged SYN.
    pub(super) fn belonging(&mut self, side: Side, segment: &Segment<'_>) -> Belonging {
        let direction = self.direction(side);
        if segment.flags.syn() {
            let first = segment.sequence.wrapping_add(1);
            if segment.flags.ack() {
                let confirms = self.rival_syn.is_some_and(|(rival, isn)| {
                    rival != side && segment.acknowledgement == isn.wrapping_add(1)
                });
                return if confirms { Belonging::Successor } else { Belonging::Here };
            }
            let is_same = match direction.initial {
                Some(initial) => initial == first,
                // Capture began after the handshake, or the SYN came late.
                None => direction.stream.offset_of(first).is_none_or(|offset| offset == 0),
            };
            if is_same {
                return Belonging::Here;
            }
            if !self.is_open() {
                return Belonging::Successor;
            }
            self.rival_syn = Some((side, segment.sequence));
            return Belonging::Here;
        }
        let is_rival_data = !segment.payload.is_empty()
            && self
                .rival_syn
                .is_some_and(|(rival, isn)| rival == side && segment.sequence == isn.wrapping_add(1));
        if is_rival_data && !self.peers.is_seen(side.other()) {
            return Belonging::Successor;
        }
        Belonging::Here
    }

    /// The SYN that a confirmed successor began with, for the flow that follows.
    pub(super) fn rival_syn(&self) -> Option<(Side, u32)> {
        self.rival_syn
    }

    pub(super) fn open_from(&mut self, side: Side, initial_sequence: u32) {
        self.peers.see(side);
        self.peers.initiator = Some(side);
        let first = initial_sequence.wrapping_add(1);
        let direction = self.direction_mut(side);
        direction.initial = Some(first);
        direction.stream.start(first);
    }

    pub(super) fn segment(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        shard: &mut C::Shard,
        counters: &mut FlowCounters,
    ) {
        self.last_seen = self.last_seen.max(segment.time);
        self.peers.see(side);
        self.revive(side, segment, shard);
        if self.reader.is_none() {
            if !segment.payload.is_empty() {
                counters.ignored_segments += 1;
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
            self.reset(side, segment, shard, counters);
            return;
        }
        if segment.wire_len > 0 || segment.flags.fin() {
            self.payload(side, sequence, acknowledgement, segment, shard, counters);
        }
        self.settle(segment.time, 1, shard, counters);
    }

    /// Gives up waiting where the time for it has passed.
    pub(super) fn settle(
        &mut self,
        now: Timestamp,
        segments: u32,
        shard: &mut C::Shard,
        counters: &mut FlowCounters,
    ) {
        if self.blocked.is_none() && !self.has_pending() {
            self.note_closed(now, shard);
            return;
        }
        loop {
            self.drain(shard, counters);
            if !self.has_pending() {
                self.blocked = None;
                break;
            }
            let blocked = self.blocked.get_or_insert(Blocked { since: now, segments: 0 });
            blocked.segments = blocked.segments.saturating_add(segments);
            let waited = now.nanos().saturating_sub(blocked.since.nanos());
            let late = blocked.segments >= REORDER_SEGMENTS || waited >= REORDER_NANOS;
            if !self.unblock(now, late, waited >= HOLE_NANOS, shard, counters) {
                break;
            }
            self.blocked = None;
        }
        self.note_closed(now, shard);
    }

    pub(super) fn end(mut self, end: End, shard: &mut C::Shard, counters: &mut FlowCounters) {
        self.finish(end, shard, counters);
    }

    fn finish(&mut self, end: End, shard: &mut C::Shard, counters: &mut FlowCounters) {
        if end != End::Evicted {
            let now = self.last_seen;
            loop {
                self.drain(shard, counters);
                if !self.unblock(now, true, true, shard, counters) {
                    break;
                }
            }
            self.note_closed(now, shard);
        }
        if let Some(reader) = self.reader.take() {
            reader.ended(&self.peers, end, shard);
        }
        self.release();
    }

    fn release(&mut self) {
        self.low.stream.clear();
        self.high.stream.clear();
        self.blocked = None;
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

    /// Bytes that go on where a reset connection stopped show that its receiver did not believe the RST, as with one
    /// forged to blind us: they are read again.
    fn revive(&mut self, side: Side, segment: &Segment<'_>, shard: &mut C::Shard) {
        let stream = &self.direction(side).stream;
        let goes_on = !segment.payload.is_empty()
            && !segment.flags.rst()
            && stream.next_sequence() == Some(segment.sequence);
        if !self.is_reset || !goes_on {
            return;
        }
        self.is_reset = false;
        let mut reader = C::open();
        for side in Side::BOTH {
            reader.gap(&self.peers, side, 0, segment.time, shard);
        }
        self.reader = Some(reader);
    }

    /// Ends the connection, unless the sequence number shows that the receiver would not have believed it either
    /// (RFC 5961 section 3).
    fn reset(
        &mut self,
        side: Side,
        segment: &Segment<'_>,
        shard: &mut C::Shard,
        counters: &mut FlowCounters,
    ) {
        let stream = &self.direction(side).stream;
        let believable = match stream.offset_of(segment.sequence) {
            None => true,
            Some(offset) => {
                let highest = stream.last_pending_end().unwrap_or(stream.next());
                (stream.next()..=highest.saturating_add(RESET_WINDOW)).contains(&offset)
                    || self.direction(side).acknowledged == Some(segment.sequence)
            }
        };
        // Before any byte there is nothing to end, and a RST that was not believed would end what follows.
        let is_silent = self.low.stream.next() == 0 && self.high.stream.next() == 0;
        if believable && is_silent {
            counters.early_resets += 1;
        } else if believable {
            self.is_reset = true;
            self.finish(End::Reset, shard, counters);
        } else {
            counters.forged_resets += 1;
        }
    }

    fn payload(
        &mut self,
        side: Side,
        sequence: u32,
        acknowledgement: Option<u32>,
        segment: &Segment<'_>,
        shard: &mut C::Shard,
        counters: &mut FlowCounters,
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
            counters.duplicate_bytes += u64::from(segment.wire_len);
            return;
        }
        let in_order = start <= next && !direction.stream.has_pending();
        if in_order && !self.must_wait(side, acknowledgement) {
            let known = usize::try_from(next - start).unwrap_or(usize::MAX);
            counters.duplicate_bytes += known as u64;
            let bytes = payload.get(known..).unwrap_or_default();
            let past = u32::try_from(known.saturating_sub(payload.len())).unwrap_or(u32::MAX);
            self.give(side, bytes, cut.saturating_sub(past), acknowledgement, segment.time, shard, counters);
            return;
        }
        let overlap =
            self.direction_mut(side).stream.insert(start, payload, cut, acknowledgement, segment.time);
        counters.duplicate_bytes += overlap.bytes;
        counters.overlap_conflicts += u64::from(overlap.conflict);
        counters.out_of_order_segments += 1;
    }

    /// Whether bytes acknowledge others of the peer that were not captured yet.
    fn must_wait(&self, side: Side, acknowledgement: Option<u32>) -> bool {
        let peer = self.direction(side.other());
        let (Some(acknowledgement), Some(next)) = (acknowledgement, peer.stream.next_sequence()) else {
            return false;
        };
        // The FIN takes a sequence number of its own.
        let next = next.wrapping_add(u32::from(peer.stream.is_at_fin()));
        self.peers.is_seen(side.other())
            && is_after(acknowledgement, next)
            && peer.excused.is_none_or(|excused| is_after(acknowledgement, excused))
    }

    fn drain(&mut self, shard: &mut C::Shard, counters: &mut FlowCounters) {
        loop {
            let mut progressed = false;
            for side in Side::BOTH {
                while let Some(acknowledgement) = self.direction(side).stream.front() {
                    if self.must_wait(side, acknowledgement) {
                        break;
                    }
                    let Some(piece) = self.direction_mut(side).stream.pop() else { break };
                    let Piece { bytes, cut, acknowledgement, time } = piece;
                    self.give(side, &bytes, cut, acknowledgement, time, shard, counters);
                    progressed = true;
                }
            }
            if !progressed {
                return;
            }
        }
    }

    /// Declares lost, or no longer waits for, what blocks the bytes at hand. False where nothing may be given up.
    fn unblock(
        &mut self,
        now: Timestamp,
        late: bool,
        very_late: bool,
        shard: &mut C::Shard,
        counters: &mut FlowCounters,
    ) -> bool {
        let mut changed = false;
        for side in Side::BOTH {
            let direction = self.direction(side);
            let Some(first) = direction.stream.first_pending() else { continue };
            let next = direction.stream.next();
            let full = direction.stream.allocated() > PENDING_LIMIT;
            if first > next {
                let acknowledged =
                    direction.acknowledged.and_then(|sequence| direction.stream.offset_of(sequence));
                let lost_until = match acknowledged {
                    _ if full || very_late => first,
                    Some(acknowledged) if late && acknowledged > next => first.min(acknowledged),
                    _ => continue,
                };
                self.lose(side, lost_until - next, now, shard, counters);
                changed = true;
            } else if late || full {
                let Some(acknowledgement) = direction.stream.front().flatten() else { continue };
                // Where the peer has a hole of its own, that one decides.
                let peer = self.direction_mut(side.other());
                let peer_waits = peer.stream.first_pending().is_some_and(|first| first > peer.stream.next());
                if !peer_waits || full {
                    peer.excused = Some(acknowledgement);
                    changed = true;
                }
            }
        }
        changed
    }

    #[expect(clippy::too_many_arguments, reason = "a chunk's parts, the shard and the counters")]
    fn give(
        &mut self,
        side: Side,
        bytes: &[u8],
        cut: u32,
        acknowledgement: Option<u32>,
        time: Timestamp,
        shard: &mut C::Shard,
        counters: &mut FlowCounters,
    ) {
        if !bytes.is_empty() {
            let acknowledged =
                acknowledgement.and_then(|number| self.direction(side.other()).stream.offset_of(number));
            let offset = self.direction(side).stream.next();
            self.direction_mut(side).stream.advance(bytes.len() as i64);
            if let Some(reader) = &mut self.reader {
                reader.data(&self.peers, Chunk { side, time, bytes, offset, acknowledged }, shard);
            }
        }
        if cut > 0 {
            self.lose(side, i64::from(cut), time, shard, counters);
        }
        self.drop_uninterested(shard);
    }

    fn lose(
        &mut self,
        side: Side,
        missing: i64,
        time: Timestamp,
        shard: &mut C::Shard,
        counters: &mut FlowCounters,
    ) {
        let lost = missing.unsigned_abs();
        counters.gaps += 1;
        counters.gap_bytes += lost;
        self.direction_mut(side).stream.advance(missing);
        if let Some(reader) = &mut self.reader {
            reader.gap(&self.peers, side, lost, time, shard);
        }
        self.drop_uninterested(shard);
    }

    fn note_closed(&mut self, now: Timestamp, shard: &mut C::Shard) {
        for side in Side::BOTH {
            let direction = self.direction_mut(side);
            if !direction.is_closed && direction.stream.is_at_fin() && !direction.stream.has_pending() {
                direction.is_closed = true;
                if let Some(reader) = &mut self.reader {
                    reader.closed(&self.peers, side, now, shard);
                }
            }
        }
        if self.low.is_closed && self.high.is_closed {
            if let Some(reader) = self.reader.take() {
                reader.ended(&self.peers, End::Closed, shard);
            }
            self.release();
        }
    }

    fn drop_uninterested(&mut self, shard: &mut C::Shard) {
        if self.reader.as_ref().is_some_and(|reader| !reader.is_interested()) {
            if let Some(reader) = self.reader.take() {
                reader.ended(&self.peers, End::Closed, shard);
            }
            self.release();
        }
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

/// How far past the highest byte seen a RST is still believed: bytes just before it may not have been captured.
const RESET_WINDOW: i64 = 64 << 10;

impl Direction {
    fn take_acknowledgement(&mut self, acknowledgement: u32) {
        if self.acknowledged.is_none_or(|highest| is_after(acknowledgement, highest)) {
            self.acknowledged = Some(acknowledgement);
        }
    }
}

/// Sequence number comparison of RFC 9293 section 3.4.
fn is_after(left: u32, right: u32) -> bool {
    left.wrapping_sub(right).cast_signed() > 0
}
