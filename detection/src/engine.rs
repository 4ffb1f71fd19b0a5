mod aggregate;
mod evaluate;
mod fold;
mod kind;
mod likeness;
mod prefilter;
mod reading;
mod terms;
mod url;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use portcullis_exchange::TaggedExchange;

use self::{
    aggregate::Aggregator,
    evaluate::Evaluation,
    likeness::{Likeness, UsualBodies},
    prefilter::Prefilter,
    reading::Reading,
};
use crate::{
    Detection, DetectionType, EventType, Evidence, Match, PolicySet, evidence,
    policy::{Policy, Rules},
};

/// Judges exchanges by a set of policies. One for all shards: share it in an `Arc`.
#[derive(Debug)]
pub struct Engine {
    policies: PolicySet,
    prefilter: Prefilter,
    aggregator: Arc<Aggregator>,
    counters: Arc<Counters>,
    usual: Arc<UsualBodies>,
    /// Whether a policy asks for the likeness of bodies; else none are remembered.
    compares_bodies: bool,
}

#[derive(Debug, Default)]
struct Counters {
    exchanges: AtomicU64,
    evaluated: AtomicU64,
    matched: AtomicU64,
    bounded: AtomicU64,
}

impl Engine {
    pub fn new(policies: PolicySet) -> Self {
        let prefilter = Prefilter::new(policies.iter());
        let compares_bodies = policies.iter().any(|policy| policy.enabled && policy.rules.compare_bodies());
        Self {
            policies,
            prefilter,
            aggregator: Arc::default(),
            counters: Arc::default(),
            usual: Arc::default(),
            compares_bodies,
        }
    }

    /// An engine for other policies that goes on with this one's windows and counters.
    #[must_use]
    pub fn with_policies(&self, policies: PolicySet) -> Self {
        let (aggregator, counters) = (Arc::clone(&self.aggregator), Arc::clone(&self.counters));
        Self { aggregator, counters, usual: Arc::clone(&self.usual), ..Self::new(policies) }
    }

    /// Every policy that this exchange matches, and every aggregation rule that it fills.
    pub fn judge(&self, exchange: &Arc<TaggedExchange>) -> Vec<Detection> {
        self.counters.exchanges.fetch_add(1, Ordering::Relaxed);
        let mut hits = self.prefilter.hits(self.policies.len());
        let likeness = if self.compares_bodies {
            self.usual.compare_and_keep(&exchange.exchange)
        } else {
            Likeness::default()
        };
        let reading = Reading::of(exchange, &self.prefilter, &mut hits, likeness);
        self.counters.bounded.fetch_add(reading.views.work.bounded, Ordering::Relaxed);
        let mut detections = Vec::new();
        for policy in hits.candidates().filter_map(|index| self.policies.shared().get(index)) {
            self.counters.evaluated.fetch_add(1, Ordering::Relaxed);
            if let Some(detection) = self.apply(policy, &reading, exchange) {
                self.counters.matched.fetch_add(1, Ordering::Relaxed);
                detections.push(detection);
            }
        }
        detections
    }

    pub fn policies(&self) -> &PolicySet {
        &self.policies
    }

    /// Monotonic counters by metric name, but for `detect_windows`, which is a gauge.
    pub fn counters(&self) -> Vec<(&'static str, u64)> {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        vec![
            ("detect_exchanges_total", read(&self.counters.exchanges)),
            ("detect_policies_evaluated_total", read(&self.counters.evaluated)),
            ("detect_detections_total", read(&self.counters.matched)),
            ("detect_bounded_values_total", read(&self.counters.bounded)),
            ("detect_windows_evicted_total", self.aggregator.evicted()),
            ("detect_windows", self.aggregator.len() as u64),
        ]
    }

    fn apply(
        &self,
        policy: &Policy,
        reading: &Reading<'_>,
        exchange: &Arc<TaggedExchange>,
    ) -> Option<Detection> {
        let Verdict { matches, by_success } = verdict(&policy.rules, reading)?;
        let evidence = policy
            .evidence
            .iter()
            .find_map(|kind| evidence::find(*kind, &exchange.exchange, &matches))
            // What `success_filter` matched in the response is its author's own evidence.
            .or_else(|| {
                let at = matches.iter().find(|at| by_success && shows_success(at))?;
                Some(Evidence { kind: "success-filter".to_owned(), at: at.clone() })
            });
        let single = Detection {
            policy_id: Arc::clone(&policy.id),
            info: Arc::clone(&policy.info),
            severity: policy.info.severity,
            event_type: EventType::Single,
            detection_type: DetectionType::RuleBased,
            matched: matches,
            successful_exploit: evidence,
            match_count: 1,
            mode: policy.mode,
            block_ttl: policy.block_ttl,
            samples: vec![Arc::clone(exchange)],
        };
        if policy.aggregation.is_empty() {
            return Some(single);
        }
        let filled = self.aggregator.note(policy, exchange, &reading.views)?;
        Some(Detection {
            event_type: EventType::Aggregated,
            match_count: filled.match_count,
            samples: filled.samples,
            ..single
        })
    }
}

/// A status is no evidence: many an error page comes with 200.
fn shows_success(at: &Match) -> bool {
    at.location.starts_with("response.") && at.location != "response.status"
}

struct Verdict {
    matches: Vec<Match>,
    by_success: bool,
}

fn verdict(rules: &Rules, reading: &Reading<'_>) -> Option<Verdict> {
    let alternatives = [(&rules.success, true), (&rules.filter, false), (&rules.failure, false)];
    let (evaluation, by_success) = alternatives.into_iter().find_map(|(filter, by_success)| {
        let mut evaluation = Evaluation::of(reading);
        evaluation.filter(filter.as_ref()?).then_some((evaluation, by_success))
    })?;
    let ignored = rules.ignore.as_ref().is_some_and(|ignore| Evaluation::of(reading).filter(ignore));
    (!ignored).then_some(Verdict { matches: evaluation.matches, by_success })
}
