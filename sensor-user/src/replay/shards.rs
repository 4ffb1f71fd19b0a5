use std::{
    panic::resume_unwind,
    path::Path,
    sync::mpsc::{self, Receiver, Sender, SyncSender},
    thread,
};

use portcullis_exchange::{Exchange, Timestamp};

use super::{Meter, Ticks};
use crate::{
    capture::{CaptureError, file},
    counters::Counters,
    segment::Segment,
    wire::{Wire, WireConfig},
};

/// Batches that wait for a shard: enough that neither side stands still for the other's short pauses.
const QUEUED: usize = 4;
/// A batch is handed over when it holds so many payload bytes, …
const BATCH_BYTES: usize = 256 << 10;
/// … or so many segments: bare acknowledgements carry no bytes.
const BATCH_SEGMENTS: usize = 1024;

/// Reads and decodes here, reassembles in a thread for each consumer. Nothing is dropped: where a shard is behind, the
/// reader waits for it.
pub(super) fn replay<E>(
    path: &Path,
    config: &WireConfig,
    meter: &Meter,
    consumers: &mut [E],
) -> Result<Counters, CaptureError>
where
    E: FnMut(Exchange) + Send,
{
    thread::scope(|scope| {
        let mut lanes = Vec::new();
        let mut workers = Vec::new();
        for each in consumers {
            let (full, work) = mpsc::sync_channel(QUEUED);
            let (done, empty) = mpsc::channel();
            let wire = Wire::new(config.clone());
            lanes.push(Lane { batch: Batch::default(), full, empty });
            workers.push(scope.spawn(move || run(wire, &work, &done, each)));
        }
        let read = distribute(path, meter, &mut lanes);
        lanes.into_iter().for_each(Lane::close);
        let mut counters = Counters::default();
        for worker in workers {
            counters.merge(&worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        let mut all = read?;
        all.merge(&counters);
        Ok(all)
    })
}

fn distribute(path: &Path, meter: &Meter, lanes: &mut [Lane]) -> Result<Counters, CaptureError> {
    let hasher = ahash::RandomState::new();
    let mut ticks = Ticks::default();
    file::read_metered(path, meter, &mut |segment| {
        let ends = (segment.source.min(segment.destination), segment.source.max(segment.destination));
        let hash = hasher.hash_one((ends, segment.vni));
        // Less than the number of lanes, which fits.
        let number = (hash % lanes.len().max(1) as u64) as usize;
        if let Some(lane) = lanes.get_mut(number) {
            lane.push(segment);
        }
        if ticks.is_due(segment.time) {
            lanes.iter_mut().for_each(|lane| lane.hand_over(segment.time));
        }
    })
}

fn run(
    mut wire: Wire,
    work: &Receiver<Batch>,
    done: &Sender<Batch>,
    each: &mut impl FnMut(Exchange),
) -> Counters {
    let mut completed = Vec::new();
    for mut batch in work {
        batch.each(&mut |segment| {
            wire.segment(segment, &mut completed);
            completed.drain(..).for_each(&mut *each);
        });
        wire.advance(batch.until, &mut completed);
        completed.drain(..).for_each(&mut *each);
        batch.clear();
        // The reader is gone when the last batches come back.
        done.send(batch).ok();
    }
    while wire.finish_some(&mut completed) {
        completed.drain(..).for_each(&mut *each);
    }
    completed.drain(..).for_each(&mut *each);
    wire.counters()
}

/// The reader's end of the way to a shard.
struct Lane {
    batch: Batch,
    full: SyncSender<Batch>,
    /// Batches that were worked through, to be filled again.
    empty: Receiver<Batch>,
}

impl Lane {
    fn push(&mut self, segment: &Segment<'_>) {
        self.batch.push(segment);
        if self.batch.is_full() {
            self.hand_over(segment.time);
        }
    }

    /// Also where it is empty, so that packet time passes for a shard that has no traffic.
    fn hand_over(&mut self, now: Timestamp) {
        let next = self.empty.try_recv().unwrap_or_default();
        let mut batch = std::mem::replace(&mut self.batch, next);
        batch.until = now;
        // Only a shard that panicked takes no more, and that comes out when it is joined.
        self.full.send(batch).ok();
    }

    fn close(mut self) {
        let until = self.batch.segments.last().map_or_else(Timestamp::default, |(segment, _)| segment.time);
        self.hand_over(until);
    }
}

/// Segments of one shard in file order, with payloads of their own.
#[derive(Default)]
struct Batch {
    /// Without its payload, and where that ends in `payloads`.
    segments: Vec<(Segment<'static>, usize)>,
    payloads: Vec<u8>,
    /// Packet time when it was handed over.
    until: Timestamp,
}

impl Batch {
    fn push(&mut self, segment: &Segment<'_>) {
        self.payloads.extend_from_slice(segment.payload);
        self.segments.push((Segment { payload: &[], ..*segment }, self.payloads.len()));
    }

    fn is_full(&self) -> bool {
        self.payloads.len() >= BATCH_BYTES || self.segments.len() >= BATCH_SEGMENTS
    }

    fn each(&self, take: &mut dyn FnMut(&Segment<'_>)) {
        let mut start = 0;
        for (segment, end) in &self.segments {
            let payload = self.payloads.get(start..*end).unwrap_or_default();
            start = *end;
            take(&Segment { payload, ..*segment });
        }
    }

    fn clear(&mut self) {
        self.segments.clear();
        self.payloads.clear();
    }
}
