use portcullis_exchange::Timestamp;

use super::Flow;
use crate::{
    flow::{Connection, Peers, Side, vlan::Known},
    segment::Segment,
};

/// A connection of which only the handshake was seen: what a SYN flood is made of.
///
/// It becomes a [`Flow`] with the first packet that says more than the handshake said.
#[derive(Clone, Copy, Debug)]
pub(in crate::flow) struct Embryo {
    initiator: Side,
    /// Sequence number after the initiator's SYN.
    first: Option<u32>,
    /// What the SYN-ACK said.
    answer: Option<Answer>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Answer {
    first: u32,
    acknowledgement: u32,
}

impl Embryo {
    /// `None` where the segment is more than a handshake.
    pub(in crate::flow) fn of(side: Side, segment: &Segment<'_>) -> Option<Self> {
        if !segment.flags.syn() || !is_bare(segment) {
            return None;
        }
        let first = segment.sequence.wrapping_add(1);
        if segment.flags.ack() {
            let answer = Answer { first, acknowledgement: segment.acknowledgement };
            Some(Self { initiator: side.other(), first: None, answer: Some(answer) })
        } else {
            Some(Self { initiator: side, first: Some(first), answer: None })
        }
    }

    /// Takes a segment that adds nothing to the handshake, or what the handshake still lacked.
    pub(in crate::flow) fn absorbs(&mut self, side: Side, segment: &Segment<'_>) -> bool {
        if !is_bare(segment) {
            return false;
        }
        let is_initiator = side == self.initiator;
        if segment.flags.syn() {
            let Some(other) = Self::of(side, segment) else { return false };
            if other.initiator != self.initiator {
                return false;
            }
            let (first, answer) = (self.first.or(other.first), self.answer.or(other.answer));
            let agrees = other.first.is_none_or(|other| first == Some(other))
                && other.answer.is_none_or(|other| answer == Some(other))
                && answer.is_none_or(|answer| first.is_none_or(|first| first == answer.acknowledgement));
            if agrees {
                (self.first, self.answer) = (first, answer);
            }
            return agrees;
        }
        let first_of_peer = if is_initiator { self.answer.map(|answer| answer.first) } else { self.first };
        let first = if is_initiator { self.first } else { self.answer.map(|answer| answer.first) };
        // A keep-alive probe of an idle connection has the sequence number before the next one.
        let is_probe = first.is_some_and(|first| first.wrapping_sub(segment.sequence) <= 1);
        segment.flags.ack() && is_probe && first_of_peer == Some(segment.acknowledgement)
    }

    pub(in crate::flow) fn known_to(&self, side: Side) -> Known {
        if side == self.initiator {
            let answer = self.answer;
            Known {
                peer_next: answer.map(|answer| answer.first),
                acknowledged: answer.map(|answer| answer.acknowledgement),
            }
        } else {
            Known { peer_next: self.first, acknowledged: None }
        }
    }

    pub(in crate::flow) fn hatch<C: Connection>(self, peers: Peers, time: Timestamp) -> Flow<C> {
        let mut flow = Flow::new(peers, time);
        if let Some(first) = self.first {
            flow.open_from(self.initiator, first);
        }
        if let Some(Answer { first, acknowledgement }) = self.answer {
            flow.peers.see(self.initiator.other());
            flow.handshake(self.initiator.other(), first, Some(acknowledgement));
        }
        flow
    }
}

/// Whether a segment carries nothing and ends nothing.
fn is_bare(segment: &Segment<'_>) -> bool {
    segment.wire_len == 0 && !segment.flags.fin() && !segment.flags.rst()
}
