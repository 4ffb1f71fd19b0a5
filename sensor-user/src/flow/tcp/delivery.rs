//! What the reader is told, and when it is let go.

use portcullis_exchange::Timestamp;

use super::Flow;
use crate::flow::{Chunk, Connection, End, Outlet, Side};

/// Bytes that follow those which a segment brought.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub(super) len: u32,
    /// They were left out, not lost.
    pub(super) is_left_out: bool,
}

impl<C: Connection> Flow<C> {
    pub(super) fn give(
        &mut self,
        side: Side,
        bytes: &[u8],
        cut: Cut,
        acknowledgement: Option<u32>,
        time: Timestamp,
        outlet: &mut Outlet<'_, C>,
    ) {
        if !bytes.is_empty() {
            let acknowledged =
                acknowledgement.and_then(|number| self.direction(side.other()).received(number));
            let offset = self.direction(side).stream.next();
            self.direction_mut(side).stream.advance(bytes.len() as i64);
            if let Some(reader) = &mut self.reader {
                reader.data(&self.peers, Chunk { side, time, bytes, offset, acknowledged }, outlet.shard);
            }
        }
        if cut.len > 0 && cut.is_left_out {
            self.leave_out(side, cut.len, time, outlet);
        } else if cut.len > 0 {
            self.lose(side, i64::from(cut.len), time, outlet);
        }
        self.drop_uninterested(outlet);
    }

    fn leave_out(&mut self, side: Side, len: u32, time: Timestamp, outlet: &mut Outlet<'_, C>) {
        outlet.counters.left_out_bytes += u64::from(len);
        self.direction_mut(side).stream.advance(i64::from(len));
        if let Some(reader) = &mut self.reader {
            reader.left_out(&self.peers, side, u64::from(len), time, outlet.shard);
        }
    }

    pub(super) fn lose(&mut self, side: Side, missing: i64, time: Timestamp, outlet: &mut Outlet<'_, C>) {
        let lost = missing.unsigned_abs();
        outlet.counters.gaps += 1;
        outlet.counters.gap_bytes += lost;
        self.direction_mut(side).stream.advance(missing);
        if let Some(reader) = &mut self.reader {
            reader.gap(&self.peers, side, lost, time, outlet.shard);
        }
        self.drop_uninterested(outlet);
    }

    pub(super) fn note_closed(&mut self, now: Timestamp, outlet: &mut Outlet<'_, C>) {
        for side in Side::BOTH {
            let direction = self.direction_mut(side);
            if !direction.is_closed && direction.stream.is_at_fin() && !direction.stream.has_pending() {
                direction.is_closed = true;
                if let Some(reader) = &mut self.reader {
                    reader.closed(&self.peers, side, now, outlet.shard);
                }
            }
        }
        if self.low.is_closed && self.high.is_closed {
            self.let_go(End::Closed, outlet);
        }
    }

    /// The flow then only absorbs what still comes.
    pub(super) fn let_go(&mut self, end: End, outlet: &mut Outlet<'_, C>) {
        if let Some(reader) = self.reader.take() {
            reader.ended(&self.peers, end, outlet.shard);
        }
        for side in Side::BOTH {
            let direction = self.direction_mut(side);
            direction.stream.clear();
            direction.missed = None;
        }
    }

    /// The next bytes of a side that are of no interest but for their number, as far as they are many and the capture was
    /// not told of them yet: the sequence number of the first, and how many they are.
    pub(in crate::flow) fn newly_unwanted(&mut self, side: Side, least: u64) -> Option<(u32, u64)> {
        let unwanted = self.reader.as_ref()?.unwanted(side);
        let direction = self.direction_mut(side);
        if unwanted < least || direction.stream.has_pending() {
            return None;
        }
        let until = direction.stream.next().saturating_add_unsigned(unwanted);
        if until <= direction.unwanted_until {
            return None;
        }
        direction.unwanted_until = until;
        Some((direction.stream.next_sequence()?, unwanted))
    }

    fn drop_uninterested(&mut self, outlet: &mut Outlet<'_, C>) {
        if self.reader.as_ref().is_some_and(|reader| !reader.is_interested()) {
            self.let_go(End::Closed, outlet);
        }
    }
}
