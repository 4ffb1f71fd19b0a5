//! When bytes wait for others, and when that is given up.

use portcullis_exchange::Timestamp;

use super::{Flow, assembler::Piece, delivery::Cut};
use crate::flow::{Connection, Outlet, Side};

/// Since when a direction's next bytes are missed: others wait for them, and they may still come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Missed {
    /// Their stream offset.
    at: i64,
    since: Timestamp,
    segments: u32,
}

/// How many further segments of the connection may pass before acknowledged bytes that were not captured count as
/// lost: captures of several queues hand packets over out of order, a queue's batch at a time, and the acknowledgement may
/// come first.
const REORDER_SEGMENTS: u32 = 64;
/// The same in packet time.
pub(in crate::flow) const REORDER_NANOS: u64 = 100_000_000;
/// Packet time after which a hole that nobody acknowledged counts as lost: several retransmission timeouts.
const HOLE_NANOS: u64 = 5_000_000_000;
/// Charged bytes of waiting data per direction past which its first hole counts as lost.
const PENDING_LIMIT: usize = 1 << 20;

impl<C: Connection> Flow<C> {
    /// Gives up waiting where the time for it has passed.
    pub(in crate::flow) fn settle(&mut self, now: Timestamp, segments: u32, outlet: &mut Outlet<'_, C>) {
        if self.has_pending() {
            self.drain(outlet);
            for side in Side::BOTH {
                self.count_missed(side, now, segments);
            }
            while self.give_up(now, false, outlet) {
                self.drain(outlet);
                for side in Side::BOTH {
                    self.count_missed(side, now, 0);
                }
            }
        }
        self.note_closed(now, outlet);
    }

    /// Gives everything that waits, and what is missing between as lost.
    pub(super) fn settle_all(&mut self, outlet: &mut Outlet<'_, C>) {
        self.drain(outlet);
        while self.give_up(self.last_seen, true, outlet) {
            self.drain(outlet);
        }
        self.note_closed(self.last_seen, outlet);
    }

    pub(in crate::flow) fn is_blocked(&self) -> bool {
        self.low.missed.is_some() || self.high.missed.is_some()
    }

    /// Whether bytes acknowledge others of the peer that were not captured yet.
    pub(super) fn must_wait(&self, side: Side, acknowledgement: Option<u32>) -> bool {
        acknowledgement.is_some_and(|acknowledgement| {
            self.peers.is_seen(side.other()) && self.direction(side.other()).owes(acknowledgement)
        })
    }

    fn drain(&mut self, outlet: &mut Outlet<'_, C>) {
        loop {
            let mut progressed = false;
            for side in Side::BOTH {
                while let Some(acknowledgement) = self.direction(side).stream.front() {
                    if self.must_wait(side, acknowledgement) {
                        break;
                    }
                    self.give_front(side, outlet);
                    progressed = true;
                }
            }
            if !progressed {
                if !self.is_deadlocked() {
                    return;
                }
                let first = self.first_speaker();
                self.give_front(first, outlet);
            }
        }
    }

    fn give_front(&mut self, side: Side, outlet: &mut Outlet<'_, C>) {
        if let Some(piece) = self.direction_mut(side).stream.pop() {
            let Piece { bytes, cut, is_left_out, acknowledgement, time } = piece;
            let cut = Cut { len: cut, is_left_out };
            self.give(side, &bytes, cut, acknowledgement, time, outlet);
        }
    }

    /// Whether each side's next bytes acknowledge the other's, which no two ends that keep to RFC 9293 say.
    fn is_deadlocked(&self) -> bool {
        Side::BOTH.into_iter().all(|side| self.direction(side).stream.front().is_some())
    }

    /// Who is given first where the packets do not say. A question that comes early waits for its answer; an answer
    /// that comes early finds no question.
    fn first_speaker(&self) -> Side {
        let has_higher_port =
            if self.peers.low.port() > self.peers.high.port() { Side::Low } else { Side::High };
        self.peers.initiator.unwrap_or(has_higher_port)
    }

    /// Keeps count of how long a direction has stood still while it is waited for.
    fn count_missed(&mut self, side: Side, now: Timestamp, segments: u32) {
        let is_missed = self.direction(side).stream.has_hole() || self.is_awaited(side).is_some();
        let direction = self.direction_mut(side);
        let at = direction.stream.next();
        direction.missed = match direction.missed {
            _ if !is_missed => None,
            Some(missed) if missed.at == at => {
                Some(Missed { segments: missed.segments.saturating_add(segments), ..missed })
            }
            _ => Some(Missed { at, since: now, segments: 0 }),
        };
    }

    /// The acknowledgement of the peer's next bytes, where those wait for bytes of this side.
    fn is_awaited(&self, side: Side) -> Option<u32> {
        let peer = side.other();
        let acknowledgement = self.direction(peer).stream.front()?;
        acknowledgement.filter(|_| self.must_wait(peer, acknowledgement))
    }

    /// Declares lost, or no longer waits for, what was missed for too long. False where nothing is given up.
    ///
    /// One thing at a time, and holes first: what stands behind a hole may be what the other side waits for.
    fn give_up(&mut self, now: Timestamp, is_over: bool, outlet: &mut Outlet<'_, C>) -> bool {
        Side::BOTH.into_iter().any(|side| self.give_up_hole(side, now, is_over, outlet))
            || Side::BOTH.into_iter().any(|side| self.excuse(side, now, is_over))
    }

    fn give_up_hole(
        &mut self,
        side: Side,
        now: Timestamp,
        is_over: bool,
        outlet: &mut Outlet<'_, C>,
    ) -> bool {
        let stream = &self.direction(side).stream;
        let next = stream.next();
        let Some(first) = stream.first_pending().filter(|first| *first > next) else { return false };
        let is_very_late = is_over || self.waited(side, now) >= HOLE_NANOS;
        let acknowledged = self.direction(side).acknowledged;
        let lost_until = match acknowledged.and_then(|sequence| stream.offset_of(sequence)) {
            _ if is_very_late || stream.allocated() > PENDING_LIMIT => first,
            Some(acknowledged) if self.is_late(side, now, is_over) && acknowledged > next => {
                first.min(acknowledged)
            }
            _ => return false,
        };
        self.lose(side, lost_until - next, now, outlet);
        true
    }

    /// Lets the peer's next bytes no longer wait for this side's.
    fn excuse(&mut self, side: Side, now: Timestamp, is_over: bool) -> bool {
        let Some(acknowledgement) = self.is_awaited(side) else { return false };
        let is_full = self.direction(side.other()).stream.allocated() > PENDING_LIMIT;
        let gives_up = is_full || self.is_late(side, now, is_over);
        if gives_up {
            self.direction_mut(side).excused = Some(acknowledgement);
        }
        gives_up
    }

    fn is_late(&self, side: Side, now: Timestamp, is_over: bool) -> bool {
        let segments = self.direction(side).missed.map_or(0, |missed| missed.segments);
        is_over || segments >= REORDER_SEGMENTS || self.waited(side, now) >= REORDER_NANOS
    }

    fn waited(&self, side: Side, now: Timestamp) -> u64 {
        self.direction(side).missed.map_or(0, |missed| missed.nanos(now))
    }
}

impl Missed {
    fn nanos(self, now: Timestamp) -> u64 {
        now.nanos().saturating_sub(self.since.nanos())
    }
}
