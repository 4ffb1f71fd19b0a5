use super::{assembler::Assembler, order::Missed};

/// What one end sent, and what its peer said about it.
#[derive(Debug, Default)]
pub(super) struct Direction {
    pub(super) stream: Assembler,
    /// Sequence number after the SYN.
    pub(super) initial: Option<u32>,
    /// The highest acknowledgement its peer sent.
    pub(super) acknowledged: Option<u32>,
    /// The first one that was captured.
    first_acknowledged: Option<u32>,
    /// Acknowledgements up to here are no longer waited for.
    pub(super) excused: Option<u32>,
    pub(super) missed: Option<Missed>,
    pub(super) is_closed: bool,
    /// Up to which offset the capture was told that nobody wants the bytes.
    pub(super) unwanted_until: i64,
}

impl Direction {
    pub(super) fn take_acknowledgement(&mut self, acknowledgement: u32) {
        self.first_acknowledged.get_or_insert(acknowledgement);
        if self.acknowledged.is_none_or(|highest| is_after(acknowledgement, highest)) {
            self.acknowledged = Some(acknowledgement);
        }
    }

    /// Sequence number after the SYN, or of the first byte seen.
    pub(super) fn first(&self) -> Option<u32> {
        // Truncation is the point: sequence numbers wrap.
        let seen = self.stream.next() as u32;
        self.initial.or_else(|| self.stream.next_sequence().map(|next| next.wrapping_sub(seen)))
    }

    /// What an acknowledgement says of this direction: an offset in it, or where nothing of it was captured yet, how much
    /// more was received than when its peer was first heard.
    pub(super) fn received(&self, acknowledgement: u32) -> Option<i64> {
        let since_first = |first| i64::from(acknowledgement.wrapping_sub(first).cast_signed());
        self.stream.offset_of(acknowledgement).or_else(|| self.first_acknowledged.map(since_first))
    }

    /// Whether an acknowledgement covers bytes of this direction that were neither given nor given up.
    pub(super) fn owes(&self, acknowledgement: u32) -> bool {
        let Some(next) = self.stream.next_sequence() else { return false };
        // The FIN takes a sequence number of its own.
        let next = next.wrapping_add(u32::from(self.stream.is_at_fin()));
        is_after(acknowledgement, next)
            && self.excused.is_none_or(|excused| is_after(acknowledgement, excused))
    }
}

/// Sequence number comparison of RFC 9293 section 3.4.
fn is_after(left: u32, right: u32) -> bool {
    left.wrapping_sub(right).cast_signed() > 0
}
