//! The words an event's payload is found by: runs of letters and digits, without case, of request target, request header
//! values, both payloads and what the detector saw.

use std::{borrow::Cow, collections::HashSet};

use portcullis_proto::v1::ThreatEvent;

/// Of each part. Attacks stand early, and a flood of words must not become a flood of writing.
const MAX_PART: usize = 4 * 1024;
const MAX_SAMPLES: usize = 3;
const MAX_WORDS: usize = 512;
/// Longer runs are encoded data; of those the beginning is known.
const MAX_WORD: usize = 40;

/// Each once, with a space between: the index keeps no places.
pub(super) fn of(event: &ThreatEvent) -> String {
    let samples = event.samples.iter().take(MAX_SAMPLES);
    let parts =
        event.matched.iter().map(|matched| matched.phrase.as_bytes()).chain(samples.flat_map(|sample| {
            let headers = sample.request_headers.iter().map(|header| header.value.as_bytes());
            [sample.path.as_bytes(), &sample.request_payload]
                .into_iter()
                .chain(headers)
                .chain([sample.response_payload.as_slice()])
        }));
    let parts: Vec<_> =
        parts.map(|part| String::from_utf8_lossy(part.get(..MAX_PART).unwrap_or(part))).collect();
    let (mut seen, mut words) = (HashSet::with_capacity(128), String::with_capacity(1024));
    for run in parts.iter().flat_map(|part| runs(part)) {
        let word = word(run);
        if !seen.contains(&word) {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(&word);
            seen.insert(word);
        }
        if seen.len() >= MAX_WORDS {
            break;
        }
    }
    words
}

/// What a search asks of the words of an event: some whole, and one that may be half typed.
pub(super) struct Query {
    whole: Vec<String>,
    begun: String,
}

impl Query {
    /// Nothing where the text has no word.
    pub(super) fn of(search: &str) -> Option<Self> {
        let mut whole: Vec<_> = runs(search).map(|run| word(run).into_owned()).take(MAX_WORDS).collect();
        let begun = whole.pop()?;
        Some(Self { whole, begun })
    }

    /// As the index is asked for all of it.
    pub(super) fn all(&self) -> String {
        format!("{} \"{}\"*", self.whole(), self.begun)
    }

    /// As it is asked for the whole words alone. Empty where there is none.
    pub(super) fn whole(&self) -> String {
        self.whole.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(" ")
    }

    /// Whether one of these words begins as the last does.
    pub(super) fn is_begun_in(&self, words: &str) -> bool {
        words.split(' ').any(|word| word.starts_with(&self.begun))
    }
}

fn runs(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|run| !run.is_empty())
}

fn word(run: &str) -> Cow<'_, str> {
    // Most are: no copy of them is made.
    if run.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
        return Cow::Borrowed(run.get(..MAX_WORD).unwrap_or(run));
    }
    let mut word = run.to_lowercase();
    word.truncate(word.floor_char_boundary(MAX_WORD));
    // In a few scripts a lower-case letter is two, of which one is no letter.
    word.retain(char::is_alphanumeric);
    Cow::Owned(word)
}

#[cfg(test)]
mod tests {
    use portcullis_proto::v1::{Header, Sample};

    use super::*;

    #[test]
    fn an_event_has_the_words_of_its_payload_once_and_without_case() {
        let sample = Sample {
            path: "/a?q=1 UNION select".into(),
            request_headers: vec![Header { name: "User-Agent".into(), value: "sqlmap/1.8".into() }],
            request_payload: "Ünion {\"union\":1}".into(),
            ..Sample::default()
        };
        let event = ThreatEvent { samples: vec![sample], ..ThreatEvent::default() };
        assert_eq!(of(&event), "a q 1 union select ünion sqlmap 8");
    }

    #[test]
    fn a_search_asks_for_all_its_words_and_the_last_may_go_on() {
        let all = |search| Query::of(search).map(|query| query.all());
        assert_eq!(all("Union  SEL").as_deref(), Some("\"union\" \"sel\"*"));
        assert_eq!(all("\" OR *").as_deref(), Some(" \"or\"*"));
        assert!(Query::of("../%").is_none());
        let query = Query::of("union SEL").unwrap();
        assert!(query.is_begun_in("union select") && !query.is_begun_in("union counsel"));
    }

    #[test]
    fn a_flood_of_words_is_cut() {
        let payload = (0..10_000).map(|n| n.to_string()).collect::<Vec<_>>().join(" ").into_bytes();
        let sample = Sample { request_payload: payload, ..Sample::default() };
        let event = ThreatEvent { samples: vec![sample], ..ThreatEvent::default() };
        assert_eq!(of(&event).split(' ').count(), MAX_WORDS);
    }
}
