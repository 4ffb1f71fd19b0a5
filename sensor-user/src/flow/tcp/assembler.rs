use std::collections::BTreeMap;

use portcullis_exchange::Timestamp;

/// Puts one direction's segments in order.
///
/// Sequence numbers become 64-bit stream offsets relative to the next expected byte, so wrapping (RFC 9293 section
/// 3.4) is dealt with once, in [`Assembler::offset_of`].
///
/// The bytes that arrived first win: that is what most receivers do with an overlap, and no choice is right for all
/// of them, so a conflict is counted.
///
/// Bound: in-order data never stays here. What waits behind a hole is charged with [`ENTRY_COST`] per piece on top of
/// its bytes, because an attacker who sends every other byte as a segment of its own would otherwise make us hold a
/// tree entry and a heap block of some hundred bytes per byte charged. With the charge, a limit of L bytes holds at
/// most L / ENTRY_COST pieces, and the tree keeps each insertion logarithmic in that number.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    /// Sequence number of `next`; `None` until the direction's start is known.
    next_sequence: Option<u32>,
    next: i64,
    pending: BTreeMap<i64, Piece>,
    allocated: usize,
    fin: Option<i64>,
}

/// Tree entry (key and piece, at the tree's worst fill of one half) and the allocator's own share of a small block.
const ENTRY_COST: usize = 192;

/// A segment, or a part of one, that cannot be given yet.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) bytes: Box<[u8]>,
    /// Bytes after `bytes` that the capture cut off.
    pub(super) cut: u32,
    /// They were left out, not lost.
    pub(super) is_left_out: bool,
    pub(super) acknowledgement: Option<u32>,
    pub(super) time: Timestamp,
}

impl Piece {
    fn len(&self) -> i64 {
        self.bytes.len() as i64 + i64::from(self.cut)
    }

    fn cost(&self) -> usize {
        self.bytes.len() + ENTRY_COST
    }

    /// Keeps the first `len` of it, and gives the rest.
    fn split_off(&mut self, len: i64, acknowledgement: Option<u32>) -> Self {
        let end = self.len();
        let tail: Box<[u8]> = part(&self.bytes, 0, len, end).into();
        self.bytes = part(&self.bytes, 0, 0, len).into();
        let cut_after =
            |from: i64, to: i64, bytes: &[u8]| u32::try_from(to - from - bytes.len() as i64).unwrap_or(0);
        let tail_cut = cut_after(len, end, &tail);
        self.cut = cut_after(0, len, &self.bytes);
        Self { bytes: tail, cut: tail_cut, is_left_out: self.is_left_out, acknowledgement, time: self.time }
    }
}

/// A segment's bytes as they came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrived<'a> {
    /// Stream offset of the first byte.
    pub(super) start: i64,
    pub(super) bytes: &'a [u8],
    /// Bytes after `bytes` that the capture cut off.
    pub(super) cut: u32,
    /// They were left out, not lost.
    pub(super) is_left_out: bool,
    pub(super) acknowledgement: Option<u32>,
    pub(super) time: Timestamp,
}

/// What inserting a piece met.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Overlap {
    /// Bytes that were already waiting.
    pub(super) bytes: u64,
    /// Whether some of them differed.
    pub(super) conflict: bool,
}

impl Assembler {
    pub(super) fn start(&mut self, sequence: u32) {
        self.next_sequence = Some(sequence);
    }

    pub(super) fn start_once(&mut self, sequence: u32) {
        self.next_sequence.get_or_insert(sequence);
    }

    pub(super) fn next_sequence(&self) -> Option<u32> {
        self.next_sequence
    }

    pub(super) fn next(&self) -> i64 {
        self.next
    }

    /// Where a sequence number lies in the stream: the nearest offset to the next expected byte, before or after it.
    pub(super) fn offset_of(&self, sequence: u32) -> Option<i64> {
        let distance = sequence.wrapping_sub(self.next_sequence?).cast_signed();
        Some(self.next + i64::from(distance))
    }

    pub(super) fn advance(&mut self, bytes: i64) {
        self.next += bytes;
        // Truncation is the point: sequence numbers wrap.
        self.next_sequence = self.next_sequence.map(|sequence| sequence.wrapping_add(bytes as u32));
    }

    pub(super) fn set_fin(&mut self, offset: i64) {
        // A second FIN elsewhere is nonsense or an attack; the first one stands.
        self.fin.get_or_insert(offset);
    }

    pub(super) fn is_at_fin(&self) -> bool {
        self.fin.is_some_and(|fin| fin <= self.next)
    }

    pub(super) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Whether what waits does so for bytes before it.
    pub(super) fn has_hole(&self) -> bool {
        self.first_pending().is_some_and(|first| first > self.next)
    }

    pub(super) fn allocated(&self) -> usize {
        self.allocated
    }

    /// Where the first waiting piece begins.
    pub(super) fn first_pending(&self) -> Option<i64> {
        self.pending.first_key_value().map(|(start, _)| *start)
    }

    pub(super) fn last_pending_end(&self) -> Option<i64> {
        self.pending.last_key_value().map(|(start, piece)| start + piece.len())
    }

    /// The acknowledgement that came with the first waiting piece, if no hole is before it.
    pub(super) fn front(&self) -> Option<Option<u32>> {
        let (start, piece) = self.pending.first_key_value()?;
        (*start <= self.next).then_some(piece.acknowledgement)
    }

