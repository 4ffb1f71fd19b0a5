use super::Flow;
use crate::{
    flow::{Connection, End, Outlet, Side},
    segment::Segment,
};

/// How far past the highest byte seen a RST is still believed: bytes just before it may not have been captured.
const RESET_WINDOW: i64 = 64 << 10;

impl<C: Connection> Flow<C> {
    /// Ends the connection, unless the sequence number shows that the receiver would not have believed it either
    /// (RFC 5961 section 3).
    pub(super) fn reset(&mut self, side: Side, segment: &Segment<'_>, outlet: &mut Outlet<'_, C>) {
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
            outlet.counters.early_resets += 1;
        } else if believable {
            self.is_reset = true;
            self.finish(End::Reset, outlet);
        } else {
            outlet.counters.forged_resets += 1;
        }
    }
}
