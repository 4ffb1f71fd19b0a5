use portcullis_exchange::Timestamp;

use super::{Flow, belonging::Belonging, direction::Direction};
use crate::{
    flow::{Connection, Peers, Side, vlan::Known},
    segment::Segment,
};

/// What is remembered of a connection that is no longer read: enough to tell what still comes of it from a new one on
/// the same ports.
#[derive(Clone, Copy, Debug)]
pub(in crate::flow) struct Ended {
    initiator: Option<Side>,
    low: Left,
    high: Left,
    how: How,
    rival_syn: Option<(Side, u32)>,
}

/// What is left of a direction.
#[derive(Clone, Copy, Debug)]
struct Left {
    is_seen: bool,
    /// Sequence number after the SYN, or of the first byte seen.
    first: Option<u32>,
    next: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Closed,
    Reset,
    /// Silent for long, and then nothing was under way, or something was that will be missed.
    Silent {
        is_unfinished: bool,
    },
    /// It goes on, and is of no interest.
    Ignored,
}

/// How far behind the place where a connection stopped its bytes still count as its own: some of them may not
/// have been captured.
const REVIVAL_WINDOW: u32 = 1 << 20;

impl Ended {
    pub(in crate::flow) fn of<C: Connection>(flow: &Flow<C>) -> Self {
        let left = |side: Side, direction: &Direction| Left {
            is_seen: flow.peers.is_seen(side),
            first: direction.first(),
            next: direction.stream.next_sequence(),
        };
        let how = if flow.is_reset {
            How::Reset
        } else if flow.low.is_closed && flow.high.is_closed {
            How::Closed
        } else {
            How::Ignored
        };
        Self {
            initiator: flow.peers.initiator,
            low: left(Side::Low, &flow.low),
            high: left(Side::High, &flow.high),
            how,
            rival_syn: flow.rival_syn,
        }
    }

    pub(super) fn silent<C: Connection>(flow: &Flow<C>, is_unfinished: bool) -> Self {
        Self { how: How::Silent { is_unfinished }, ..Self::of(flow) }
    }

    /// Whether no packet said that it is over.
    pub(in crate::flow) fn may_go_on(&self) -> bool {
        matches!(self.how, How::Silent { .. } | How::Ignored)
    }

    pub(in crate::flow) fn belonging(&self, side: Side, segment: &Segment<'_>) -> Belonging {
        let is_rivals = |of: Side, next: u32| {
            self.rival_syn.is_some_and(|(rival, isn)| rival == of && next == isn.wrapping_add(1))
        };
        let is_successor = if segment.flags.syn() && segment.flags.ack() {
            is_rivals(side.other(), segment.acknowledgement)
        } else if segment.flags.syn() {
            // No SYN is repeated after the connection's end. Of one that goes on unread, it may be.
            self.how != How::Ignored || self.left(side).first != Some(segment.sequence.wrapping_add(1))
        } else {
            let is_again = self.left(side).first == Some(segment.sequence);
            let is_unanswered = !self.left(side.other()).is_seen;
            !segment.payload.is_empty() && !is_again && is_unanswered && is_rivals(side, segment.sequence)
        };
        if is_successor { Belonging::Successor } else { Belonging::Here }
    }

    pub(in crate::flow) fn known_to(&self, side: Side) -> Known {
        Known { peer_next: self.left(side.other()).next, acknowledged: None }
    }

    pub(in crate::flow) fn rival_syn(&self) -> Option<(Side, u32)> {
        self.rival_syn
    }

    /// Bytes that go on behind where a reset connection stopped show that its receiver did not believe the RST, as with one
    /// forged to blind us: they are read again. So are those that end a long silence.
    pub(in crate::flow) fn revive<C: Connection>(
        &self,
        side: Side,
        segment: &Segment<'_>,
        peers: Peers,
        shard: &mut C::Shard,
    ) -> Option<Flow<C>> {
        let goes_on = !segment.payload.is_empty()
            && !segment.flags.rst()
            && self.left(side).next.is_some_and(|next| segment.sequence.wrapping_sub(next) <= REVIVAL_WINDOW);
        let has_missed = match self.how {
            How::Reset => true,
            How::Silent { is_unfinished } => is_unfinished,
            How::Closed | How::Ignored => return None,
        };
        if !goes_on {
            return None;
        }
        let mut flow = Flow::new(peers, segment.time);
        flow.peers.initiator = self.initiator;
        flow.rival_syn = self.rival_syn;
        for side in Side::BOTH {
            let left = self.left(side);
            if left.is_seen {
                flow.peers.see(side);
            }
            let direction = flow.direction_mut(side);
            direction.initial = left.first;
            if let Some(next) = left.next {
                direction.stream.start(next);
            }
        }
        if has_missed {
            flow.lose_both(segment.time, shard);
        }
        Some(flow)
    }

    fn left(&self, side: Side) -> &Left {
        match side {
            Side::Low => &self.low,
            Side::High => &self.high,
        }
    }
}

impl<C: Connection> Flow<C> {
    /// Any number of messages may have been missed.
    fn lose_both(&mut self, time: Timestamp, shard: &mut C::Shard) {
        if let Some(reader) = &mut self.reader {
            for side in Side::BOTH {
                reader.gap(&self.peers, side, 0, time, shard);
            }
        }
    }
}
