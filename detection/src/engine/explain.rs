//! Why a policy matches an exchange or not, step by step.

use std::sync::Arc;

use portcullis_exchange::TaggedExchange;
use serde::Serialize;

use super::{
    Engine, Likeness, Reading,
    evaluate::Evaluation,
    reading::phrase,
    suspected,
    terms::{Value, pairs, values},
    verdict,
};
use crate::{
    Evidence, Match,
    policy::{Filter, Pair, Policy, Term, Test},
};

/// Forms of a value, and pairs of a collection, that are shown.
const MAX_SHOWN: usize = 8;

/// One policy's way to its verdict.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    pub policy_id: String,
    pub outcome: Outcome,
    pub prefilter: Prefiltered,
    /// The trees by the keys they stand under: `filter`, `success_filter`, `failure_filter`, `suspect_filter`, which
    /// counts only with evidence in the response, and `ignore`.
    pub trees: Vec<Tree>,
    pub matched: Vec<Match>,
    /// What in the answer shows that the attack worked; without it `suspect_filter` alone matches nothing.
    pub evidence: Option<Evidence>,
    /// Where a match alone is no event yet: the rules that count it, by name.
    pub counted_by: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    Matched,
    /// A tree matched, and `ignore` took it back.
    Ignored,
    NotMatched,
    /// `enabled: false`.
    Disabled,
}

/// What the prefilter said: a policy is evaluated only if something that it needs occurs in the request.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Prefiltered {
    /// Whether the policy is evaluated at all.
    pub passed: bool,
    /// One of these must occur; none at all where nothing can be ruled out ahead.
    pub needs_text: Vec<String>,
    /// Or a gate of one of these detectors.
    pub needs_detector: Vec<&'static str>,
}

#[derive(Clone, Debug, Serialize)]
pub struct Tree {
    pub key: &'static str,
    pub step: Step,
}

/// A node of a tree.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// In the words of the policy; the place of a value inside a collection.
    pub what: String,
    pub holds: bool,
    /// What the node looked at, where that is a value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<Seen>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub matched: Vec<Match>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// One form of a value: as it was sent, or decoded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Seen {
    pub location: String,
    /// Cut to a bound.
    pub text: String,
    /// Whether it is another form than the one that was sent.
    pub normalised: bool,
}

impl Engine {
    /// Why each policy matches this exchange or not. Counts nothing and changes no window.
    pub fn explain(&self, exchange: &TaggedExchange) -> Vec<Explanation> {
        let mut hits = self.prefilter.hits(self.policies.len());
        let likeness = if self.compares_bodies {
            self.usual.compare_only(&exchange.exchange)
        } else {
            Likeness::default()
        };
        let reading = Reading::of(exchange, &self.prefilter, &mut hits, likeness, None);
        let mut passed = vec![false; self.policies.len()];
        for index in hits.candidates() {
            if let Some(passed) = passed.get_mut(index) {
                *passed = true;
            }
        }
        let each = self.policies.iter().zip(passed);
        each.map(|(policy, passed)| explain(policy, &reading, passed)).collect()
    }

    /// The policies that this exchange matches, whatever their aggregation rules make of it.
    pub fn matching(&self, exchange: &TaggedExchange) -> Vec<Arc<str>> {
        let mut hits = self.prefilter.hits(self.policies.len());
        let reading = Reading::of(exchange, &self.prefilter, &mut hits, Likeness::default(), None);
        let candidates = hits.candidates().filter_map(|index| self.policies.shared().get(index));
        let mut matching: Vec<_> =
            candidates.filter(|policy| verdict(&policy.rules, &reading).is_some()).collect();
        let suspecting = self.suspecting.iter().filter_map(|index| self.policies.shared().get(*index));
        for policy in suspecting.filter(|policy| suspected(policy, &reading).is_some()) {
            if !matching.iter().any(|known| known.id == policy.id) {
                matching.push(policy);
            }
        }
        matching.into_iter().map(|policy| Arc::clone(&policy.id)).collect()
    }
}

fn explain(policy: &Policy, reading: &Reading<'_>, passed: bool) -> Explanation {
    let trees: Vec<Tree> = policy
        .rules
        .trees()
        .map(|(key, tree)| Tree { key, step: Explainer::of(reading).filter(tree) })
        .collect();
    let events = |key: &str| !matches!(key, "ignore" | "suspect_filter");
    // It needs no text of the request, only an answer that shows something.
    let suspected = suspected(policy, reading);
    let holds = |wanted: &dyn Fn(&str) -> bool| trees.iter().any(|tree| wanted(tree.key) && tree.step.holds);
    let outcome = if !policy.enabled {
        Outcome::Disabled
    } else if suspected.is_none() && (!passed || !holds(&events)) {
        Outcome::NotMatched
    } else if suspected.is_none() && holds(&|key| key == "ignore") {
        Outcome::Ignored
    } else {
        Outcome::Matched
    };
    let (matched, evidence) = match verdict(&policy.rules, reading).filter(|_| passed) {
        _ if outcome != Outcome::Matched => (Vec::new(), None),
        Some(found) => {
            let evidence = found.evidence(policy, reading);
            (found.matches, evidence)
        }
        None => suspected.map(|(matches, evidence)| (matches, Some(evidence))).unwrap_or_default(),
    };
    let (needs_text, needs_detector) = super::prefilter::needs(&policy.rules);
    Explanation {
        policy_id: policy.id.to_string(),
        outcome,
        prefilter: Prefiltered { passed, needs_text, needs_detector },
        trees,
        matched,
        evidence,
        counted_by: policy.aggregation.iter().map(|rule| rule.name.clone()).collect(),
    }
}

