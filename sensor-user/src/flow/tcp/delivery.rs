//! What the reader is told, and when it is let go.

use portcullis_exchange::Timestamp;

use super::Flow;
use crate::flow::{Chunk, Connection, End, Outlet, Side};

impl<C: Connection> Flow<C> {
    pub(super) fn give(
        &mut self,
        side: Side,
        bytes: &[u8],
        cut: u32,
        acknowledgement: Option<u32>,
        time: Timestamp,
        outlet: &mut Outlet<'_, C>,
    ) {
        if !bytes.is_empty() {
            let acknowledged =
                acknowledgement.and_then(|number| self.direction(side.other()).stream.offset_of(number));
            let offset = self.direction(side).stream.next();
            self.direction_mut(side).stream.advance(bytes.len() as i64);
            if let Some(reader) = &mut self.reader {
                reader.data(&self.peers, Chunk { side, time, bytes, offset, acknowledged }, outlet.shard);
            }
        }
        if cut > 0 {
            self.lose(side, i64::from(cut), time, outlet);
        }
        self.drop_uninterested(outlet);
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

    fn drop_uninterested(&mut self, outlet: &mut Outlet<'_, C>) {
        if self.reader.as_ref().is_some_and(|reader| !reader.is_interested()) {
            self.let_go(End::Closed, outlet);
        }
    }
}
