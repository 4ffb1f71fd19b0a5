//! What goes to sensors, encoded: each revision once, whoever needs it, and the whole state once for all who come at the
//! same time.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::{Duration, Instant},
};

use portcullis_proto::encoded::ControlMessage;
use prost::Message as _;
use tokio::sync::Mutex as AsyncMutex;

use super::wire;
use crate::{
    blocking::blocking,
    clock::EpochMillis,
    configuration::IdentityKey,
    store::{Difference, Store, StoreError},
};

/// Messages hold the time that blocks have left. Older ones are encoded anew.
const FRESH: Duration = Duration::from_secs(1);
/// Of encoded revisions: a few of the longest, or thousands of the usual ones.
const MAX_RECENT: usize = 16 << 20;

pub(super) struct Outbox {
    identity_key: IdentityKey,
    recent: Mutex<Recent>,
    /// Held while one reads the store, so that a thousand streams that need the same revision read it once.
    reading: AsyncMutex<()>,
    whole: AsyncMutex<Weak<Whole>>,
}

#[derive(Default)]
struct Recent {
    /// Without holes.
    steps: VecDeque<(Instant, Step)>,
    bytes: usize,
}

/// A revision, ready to be sent.
#[derive(Clone)]
pub(super) struct Step {
    pub(super) number: u64,
    pub(super) message: ControlMessage,
}

/// The whole state at a revision, in pieces.
pub(super) struct Whole {
    pub(super) revision: u64,
    pub(super) pieces: Vec<ControlMessage>,
    encoded_at: Instant,
}

pub(super) enum Next {
    /// The next steps, perhaps not all; none where there are none.
    Steps(Vec<Step>),
    Whole(Arc<Whole>),
}

impl Outbox {
    pub(super) fn new(identity_key: IdentityKey) -> Self {
        let (reading, whole) = (AsyncMutex::new(()), AsyncMutex::new(Weak::new()));
        Self { identity_key, recent: Mutex::default(), reading, whole }
    }

    /// What a sensor needs that has been sent everything up to `sent`.
    pub(super) async fn after(&self, store: &Arc<dyn Store>, sent: u64) -> Result<Next, StoreError> {
        if let Some(steps) = self.recent().after(sent) {
            return Ok(Next::Steps(steps));
        }
        let reading = self.reading.lock().await;
        if let Some(steps) = self.recent().after(sent) {
            return Ok(Next::Steps(steps));
        }
        let (from, key) = (store.clone(), self.identity_key.clone());
        let read = blocking(move || {
            let now = EpochMillis::now();
            Ok::<_, StoreError>(match from.difference(sent)? {
                Difference::Revisions(steps) => Some(
                    steps
                        .into_iter()
                        .map(|step| Step { number: step.number, message: wire::revision(step, now, &key) })
                        .collect::<Vec<_>>(),
                ),
                Difference::Everything => None,
            })
        });
        match read.await? {
            Some(steps) => {
                self.recent().remember(&steps);
                Ok(Next::Steps(steps))
            }
            None => {
                drop(reading);
                self.whole(store).await
            }
        }
    }

