//! The words an event's payload is found by: runs of letters and digits, without case, of request target, request header
//! values, both payloads and what the detector saw.

use std::collections::BTreeSet;

use portcullis_proto::v1::ThreatEvent;

/// Of each part. Attacks stand early, and a flood of words must not become a flood of writing.
const MAX_PART: usize = 4 * 1024;
const MAX_SAMPLES: usize = 3;
const MAX_WORDS: usize = 512;
/// Longer runs are encoded data; of those the beginning is known.
const MAX_WORD: usize = 40;

/// Each once, with a space between: the index keeps no places.
pub(super) fn of(event: &ThreatEvent) -> String {
    let mut words = BTreeSet::new();
    for matched in &event.matched {
        collect(matched.phrase.as_bytes(), &mut words);
    }
    for sample in event.samples.iter().take(MAX_SAMPLES) {
        collect(sample.path.as_bytes(), &mut words);
        collect(&sample.request_payload, &mut words);
        for header in &sample.request_headers {
            collect(header.value.as_bytes(), &mut words);
        }
        collect(&sample.response_payload, &mut words);
    }
    words.into_iter().collect::<Vec<_>>().join(" ")
}

/// What is asked of the index for a search; nothing where the text has no word.
pub(super) fn query(search: &str) -> Option<String> {
    let mut words: Vec<_> = runs(search).map(|run| format!("\"{}\"", word(run))).take(MAX_WORDS).collect();
    // The last may be half typed.
    let last = words.last_mut()?;
    last.push('*');
    Some(words.join(" "))
}

fn collect(bytes: &[u8], words: &mut BTreeSet<String>) {
    let part = String::from_utf8_lossy(bytes.get(..MAX_PART).unwrap_or(bytes));
    for run in runs(&part) {
        if words.len() >= MAX_WORDS {
            return;
        }
        words.insert(word(run));
    }
}

fn runs(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|run| !run.is_empty())
}

fn word(run: &str) -> String {
    let mut word = run.to_lowercase();
    word.truncate(word.floor_char_boundary(MAX_WORD));
    // In a few scripts a lower-case letter is two, of which one is no letter.
    word.retain(char::is_alphanumeric);
    word
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
        assert_eq!(of(&event), "1 8 a q select sqlmap union ünion");
    }

    #[test]
    fn a_search_asks_for_all_its_words_and_the_last_may_go_on() {
        assert_eq!(query("Union  SEL").as_deref(), Some("\"union\" \"sel\"*"));
        assert_eq!(query("\" OR *").as_deref(), Some("\"or\"*"));
        assert_eq!(query("../%"), None);
    }

    #[test]
    fn a_flood_of_words_is_cut() {
        let payload = (0..10_000).map(|n| n.to_string()).collect::<Vec<_>>().join(" ").into_bytes();
        let sample = Sample { request_payload: payload, ..Sample::default() };
        let event = ThreatEvent { samples: vec![sample], ..ThreatEvent::default() };
        assert!(of(&event).split(' ').count() <= MAX_WORDS);
    }
}
