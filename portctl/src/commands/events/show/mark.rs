//! Where in the printed text a match lies, and how it is made visible.

use std::{borrow::Cow, ops::Range};

use crate::{
    output::{Terminal, terminal::Tone},
    reply::Match,
};

/// A part of the exchange that is printed on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place<'a> {
    /// The request target, path and query.
    Target,
    RequestHeader(&'a str),
    RequestBody,
    ResponseHeader(&'a str),
    ResponseBody,
}

/// The ranges of `text` that are matched, in order, without overlap.
///
/// A match's offsets count within the value at its location. Where that value is the whole text, or a part of the
/// target, they are exact; deeper within a body (`request.body.user.name`) the phrase is looked for instead.
pub(super) fn ranges(place: Place<'_>, text: &str, matched: &[Match]) -> Vec<Range<usize>> {
    let mut ranges: Vec<_> = matched
        .iter()
        .filter_map(|found| place.holds(&found.location).and_then(|rest| locate(place, text, rest, found)))
        .collect();
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut separate: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match separate.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => separate.push(range),
        }
    }
    separate
}

/// `text` escaped, with its ranges coloured, or between « and » where there is no colour.
pub(super) fn paint(
    text: &str,
    ranges: &[Range<usize>],
    terminal: Terminal,
    escape: impl Fn(&str) -> Cow<'_, str>,
) -> String {
    let mut painted = String::with_capacity(text.len());
    let mut from = 0;
    let part = |range: Range<usize>| escape(text.get(range).unwrap_or_default()).into_owned();
    for range in ranges {
        painted.push_str(&part(from..range.start));
        let inner = part(range.clone());
        if terminal.colour {
            // A colour ends with its line, as a pager shows lines on their own.
            let lines: Vec<_> = inner.split('\n').map(|line| terminal.paint(Tone::Match, line)).collect();
            painted.push_str(&lines.join("\n"));
        } else {
            painted.push_str(&format!("«{inner}»"));
        }
        from = range.end;
    }
    painted.push_str(&part(from..text.len()));
    painted
}

impl Place<'_> {
    /// What `location` says beyond this place; `None` where it lies elsewhere.
    fn holds(self, location: &str) -> Option<&str> {
        let below = |prefix: &str| {
            let rest = location.strip_prefix(prefix)?;
            if rest.is_empty() { Some(rest) } else { rest.strip_prefix('.') }
        };
        match self {
            Self::Target => below("url").or_else(|| location.starts_with("query").then_some(location)),
            Self::RequestHeader(name) if name.eq_ignore_ascii_case("cookie") => {
                header(location, "request", name)
                    .or_else(|| below("request.cookie"))
                    .or_else(|| below("cookie"))
            }
            Self::RequestHeader(name) => header(location, "request", name),
            Self::ResponseHeader(name) => header(location, "response", name),
            Self::RequestBody => below("request.body"),
            Self::ResponseBody => below("response.body"),
        }
    }
}

fn header<'l>(location: &'l str, side: &str, name: &str) -> Option<&'l str> {
    let found = location.strip_prefix(side)?.strip_prefix(".header.")?;
    found.eq_ignore_ascii_case(name).then_some("")
}

fn locate(place: Place<'_>, text: &str, rest: &str, found: &Match) -> Option<Range<usize>> {
    let value = match (place, rest) {
        (Place::Target, "" | "query") => Some(whole_or_query(text, rest)),
        (Place::Target, "path") => Some(0..text.find('?').unwrap_or(text.len())),
        (Place::Target, _) => rest.strip_prefix("query.").and_then(|key| parameter(text, key)),
        (_, "") => Some(0..text.len()),
        _ => None,
    };
    let exact = value.and_then(|value| {
        let range = value.start.checked_add(found.start)?..value.start.checked_add(found.end)?;
        (range.end <= value.end && range.start < range.end && text.get(range.clone()).is_some())
            .then_some(range)
    });
    exact.or_else(|| {
        let start = text.find(&found.phrase).filter(|_| !found.phrase.is_empty())?;
        Some(start..start + found.phrase.len())
    })
}

fn whole_or_query(target: &str, rest: &str) -> Range<usize> {
    match target.find('?') {
        Some(mark) if rest == "query" => mark + 1..target.len(),
        _ => 0..target.len(),
    }
}

/// The raw value of the first query parameter `key`, as it stands in the target.
fn parameter(target: &str, key: &str) -> Option<Range<usize>> {
    let mut start = target.find('?')? + 1;
    for pair in target.get(start..)?.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if name == key {
            let from = start + pair.len() - value.len();
            return Some(from..from + value.len());
        }
        start += pair.len() + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::escape;

    fn at(location: &str, start: usize, end: usize, phrase: &str) -> Match {
        Match { location: location.into(), start, end, phrase: phrase.into(), detector: "d".into() }
    }

    fn marked(place: Place<'_>, text: &str, matched: &[Match]) -> String {
        paint(text, &ranges(place, text, matched), Terminal::default(), escape::line)
    }

    #[test]
    fn offsets_count_within_the_value_of_the_parameter() {
        let matched = [at("query.id", 0, 9, "1' or 1=1")];
        assert_eq!(marked(Place::Target, "/a?x=1&id=1%27+or+1%3D1", &matched), "/a?x=1&id=«1%27+or+1»%3D1");
    }

    #[test]
    fn a_leaf_of_a_body_is_found_by_its_phrase() {
        let matched = [at("request.body.user.name", 0, 8, "$where:1")];
        assert_eq!(
            marked(Place::RequestBody, r#"{"user":{"name":"$where:1"}}"#, &matched),
            r#"{"user":{"name":"«$where:1»"}}"#
        );
    }

    #[test]
    fn a_header_is_marked_in_its_own_value_alone() {
        let matched = [at("request.header.User-Agent", 2, 4, "xx")];
        assert_eq!(marked(Place::RequestHeader("user-agent"), "abxxcd", &matched), "ab«xx»cd");
        assert_eq!(marked(Place::RequestHeader("host"), "abxxcd", &matched), "abxxcd");
        assert_eq!(marked(Place::ResponseHeader("user-agent"), "abxxcd", &matched), "abxxcd");
    }

    #[test]
    fn overlapping_matches_are_one_mark() {
        let matched = [at("response.body", 0, 4, ""), at("response.body", 2, 6, "")];
        assert_eq!(marked(Place::ResponseBody, "abcdefgh", &matched), "«abcdef»gh");
    }

    #[test]
    fn offsets_outside_the_text_or_within_a_character_mark_nothing() {
        for matched in [
            at("response.body", 5, 900, ""),
            at("response.body", 1, 2, ""),
            at("response.body", usize::MAX, usize::MAX, ""),
        ] {
            assert_eq!(marked(Place::ResponseBody, "éa", &[matched]), "éa");
        }
    }

    #[test]
    fn colour_ends_with_each_line() {
        let terminal = Terminal { width: None, colour: true };
        let ranges = ranges(Place::ResponseBody, "a\nb", &[at("response.body", 0, 3, "")]);
        let painted = paint("a\nb", &ranges, terminal, escape::block);
        assert!(painted.lines().all(|line| line.ends_with("\u{1b}[0m")), "{painted:?}");
    }
}
