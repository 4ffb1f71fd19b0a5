use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

use portcullis_proto::v1::ThreatEvent;
use prost::Message;
use tokio::sync::mpsc;

use crate::storm::{StormKey, Storms};

const MAX_EVENTS: usize = 4096;
const MAX_BYTES: usize = 32 << 20;

/// From the shards to the spool. Full means dropped and counted: a shard never waits.
pub fn bounded() -> (EventSender, EventReceiver) {
    let (to, from) = mpsc::channel(MAX_EVENTS);
    let (stats, storms) = (Arc::<Stats>::default(), Arc::<Storms>::default());
    let sender = EventSender { to, stats: Arc::clone(&stats), storms: Arc::clone(&storms) };
    (sender, EventReceiver { from, stats, storms })
}

#[derive(Default)]
pub(super) struct Stats {
    bytes: AtomicUsize,
    pub(super) offered: AtomicU64,
    pub(super) dropped: AtomicU64,
}

#[derive(Clone)]
pub struct EventSender {
    to: mpsc::Sender<Encoded>,
    stats: Arc<Stats>,
    storms: Arc<Storms>,
}

/// An event as it goes to disk and wire.
pub(super) struct Encoded(pub(super) Vec<u8>);

impl Encoded {
    fn of(event: &ThreatEvent) -> Self {
        Self(event.encode_to_vec())
    }
}

impl EventSender {
    /// Whether an equal one was told already and this one is now counted in it: no event needs to be made of it.
    pub fn counts(&self, key: Option<StormKey>) -> bool {
        key.is_some_and(|key| self.storms.count(key, Instant::now()))
    }

    /// Offers the event, or folds it into an equal one that was told already.
    pub fn offer_equal(&self, key: Option<StormKey>, event: ThreatEvent) {
        match key {
            Some(key) => {
                self.storms.take(key, event, Instant::now()).iter().for_each(|event| self.offer(event));
            }
            None => self.offer(&event),
        }
    }

    pub fn offer(&self, event: &ThreatEvent) {
        let encoded = event.encode_to_vec();
        let len = encoded.len();
        self.stats.offered.fetch_add(1, Ordering::Relaxed);
        let queued = self.stats.bytes.fetch_add(len, Ordering::Relaxed);
        if queued + len > MAX_BYTES || self.to.try_send(Encoded(encoded)).is_err() {
            self.stats.bytes.fetch_sub(len, Ordering::Relaxed);
            self.stats.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

pub struct EventReceiver {
    from: mpsc::Receiver<Encoded>,
    stats: Arc<Stats>,
    storms: Arc<Storms>,
}

impl EventReceiver {
    /// `None` once every sender is gone and the queue is empty.
    pub(super) async fn next(&mut self) -> Option<Encoded> {
        let event = self.from.recv().await?;
        self.stats.bytes.fetch_sub(event.0.len(), Ordering::Relaxed);
        Some(event)
    }

    /// Counts of equal detections that are due to be told.
    pub(super) fn due(&self) -> Vec<Encoded> {
        self.storms.due(Instant::now()).iter().map(Encoded::of).collect()
    }

    /// All counts that are not told yet.
    pub(super) fn rest(&self) -> Vec<Encoded> {
        self.storms.flush(Instant::now()).iter().map(Encoded::of).collect()
    }

    pub(crate) fn storms(&self) -> Arc<Storms> {
        Arc::clone(&self.storms)
    }

    pub(super) fn stats(&self) -> Arc<Stats> {
        Arc::clone(&self.stats)
    }
}

#[cfg(test)]
impl EventReceiver {
    /// Everything that would go out if the sensor ended now.
    pub(crate) fn all(&mut self) -> Vec<ThreatEvent> {
        let queued: Vec<_> = std::iter::from_fn(|| self.from.try_recv().ok()).collect();
        let encoded = queued.into_iter().chain(self.rest());
        encoded.map(|event| ThreatEvent::decode(event.0.as_slice()).unwrap()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_queue_drops_and_counts() {
        let (sender, mut receiver) = bounded();
        for _ in 0..MAX_EVENTS + 3 {
            sender.offer(&ThreatEvent::default());
        }
        assert_eq!(receiver.stats().dropped.load(Ordering::Relaxed), 3);
        drop(sender);
        let mut received = 0;
        while receiver.next().await.is_some() {
            received += 1;
        }
        assert_eq!(received, MAX_EVENTS);
    }

    #[test]
    fn the_queue_is_bounded_in_bytes_too() {
        let (sender, receiver) = bounded();
        let large = ThreatEvent { actor: "x".repeat(1 << 20), ..ThreatEvent::default() };
        for _ in 0..40 {
            sender.offer(&large);
        }
        assert!(receiver.stats().dropped.load(Ordering::Relaxed) >= 8);
        assert!(receiver.stats().bytes.load(Ordering::Relaxed) <= MAX_BYTES);
    }
}
