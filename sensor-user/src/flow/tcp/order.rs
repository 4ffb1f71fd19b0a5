//! When bytes wait for others, and when that is given up.

use portcullis_exchange::Timestamp;

use super::{Flow, assembler::Piece};
use crate::flow::{Connection, Outlet, Side};

/// Since when bytes wait for others that may still come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Blocked {
    since: Timestamp,
    segments: u32,
}

/// How patient to be with what is missing.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// Acknowledged bytes that were not captured will not come.
    is_late: bool,
    /// Nor will those that nobody acknowledged.
    is_very_late: bool,
}

/// How many further segments of the connection may pass before acknowledged bytes that were not captured count as
/// lost: captures of several queues hand packets over slightly out of order, and the acknowledgement may come first.
const REORDER_SEGMENTS: u32 = 8;
/// The same in packet time.
pub(in crate::flow) const REORDER_NANOS: u64 = 100_000_000;
/// Packet time after which a hole that nobody acknowledged counts as lost: several retransmission timeouts.
const HOLE_NANOS: u64 = 5_000_000_000;
/// Charged bytes of waiting data per direction past which its first hole counts as lost.
const PENDING_LIMIT: usize = 1 << 20;

impl<C: Connection> Flow<C> {
    /// Gives up waiting where the time for it has passed.
    pub(in crate::flow) fn settle(&mut self, now: Timestamp, segments: u32, outlet: &mut Outlet<'_, C>) {
        if self.blocked.is_none() && !self.has_pending() {
            self.note_closed(now, outlet);
            return;
        }
        loop {
            self.drain(outlet);
            if !self.has_pending() {
                self.blocked = None;
                break;
            }
            let blocked = self.blocked.get_or_insert(Blocked { since: now, segments: 0 });
            blocked.segments = blocked.segments.saturating_add(segments);
            let waited = now.nanos().saturating_sub(blocked.since.nanos());
            let patience = Patience {
                is_late: blocked.segments >= REORDER_SEGMENTS || waited >= REORDER_NANOS,
                is_very_late: waited >= HOLE_NANOS,
            };
            if !self.unblock(now, patience, outlet) {
                break;
            }
            self.blocked = None;
        }
        self.note_closed(now, outlet);
    }

    /// Gives everything that waits, and what is missing between as lost.
    pub(super) fn settle_all(&mut self, outlet: &mut Outlet<'_, C>) {
        loop {
            self.drain(outlet);
            if !self.unblock(self.last_seen, Patience { is_late: true, is_very_late: true }, outlet) {
                break;
            }
        }
        self.note_closed(self.last_seen, outlet);
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
                    let Some(piece) = self.direction_mut(side).stream.pop() else { break };
                    let Piece { bytes, cut, acknowledgement, time } = piece;
                    self.give(side, &bytes, cut, acknowledgement, time, outlet);
                    progressed = true;
                }
            }
            if !progressed {
                return;
            }
        }
    }

    /// Declares lost, or no longer waits for, what blocks the bytes at hand. False where nothing may be given up.
    fn unblock(&mut self, now: Timestamp, patience: Patience, outlet: &mut Outlet<'_, C>) -> bool {
        let Patience { is_late, is_very_late } = patience;
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
                    _ if full || is_very_late => first,
                    Some(acknowledged) if is_late && acknowledged > next => first.min(acknowledged),
                    _ => continue,
                };
                self.lose(side, lost_until - next, now, outlet);
                changed = true;
            } else if is_late || full {
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
}
