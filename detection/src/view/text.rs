use std::{borrow::Cow, ops::Range};

/// Bytes after some decoding, each still knowing where in the original it came from.
#[derive(Clone, Debug)]
pub(crate) struct Text<'a> {
    bytes: Cow<'a, [u8]>,
    origin: Origin,
}

#[derive(Clone, Debug)]
enum Origin {
    /// Byte `i` came from `base + i`.
    Shifted(u32),
    /// Byte `i` came from `table[i]`; one entry more than bytes, for the end.
    Table(Vec<u32>),
}

impl<'a> Text<'a> {
    /// Undecoded bytes that start at `base` of the original value.
    pub(crate) fn original(bytes: &'a [u8], base: usize) -> Self {
        Self { bytes: Cow::Borrowed(bytes), origin: Origin::Shifted(clamp(base)) }
    }

    /// Bytes that are their own original.
    pub(crate) fn owned(bytes: Vec<u8>) -> Self {
        Self { bytes: Cow::Owned(bytes), origin: Origin::Shifted(0) }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The original's range for a range of these bytes.
    pub(crate) fn original_range(&self, range: Range<usize>) -> Range<usize> {
        let start = self.origin_of(range.start);
        // The last byte's own origin, plus one, would cut an escape in half: the next byte's start is its end.
        start..self.origin_of(range.end).max(start)
    }

    fn origin_of(&self, at: usize) -> usize {
        match &self.origin {
            Origin::Shifted(base) => *base as usize + at,
            Origin::Table(table) => table.get(at).or(table.last()).map_or(at, |origin| *origin as usize),
        }
    }

    /// A part of it, as a text of its own with the same original.
    pub(crate) fn part(&self, range: Range<usize>) -> Text<'static> {
        let bytes = self.bytes.get(range.clone()).unwrap_or_default().to_vec();
        let origin = match &self.origin {
            Origin::Shifted(base) => Origin::Shifted(clamp(*base as usize + range.start)),
            Origin::Table(table) => {
                let end = range.end.saturating_add(1).min(table.len());
                Origin::Table(table.get(range.start..end).unwrap_or_default().to_vec())
            }
        };
        Text { bytes: Cow::Owned(bytes), origin }
    }
}

fn clamp(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

/// Builds the decoded form of a text.
pub(crate) struct Decoded<'s, 'a> {
    source: &'s Text<'a>,
    bytes: Vec<u8>,
    table: Vec<u32>,
}

impl<'s, 'a> Decoded<'s, 'a> {
    pub(crate) fn of(source: &'s Text<'a>) -> Self {
        let room = source.bytes.len();
        Self { source, bytes: Vec::with_capacity(room), table: Vec::with_capacity(room + 1) }
    }

    /// One byte that stands for what begins at `from` of the source.
    pub(crate) fn push(&mut self, byte: u8, from: usize) {
        self.bytes.push(byte);
        self.table.push(clamp(self.source.origin_of(from)));
    }

    pub(crate) fn push_char(&mut self, character: char, from: usize) {
        let mut buffer = [0; 4];
        for byte in character.encode_utf8(&mut buffer).bytes() {
            self.push(byte, from);
        }
    }

    pub(crate) fn finish(mut self) -> Text<'static> {
        self.table.push(clamp(self.source.origin_of(self.source.bytes.len())));
        Text { bytes: Cow::Owned(self.bytes), origin: Origin::Table(self.table) }
    }
}
