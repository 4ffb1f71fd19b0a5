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
use portcullis_detection::{Mode, Suppressions};
use portcullis_exchange::{Exchange, Timestamp};

use super::{excluded::Excluded, overload::Overload};
use crate::{
    blocking::{Blocker, Offered, ProxiedHeads},
    capture::{CaptureError, Polled, Source},
    counters::Counters,
    event::threat_event,
    mask::Redaction,
    policies::LivePolicies,
    storm::StormKey,
    tag::Tagger,
    uplink::EventSender,
    wire::{Wire, WireConfig},
};

/// How often idle connections are looked at and counters shown.
const TICK: Duration = Duration::from_secs(1);
/// How often the shard asks itself whether it keeps up.
const LOOK: Duration = Duration::from_millis(50);

/// One thread's share of the traffic: from its own capture to the queue of the uplink. It waits for nobody.
pub(super) struct Shard {
    pub(super) source: Box<dyn Source>,
    pub(super) wire: WireConfig,
    pub(super) tagger: Tagger,
    pub(super) policies: Arc<LivePolicies>,
    pub(super) suppressions: Arc<ArcSwap<Suppressions>>,
    pub(super) redaction: Arc<ArcSwap<Redaction>>,
    pub(super) events: EventSender,
    /// Where some policy asks for blocks.
    pub(super) blocker: Option<Blocker>,
    /// Where connections may be cut.
    pub(super) heads: Option<ProxiedHeads>,
    pub(super) excluded: Excluded,
    /// Where whoever reports finds the counters, as of the last tick.
    pub(super) published: Arc<Mutex<Counters>>,
}

