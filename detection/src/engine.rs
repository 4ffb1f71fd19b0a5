mod aggregate;
mod evaluate;
mod explain;
mod fold;
mod kind;
mod learned;
mod likeness;
mod prefilter;
mod reading;
mod records;
mod terms;
mod url;

pub use self::explain::{Explanation, Outcome, Prefiltered, Seen, Step, Tree};

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use portcullis_exchange::TaggedExchange;

pub use self::learned::{KeptError, Learned};

use self::{
    aggregate::Aggregator,
    evaluate::Evaluation,
    likeness::{Likeness, UsualBodies},
    prefilter::Prefilter,
    reading::Reading,
};
use crate::{
    Detection, DetectionType, EventType, Evidence, Match, PolicySet,
    harmless::Harmless,
    policy::{Filter, Policy, Rules},
};

/// Judges exchanges by a set of policies. One for all shards: share it in an `Arc`.
#[derive(Debug)]
pub struct Engine {
    policies: PolicySet,
    prefilter: Prefilter,
    /// The policies that have a `suspect_filter`.
    suspecting: Vec<usize>,
    aggregator: Arc<Aggregator>,
    counters: Arc<Counters>,
    usual: Arc<UsualBodies>,
    /// By these policies.
    harmless: Harmless,
    learned: Arc<Learned>,
    /// Whether a policy asks for the likeness of bodies; else none are remembered.
    compares_bodies: bool,
}

#[derive(Debug, Default)]
struct Counters {
    exchanges: AtomicU64,
    evaluated: AtomicU64,
    matched: AtomicU64,
    bounded: AtomicU64,
    known: AtomicU64,
}

impl Engine {
    pub fn new(policies: PolicySet) -> Self {
        let prefilter = Prefilter::new(policies.iter());
        let suspects = |policy: &Policy| policy.enabled && policy.rules.suspect.is_some();
        let suspecting = policies
            .iter()
            .enumerate()
            .filter(|(_, policy)| suspects(policy))
            .map(|(index, _)| index)
            .collect();
        let compares_bodies = policies.iter().any(|policy| policy.enabled && policy.rules.compare_bodies());
        Self {
            policies,
            prefilter,
            suspecting,
            aggregator: Arc::default(),
            counters: Arc::default(),
            usual: Arc::default(),
            harmless: Harmless::default(),
            learned: Arc::default(),
            compares_bodies,
        }
    }

    /// An engine for other policies that goes on with this one's windows and counters.
    #[must_use]
    pub fn with_policies(&self, policies: PolicySet) -> Self {
        let (aggregator, counters) = (Arc::clone(&self.aggregator), Arc::clone(&self.counters));
        let (usual, learned) = (Arc::clone(&self.usual), Arc::clone(&self.learned));
        Self { aggregator, counters, usual, learned, ..Self::new(policies) }
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
        let reading = Reading::of(exchange, &self.prefilter, &mut hits, likeness, Some(&self.harmless));
        self.counters.known.fetch_add(reading.views.work.known, Ordering::Relaxed);
        self.counters.bounded.fetch_add(reading.views.work.bounded, Ordering::Relaxed);
        let mut detections = Vec::new();
        for policy in hits.candidates().filter_map(|index| self.policies.shared().get(index)) {
            self.counters.evaluated.fetch_add(1, Ordering::Relaxed);
            detections.extend(self.apply(policy, &reading, exchange));
        }
        for policy in self.suspecting.iter().filter_map(|index| self.policies.shared().get(*index)) {
            // Where one attack is proven, weak signs of others say nothing new.
            if detections.iter().any(|known: &Detection| known.successful_exploit.is_some()) {
                break;
            }
            if !detections.iter().any(|known| known.policy_id == policy.id) {
                detections.extend(self.apply_suspect(policy, &reading, exchange));
            }
        }
        self.learned.judge(exchange, &reading, &self.policies, &mut detections);
        keep_named(&mut detections);
        if detections.iter().any(|found| found.successful_exploit.is_some()) {
            // What an attack drew out of the answer is told as its evidence, not as a leak besides.
            detections.retain(|found| !is_leak(found));
        }
        reading.note_harmless(&self.harmless);
        self.counters.matched.fetch_add(detections.len() as u64, Ordering::Relaxed);
        detections
    }

    /// What was learned of the traffic; shared with engines for other policies.
    pub fn learned(&self) -> Arc<Learned> {
        Arc::clone(&self.learned)
    }

    pub fn policies(&self) -> &PolicySet {
        &self.policies
    }