/// Walks every branch, where judging stops at the first that decides.
struct Explainer<'r, 'x> {
    reading: &'r Reading<'x>,
    /// Keeps what was extracted for later nodes.
    evaluation: Evaluation<'r, 'x>,
}

impl<'r, 'x> Explainer<'r, 'x> {
    fn of(reading: &'r Reading<'x>) -> Self {
        Self { reading, evaluation: Evaluation::of(reading) }
    }

    fn filter(&mut self, filter: &Filter) -> Step {
        match filter {
            Filter::And(all) => every("all of", all.iter().map(|filter| self.filter(filter)).collect()),
            Filter::Or(any) => some("one of", any.iter().map(|filter| self.filter(filter)).collect()),
            Filter::Not(inner) => none(self.filter(inner)),
            Filter::Detect(detector) => {
                let holds = self.evaluation.filter(filter);
                let looked_at = self.reading.looked_at(*detector).take(MAX_SHOWN);
                let seen = looked_at.map(|(location, text, normalised)| Seen {
                    location,
                    text: phrase(text, 0..text.len()),
                    normalised,
                });
                Step { seen: seen.collect(), ..self.leaf(format!("detect: {}", detector.name()), holds) }
            }
            Filter::Shows(kinds) => {
                let holds = self.evaluation.filter(filter);
                let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
                self.leaf(format!("response_shows: {}", names.join(", ")), holds)
            }
            Filter::Holds { kinds, at_least } => {
                let holds = self.evaluation.filter(filter);
                let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
                self.leaf(format!("response_holds: {at_least} or more of {}", names.join(", ")), holds)
            }
            Filter::Term(term, test) => {
                let value = values(self.reading, *term);
                let step = self.test(*term, &value, test);
                Step {
                    what: term.name().to_owned(),
                    holds: step.holds,
                    seen: seen(&value),
                    matched: Vec::new(),
                    steps: vec![step],
                }
            }
        }
    }

    fn test(&mut self, term: Term, value: &Value<'_>, test: &Test) -> Step {
        match test {
            Test::And(all) => every("all of", all.iter().map(|test| self.test(term, value, test)).collect()),
            Test::Or(any) => some("one of", any.iter().map(|test| self.test(term, value, test)).collect()),
            Test::Not(inner) => none(self.test(term, value, inner)),
            Test::ForOne(pair) => self.collection(term, pair, some, test),
            Test::ForAll(pair) => self.collection(term, pair, every, test),
            Test::Length(_) | Test::Likeness(_) | Test::Distinct { .. } | Test::Op(_) => {
                let holds = self.evaluation.test(term, value, test);
                self.leaf(test.describe(), holds)
            }
        }
    }

    /// Those pairs that hold come first: of a hundred headers they are what is asked for.
    fn collection(
        &mut self,
        term: Term,
        pair: &Pair,
        join: fn(&str, Vec<Step>) -> Step,
        test: &Test,
    ) -> Step {
        let all: Vec<_> = pairs(self.reading, term).collect();
        let steps: Vec<Step> = all
            .iter()
            .map(|one| {
                let step = self.pair(term, one, pair);
                let what = one.1.location();
                Step { what, holds: step.holds, seen: seen(&one.1), matched: Vec::new(), steps: vec![step] }
            })
            .collect();
        let mut step = join(&test.describe(), steps);
        step.holds &= !all.is_empty();
        step.steps.sort_by_key(|one| !one.holds);
        let left_out = step.steps.len().saturating_sub(MAX_SHOWN);
        step.steps.truncate(MAX_SHOWN);
        if left_out > 0 {
            step.what.push_str(&format!(" ({left_out} more are not shown)"));
        } else if all.is_empty() {
            step.what.push_str(" (there are none)");
        }
        step
    }

    fn pair(&mut self, term: Term, one: &(Value<'_>, Value<'_>), pair: &Pair) -> Step {
        match pair {
            Pair::And(all) => every("all of", all.iter().map(|pair| self.pair(term, one, pair)).collect()),
            Pair::Or(any) => some("one of", any.iter().map(|pair| self.pair(term, one, pair)).collect()),
            Pair::Not(inner) => none(self.pair(term, one, inner)),
            Pair::Key(test) => above("key", self.test(term, &one.0, test)),
            Pair::Value(test) => above("value", self.test(term, &one.1, test)),
        }
    }

    fn leaf(&mut self, what: String, holds: bool) -> Step {
        let matched = std::mem::take(&mut self.evaluation.matches);
        Step { what, holds, seen: Vec::new(), matched, steps: Vec::new() }
    }
}

fn every(what: &str, steps: Vec<Step>) -> Step {
    let holds = steps.iter().all(|step| step.holds);
    Step { what: what.to_owned(), holds, seen: Vec::new(), matched: Vec::new(), steps }
}

fn some(what: &str, steps: Vec<Step>) -> Step {
    let holds = steps.iter().any(|step| step.holds);
    Step { what: what.to_owned(), holds, seen: Vec::new(), matched: Vec::new(), steps }
}

fn none(step: Step) -> Step {
    let holds = !step.holds;
    Step { what: "not".to_owned(), holds, seen: Vec::new(), matched: Vec::new(), steps: vec![step] }
}

/// A selector is told together with what it selects for.
fn above(selector: &str, mut step: Step) -> Step {
    step.what = format!("{selector} {}", step.what);
    step
}

fn seen(value: &Value<'_>) -> Vec<Seen> {
    let mut all: Vec<Seen> = Vec::new();
    for (index, form) in value.forms.iter().enumerate() {
        let whole = 0..form.bytes().len();
        let text = phrase(form.bytes(), whole.clone());
        if all.len() < MAX_SHOWN && !all.iter().any(|known| known.text == text) {
            let (location, _) = value.place(form, whole);
            all.push(Seen { location, text, normalised: index > 0 });
        }
    }
    all
}