    /// Takes the first waiting piece if no hole is before it. Its bytes begin at `next`.
    pub(super) fn pop(&mut self) -> Option<Piece> {
        let entry = self.pending.first_entry()?;
        if *entry.key() > self.next {
            return None;
        }
        let (start, mut piece) = entry.remove_entry();
        self.allocated = self.allocated.saturating_sub(piece.cost());
        let known = usize::try_from(self.next - start).unwrap_or(usize::MAX);
        if known > 0 {
            let past_bytes = known.saturating_sub(piece.bytes.len());
            piece.bytes = piece.bytes.get(known..).unwrap_or_default().into();
            piece.cut = piece.cut.saturating_sub(u32::try_from(past_bytes).unwrap_or(u32::MAX));
        }
        Some(piece)
    }

    /// Keeps the parts of a segment that neither were given nor wait already.
    pub(super) fn insert(&mut self, new: &Arrived<'_>) -> Overlap {
        let end = new.end();
        let mut overlap = Overlap::default();
        let mut at = new.start.max(self.next);
        let before = self.pending.range(..=at).next_back().map(|(start, _)| *start);
        if let Some(before) = before {
            at = self.pass(before, at, new, &mut overlap);
        }
        while at < end {
            let after = self.pending.range(at..end).next().map(|(start, _)| *start);
            let hole_end = after.unwrap_or(end);
            if hole_end > at {
                let kept = new.part(at, hole_end);
                let cut = u32::try_from(hole_end - at - kept.len() as i64).unwrap_or(0);
                let Arrived { is_left_out, acknowledgement, time, .. } = *new;
                let piece = Piece { bytes: kept.into(), cut, is_left_out, acknowledgement, time };
                self.allocated += piece.cost();
                self.pending.insert(at, piece);
            }
            match after {
                Some(after) => at = self.pass(after, after, new, &mut overlap),
                None => break,
            }
        }
        overlap
    }

    pub(super) fn clear(&mut self) {
        self.pending.clear();
        self.allocated = 0;
    }

    /// Compares a new segment with the waiting piece that begins at `key`, and gives where the new one goes on.
    fn pass(&mut self, key: i64, at: i64, new: &Arrived<'_>, overlap: &mut Overlap) -> i64 {
        let Some(piece) = self.pending.get_mut(&key) else { return at };
        let until = (key + piece.len()).min(new.end());
        if until <= at {
            return at;
        }
        overlap.bytes += (until - at).unsigned_abs();
        let old = part(&piece.bytes, key, at, until);
        overlap.conflict |= old.iter().zip(new.part(at, until)).any(|(old, new)| old != new);
        // A retransmission acknowledges what its sender received since; the lesser one tells when the bytes were said.
        let waits_less = new.acknowledgement.is_none_or(|new| {
            piece.acknowledgement.is_some_and(|old| old.wrapping_sub(new).cast_signed() > 0)
        });
        if waits_less && at == key {
            let acknowledgement = std::mem::replace(&mut piece.acknowledgement, new.acknowledgement);
            self.split(key, until, acknowledgement);
        }
        until
    }

    /// Makes what a piece holds from `at` on a piece of its own, with that acknowledgement.
    fn split(&mut self, key: i64, at: i64, acknowledgement: Option<u32>) {
        let Some(piece) = self.pending.get_mut(&key).filter(|piece| at < key + piece.len()) else { return };
        let before = piece.cost();
        let tail = piece.split_off(at - key, acknowledgement);
        self.allocated = self.allocated.saturating_sub(before) + piece.cost() + tail.cost();
        self.pending.insert(at, tail);
    }
}

impl<'a> Arrived<'a> {
    pub(super) fn end(&self) -> i64 {
        self.start + self.bytes.len() as i64 + i64::from(self.cut)
    }

    fn part(&self, from: i64, to: i64) -> &'a [u8] {
        part(self.bytes, self.start, from, to)
    }
}

/// The bytes between two offsets, as far as they are there; `bytes` begin at `start`.
fn part(bytes: &[u8], start: i64, from: i64, to: i64) -> &[u8] {
    let index = |offset: i64| usize::try_from(offset - start).unwrap_or(0).min(bytes.len());
    bytes.get(index(from)..index(to)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started() -> Assembler {
        let mut assembler = Assembler::default();
        assembler.start(u32::MAX - 1);
        assembler
    }

    fn put(assembler: &mut Assembler, start: i64, bytes: &[u8]) -> Overlap {
        let (cut, is_left_out, acknowledgement, time) = (0, false, None, Timestamp::default());
        assembler.insert(&Arrived { start, bytes, cut, is_left_out, acknowledgement, time })
    }

    fn take(assembler: &mut Assembler) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some(piece) = assembler.pop() {
            assembler.advance(piece.len());
            all.extend_from_slice(&piece.bytes);
        }
        all
    }

    #[test]
    fn sequence_numbers_wrap() {
        let mut assembler = started();
        assert_eq!(assembler.offset_of(3), Some(5));
        assembler.advance(5);
        assert_eq!(assembler.next_sequence(), Some(3));
        assert_eq!(assembler.offset_of(u32::MAX), Some(1));
    }

    #[test]
    fn the_first_bytes_win_and_a_conflict_is_told() {
        let mut assembler = started();
        assert_eq!(put(&mut assembler, 3, b"DEF"), Overlap::default());
        let overlap = put(&mut assembler, 0, b"abcdefgh");
        assert_eq!(overlap, Overlap { bytes: 3, conflict: true });
        assert_eq!(take(&mut assembler), b"abcDEFgh");
        assert_eq!(assembler.allocated(), 0);
    }

    #[test]
    fn one_byte_segments_are_charged_for_what_they_really_cost() {
        let mut assembler = started();
        for byte in 0..100 {
            put(&mut assembler, 1 + 2 * byte, b"x");
        }
        assert!(assembler.allocated() >= 100 * ENTRY_COST);
    }
}
