//! Look-ups that a logging library carries out in the text it logs: `${jndi:ldap://…}`, put together of others.

use std::ops::Range;

use super::Subject;

pub(super) const GATES: &[&str] = &["${"];

/// Look-ups inside look-ups beyond this are taken as text.
const MAX_DEPTH: usize = 32;
/// What is kept of each result: the name of a look-up is short.
const MAX_RESULT: usize = 64;

/// One `${` that is not closed yet.
struct Open {
    start: usize,
    content: Vec<u8>,
}

/// Resolves look-ups from the inside out, as the library does (`${${lower:J}ndi:…}` becomes `${jndi:…}`), and gives the
/// outermost one that a directory look-up came out of.
pub(super) fn jndi(subject: &Subject<'_>) -> Option<Range<usize>> {
    let text = subject.lower;
    let mut open: Vec<Open> = Vec::new();
    let mut found = false;
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let opens = *byte == b'$' && text.get(at + 1) == Some(&b'{');
        if opens && open.len() < MAX_DEPTH {
            open.push(Open { start: at, content: Vec::new() });
            at += 2;
            continue;
        }
        if *byte == b'}'
            && let Some(closed) = open.pop()
        {
            found |= is_jndi(&closed.content);
            match open.last_mut() {
                Some(outer) => append(&mut outer.content, resolved(&closed.content)),
                None if found => return Some(closed.start..at + 1),
                None => {}
            }
        } else if let Some(innermost) = open.last_mut() {
            append(&mut innermost.content, std::slice::from_ref(byte));
        }
        at += 1;
    }
    // Cut off at the end: what was meant is there all the same.
    let unclosed = open.iter().any(|open| is_jndi(&open.content));
    open.first().filter(|_| found || unclosed).map(|outermost| outermost.start..text.len())
}

fn append(content: &mut Vec<u8>, bytes: &[u8]) {
    let room = MAX_RESULT.saturating_sub(content.len());
    content.extend(bytes.iter().take(room));
}

fn is_jndi(content: &[u8]) -> bool {
    content.trim_ascii().strip_prefix(b"jndi:").is_some_and(|rest| !rest.is_empty())
}

/// What a look-up leaves in its place: its default behind `:-`, the text of `lower:` and `upper:`, else nothing.
fn resolved(content: &[u8]) -> &[u8] {
    if let Some(at) = memchr::memmem::find(content, b":-") {
        return content.get(at + 2..).unwrap_or_default();
    }
    [&b"lower:"[..], b"upper:"].iter().find_map(|name| content.strip_prefix(*name)).unwrap_or_default()
}
