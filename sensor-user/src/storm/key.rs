use std::{
    hash::{BuildHasher, Hash, Hasher},
    sync::LazyLock,
};

use ahash::RandomState;
use portcullis_detection::{Detection, EventType, looks_like_identifier};

/// What equal detections have in common: 128 keyed bits, so that nobody can hide one attack behind another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StormKey(u64, u64);

static HASHERS: LazyLock<[RandomState; 2]> = LazyLock::new(Default::default);

impl StormKey {
    /// `None` for what is never folded: an AGGREGATED event has its own count.
    pub fn of(detection: &Detection) -> Option<Self> {
        if detection.event_type != EventType::Single {
            return None;
        }
        let newest = detection.samples.first()?;
        let half = |state: &RandomState| {
            let mut hasher = state.build_hasher();
            detection.policy_id.hash(&mut hasher);
            detection.severity.hash(&mut hasher);
            detection.successful_exploit.as_ref().map(|evidence| &evidence.kind).hash(&mut hasher);
            newest.exchange.vni.hash(&mut hasher);
            newest.actor.hash(&mut hasher);
            if let Some(request) = &newest.exchange.request {
                request.method.hash(&mut hasher);
                request.host().map(|host| host.to_ascii_lowercase()).hash(&mut hasher);
                for segment in request.path().split(|byte| *byte == b'/') {
                    if looks_like_identifier(segment) { None } else { Some(segment) }.hash(&mut hasher);
                }
            }
            hasher.finish()
        };
        let [first, second] = &*HASHERS;
        Some(Self(half(first), half(second)))
    }
}

#[cfg(test)]
impl StormKey {
    pub(super) const fn test(nth: u64) -> Self {
        Self(nth, 0)
    }
}