    /// Everything. Whoever comes while the pieces still go to somebody, and are fresh, shares them.
    pub(super) async fn whole(&self, store: &Arc<dyn Store>) -> Result<Next, StoreError> {
        let mut shared = self.whole.lock().await;
        let there = shared.upgrade().filter(|whole| whole.encoded_at.elapsed() < FRESH);
        if let Some(whole) = there
            && whole.revision == store.revision()?
        {
            return Ok(Next::Whole(whole));
        }
        let (from, key) = (store.clone(), self.identity_key.clone());
        let whole = blocking(move || {
            let encoded_at = Instant::now();
            let (revision, pieces) = wire::snapshot(&*from, EpochMillis::now(), &key)?;
            Ok::<_, StoreError>(Arc::new(Whole { revision, pieces, encoded_at }))
        })
        .await?;
        *shared = Arc::downgrade(&whole);
        Ok(Next::Whole(whole))
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Recent {
    fn after(&self, sent: u64) -> Option<Vec<Step>> {
        let is_next = |(_, step): &&(Instant, Step)| step.number > sent;
        let first = self.steps.iter().find(is_next)?;
        let is_usable = first.1.number == sent + 1 && first.0.elapsed() < FRESH;
        is_usable.then(|| self.steps.iter().filter(is_next).map(|(_, step)| step.clone()).collect())
    }

    fn remember(&mut self, steps: &[Step]) {
        let (Some(first), Some(last)) = (steps.first(), steps.last()) else { return };
        // Else whoever is left would each read the store: what is there already would keep out what is fresh.
        while self.steps.front().is_some_and(|(at, _)| at.elapsed() >= FRESH) {
            self.drop_first();
        }
        let newest = self.steps.back().map_or(0, |(_, step)| step.number);
        if last.number <= newest {
            // What a late sensor needed: nobody else will.
            return;
        }
        if first.number != newest + 1 {
            *self = Self::default();
        }
        let now = Instant::now();
        for step in steps {
            self.bytes += step.message.encoded_len();
            self.steps.push_back((now, step.clone()));
        }
        while self.bytes > MAX_RECENT {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        if let Some((_, gone)) = self.steps.pop_front() {
            self.bytes -= gone.message.encoded_len();
        }
    }
}

#[cfg(test)]
mod tests {
    use portcullis_proto::v1;

    use super::*;

    fn step(number: u64) -> Step {
        let revision = v1::Revision { number, changes: Vec::new() };
        Step { number, message: ControlMessage::of_revision(&revision) }
    }

    fn numbers(steps: Option<Vec<Step>>) -> Option<Vec<u64>> {
        Some(steps?.iter().map(|step| step.number).collect())
    }

    #[test]
    fn who_is_a_few_steps_behind_finds_them_and_who_is_further_does_not() {
        let mut recent = Recent::default();
        recent.remember(&[step(5), step(6)]);
        recent.remember(&[step(7)]);
        assert_eq!(numbers(recent.after(4)), Some(vec![5, 6, 7]));
        assert_eq!(numbers(recent.after(6)), Some(vec![7]));
        assert_eq!(numbers(recent.after(3)), None);
        assert_eq!(numbers(recent.after(7)), None);
    }

    #[test]
    fn steps_stay_without_holes_whoever_read_them() {
        let mut recent = Recent::default();
        recent.remember(&[step(5)]);
        recent.remember(&[step(2), step(3)]);
        assert_eq!(numbers(recent.after(4)), Some(vec![5]));
        recent.remember(&[step(9)]);
        assert_eq!((numbers(recent.after(4)), numbers(recent.after(8))), (None, Some(vec![9])));
    }

    #[test]
    fn what_is_read_again_because_it_was_stale_serves_all_who_come_after() {
        let mut recent = Recent::default();
        recent.remember(&[step(5), step(6)]);
        for (at, _) in &mut recent.steps {
            *at = at.checked_sub(FRESH).unwrap();
        }
        assert_eq!(numbers(recent.after(5)), None);
        recent.remember(&[step(6)]);
        assert_eq!(numbers(recent.after(5)), Some(vec![6]));
    }

    #[test]
    fn what_is_too_much_to_keep_is_read_again() {
        let mut recent = Recent::default();
        let allow = v1::Allow { reason: "x".repeat(MAX_RECENT / 2), ..v1::Allow::default() };
        for number in 1..=3 {
            let changes = vec![v1::Change { change: Some(v1::change::Change::Allow(allow.clone())) }];
            let message = ControlMessage::of_revision(&v1::Revision { number, changes });
            recent.remember(&[Step { number, message }]);
        }
        assert_eq!((numbers(recent.after(1)), numbers(recent.after(2))), (None, Some(vec![3])));
        assert!(recent.bytes <= MAX_RECENT);
    }
}
