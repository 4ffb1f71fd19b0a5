//! Limits become policies: what counts and groups is there already, and each event names the limit that it passed.

use portcullis_detection::PolicySet;
use portcullis_proto::v1::SavedPolicy;
use serde_json::{Value, json};

use super::{Document, Enumeration, RateLimit};
use crate::policies::with_top_level;

/// The built-in policy that tells of enumeration.
const ENUMERATION: &str = "IdentifierEnumeration";

/// By the field where something cannot be one.
pub(super) fn policies(document: &Document) -> Result<Vec<SavedPolicy>, String> {
    let limits = document.rate_limits.iter().enumerate().map(|(index, limit)| {
        let id = format!("RateLimit-{}", limit.name);
        let content = readable(&id, rate_limit(&id, limit).to_string());
        content.map_err(|problem| format!("rateLimits[{index}]: {problem}"))
    });
    let enumeration = document.enumeration.iter().map(|wanted| {
        let content = enumeration(*wanted).and_then(|content| readable(ENUMERATION, content));
        content.map_err(|problem| format!("enumeration: {problem}"))
    });
    limits.chain(enumeration).collect()
}

/// Whether sensors can use it.
pub(super) fn pattern(pattern: &str) -> Result<(), String> {
    let policy = json!({ "id": "Pattern", "filter": { "url": { "regex": pattern } } });
    readable("Pattern", policy.to_string()).map(drop)
}

/// JSON is YAML (YAML 1.2.2, section 1.2).
fn rate_limit(id: &str, limit: &RateLimit) -> Value {
    let RateLimit { name, methods, path, requests, window_minutes, per_endpoint, block } = limit;
    let prefix = if path.is_empty() { "/" } else { path.as_str() };
    let mut filter = vec![json!({ "url": { "regex": format!("^{}", literal(prefix)) } })];
    if !methods.is_empty() {
        filter.push(json!({ "method": { "eq": methods } }));
    }
    let group: &[&str] = if *per_endpoint { &["actor", "api"] } else { &["actor"] };
    json!({
        "id": id,
        "mode": if *block { "block" } else { "detect" },
        "filter": { "and": filter },
        "info": {
            "name": format!("Rate limit {name}"),
            "description": format!("One actor sent {requests} requests within {window_minutes} minutes."),
            "severity": "MEDIUM",
            "category": { "name": "RL", "displayName": "Rate limit", "shortName": "RL" },
            "subCategory": id,
        },
        "aggregation_rules": [{ "rule": {
            "name": format!("{requests} in {window_minutes} minutes"),
            "condition": { "matchCount": requests, "windowThreshold": window_minutes },
            "groupBy": group,
        } }],
    })
}

fn enumeration(wanted: Enumeration) -> Result<String, String> {
    let Enumeration { distinct, window_minutes } = wanted;
    let builtin = PolicySet::builtin();
    let source = builtin.get(ENUMERATION).map(|policy| &policy.source);
    let rules = json!([{ "rule": {
        "name": format!("{distinct} objects of one endpoint in {window_minutes} minutes"),
        "condition": {
            "matchCount": distinct,
            "windowThreshold": window_minutes,
            "distinctIdentifier": { "count": distinct, "source": "url" },
        },
        "groupBy": ["actor", "api"],
    } }]);
    source
        .and_then(|source| {
            with_top_level(source, "aggregation_rules", &format!("aggregation_rules: {rules}"))
        })
        .ok_or_else(|| format!("this version has no policy {ENUMERATION} to change"))
}

fn readable(id: &str, content: String) -> Result<SavedPolicy, String> {
    let (set, errors) = PolicySet::parse([(id, content.as_str())]);
    match errors.first() {
        Some(error) => Err(error.message().to_owned()),
        None if set.get(id).is_none() => Err("makes no policy".to_owned()),
        None => Ok(SavedPolicy { id: id.to_owned(), content }),
    }
}

/// As a regular expression that finds exactly this.
fn literal(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if r"\.+*?()|[]{}^$#&-~".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn limit(path: &str) -> RateLimit {
        RateLimit {
            name: "login".to_owned(),
            methods: vec!["POST".to_owned()],
            path: path.to_owned(),
            requests: 20,
            window_minutes: 2,
            per_endpoint: true,
            block: true,
        }
    }

    #[test]
    fn a_rate_limit_is_a_policy_that_counts_requests() {
        let document = Document { rate_limits: vec![limit("/a(b)?x=[1]")], ..Document::default() };
        let [policy] = policies(&document).unwrap().try_into().unwrap();
        let (set, errors) = PolicySet::parse([("x", policy.content.as_str())]);
        assert_eq!(errors, []);
        let policy = set.get("RateLimit-login").unwrap();
        let rule = &policy.aggregation[0];
        assert_eq!((rule.match_count, rule.window), (20, Duration::from_secs(120)));
        assert_eq!(policy.mode, portcullis_detection::Mode::Block);
    }

    #[test]
    fn thresholds_of_enumeration_replace_those_of_the_built_in_policy() {
        let enumeration = Some(Enumeration { distinct: 7, window_minutes: 9 });
        let [policy] =
            policies(&Document { enumeration, ..Document::default() }).unwrap().try_into().unwrap();
        let (set, errors) = PolicySet::parse([("x", policy.content.as_str())]);
        assert_eq!(errors, []);
        let [rule] = set.get(ENUMERATION).unwrap().aggregation.as_slice() else { panic!("one rule") };
        let distinct = rule.distinct.as_ref().unwrap().count;
        assert_eq!((rule.match_count, rule.window, distinct), (7, Duration::from_secs(540), 7));
        assert!(!set.get(ENUMERATION).unwrap().examples.matching.is_empty(), "the rest stays");
    }
}
