use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use portcullis_proto::v1::ThreatEvent;
use prost::Message;
use tokio::{sync::watch, time::interval};

use super::{
    queue::{Encoded, EventReceiver, Stats},
    spool::{Position, Spool, SpoolError},
};
use crate::{counters::Counters, storm::Storms};

/// How often it is asked for counts of equal detections that are due.
const COUNTS_EVERY: Duration = Duration::from_secs(1);

/// One batch stays well under the 4 MiB that gRPC takes by default.
const BATCH_EVENTS: usize = 256;
const BATCH_BYTES: usize = 1 << 20;

/// The spool as several tasks use it. The lock is held for short file operations only.
pub(super) struct Journal {
    spool: Mutex<Spool>,
    /// How many events wait, set under the spool's lock; every change is told, so that a sender wakes up.
    waiting: watch::Sender<u64>,
    queue: Arc<Stats>,
    storms: Arc<Storms>,
    acknowledged: AtomicU64,
    lost: AtomicU64,
    unreadable: AtomicU64,
    reconnects: AtomicU64,
}

/// Events read from the spool, and the position after the last of them.
pub(super) struct Batch {
    pub(super) events: Vec<ThreatEvent>,
    pub(super) end: Position,
}

impl Journal {
    pub(super) fn new(spool: Spool, events: &EventReceiver) -> Self {
        let (queue, storms) = (events.stats(), events.storms());
        let waiting = watch::Sender::new(spool.waiting());
        let (acknowledged, lost, unreadable, reconnects) = Default::default();
        Self { spool: Mutex::new(spool), waiting, queue, storms, acknowledged, lost, unreadable, reconnects }
    }

    /// Takes events from the queue to the disk until every sender is gone.
    pub(super) async fn write_down(self: Arc<Self>, mut events: EventReceiver) {
        let mut counts = interval(COUNTS_EVERY);
        loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(event) => self.keep(&event),
                    None => break,
                },
                _ = counts.tick() => events.due().iter().for_each(|event| self.keep(event)),
            }
        }
        events.rest().iter().for_each(|event| self.keep(event));
        self.sync();
    }

    fn keep(&self, event: &Encoded) {
        let kept = {
            let mut spool = self.spool();
            let kept = spool.append(&event.0);
            self.waiting.send_replace(spool.waiting());
            kept
        };
        if let Err(error) = kept
            && self.lost.fetch_add(1, Ordering::Relaxed) == 0
        {
            tracing::error!(%error, "an event could not be kept; further ones are counted as events_lost_total");
        }
    }

    /// The next events at or after a position; `None` where nothing waits.
    pub(super) fn batch(&self, from: Position) -> Result<Option<Batch>, SpoolError> {
        let stored = self.spool().read(from, BATCH_EVENTS, BATCH_BYTES)?;
        let Some((last, _)) = stored.last() else { return Ok(None) };
        let end = last + 1;
        // The checksum held, so what cannot be decoded was written by another version: it is left out.
        let events: Vec<_> =
            stored.iter().filter_map(|(_, payload)| ThreatEvent::decode(payload.as_slice()).ok()).collect();
        self.unreadable.fetch_add((stored.len() - events.len()) as u64, Ordering::Relaxed);
        Ok(Some(Batch { events, end }))
    }

    pub(super) fn acknowledge(&self, events: u64, end: Position) -> Result<(), SpoolError> {
        self.acknowledged.fetch_add(events, Ordering::Relaxed);
        let mut spool = self.spool();
        spool.acknowledge(end)?;
        self.waiting.send_replace(spool.waiting());
        Ok(())
    }

    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.waiting.subscribe()
    }

    pub(super) async fn drained(&self) {
        // The sender is `self`, so the channel cannot close.
        self.watch().wait_for(|waiting| *waiting == 0).await.ok();
    }

    pub(super) fn waiting(&self) -> u64 {
        self.spool().waiting()
    }

    pub(super) fn reconnected(&self) {
        self.reconnects.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn sync(&self) {
        if let Err(error) = self.spool().sync() {
            tracing::error!(%error, "the spool could not be brought to disk");
        }
    }

    pub(super) fn counters(&self) -> Counters {
        let spool = self.spool();
        let losses = spool.losses();
        let mut counters = self.storms.counters();
        counters.merge(&Counters::from_iter([
            ("events_offered_total", self.queue.offered.load(Ordering::Relaxed)),
            ("events_queue_dropped_total", self.queue.dropped.load(Ordering::Relaxed)),
            ("events_lost_total", self.lost.load(Ordering::Relaxed)),
            ("events_unreadable_total", self.unreadable.load(Ordering::Relaxed)),
            ("events_acknowledged_total", self.acknowledged.load(Ordering::Relaxed)),
            ("spool_overflowed_total", losses.overflowed),
            ("spool_damaged_total", losses.damaged),
            ("spool_torn_bytes_total", losses.torn_bytes),
            ("spool_waiting", spool.waiting()),
            ("spool_bytes", spool.bytes()),
            ("uplink_reconnects_total", self.reconnects.load(Ordering::Relaxed)),
        ]));
        counters
    }

    fn spool(&self) -> MutexGuard<'_, Spool> {
        self.spool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
