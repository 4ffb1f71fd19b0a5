use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use arc_swap::ArcSwap;
use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    unistd::Pid,
};
use portcullis_detection::{Engine, Suppressions};
use portcullis_exchange::{Exchange, Timestamp};

use super::excluded::Excluded;
use crate::{
    capture::{CaptureError, Polled, Source},
    counters::Counters,
    event::threat_event,
    tag::Tagger,
    uplink::EventSender,
    wire::{Wire, WireConfig},
};

/// How often idle connections are looked at and counters shown.
const TICK: Duration = Duration::from_secs(1);

/// One thread's share of the traffic: from its own capture to the queue of the uplink. It waits for nobody.
pub(super) struct Shard {
    pub(super) source: Box<dyn Source>,
    pub(super) wire: WireConfig,
    pub(super) tagger: Tagger,
    pub(super) engine: Arc<Engine>,
    pub(super) suppressions: Arc<ArcSwap<Suppressions>>,
    pub(super) events: EventSender,
    pub(super) excluded: Excluded,
    /// Where whoever reports finds the counters, as of the last tick.
    pub(super) published: Arc<Mutex<Counters>>,
}

impl Shard {
    /// Runs until it is told to stop or its capture ends for good.
    pub(super) fn run(self, number: usize, stop: &AtomicBool) -> Result<(), CaptureError> {
        pin(number);
        let mut work = Work {
            wire: Wire::new(self.wire),
            tagger: self.tagger,
            engine: self.engine,
            suppressions: self.suppressions,
            events: self.events,
            completed: Vec::new(),
            excluded_segments: 0,
            exchanges: 0,
            detections: 0,
            unnamed: 0,
        };
        let (mut source, mut ticked) = (self.source, Instant::now());
        let ended = loop {
            let polled = source.poll(&mut |segment| {
                if self.excluded.covers(segment) {
                    work.excluded_segments += 1;
                } else {
                    work.wire.segment(segment, &mut work.completed);
                }
            });
            work.judge_completed();
            match polled {
                Ok(Polled::Ended) => {
                    tracing::warn!(interface = work.tagger.interface(), "is gone and no longer watched");
                    break Ok(());
                }
                Err(error) => break Err(error),
                Ok(Polled::Segments(_) | Polled::Idle) if stop.load(Ordering::Relaxed) => break Ok(()),
                Ok(Polled::Segments(_) | Polled::Idle) => {}
            }
            if ticked.elapsed() >= TICK {
                ticked = Instant::now();
                work.wire.advance(now(), &mut work.completed);
                work.judge_completed();
                publish(&self.published, source.as_mut(), &work);
            }
        };
        while work.wire.finish_some(&mut work.completed) {
            work.judge_completed();
        }
        work.judge_completed();
        publish(&self.published, source.as_mut(), &work);
        ended
    }
}

struct Work {
    wire: Wire,
    tagger: Tagger,
    engine: Arc<Engine>,
    suppressions: Arc<ArcSwap<Suppressions>>,
    events: EventSender,
    completed: Vec<Exchange>,
    excluded_segments: u64,
    exchanges: u64,
    detections: u64,
    /// Detections that became no event, since they carry no exchange.
    unnamed: u64,
}

impl Work {
    fn judge_completed(&mut self) {
        for exchange in self.completed.drain(..) {
            self.exchanges += 1;
            let tagged = Arc::new(self.tagger.tag(exchange));
            for detection in self.engine.judge(&tagged) {
                self.detections += 1;
                if self.suppressions.load().matches(&detection).is_some() {
                    continue;
                }
                match threat_event(&detection) {
                    Some(event) => self.events.offer(&event),
                    None => self.unnamed += 1,
                }
            }
        }
    }
}

fn publish(published: &Mutex<Counters>, source: &mut dyn Source, work: &Work) {
    let mut counters = source.counters();
    counters.merge(&work.wire.counters());
    counters.add("excluded_segments_total", work.excluded_segments);
    counters.add("exchanges_total", work.exchanges);
    counters.add("detections_total", work.detections);
    counters.add("detections_lost_total", work.unnamed);
    *published.lock().unwrap_or_else(PoisonError::into_inner) = counters;
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_nanos(u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

/// Keeps a shard on one of the processors we may use, so that its flows stay in that one's cache. Only a wish: where
/// it is not granted, the scheduler does well enough.
fn pin(number: usize) {
    let this_thread = Pid::from_raw(0);
    let Ok(allowed) = sched_getaffinity(this_thread) else { return };
    let processors: Vec<_> =
        (0..CpuSet::count()).filter(|cpu| allowed.is_set(*cpu).unwrap_or(false)).collect();
    let mut one = CpuSet::new();
    let chosen = processors.get(number % processors.len().max(1));
    if let Some(cpu) = chosen
        && let Err(error) = one.set(*cpu).and_then(|()| sched_setaffinity(this_thread, &one))
    {
        tracing::debug!(%error, shard = number, "not pinned to a processor");
    }
}
