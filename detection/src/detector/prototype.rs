//! Keys that reach the prototype of every object where JavaScript copies request values key by key.

use std::ops::Range;

use memchr::memmem;

use super::Subject;
use crate::view::Place;

pub(super) const GATES: &[&str] = &["__proto__", "prototype"];

pub(super) fn pollution(subject: &Subject<'_>) -> Option<Range<usize>> {
    let lower = subject.lower;
    if subject.field.is_name {
        let found = find(lower, b"__proto__").filter(|at| is_whole_name(lower, at));
        return found.or_else(|| constructor(subject));
    }
    // JSON that a server reads out of a parameter, or a body without a type.
    let is_json = matches!(lower.trim_ascii_start(), [b'{' | b'[', ..]);
    let is_open = matches!(subject.field.place, Place::Body | Place::Query | Place::Form | Place::Cookie);
    if !(is_json && is_open) {
        return None;
    }
    let at = find(lower, b"\"__proto__\"")?;
    let after = lower.get(at.end..)?.trim_ascii_start();
    after.starts_with(b":").then_some(at)
}

/// `constructor[prototype]`, `constructor.prototype`, or the one key inside the other.
fn constructor(subject: &Subject<'_>) -> Option<Range<usize>> {
    let prototype = find(subject.lower, b"prototype")?;
    let path = subject.field.name.to_ascii_lowercase();
    let is_below = ["constructor.prototype", "constructor[prototype]"].iter().any(|both| path.contains(both));
    is_below.then_some(prototype)
}

fn find(text: &[u8], name: &[u8]) -> Option<Range<usize>> {
    memmem::find(text, name).map(|start| start..start + name.len())
}

/// Not a part of a longer word.
fn is_whole_name(text: &[u8], at: &Range<usize>) -> bool {
    let is_word = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let before = at.start.checked_sub(1).and_then(|before| text.get(before));
    !is_word(before) && !is_word(text.get(at.end))
}
