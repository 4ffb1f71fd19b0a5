//! The value of an expression that was sent: the request holds the expression, the answer its value, and only
//! whoever evaluated the one can have come by the other.

mod expression;
mod joined;

use std::{ops::Range, sync::LazyLock};

use aho_corasick::AhoCorasick;

use self::expression::{Expression, Value, expressions};
use super::Case;
use crate::Match;

/// Bytes of a request's values in which expressions are looked for.
const MAX_READ: usize = 64 << 10;
const MAX_EXPRESSIONS: usize = 48;
const MAX_SHOWN: usize = 80;
/// How far apart the marks around an extracted value may stand.
const MAX_APART: usize = 2048;

/// What stands in every request that asks for a digest or an evaluation in so many words.
static ASKED: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words = ["md5", "sha1", "{{", "${", "%7b%7b", "$%7b", "updatexml", "extractvalue", "chr(", "char("];
    AhoCorasick::builder().ascii_case_insensitive(true).build(words).ok()
});

pub(super) fn may_be_in(bytes: &[u8]) -> bool {
    ASKED.as_ref().is_none_or(|words| words.is_match(bytes))
}

pub(super) fn find(case: &Case<'_, '_>) -> Option<Match> {
    let (mut left, mut seen) = (MAX_READ, 0);
    for (_, value) in case.values() {
        let value = value.get(..left).unwrap_or(value);
        left -= value.len();
        for expression in expressions(value) {
            seen += 1;
            if seen > MAX_EXPRESSIONS {
                return None;
            }
            if let Some(range) = place(case, &expression) {
                let shown: String = expression.source.chars().take(MAX_SHOWN).collect();
                return Some(case.answer.matched(range, &format!("value of `{shown}`")));
            }
        }
        if left == 0 {
            return None;
        }
    }
    None
}

/// Where the answer holds the value, and the request does not.
fn place(case: &Case<'_, '_>, expression: &Expression) -> Option<Range<usize>> {
    let unsent = |text: &str| !case.is_sent(text.as_bytes());
    let body = case.answer.body();
    match &expression.value {
        Value::Number(number) => unsent(number).then(|| standalone(body, number)).flatten(),
        Value::Small(number) => unsent(number).then(|| alone(body, number)).flatten(),
        Value::Text(text) => unsent(text).then(|| case.answer.find(text.as_bytes())).flatten(),
        Value::Digest(hex) => {
            // Databases cut what they put into an error at its front, its end, or both.
            let core = hex.get(8..24)?;
            let at = case.answer.find(core.as_bytes());
            let at = at.or_else(|| case.answer.find(core.to_ascii_uppercase().as_bytes()))?;
            unsent(core).then_some(at)
        }
        Value::Marks(marks) => {
            let mut from = 0;
            let mut whole: Option<Range<usize>> = None;
            for mark in marks {
                let rest = body.get(from..)?;
                let at = from + memchr::memmem::find(rest, mark.as_bytes())?;
                from = at + mark.len();
                whole = Some(whole.map_or(at, |known| known.start)..from);
            }
            whole.filter(|whole| whole.len() <= MAX_APART && marks.iter().all(|mark| unsent(mark)))
        }
        Value::Printed { verb, marker } => {
            let is_probe = |at: usize| {
                let before = body.get(at.saturating_sub(verb.len() + 12)..at).unwrap_or_default();
                String::from_utf8_lossy(before).to_ascii_lowercase().contains(verb.as_str())
            };
            let mut places = memchr::memmem::find_iter(body, marker.as_bytes()).peekable();
            let first = *places.peek()?;
            // Where the probe itself came back, the marker came with it.
            (!places.any(is_probe)).then_some(first..first + marker.len())
        }
    }
}

/// A number with nothing of a number or a name beside it.
fn standalone(body: &[u8], number: &str) -> Option<Range<usize>> {
    let is_part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
    memchr::memmem::find_iter(body, number).map(|at| at..at + number.len()).find(|range| {
        let before = range.start.checked_sub(1).and_then(|at| body.get(at));
        !is_part(before) && !is_part(body.get(range.end))
    })
}

/// A small number that is the whole of an answer, of an element or of a string: anywhere else it is one of many.
fn alone(body: &[u8], number: &str) -> Option<Range<usize>> {
    if body.trim_ascii() == number.as_bytes() {
        return standalone(body, number);
    }
    memchr::memmem::find_iter(body, number).map(|at| at..at + number.len()).find(|range| {
        let before = range.start.checked_sub(1).and_then(|at| body.get(at));
        matches!((before, body.get(range.end)), (Some(b'>'), Some(b'<')) | (Some(b'"'), Some(b'"')))
    })
}
