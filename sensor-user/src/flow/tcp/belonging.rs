//! Port reuse told from a retransmitted, late or forged SYN.

use super::Flow;
use crate::{
    flow::{Connection, Side},
    segment::Segment,
};

/// What a segment means for the flow that has its addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::flow) enum Belonging {
    /// To the connection at hand.
    Here,
    /// It opens another connection, or proves that one was opened.
    Successor,
}

impl<C: Connection> Flow<C> {
    pub(in crate::flow) fn belonging(&mut self, side: Side, segment: &Segment<'_>) -> Belonging {
        if !segment.flags.syn() {
            return self.belonging_of_data(side, segment);
        }
        if segment.flags.ack() {
            let confirms = self.rival_syn.is_some_and(|(rival, isn)| {
                // With the old numbers on both sides it is the old SYN-ACK again, or one that came after the first data.
                let is_other = |side, first: u32| {
                    self.direction(side).first().is_some_and(|known| known != first.wrapping_add(1))
                };
                let is_other = is_other(rival, isn) || is_other(side, segment.sequence);
                rival != side && is_other && segment.acknowledgement == isn.wrapping_add(1)
            });
            return if confirms { Belonging::Successor } else { Belonging::Here };
        }
        let direction = self.direction(side);
        let first = segment.sequence.wrapping_add(1);
        // Not started: capture began after the handshake, or the SYN came late.
        let is_same = direction.first().is_none_or(|known| known == first);
        // After bytes were read, the same number may also be another connection's, of a client that picks it badly.
        if !is_same || direction.stream.next() > 0 {
            self.rival_syn = Some((side, segment.sequence));
        }
        Belonging::Here
    }

    /// Where the peer's packets are not captured, its word cannot be waited for.
    fn belonging_of_data(&self, side: Side, segment: &Segment<'_>) -> Belonging {
        let is_rival_data = !segment.payload.is_empty()
            && self.direction(side).first() != Some(segment.sequence)
            && self
                .rival_syn
                .is_some_and(|(rival, isn)| rival == side && segment.sequence == isn.wrapping_add(1));
        if is_rival_data && !self.peers.is_seen(side.other()) {
            return Belonging::Successor;
        }
        Belonging::Here
    }

    /// The SYN that a confirmed successor began with, for the flow that follows.
    pub(in crate::flow) fn rival_syn(&self) -> Option<(Side, u32)> {
        self.rival_syn
    }
}
