//! Text without case, in which a place still leads back to the bytes it came from.

use std::{cell::OnceCell, ops::Range};

use memchr::memmem;

pub(super) struct Folded<'b> {
    bytes: &'b [u8],
    ascii: OnceCell<Vec<u8>>,
    /// Only of what is not ASCII: folding it may change its length.
    unicode: OnceCell<Option<Unicode>>,
}

struct Unicode {
    text: String,
    /// For every byte of `text` where in the bytes its character begins; one entry more, for the end.
    origins: Vec<usize>,
}

impl<'b> Folded<'b> {
    pub(super) const fn of(bytes: &'b [u8]) -> Self {
        Self { bytes, ascii: OnceCell::new(), unicode: OnceCell::new() }
    }

    fn unicode(&self) -> Option<&Unicode> {
        self.unicode.get_or_init(|| (!self.bytes.is_ascii()).then(|| unicode(self.bytes))).as_ref()
    }

    /// Where `wanted`, in lower case, stands first.
    pub(super) fn find(&self, wanted: &str) -> Option<Range<usize>> {
        if let Some(start) =
            memmem::find(self.ascii.get_or_init(|| self.bytes.to_ascii_lowercase()), wanted.as_bytes())
        {
            return Some(start..start + wanted.len());
        }
        let Unicode { text, origins } = self.unicode()?;
        let start = text.find(wanted)?;
        Some(*origins.get(start)?..*origins.get(start + wanted.len())?)
    }

    /// The trimmed text's place where it is `wanted`, in lower case.
    pub(super) fn equals(&self, wanted: &str) -> Option<Range<usize>> {
        let trimmed = self.bytes.trim_ascii();
        let is_same = trimmed.eq_ignore_ascii_case(wanted.as_bytes())
            || self.unicode().is_some_and(|unicode| unicode.text.trim() == wanted);
        let start = self.bytes.len() - self.bytes.trim_ascii_start().len();
        is_same.then(|| start..start + trimmed.len())
    }
}

fn unicode(bytes: &[u8]) -> Unicode {
    let (mut text, mut origins, mut at) = (String::with_capacity(bytes.len()), Vec::new(), 0);
    let mut push = |folded: char, origin: usize| {
        text.push(folded);
        origins.resize(text.len(), origin);
    };
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            character.to_lowercase().for_each(|folded| push(folded, at));
            at += character.len_utf8();
        }
        if !chunk.invalid().is_empty() {
            push(char::REPLACEMENT_CHARACTER, at);
            at += chunk.invalid().len();
        }
    }
    origins.push(at);
    Unicode { text, origins }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_leads_back_where_folding_changes_the_length() {
        // U+0130 folds to three bytes instead of two.
        let sent = "İİ ÄRGER".as_bytes();
        let folded = Folded::of(sent);
        let at = folded.find("ärger").unwrap();
        assert_eq!(&sent[at], "ÄRGER".as_bytes());
        assert_eq!(Folded::of(b"\xff\xfe <B>").find("<b>"), Some(3..6));
    }

    #[test]
    fn equality_is_of_trimmed_text() {
        assert_eq!(Folded::of(b"  GeT ").equals("get"), Some(2..5));
        assert_eq!(Folded::of(b"gets").equals("get"), None);
        assert_eq!(Folded::of(" ÜBER".as_bytes()).equals("über"), Some(1..6));
    }
}
