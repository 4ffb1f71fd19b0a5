//! Input made to cost: it is judged within fixed work, and an attack in it is still found.
#![allow(clippy::unwrap_used, reason = "a test says no by panicking, and why it was skipped by printing")]

#[path = "support/exchange.rs"]
mod exchange;

use std::sync::Arc;

use portcullis_detection::{Engine, PolicySet};
use portcullis_exchange::{Body, Headers, Request, TaggedExchange, Timestamp};
use proptest::prelude::*;

use self::exchange::exchange;

fn posted(target: &[u8], content_type: &str, body: Vec<u8>) -> Arc<TaggedExchange> {
    let request = Request {
        method: "POST".into(),
        target: target.to_vec(),
        headers: Headers::from_pairs([("content-type", content_type), ("cookie", "a=b; c")]),
        body: Body::plain(body),
        ..Request::default()
    };
    exchange([203, 0, 113, 7], Timestamp::default(), request, None)
}

/// Whether it was found, and how many values met a bound.
fn judge(content_type: &str, body: impl Into<Vec<u8>>) -> (bool, u64) {
    let engine = Engine::new(PolicySet::builtin());
    let found = !engine.judge(&posted(b"/x", content_type, body.into())).is_empty();
    let bounded = engine.counters().into_iter().find(|(name, _)| *name == "detect_bounded_values_total");
    (found, bounded.unwrap().1)
}

const ATTACK: &str = "x' UNION SELECT name, secret FROM users-- ";

#[test]
fn an_attack_behind_a_hundred_thousand_parameters_is_found_and_the_bound_is_counted() {
    let form = format!("{}q=x%27+UNION+SELECT+name,secret+FROM+users--+", "a=1&".repeat(100_000));
    let (found, bounded) = judge("application/x-www-form-urlencoded", form);
    assert!(found && bounded > 0);
    assert!(!judge("application/x-www-form-urlencoded", "a=1&".repeat(100_000)).0);
}

#[test]
fn an_attack_behind_deep_json_is_found() {
    let deep = "[".repeat(200_000);
    assert!(judge("application/json", format!("{deep}\"{ATTACK}\"")).0);
    assert!(!judge("application/json", deep).0);
}

#[test]
fn an_attack_behind_a_hundred_thousand_json_leaves_is_found() {
    let (found, bounded) = judge("application/json", format!("[{}\"{ATTACK}\"]", "\"a\",".repeat(100_000)));
    assert!(found && bounded > 0);
}

#[test]
fn json_in_json_in_json_ends() {
    let mut text = format!("\"{ATTACK}\"");
    for _ in 0..12 {
        text = serde_json::json!({ "inner": text }).to_string();
    }
    assert!(text.len() < 100_000);
    judge("application/json", text);
}

#[test]
fn megabytes_of_escapes_stop_at_the_budget() {
    let (_, bounded) =
        judge("application/x-www-form-urlencoded", format!("q={}", "%2525252541".repeat(600_000)));
    assert!(bounded > 0);
}

#[test]
fn megabytes_of_the_same_sign_are_judged() {
    for sign in ["'", "<", "../", "%", "&", "$(", "{{", "\\u0027", "/*", "`;|", "..;", "on="] {
        judge("text/plain", sign.repeat(1_000_000 / sign.len()));
        judge("application/json", format!("{{\"a\": \"{}\"}}", sign.repeat(300_000 / sign.len())));
    }
}

#[test]
fn an_attack_behind_more_tokens_than_are_scored_is_found() {
    for token in ["a=", "<>", "1;", "é/", "(((", "_a_ -- "] {
        let flood = token.repeat(150_000 / token.len());
        assert!(judge("application/json", format!(r#"["{flood}", "{ATTACK}"]"#)).0, "{token}");
    }
}

#[test]
fn what_the_score_shows_lies_in_the_value_and_overlaps_nothing() {
    let engine = Engine::new(PolicySet::builtin());
    let body =
        br#"{"q": "<a onbeforetoggle=\"[1].map(alert)\">%27 || extractvalue(1,concat(0x7e,version()))"}"#;
    for detection in engine.judge(&posted(b"/x", "application/json", body.to_vec())) {
        let scored = detection.matched.iter().filter(|found| found.detector.starts_with("score:"));
        let mut places: Vec<_> = scored.map(|found| (found.start, found.end)).collect();
        places.sort_unstable();
        assert!(places.iter().all(|(start, end)| start < end && *end <= body.len()));
        assert!(places.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{places:?}");
    }
}

#[test]
fn many_parts_headers_and_tags_are_judged() {
    let parts = "--b\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\nx\r\n".repeat(20_000);
    assert!(judge("multipart/form-data; boundary=b", parts).1 > 0);
    assert!(judge("application/xml", "<a b='c'>d</a>".repeat(50_000)).1 > 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_bytes_panic(target in prop::collection::vec(any::<u8>(), 0..200), body in prop::collection::vec(any::<u8>(), 0..400)) {
        static ENGINE: std::sync::LazyLock<Engine> = std::sync::LazyLock::new(|| Engine::new(PolicySet::builtin()));
        for kind in ["application/json", "application/xml", "multipart/form-data; boundary=a", "application/graphql", "", "text/plain"] {
            ENGINE.judge(&posted(&target, kind, body.clone()));
        }
    }

    #[test]
    fn no_soup_of_signs_panics(soup in "[%&=+\\\\'\"<>/.;|$(){}\\[\\]u0-9a-f :\n-]{0,300}") {
        static ENGINE: std::sync::LazyLock<Engine> = std::sync::LazyLock::new(|| Engine::new(PolicySet::builtin()));
        for kind in ["application/json", "application/xml", "application/x-www-form-urlencoded"] {
            for detection in ENGINE.judge(&posted(format!("/{soup}").as_bytes(), kind, soup.clone().into_bytes())) {
                prop_assert!(detection.matched.len() <= 8);
                prop_assert!(detection.matched.iter().all(|found| found.start <= found.end && found.phrase.len() <= 480));
            }
        }
    }

    #[test]
    fn no_text_panics_the_policy_reader(text in "[a-z:\n \\-\\[\\]{}'&*!|>#0-9]{0,200}") {
        PolicySet::parse([("fuzz.yaml", text)]);
    }
}
