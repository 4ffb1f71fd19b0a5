//! A storm of equal detections as one event: the first goes out at once, what follows is counted in it.
//!
//! Equal are SINGLE detections of one policy, actor, method, host and endpoint, with the same severity, and alike in
//! whether the attack worked. The count goes out as the whole event again, with the id that it was given first and a
//! higher `match_count`: whoever stores it takes the higher one, so that none is lost or counted twice whatever is
//! dropped, repeated or turned around on the way.

mod fold;
mod key;

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use ahash::RandomState;
use hashlink::LinkedHashMap;
use portcullis_proto::v1::ThreatEvent;

use self::fold::Fold;
pub use self::key::StormKey;
use crate::counters::Counters;

const MAX_FOLDS: usize = 4096;
const MAX_BYTES: usize = 32 << 20;
/// What is equal after so long a silence is an event of its own.
const SILENCE: Duration = Duration::from_secs(300);
/// So is what goes on for so long: its end is not known, and yesterday's event is not looked at for what happens today.
const LONGEST: Duration = Duration::from_secs(3600);

/// What was told of late, the longest quiet first. Bounded; what is pushed out goes out with its count.
#[derive(Default)]
pub struct Storms {
    folds: Mutex<Folds>,
    folded: AtomicU64,
    evicted: AtomicU64,
}

#[derive(Default)]
struct Folds {
    by_key: LinkedHashMap<StormKey, Fold, RandomState>,
    bytes: usize,
}

impl Storms {
    /// Counts a detection that is equal to one already told, and gives true. False where it must be made an event and
    /// handed to [`Self::take`]: it is new, or its sample is wanted.
    pub fn count(&self, key: StormKey, now: Instant) -> bool {
        let mut folds = self.folds();
        let Some(fold) = folds.by_key.to_back(&key) else { return false };
        if fold.is_over(now) || fold.wants_sample() {
            return false;
        }
        fold.count(now);
        self.folded.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// What is to be sent now: a new event, and what it pushed out. Nothing where it was folded into another.
    pub fn take(&self, key: StormKey, event: ThreatEvent, now: Instant) -> Vec<ThreatEvent> {
        let mut folds = self.folds();
        let mut out = Vec::new();
        if let Some(mut fold) = folds.remove(key) {
            if fold.is_over(now) {
                out.extend(fold.report(now));
            } else {
                fold.add(event, now);
                folds.insert(key, fold);
                drop(folds);
                self.folded.fetch_add(1, Ordering::Relaxed);
                return out;
            }
        }
        out.push(event.clone());
        folds.insert(key, Fold::new(event, now));
        while folds.by_key.len() > MAX_FOLDS || (folds.bytes > MAX_BYTES && folds.by_key.len() > 1) {
            let Some((_, mut oldest)) = folds.pop_oldest() else { break };
            out.extend(oldest.report(now));
            self.evicted.fetch_add(1, Ordering::Relaxed);
        }
        out
    }

    /// Counts that are due to be told; to be asked for every second or so.
    pub fn due(&self, now: Instant) -> Vec<ThreatEvent> {
        let mut folds = self.folds();
        let mut out = Vec::new();
        for (_, fold) in &mut folds.by_key {
            if fold.is_due(now) {
                out.extend(fold.report(now));
            }
        }
        while let Some((_, fold)) = folds.by_key.front()
            && fold.is_over(now)
        {
            let Some((_, mut over)) = folds.pop_oldest() else { break };
            out.extend(over.report(now));
        }
        out
    }

    /// Everything that is not told yet; the end of it all.
    pub fn flush(&self, now: Instant) -> Vec<ThreatEvent> {
        let mut folds = std::mem::take(&mut *self.folds());
        folds.by_key.iter_mut().filter_map(|(_, fold)| fold.report(now)).collect()
    }

    pub fn counters(&self) -> Counters {
        Counters::from_iter([
            ("storm_detections_folded_total", self.folded.load(Ordering::Relaxed)),
            ("storm_evicted_total", self.evicted.load(Ordering::Relaxed)),
            ("storms", self.folds().by_key.len() as u64),
        ])
    }

    fn folds(&self) -> MutexGuard<'_, Folds> {
        self.folds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Folds {
    fn insert(&mut self, key: StormKey, fold: Fold) {
        self.bytes += fold.bytes();
        self.by_key.insert(key, fold);
    }

    fn remove(&mut self, key: StormKey) -> Option<Fold> {
        let fold = self.by_key.remove(&key)?;
        self.bytes = self.bytes.saturating_sub(fold.bytes());
        Some(fold)
    }

    fn pop_oldest(&mut self) -> Option<(StormKey, Fold)> {
        let (key, fold) = self.by_key.pop_front()?;
        self.bytes = self.bytes.saturating_sub(fold.bytes());
        Some((key, fold))
    }
}

#[cfg(test)]
mod tests;