impl Shard {
    /// Runs until it is told to stop or its capture ends for good.
    pub(super) fn run(self, number: usize, stop: &AtomicBool) -> Result<(), CaptureError> {
        pin(number);
        let mut wire = Wire::new(self.wire);
        if let Some(heads) = self.heads {
            wire.watch_heads(Box::new(heads));
        }
        let mut work = Work {
            wire,
            tagger: self.tagger,
            policies: self.policies,
            suppressions: self.suppressions,
            redaction: self.redaction,
            events: self.events,
            blocker: self.blocker,
            completed: Vec::new(),
            excluded_segments: 0,
            exchanges: 0,
            detections: 0,
            unnamed: 0,
        };
        let (mut source, mut ticked) = (self.source, Instant::now());
        let (mut overload, mut looked) = (Overload::default(), Instant::now());
        let ended = loop {
            let mut waited = None;
            let polled = source.poll(&mut |segment| {
                waited.get_or_insert_with(|| now().saturating_duration_since(segment.time));
                if self.excluded.covers(segment) {
                    work.excluded_segments += 1;
                } else {
                    work.wire.segment(segment, &mut work.completed);
                }
            });
            work.judge_completed();
            for advice in work.wire.take_advice() {
                source.heed(&advice);
            }
            match polled {
                Ok(Polled::Ended) => {
                    tracing::warn!(interface = work.tagger.interface(), "is gone and no longer watched");
                    break Ok(());
                }
                Err(error) => break Err(error),
                Ok(Polled::Segments(_) | Polled::Idle) if stop.load(Ordering::Relaxed) => break Ok(()),
                Ok(Polled::Segments(_) | Polled::Idle) => {}
            }
            if looked.elapsed() >= LOOK {
                looked = Instant::now();
                let waited = waited.unwrap_or_default();
                work.wire.set_shedding(overload.judge(looked, waited, source.lost()));
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
    policies: Arc<LivePolicies>,
    suppressions: Arc<ArcSwap<Suppressions>>,
    redaction: Arc<ArcSwap<Redaction>>,
    events: EventSender,
    blocker: Option<Blocker>,
    completed: Vec<Exchange>,
    excluded_segments: u64,
    exchanges: u64,
    detections: u64,
    /// Detections that became no event, since they carry no exchange.
    unnamed: u64,
}

impl Work {
    fn judge_completed(&mut self) {
        if self.completed.is_empty() {
            return;
        }
        let engine = self.policies.engine();
        for exchange in self.completed.drain(..) {
            self.exchanges += 1;
            let tagged = Arc::new(self.tagger.tag(exchange));
            if let Some(blocker) = &self.blocker {
                blocker.see(tagged.actor.address);
            }
            for detection in engine.judge(&tagged) {
                self.detections += 1;
                if self.suppressions.load().matches(&detection).is_some() {
                    continue;
                }
                let storm = StormKey::of(&detection);
                let may_block = self.blocker.is_some() && detection.mode == Mode::Block;
                if !may_block && self.events.counts(storm) {
                    continue;
                }
                let event = threat_event(&detection).map(|event| self.redaction.load().apply(event));
                match (event, &self.blocker, detection.samples.first()) {
                    (Some(event), Some(blocker), Some(newest)) if may_block => {
                        let (actor, ttl) = (newest.actor.address, detection.block_ttl);
                        blocker.offer(Offered { event, storm, actor, ttl });
                    }
                    (Some(event), ..) => self.events.offer_equal(storm, event),
                    (None, ..) => self.unnamed += 1,
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

#[cfg(test)]
mod tests {
    use portcullis_detection::PolicySet;
    use portcullis_exchange::Tags;
    use portcullis_proto::v1::{BlockDecision, ThreatEvent};

    use super::*;
    use crate::{
        blocking::{Limits, NodeBlocks, Options},
        capture::Polled,
        enforce::ledger::Ledger,
        segment::{Segment, TcpFlags},
        tag::ForwardedHeader,
        uplink,
    };

    /// Hands over one batch per poll, the packets of each as old as it says, and takes its time.
    struct Script(std::vec::IntoIter<Batch>);

    /// How old the packets are, and the port and payload of each.
    type Batch = (Duration, Vec<(u16, &'static str)>);

    impl Source for Script {
        fn poll(&mut self, each: &mut dyn FnMut(&Segment<'_>)) -> Result<Polled, CaptureError> {
            std::thread::sleep(LOOK);
            let Some((age, packets)) = self.0.next() else { return Ok(Polled::Ended) };
            let sent = now().nanos().saturating_sub(u64::try_from(age.as_nanos()).unwrap());
            for (port, payload) in &packets {
                let client = format!("203.0.113.7:{port}").parse().unwrap();
                let server = "192.0.2.1:80".parse().unwrap();
                let is_answer = payload.starts_with("HTTP");
                let (source, destination) = if is_answer { (server, client) } else { (client, server) };
                each(&Segment {
                    time: Timestamp::from_nanos(sent),
                    source,
                    destination,
                    vni: None,
                    vlans: crate::segment::Vlans::NONE,
                    left_out: crate::segment::LeftOut::NOTHING,
                    sequence: 1,
                    acknowledgement: if is_answer { 1000 } else { 1 },
                    flags: TcpFlags(TcpFlags::ACK),
                    payload: payload.as_bytes(),
                    wire_len: u32::try_from(payload.len()).unwrap(),
                });
            }
            Ok(Polled::Segments(packets.len()))
        }

        fn counters(&mut self) -> Counters {
            Counters::default()
        }
    }

    fn shard(batches: Vec<Batch>, published: &Arc<Mutex<Counters>>) -> Shard {
        Shard {
            source: Box::new(Script(batches.into_iter())),
            wire: WireConfig::default(),
            tagger: Tagger::new(Tags::default(), Vec::new(), ForwardedHeader::Auto),
            policies: Arc::new(LivePolicies::fixed(PolicySet::default())),
            suppressions: Arc::default(),
            redaction: Arc::default(),
            events: uplink::bounded().0,
            blocker: None,
            heads: None,
            excluded: Excluded::new(std::iter::empty()),
            published: Arc::clone(published),
        }
    }

    const REQUEST: &str = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    const STRIKE: &str = "GET /strike HTTP/1.1\r\nHost: x\r\n\r\n";
    const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    #[test]
    fn a_storm_of_equal_attacks_asks_for_one_block_and_is_one_event_that_counts_all_of_them() {
        let text = "id: Strike\nmode: block\nfilter: {url: {contains_either: [/strike]}}\n";
        let (policies, errors) = PolicySet::parse([("strike.yaml", text)]);
        assert_eq!(errors, []);
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::default();
        let blocks = NodeBlocks::open(Options {
            enforcer: Some(Box::new(ledger.clone())),
            cutter: Err("no proxy".to_owned()),
            limits: Limits { per_minute: 2, share: 100 },
            allow: Vec::new(),
            may_policies_block: true,
            file: folder.path().join("automatic-blocks.json"),
        })
        .unwrap();
        let (events, mut told) = uplink::bounded();
        let connection = |port| [(port, STRIKE), (port, ANSWER)];
        let storm = (1..=30).map(|port| (Duration::ZERO, connection(port).to_vec())).collect::<Vec<_>>();
        let shard = Shard {
            policies: Arc::new(LivePolicies::fixed(policies)),
            blocker: Some(Blocker::start(blocks.clone(), events.clone()).unwrap()),
            events,
            ..shard(storm, &Arc::default())
        };
        shard.run(0, &AtomicBool::new(false)).unwrap();
        let began = Instant::now();
        while told.storms().counters().value("storm_detections_folded_total") < 29 {
            assert!(began.elapsed() < Duration::from_secs(10), "{:?}", blocks.counters());
            std::thread::sleep(Duration::from_millis(5));
        }
        let count = |name| blocks.counters().value(name);
        assert_eq!([count("automatic_blocks_total"), count("automatic_blocks_repeated_total")], [1, 29]);
        assert_eq!(count("automatic_blocks_held_back_total"), 0, "equal ones take nothing of the limit");
        assert_eq!(blocks.unacknowledged().len(), 1, "the control plane is asked for one");
        assert_eq!(ledger.nets(), ["203.0.113.7/32"]);
        let events = told.all();
        let [first, last] = events.as_slice() else { panic!("two tellings of one event: {events:#?}") };
        assert_eq!(first.event_id, last.event_id);
        assert_eq!((first.match_count, last.match_count), (1, 30));
        let decided = |event: &ThreatEvent| event.automatic_block.as_ref().unwrap().decision();
        assert_eq!([decided(first), decided(last)], [BlockDecision::Blocked; 2]);
    }

    #[test]
    fn a_shard_that_is_behind_sheds_new_connections_and_goes_on_with_known_ones() {
        let old = Duration::from_secs(2);
        // So many looks take more than the second after which it counts.
        let mut batches = vec![(old, vec![(1, REQUEST)]); 24];
        batches.push((old, vec![(2, REQUEST), (2, ANSWER), (1, ANSWER)]));
        let published = Arc::<Mutex<Counters>>::default();
        let shard = shard(batches, &published);
        shard.run(0, &AtomicBool::new(false)).unwrap();
        let counters = published.lock().unwrap().clone();
        assert_eq!(counters.value("flow_shed_total"), 1, "{counters:?}");
        assert_eq!(counters.value("flow_shed_segments_total"), 2, "{counters:?}");
        assert_eq!(counters.value("exchanges_total"), 1, "{counters:?}");
    }
}
