use ahash::RandomState;

use super::looks_like_identifier;

/// Deeper paths end in a segment that stands for all the rest.
const MAX_SEGMENTS: usize = 16;
/// A longer word is no name that a person gave.
const MAX_WORD: usize = 96;

/// The segments of a request's path, each a word or what looks like an identifier.
pub(super) struct Path<'x> {
    pub(super) segments: Vec<Segment<'x>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Segment<'x> {
    Word(&'x [u8]),
    Identifier(&'x [u8]),
}

impl<'x> Path<'x> {
    /// `None` where there is no path, as in `OPTIONS *` and CONNECT.
    pub(super) fn of(path: &'x [u8]) -> Option<Self> {
        let rest = path.strip_prefix(b"/")?;
        let rest = rest.strip_suffix(b"/").unwrap_or(rest);
        let mut segments = Vec::with_capacity(8);
        if rest.is_empty() {
            return Some(Self { segments });
        }
        for segment in rest.split(|byte| *byte == b'/') {
            if segments.len() == MAX_SEGMENTS {
                segments.push(Segment::Identifier(b""));
                break;
            }
            let is_word = segment.len() <= MAX_WORD && !looks_like_identifier(segment);
            segments.push(if is_word { Segment::Word(segment) } else { Segment::Identifier(segment) });
        }
        Some(Self { segments })
    }
}

/// Which segments of a path are parameters.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Parameters(u32);

impl Parameters {
    pub(super) fn insert(&mut self, depth: usize) {
        self.0 |= 1 << depth.min(MAX_SEGMENTS);
    }

    pub(super) fn contains(self, depth: usize) -> bool {
        self.0 & (1 << depth.min(MAX_SEGMENTS)) != 0
    }

    /// Down to a depth.
    pub(super) fn template(self, path: &Path<'_>, depth: usize) -> String {
        let mut template = String::new();
        for (index, segment) in path.segments.iter().take(depth).enumerate() {
            template.push('/');
            match segment {
                Segment::Word(word) if !self.contains(index) => template.push_str(&shown(word)),
                Segment::Word(_) | Segment::Identifier(_) => template.push_str("{id}"),
            }
        }
        template
    }

    /// With the segment before each.
    pub(super) fn each<'p, 'x>(self, path: &'p Path<'x>) -> impl Iterator<Item = (&'x [u8], &'x [u8])> + 'p {
        let text = |segment: Option<&Segment<'x>>| match segment {
            Some(Segment::Word(text) | Segment::Identifier(text)) => *text,
            None => &b""[..],
        };
        let segments = &path.segments;
        (0..segments.len()).filter(move |depth| self.contains(*depth)).map(move |depth| {
            let before = depth.checked_sub(1).and_then(|before| segments.get(before));
            let is_word = matches!(before, Some(Segment::Word(_)));
            (if is_word { text(before) } else { b"id" }, text(segments.get(depth)))
        })
    }

    /// What their values are, together.
    pub(super) fn identifiers(self, path: &Path<'_>, hasher: &RandomState) -> Option<u64> {
        let mut values = self.each(path).map(|(_, value)| value);
        let first = hasher.hash_one(values.next()?);
        Some(values.fold(first, |sum, value| hasher.hash_one((sum, value))))
    }
}

/// A word as it stands in a template, readable whatever bytes it has.
pub(super) fn shown(word: &[u8]) -> String {
    String::from_utf8_lossy(word).chars().map(|c| if c.is_control() || c == ' ' { '_' } else { c }).collect()
}