    /// Monotonic counters by metric name, but for `detect_windows`, which is a gauge.
    pub fn counters(&self) -> Vec<(&'static str, u64)> {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut counters = vec![
            ("detect_exchanges_total", read(&self.counters.exchanges)),
            ("detect_policies_evaluated_total", read(&self.counters.evaluated)),
            ("detect_detections_total", read(&self.counters.matched)),
            ("detect_bounded_values_total", read(&self.counters.bounded)),
            ("detect_known_values_total", read(&self.counters.known)),
            ("detect_windows_evicted_total", self.aggregator.evicted()),
            ("detect_windows", self.aggregator.len() as u64),
        ];
        counters.extend(self.learned.counters());
        counters
    }

    fn apply(
        &self,
        policy: &Policy,
        reading: &Reading<'_>,
        exchange: &Arc<TaggedExchange>,
    ) -> Option<Detection> {
        let verdict = verdict(&policy.rules, reading)?;
        let evidence = verdict.evidence(policy, reading);
        self.detection(policy, reading, exchange, verdict.matches, evidence)
    }

    fn apply_suspect(
        &self,
        policy: &Policy,
        reading: &Reading<'_>,
        exchange: &Arc<TaggedExchange>,
    ) -> Option<Detection> {
        let (matches, evidence) = suspected(policy, reading)?;
        self.detection(policy, reading, exchange, matches, Some(evidence))
    }

    fn detection(
        &self,
        policy: &Policy,
        reading: &Reading<'_>,
        exchange: &Arc<TaggedExchange>,
        matched: Vec<Match>,
        successful_exploit: Option<Evidence>,
    ) -> Option<Detection> {
        let single = Detection {
            policy_id: Arc::clone(&policy.id),
            info: Arc::clone(&policy.info),
            severity: policy.info.severity,
            event_type: EventType::Single,
            detection_type: DetectionType::RuleBased,
            matched,
            successful_exploit,
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

/// Where a rule names the attack in a value, the score of the same value says nothing new.
fn keep_named(detections: &mut Vec<Detection>) {
    let is_score = |at: &Match| at.detector.starts_with("score:");
    let scored = |found: &Detection| !found.matched.is_empty() && found.matched.iter().all(is_score);
    if !detections.iter().any(scored) {
        return;
    }
    let named: Vec<(String, bool)> = detections
        .iter()
        .filter(|found| !scored(found) && found.event_type == EventType::Single)
        .filter(|found| found.detection_type == DetectionType::RuleBased)
        .flat_map(|found| {
            let proven = found.successful_exploit.is_some();
            found.matched.iter().map(move |at| (at.location.clone(), proven))
        })
        .collect();
    detections.retain(|found| {
        let said = |at: &Match| {
            let unproven = found.successful_exploit.is_none();
            named.iter().any(|(location, proven)| *location == at.location && (unproven || *proven))
        };
        !scored(found) || !found.matched.iter().all(said)
    });
}

/// Whether all that matched is what the answer itself shows.
fn is_leak(found: &Detection) -> bool {
    let is_single = found.event_type == EventType::Single && found.successful_exploit.is_none();
    is_single && !found.matched.is_empty() && found.matched.iter().all(|at| at.location == "response.body")
}

/// A status is no evidence: many an error page comes with 200.
fn shows_success(at: &Match) -> bool {
    at.location.starts_with("response.") && at.location != "response.status"
}

struct Verdict {
    matches: Vec<Match>,
    by_success: bool,
}

impl Verdict {
    fn evidence(&self, policy: &Policy, reading: &Reading<'_>) -> Option<Evidence> {
        let shown = policy.evidence.iter().find_map(|kind| reading.case(&self.matches).find(*kind));
        // What `success_filter` matched in the response is its author's own evidence.
        shown.or_else(|| {
            let at = self.matches.iter().find(|at| self.by_success && shows_success(at))?;
            Some(Evidence { kind: "success-filter".to_owned(), at: at.clone() })
        })
    }
}

/// What is too weak for an event by itself, with evidence. The evidence is looked for first: hardly any answer has it,
/// so that hardly any request is looked at.
fn suspected(policy: &Policy, reading: &Reading<'_>) -> Option<(Vec<Match>, Evidence)> {
    let suspect = policy.rules.suspect.as_ref()?;
    let evidence = policy.evidence.iter().find_map(|kind| reading.case(&[]).find_at_first_sight(*kind))?;
    Some((matching(suspect, &policy.rules, reading)?, evidence))
}

fn verdict(rules: &Rules, reading: &Reading<'_>) -> Option<Verdict> {
    let alternatives = [(&rules.success, true), (&rules.filter, false), (&rules.failure, false)];
    alternatives.into_iter().find_map(|(filter, by_success)| {
        let matches = matching(filter.as_ref()?, rules, reading)?;
        Some(Verdict { matches, by_success })
    })
}

/// What a filter matches, unless the policy's `ignore` takes it back.
fn matching(filter: &Filter, rules: &Rules, reading: &Reading<'_>) -> Option<Vec<Match>> {
    let mut evaluation = Evaluation::of(reading);
    if !evaluation.filter(filter) {
        return None;
    }
    let ignored = rules.ignore.as_ref().is_some_and(|ignore| Evaluation::of(reading).filter(ignore));
    (!ignored).then_some(evaluation.matches)
}
