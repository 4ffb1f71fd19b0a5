use std::ops::Range;

/// Lower-case SQL with every comment and every run of white space as one space.
///
/// A MySQL version comment keeps its opening and its content, which the server executes.
pub(super) struct Folded {
    bytes: Vec<u8>,
    origin: Vec<u32>,
}

impl Folded {
    pub(super) fn of(lower: &[u8]) -> Self {
        let mut folded =
            Self { bytes: Vec::with_capacity(lower.len()), origin: Vec::with_capacity(lower.len()) };
        let mut at = 0;
        let mut open_version_comment = false;
        while let Some(byte) = lower.get(at) {
            let rest = lower.get(at..).unwrap_or_default();
            if rest.starts_with(b"/*!") {
                let digits = rest.iter().skip(3).take(6).take_while(|byte| byte.is_ascii_digit()).count();
                folded.text(b"/*!", at);
                folded.space(at);
                open_version_comment = true;
                at += 3 + digits;
            } else if let Some(inner) = rest.strip_prefix(b"/*") {
                match memchr::memmem::find(inner, b"*/") {
                    Some(end) => {
                        folded.space(at);
                        at += end + 4;
                    }
                    // Unterminated: as a sign it is worth more than as space.
                    None => {
                        folded.text(b"/*", at);
                        at += 2;
                    }
                }
            } else if open_version_comment && rest.starts_with(b"*/") {
                folded.space(at);
                at += 2;
            } else if *byte == 0 && at + 1 < lower.len() {
                // Some parsers drop NUL, and the word closes over it.
                at += 1;
            } else if byte.is_ascii_whitespace() || matches!(byte, 0x0b | 0xa0 | 0x85) {
                folded.space(at);
                at += 1;
            } else {
                folded.push(*byte, at);
                at += 1;
            }
        }
        folded
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn original(&self, range: Range<usize>) -> Range<usize> {
        let at = |index: usize| self.origin.get(index).map(|origin| *origin as usize);
        let start = at(range.start).unwrap_or(0);
        let end = range.end.checked_sub(1).and_then(at).map_or(start, |last| last + 1);
        start..end.max(start)
    }

    fn space(&mut self, from: usize) {
        if self.bytes.last() != Some(&b' ') {
            self.push(b' ', from);
        }
    }

    fn text(&mut self, text: &[u8], from: usize) {
        for (offset, byte) in text.iter().enumerate() {
            self.push(*byte, from + offset);
        }
    }

    fn push(&mut self, byte: u8, from: usize) {
        self.bytes.push(byte);
        self.origin.push(u32::try_from(from).unwrap_or(u32::MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_white_space_fold_to_one_space() {
        let folded = Folded::of(b"union/**/ \t/* x */select/*!50000from*/t");
        assert_eq!(folded.bytes(), b"union select/*! from t");
        assert_eq!(folded.original(0..12), 0..24);
    }
}
