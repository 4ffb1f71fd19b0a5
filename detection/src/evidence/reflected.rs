use std::sync::LazyLock;

use regex::bytes::Regex;

use super::Case;
use crate::{Match, answer::Content};

/// Shorter pieces stand in answers by chance.
const SHORTEST: usize = 8;
const LONGEST: usize = 1024;
const MAX_PIECES: usize = 32;

/// Markup that acts: an element that runs, or that has a handler.
#[expect(clippy::expect_used, reason = "a constant expression, compiled by a test")]
static ACTIVE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?is-u)<(?:script\b[^>]{0,200}>|(?:iframe|object|embed)\b[^>]{0,400}|[a-z][a-z0-9]{0,15}[\s/][^<>]{0,400}?(?:\bon[a-z]{3,20}\s*=|javascript:|srcdoc\s*=))[^<]{0,400}").expect("a constant expression")
});

/// The very text that was sent, unescaped, in an answer that a browser renders.
pub(super) fn find(case: &Case<'_, '_>) -> Option<Match> {
    if case.answer.content() != Content::Page {
        return None;
    }
    let of_matches = case.matches.iter().filter(|sent| !sent.location.starts_with("response."));
    let of_matches = of_matches.map(|sent| sent.phrase.as_bytes()).filter(|phrase| {
        phrase.len() >= SHORTEST - 2
            && phrase.iter().any(|byte| matches!(byte, b'<' | b'"' | b'\'' | b'(' | b'`'))
    });
    let pieces = case.values().flat_map(|(_, value)| ACTIVE.find_iter(value).map(|found| found.as_bytes()));
    let pieces = pieces.take(MAX_PIECES).flat_map(prefixes);
    let mut telling = pieces.chain(of_matches).filter(|piece| piece.len() <= LONGEST);
    telling.find_map(|piece| {
        let start = memchr::memmem::find(case.answer.body(), piece)?;
        Some(case.answer.matched(start..start + piece.len(), "reflected"))
    })
}

/// The whole piece; up to the end of its tag; up to its first call. An answer may cut or go on otherwise after that.
fn prefixes(piece: &[u8]) -> impl Iterator<Item = &[u8]> {
    let up_to = |byte: u8| piece.iter().position(|known| *known == byte).and_then(|end| piece.get(..=end));
    let call = up_to(b')');
    let tag = up_to(b'>').filter(|tag| !tag.to_ascii_lowercase().starts_with(b"<script"));
    [Some(piece), call, tag].into_iter().flatten().filter(|prefix| prefix.len() >= SHORTEST)
}
