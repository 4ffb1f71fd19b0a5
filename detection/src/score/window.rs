//! What is scored: a stretch of a value, as the runs of one to three tokens and of three and four bytes in it.

use std::ops::Range;

use super::token::{END, START, Token, has_signs, tokens};
use crate::view::{Field, Place, Standing, Views};

/// Tokens that are scored together. An attack in the middle of a post must not drown in the post.
const LENGTH: usize = 32;
const STEP: usize = 20;
/// Bytes of a stretch whose runs are looked at.
const MAX_BYTES: usize = 400;
/// Tokens per exchange; what comes later is left to the rules.
const MAX_TOKENS: usize = 1 << 15;

/// A stretch of one view.
pub(super) struct Window<'t> {
    bytes: &'t [u8],
    tokens: &'t [Token],
    opens: bool,
    closes: bool,
}

/// Which field, and which of its views.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    pub(super) field: usize,
    pub(super) view: usize,
}

/// Calls `visit` with every window of every value that no decoding superseded.
pub(super) fn each(views: &Views<'_>, visit: &mut dyn FnMut(At, &Window<'_>)) {
    let mut left = MAX_TOKENS;
    // A path and an XML document stand there in parts as well; as wholes they would teach which sites were probed.
    let parts = |place: Place| !matches!(place, Place::Path | Place::XmlDocument);
    let is_looked_at = |field: &Field<'_>| parts(field.place) && field.standing != Standing::Harmless;
    for (field_at, field) in views.fields.iter().enumerate().filter(|(_, field)| is_looked_at(field)) {
        for (view_at, view) in field.views.iter().enumerate().filter(|(_, view)| !view.superseded) {
            let bytes = view.text.bytes();
            if left == 0 || !has_signs(bytes) {
                continue;
            }
            let tokens = tokens(bytes, left);
            left -= tokens.len();
            let mut start = 0;
            loop {
                let end = (start + LENGTH).min(tokens.len());
                let part = tokens.get(start..end).unwrap_or_default();
                let window = Window { bytes, tokens: part, opens: start == 0, closes: end == tokens.len() };
                visit(At { field: field_at, view: view_at }, &window);
                if end == tokens.len() {
                    break;
                }
                start += STEP;
            }
        }
    }
}

impl Window<'_> {
    /// Calls `visit` with the hash and the place of every run; the same hash may come again.
    pub(super) fn each_run(&self, visit: &mut dyn FnMut(u32, Range<usize>)) {
        let (mut before, mut last): (Option<Last>, Option<Last>) = (None, self.opens.then_some((START, 0)));
        for token in self.tokens {
            let (start, end) = (token.range.start, token.range.end);
            visit(mix(1, token.kind), start..end);
            if let Some(own) = token.stranger {
                visit(mix(2, own), start..end);
            }
            longer(before, last, token.kind, end, visit);
            (before, last) = (last, Some((token.kind, start)));
        }
        if self.closes {
            longer(before, last, END, self.bytes.len(), visit);
        }
        self.byte_runs(visit);
    }

    fn byte_runs(&self, visit: &mut dyn FnMut(u32, Range<usize>)) {
        let from = self.tokens.first().map_or(0, |token| token.range.start).saturating_sub(1);
        let to = self.tokens.last().map_or(0, |token| token.range.end + 1).min(self.bytes.len());
        let stretch = self.bytes.get(from..to.min(from + MAX_BYTES)).unwrap_or_default();
        let mut four: u32 = 0;
        let edge = [EDGE];
        for (at, byte) in edge.iter().chain(stretch.iter()).chain(&edge).enumerate() {
            four = (four << 8) | u32::from(if at == 0 || at > stretch.len() { EDGE } else { plain(*byte) });
            let end = (from + at).min(to);
            if at >= 2 {
                visit(mix(5, four & 0x00ff_ffff), end.saturating_sub(3).max(from)..end);
            }
            if at >= 3 {
                visit(mix(6, four), end.saturating_sub(4).max(from)..end);
            }
        }
    }
}

/// Where a stretch begins and ends; no byte of text.
const EDGE: u8 = 1;

/// Lower case; one digit for all, one byte for what is not ASCII, one kind of blank.
const fn plain(byte: u8) -> u8 {
    match byte {
        b'0'..=b'9' => b'0',
        b'\t' | b'\r' => b' ',
        0x80.. => 0x80,
        byte => byte.to_ascii_lowercase(),
    }
}

/// A token's kind and where it begins.
type Last = (u32, usize);

fn longer(
    before: Option<Last>,
    last: Option<Last>,
    kind: u32,
    end: usize,
    visit: &mut dyn FnMut(u32, Range<usize>),
) {
    let Some((second, start)) = last else { return };
    visit(mix(mix(3, second), kind), start..end);
    if let Some((first, start)) = before {
        visit(mix(mix(mix(4, first), second), kind), start..end);
    }
}

/// The finaliser of MurmurHash3 over both.
fn mix(state: u32, value: u32) -> u32 {
    let mut hash = state.rotate_left(13).wrapping_mul(0x9e37_79b1) ^ value;
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}
