//! Every built-in policy loads, explains itself, and does to its examples what it says.

use portcullis_detection::{Engine, Example, Policy, PolicySet};

/// Aggregation would hold back what a single example shows.
fn engine_of(policy: &Policy) -> Engine {
    let source: String = policy.source.split("aggregation_rules:").next().unwrap_or_default().to_owned();
    let (set, errors) = PolicySet::parse([(&*policy.file, source)]);
    assert_eq!(errors, [], "{}", policy.id);
    Engine::new(set)
}

fn wrong<'p>(policy: &'p Policy, examples: &'p [Example], should_match: bool) -> Vec<&'p str> {
    let engine = engine_of(policy);
    let differs = |example: &&Example| engine.judge(&example.exchange).is_empty() == should_match;
    examples.iter().filter(differs).map(|example| example.text.as_str()).collect()
}

#[test]
fn all_of_them_load() {
    assert_eq!(PolicySet::builtin_errors(), []);
    assert!(PolicySet::builtin().len() >= 9);
}

/// What is compared with a learned range needs hours of traffic as an example: `tests/baseline.rs` has them.
fn by_filter(policy: &&Policy) -> bool {
    policy.anomaly.is_none()
}

#[test]
fn every_one_matches_its_examples() {
    for policy in PolicySet::builtin().iter().filter(by_filter) {
        assert!(policy.examples.matching.len() >= 5, "{}: at least five examples that match", policy.id);
        let missed = wrong(policy, &policy.examples.matching, true);
        assert!(missed.is_empty(), "{} misses {missed:#?}", policy.id);
    }
}

#[test]
fn every_one_leaves_its_look_alikes_alone() {
    for policy in PolicySet::builtin().iter().filter(by_filter) {
        assert!(policy.examples.benign.len() >= 5, "{}: at least five examples that do not match", policy.id);
        let accused = wrong(policy, &policy.examples.benign, false);
        assert!(accused.is_empty(), "{} accuses {accused:#?}", policy.id);
    }
}

#[test]
fn no_policy_accuses_the_look_alikes_of_another() {
    let single: Vec<_> =
        PolicySet::builtin().iter().filter(|policy| policy.aggregation.is_empty()).cloned().collect();
    for judge in &single {
        for policy in &single {
            let accused = wrong(judge, &policy.examples.benign, false);
            assert!(accused.is_empty(), "{} accuses, of {}, {accused:#?}", judge.id, policy.id);
        }
    }
}

#[test]
fn every_one_says_what_it_is_and_what_to_do() {
    for policy in PolicySet::builtin().iter() {
        let info = &policy.info;
        for (key, text) in [
            ("name", &info.name),
            ("description", &info.description),
            ("details", &info.details),
            ("impact", &info.impact),
            ("remediation", &info.remediation),
            ("category.name", &info.category.name),
            ("category.displayName", &info.category.display_name),
            ("subCategory", &info.sub_category),
        ] {
            assert!(!text.trim().is_empty(), "{}: info.{key} is empty", policy.id);
        }
        assert!(!info.tags.is_empty() && !info.cwe.is_empty(), "{}: tags and cwe", policy.id);
    }
}

#[test]
fn an_answer_that_shows_the_attack_worked_is_evidence() {
    let mut shown = 0;
    for policy in PolicySet::builtin().iter().filter(|policy| policy.aggregation.is_empty()) {
        let engine = engine_of(policy);
        for example in &policy.examples.matching {
            let answered = example.exchange.exchange.response.is_some() && !policy.evidence.is_empty();
            let found = engine.judge(&example.exchange);
            let proven = found.iter().any(|detection| detection.successful_exploit.is_some());
            assert_eq!(answered, proven, "{}: {}", policy.id, example.text);
            shown += usize::from(proven);
        }
    }
    assert!(shown >= 5);
}
