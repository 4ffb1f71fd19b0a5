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
        let header = |prefix: &str, name: &str| {
            let found = location.strip_prefix(prefix)?;
            let found = found.strip_suffix(NAME).unwrap_or(found);
            found.eq_ignore_ascii_case(name).then_some("")
        };
        match self {
            Self::Target => below("url").or_else(|| location.strip_prefix("query.")),
            Self::RequestHeader(name) => header("request.header.", name)
                .or_else(|| below("request.cookie").filter(|_| name.eq_ignore_ascii_case("cookie"))),
            Self::ResponseHeader(name) => header("response.header.", name),
            Self::RequestBody => below("request.body"),
            Self::ResponseBody => below("response.body"),
        }
    }

    /// The value that `found` counts its offsets in, where it stands in `text` as it was sent.
    fn value(self, text: &str, rest: &str, found: &Match) -> Option<Range<usize>> {
        if found.location.ends_with(NAME) {
            return None;
        }
        let query = text.find('?').map_or(text.len(), |mark| mark + 1);
        match self {
            Self::Target if found.location == "url.path" => Some(0..text.find('?').unwrap_or(text.len())),
            Self::Target if found.location == "url" => Some(0..text.len()),
            Self::Target => parameter(text, query, '&', rest),
            _ if rest.is_empty() => Some(0..text.len()),
            Self::RequestHeader(_) => parameter(text, 0, ';', rest),
            Self::RequestBody => parameter(text, 0, '&', rest),
            Self::ResponseHeader(_) | Self::ResponseBody => None,
        }
    }
}

/// Ends a location where the name of a field matched, not its value.
const NAME: &str = " (name)";

fn locate(place: Place<'_>, text: &str, rest: &str, found: &Match) -> Option<Range<usize>> {
    let exact = place.value(text, rest, found).and_then(|value| {
        let range = value.start.checked_add(found.start)?..value.start.checked_add(found.end)?;
        (range.end <= value.end && range.start < range.end && text.get(range.clone()).is_some())
            .then_some(range)
    });
    exact.or_else(|| find_ignoring_case(text, &found.phrase))
}

/// The value of the first `key=value` in `text` from `start` on, pairs being apart by `separator`.
fn parameter(text: &str, start: usize, separator: char, key: &str) -> Option<Range<usize>> {
    let mut from = start;
    for pair in text.get(start..)?.split(separator) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = name.trim_start().replace('+', " ");
        if percent_encoding::percent_decode_str(&name).decode_utf8_lossy() == key {
            let value_from = from + pair.len() - value.len();
            return Some(value_from..value_from + value.len());
        }
        from += pair.len() + separator.len_utf8();
    }
    None
}

/// Detectors see text in lower case; only ASCII is folded, so that offsets stay.
fn find_ignoring_case(text: &str, phrase: &str) -> Option<Range<usize>> {
    if phrase.is_empty() {
        return None;
    }
    let found =
        text.as_bytes().windows(phrase.len()).position(|w| w.eq_ignore_ascii_case(phrase.as_bytes()))?;
    Some(found..found + phrase.len())
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
    fn a_parameter_is_found_by_its_decoded_name_in_query_form_and_cookie() {
        let found = |location: &str| [at(location, 0, 2, "")];
        assert_eq!(
            marked(Place::Target, "/a?b%5Bc%5D=xyz&d=1", &found("query.b[c]")),
            "/a?b%5Bc%5D=«xy»z&d=1"
        );
        assert_eq!(marked(Place::RequestBody, "a+b=xyz", &found("request.body.a b")), "a+b=«xy»z");
        assert_eq!(
            marked(Place::RequestHeader("Cookie"), "s=1; t=xyz", &found("request.cookie.t")),
            "s=1; t=«xy»z"
        );
    }

    #[test]
    fn a_matched_name_is_marked_where_it_stands_in_any_case() {
        let matched = [at("query.id[$ne] (name)", 3, 6, "$ne")];
        assert_eq!(marked(Place::Target, "/a?id[$NE]=abcdefgh", &matched), "/a?id[«$NE»]=abcdefgh");
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
