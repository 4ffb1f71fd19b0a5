mod kept;

use std::sync::Arc;

use portcullis_exchange::TaggedExchange;

pub use self::kept::KeptError;
use super::reading::Reading;
use crate::{
    Detection, DetectionType, EndpointName, EventType, Evidence, EvidenceKind, InventoryBatch, Match,
    PolicySet,
    baseline::{self, Actors, Departure, Sight, Unusual},
    inventory::Inventory,
    policy::Policy,
};

/// What the traffic has taught: which endpoints there are, and what they and their clients usually do.
#[derive(Debug, Default)]
pub struct Learned {
    inventory: Inventory,
    actors: Actors,
}

impl Learned {
    /// What changed at the endpoints since it was told, at most so many; with `counts`, also where no more is new than
    /// how often they were asked for.
    pub fn batch(&self, most: usize, counts: bool) -> Option<InventoryBatch> {
        self.inventory.batch(most, counts)
    }

    /// The batch of this number has arrived for good.
    pub fn arrived(&self, number: u64) {
        self.inventory.arrived(number);
    }

    /// A batch, which said that these were removed, has not, and is to be told again.
    pub fn lost(&self, removed: Vec<EndpointName>) {
        self.inventory.lost(removed);
    }

    /// Whoever is told now knows nothing yet.
    pub fn tell_all_again(&self) {
        self.inventory.tell_all_again();
    }

    /// Learns from an exchange in which so much was found already. Adds what policies say of a figure that left its usual
    /// range with it, and to attacks that worked what of the answer shows it.
    pub(super) fn judge(
        &self,
        exchange: &Arc<TaggedExchange>,
        reading: &Reading<'_>,
        policies: &PolicySet,
        detections: &mut Vec<Detection>,
    ) {
        let Some(sight) = Sight::of(exchange, &reading.views, detections.iter().any(is_attack)) else {
            return;
        };
        let met = self.inventory.note(exchange, &reading.views, |met| {
            met.endpoint.note_sensitive(exchange, reading.answer.sensitive_if_known());
            baseline::observe(&self.actors, &sight, met)
        });
        let Unusual { departures, answer } = met.unwrap_or_default();
        if let Some(answer) = answer {
            detections.iter_mut().for_each(|found| prove(found, policies, &answer));
        }
        for departure in departures {
            let about = |policy: &&Policy| policy.enabled && policy.anomaly == Some(departure.figure);
            detections.extend(policies.iter().filter(about).map(|policy| told(policy, &departure, exchange)));
        }
    }

    pub(super) fn counters(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.inventory.counters().into_iter().chain(self.actors.counters())
    }
}

/// Something in the request, not only in the answer.
fn is_attack(found: &Detection) -> bool {
    found.matched.iter().any(|at| !at.location.starts_with("response"))
}

/// Where the policy says that such an answer is what its attack would leave.
fn prove(found: &mut Detection, policies: &PolicySet, (kind, at): &(EvidenceKind, Match)) {
    let leaves_it = policies.get(&found.policy_id).is_some_and(|policy| policy.evidence.contains(kind));
    if leaves_it && found.event_type == EventType::Single && found.successful_exploit.is_none() {
        found.successful_exploit = Some(Evidence { kind: kind.name().to_owned(), at: at.clone() });
    }
}

fn told(policy: &Policy, departure: &Departure, exchange: &Arc<TaggedExchange>) -> Detection {
    Detection {
        policy_id: Arc::clone(&policy.id),
        info: Arc::clone(&policy.info),
        severity: policy.info.severity,
        event_type: EventType::Single,
        detection_type: DetectionType::Anomaly,
        matched: vec![Match {
            location: departure.location.clone(),
            start: 0,
            end: 0,
            phrase: departure.text.clone(),
            detector: departure.figure.name().to_owned(),
        }],
        successful_exploit: None,
        match_count: 1,
        mode: policy.mode,
        block_ttl: policy.block_ttl,
        samples: vec![Arc::clone(exchange)],
    }
}
