//! Cuts a value into the tokens that the languages of attacks have in common: words, numbers, signs.

use std::{collections::HashSet, ops::Range, sync::LazyLock};

use super::vocabulary::WORDS;

/// What a stretch of a value is, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Token {
    /// A word of the vocabulary and a sign are themselves; everything else is of a kind.
    pub(super) kind: u32,
    /// A word that the vocabulary lacks: its own hash.
    pub(super) stranger: Option<u32>,
    pub(super) range: Range<usize>,
}

/// Kinds below this are bytes and runs of the same byte.
const FIRST_KIND: u32 = 1 << 9;

pub(super) const START: u32 = FIRST_KIND;
pub(super) const END: u32 = FIRST_KIND + 1;
const NUMBER: u32 = FIRST_KIND + 2;
const HEXADECIMAL: u32 = FIRST_KIND + 3;
const LONG_HEXADECIMAL: u32 = FIRST_KIND + 4;
const MIXED: u32 = FIRST_KIND + 5;
const BLOB: u32 = FIRST_KIND + 6;
const LETTER: u32 = FIRST_KIND + 7;
const SHORT_WORD: u32 = FIRST_KIND + 8;
const WORD: u32 = FIRST_KIND + 9;
const LONG_WORD: u32 = FIRST_KIND + 10;
const COMPOUND: u32 = FIRST_KIND + 11;
const FOREIGN: u32 = FIRST_KIND + 12;
const CONTROL: u32 = FIRST_KIND + 13;
const LINE_END: u32 = FIRST_KIND + 14;
const DIGIT: u32 = FIRST_KIND + 15;

static KNOWN: LazyLock<HashSet<u32, ahash::RandomState>> = LazyLock::new(|| {
    WORDS.iter().flat_map(|words| words.split_ascii_whitespace()).map(|word| hash(word.as_bytes())).collect()
});

/// Whether a value of these bytes can be anything but words: nothing else is looked at.
pub(super) fn has_signs(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .any(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_' | b'-' | b'.' | b',')))
}

/// The tokens from `from` on, at most `most` of them.
pub(super) fn tokens(bytes: &[u8], most: usize) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(most.min(bytes.len() / 3 + 2));
    let mut at = 0;
    while let Some(first) = bytes.get(at) {
        if tokens.len() >= most {
            break;
        }
        let rest = bytes.get(at..).unwrap_or_default();
        let run = |test: &dyn Fn(&u8) -> bool| rest.iter().take_while(|byte| test(byte)).count();
        let (length, kind, stranger) = match first {
            b' ' | b'\t' => (1, None, None),
            b'\n' | b'\r' => (run(&|byte| matches!(byte, b'\n' | b'\r')), Some(LINE_END), None),
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                let length = run(&|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
                let (kind, stranger) = word(rest.get(..length).unwrap_or_default());
                (length, Some(kind), stranger)
            }
            0x80.. => (run(&|byte| *byte >= 0x80), Some(FOREIGN), None),
            0..=0x1f | 0x7f => (1, Some(CONTROL), None),
            sign => {
                let length = run(&|byte| byte == sign);
                let kind = u32::from(*sign) + if length > 1 { 256 } else { 0 };
                (length, Some(kind), None)
            }
        };
        if let Some(kind) = kind {
            tokens.push(Token { kind, stranger, range: at..at + length });
        }
        at += length;
    }
    tokens
}

fn word(bytes: &[u8]) -> (u32, Option<u32>) {
    const LONGEST: usize = 32;
    let digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    if digits == bytes.len() {
        return (if digits == 1 { DIGIT } else { NUMBER }, None);
    }
    let hexadecimal = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_hexdigit);
    if let Some(code) = bytes.strip_prefix(b"0x").or_else(|| bytes.strip_prefix(b"0X"))
        && hexadecimal(code)
    {
        return (HEXADECIMAL, None);
    }
    if bytes.len() > LONGEST {
        return (if hexadecimal(bytes) { LONG_HEXADECIMAL } else { BLOB }, None);
    }
    let own = hash(bytes);
    if KNOWN.contains(&own) {
        return (own, None);
    }
    if digits > 0 {
        let long = bytes.len() >= 16 || digits > 4;
        return if long {
            (if hexadecimal(bytes) { LONG_HEXADECIMAL } else { BLOB }, None)
        } else {
            (MIXED, Some(own))
        };
    }
    let kind = match bytes.len() {
        1 => LETTER,
        2..=3 => SHORT_WORD,
        _ if bytes.contains(&b'_') => COMPOUND,
        4..=12 => WORD,
        _ => LONG_WORD,
    };
    (kind, Some(own))
}

/// FNV-1a of the lower-case bytes, never one of the small numbers that are kinds.
fn hash(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte.to_ascii_lowercase())).wrapping_mul(0x0100_0193)
    }) | 0x8000_0000
}
