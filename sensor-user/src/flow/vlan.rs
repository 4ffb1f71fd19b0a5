//! Which connection of the same addresses a frame's VLANs speak for.
//!
//! Tenants of two VLANs may use equal addresses and ports at the same time, so the VLANs are part of what tells flows
//! apart. They cannot simply be part of the key: mirrors and trunks often tag the two directions differently, or only
//! one. So a flow learns the VLANs of each direction from that direction's first segment, and a direction that was not
//! seen yet may come from other VLANs than its peer where the sequence numbers of both fit together.

use super::Side;
use crate::segment::{Segment, Vlans};

/// The VLANs that each side sends in, as far as it was seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SideVlans {
    low: Option<Vlans>,
    high: Option<Vlans>,
}

/// What a flow knows that a side's first segment can be held against.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Known {
    /// Next sequence number of the peer.
    pub(super) peer_next: Option<u32>,
    /// What the peer acknowledged of this side.
    pub(super) acknowledged: Option<u32>,
}

/// How far an acknowledgement may lie from what was captured: the largest unscaled window, several times.
const NEAR: u32 = 1 << 20;

impl SideVlans {
    pub(super) fn learn(&mut self, side: Side, vlans: Vlans) {
        match side {
            Side::Low => self.low.get_or_insert(vlans),
            Side::High => self.high.get_or_insert(vlans),
        };
    }

    /// Whether the segment's VLANs let it belong to the flow; `known` is asked only where they are of no help.
    pub(super) fn allow(&self, side: Side, segment: &Segment<'_>, known: impl FnOnce() -> Known) -> bool {
        match self.of(side) {
            Some(vlans) => vlans == segment.vlans,
            None => self.of(side.other()) == Some(segment.vlans) || known().fits(segment),
        }
    }

    fn of(&self, side: Side) -> Option<Vlans> {
        match side {
            Side::Low => self.low,
            Side::High => self.high,
        }
    }
}

impl Known {
    fn fits(&self, segment: &Segment<'_>) -> bool {
        let is_near = |left: u32, right: Option<u32>| {
            right.is_some_and(|right| left.wrapping_sub(right).cast_signed().unsigned_abs() <= NEAR)
        };
        let sent = segment.sequence.wrapping_add(u32::from(segment.flags.syn()));
        (segment.flags.ack() && is_near(segment.acknowledgement, self.peer_next))
            || is_near(sent, self.acknowledged)
    }
}
