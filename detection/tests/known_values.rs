//! What was found harmless once is not looked at again, and nothing is missed for it.
#![allow(clippy::unwrap_used, reason = "a test says no by panicking")]

use portcullis_detection::{Detection, Engine, EventType, Example, PolicySet};

fn known(engine: &Engine) -> u64 {
    engine.counters().into_iter().find(|(name, _)| *name == "detect_known_values_total").unwrap().1
}

fn example(lines: &str) -> Example {
    let examples: String = lines.lines().map(|line| format!("      {line}\n")).collect();
    let text = format!("id: E\nfilter: {{method: {{neq: NONE}}}}\nexamples:\n  match:\n    - |\n{examples}");
    let (set, errors) = PolicySet::parse([("e.yaml", text)]);
    assert_eq!(errors, []);
    set.get("E").unwrap().examples.matching.first().unwrap().clone()
}

/// What is told of one exchange by itself.
fn told(found: &[Detection]) -> Vec<(String, String)> {
    let single = found.iter().filter(|one| one.event_type == EventType::Single);
    single
        .map(|one| (one.policy_id.to_string(), format!("{:?}{:?}", one.matched, one.successful_exploit)))
        .collect()
}

#[test]
fn every_example_is_judged_the_same_however_often_it_comes() {
    let engine = Engine::new(PolicySet::builtin());
    let examples: Vec<_> = engine
        .policies()
        .iter()
        .flat_map(|policy| policy.examples.matching.iter().chain(&policy.examples.benign))
        .cloned()
        .collect();
    // Another order teaches other values first.
    let other = Engine::new(PolicySet::builtin());
    let mut expected: Vec<_> =
        examples.iter().rev().map(|example| told(&other.judge(&example.exchange))).collect();
    expected.reverse();
    for (example, expected) in examples.iter().zip(expected) {
        for _ in 0..3 {
            assert_eq!(told(&engine.judge(&example.exchange)), expected, "{example:?}");
        }
    }
    assert!(known(&engine) > 0);
}

#[test]
fn an_attack_among_known_values_is_found() {
    let engine = Engine::new(PolicySet::builtin());
    let head = "Host: shop.example\nAccept: text/html\nX-Trace: ";
    let usual = example(&format!("GET /orders?page=2\n{head}a1"));
    (0..3).for_each(|_| assert!(engine.judge(&usual.exchange).is_empty()));
    assert!(known(&engine) > 0);
    let attack = example(&format!("GET /orders?page=2\n{head}' UNION SELECT password FROM users--"));
    assert_eq!(told(&engine.judge(&attack.exchange)).len(), 1);
    assert_eq!(told(&engine.judge(&attack.exchange)).len(), 1);
}

#[test]
fn other_policies_look_at_everything_anew() {
    let request = example("GET /orders?page=2\nX-Trace: canary");
    let engine = Engine::new(PolicySet::builtin());
    (0..3).for_each(|_| assert!(engine.judge(&request.exchange).is_empty()));
    let text = "id: P\nfilter:\n  request_headers: {for_one: {value: {contains_either: [canary]}}}\n";
    let engine = engine.with_policies(PolicySet::parse([("p.yaml", text)]).0);
    assert_eq!(engine.judge(&request.exchange).len(), 1);
}
