//! Policies that do not apply cost nothing.
#![allow(clippy::unwrap_used, reason = "a test says no by panicking")]

use portcullis_detection::{Engine, Example, PolicySet};

fn evaluated(engine: &Engine) -> u64 {
    engine.counters().into_iter().find(|(name, _)| *name == "detect_policies_evaluated_total").unwrap().1
}

fn benign() -> Example {
    let text = "id: E\nfilter: {detect: sqli}\nexamples:\n  match: [GET /users?name=anna&page=2]\n";
    PolicySet::parse([("e.yaml", text)]).0.get("E").unwrap().examples.matching.first().unwrap().clone()
}

#[test]
fn a_thousand_policies_whose_literals_do_not_occur_are_not_evaluated() {
    let filters = [
        "url: {contains_either: [NEEDLE]}",
        "request_payload: {for_one: {value: {eq: NEEDLE}}}",
        "query_param: {regex: 'NEEDLE[0-9]+'}",
        "detect: xss\n  url: {contains_all: [NEEDLE, x]}",
    ];
    let files = (0..1000_usize).map(|number| {
        let filter =
            filters.get(number % filters.len()).unwrap().replace("NEEDLE", &format!("needle{number}-"));
        (format!("{number}.yaml"), format!("id: P{number}\nfilter:\n  {filter}\n"))
    });
    let (set, errors) = PolicySet::parse(files);
    assert_eq!(errors, []);
    let engine = Engine::new(set);
    assert!(engine.judge(&benign().exchange).is_empty());
    assert_eq!(evaluated(&engine), 0);
}

#[test]
fn a_policy_without_a_literal_is_always_evaluated() {
    let text = "id: P\nfilter:\n  method: {neq: POST}\n";
    let engine = Engine::new(PolicySet::parse([("p.yaml", text)]).0);
    assert_eq!(engine.judge(&benign().exchange).len(), 1);
    assert_eq!(evaluated(&engine), 1);
}

#[test]
fn literals_are_found_in_whatever_encoding_and_case() {
    let text = "id: P\nfilter:\n  query_param: {for_one: {value: {contains_either: [Secret Word]}}}\nexamples:\n  match: [GET /?a=%2553ECRET%2520word]\n";
    let (set, errors) = PolicySet::parse([("p.yaml", text)]);
    assert_eq!(errors, []);
    let example = set.get("P").unwrap().examples.matching.first().unwrap().clone();
    assert_eq!(Engine::new(set).judge(&example.exchange).len(), 1);
}
