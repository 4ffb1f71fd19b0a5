use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use portcullis_exchange::ActorSource;

use super::BlockedActors;
use crate::{
    counters::Counters,
    enforce::cut::Cuts,
    http::{Head, HeadWatch},
    tag::Tagger,
};

/// Cuts the connection as soon as a trusted proxy passes on a request of somebody who is blocked.
///
/// At the request's head, because what follows it can still be stopped: most of its body, and the answer. The first
/// bytes have passed by then.
#[derive(Clone)]
pub struct ProxiedHeads {
    tagger: Tagger,
    actors: Arc<BlockedActors>,
    cuts: Arc<Cuts>,
    may_cut_shared: bool,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    heads: AtomicU64,
    spared: AtomicU64,
    tunnelled: AtomicU64,
}

impl ProxiedHeads {
    /// Without `may_cut_shared`, a connection is spared that may carry requests of others too: of HTTP/2, or where this
    /// is not its first request.
    pub fn new(tagger: Tagger, actors: Arc<BlockedActors>, cuts: Arc<Cuts>, may_cut_shared: bool) -> Self {
        Self { tagger, actors, cuts, may_cut_shared, counts: Arc::default() }
    }

    /// Of all clones.
    pub fn counters(&self) -> Counters {
        let Counts { heads, spared, tunnelled } = &*self.counts;
        Self::named([heads, spared, tunnelled].map(|counter| counter.load(Ordering::Relaxed)))
    }

    /// Where nobody watches.
    pub fn no_counters() -> Counters {
        Self::named([0; 3])
    }

    fn named([heads, spared, tunnelled]: [u64; 3]) -> Counters {
        Counters::from_iter([
            ("cut_blocked_requests_total", heads),
            ("cut_spared_shared_total", spared),
            ("cut_unreachable_total", tunnelled),
        ])
    }
}

impl HeadWatch for ProxiedHeads {
    fn head(&mut self, head: &Head<'_>) {
        if self.actors.is_empty() || !self.tagger.trusts(head.client.ip()) {
            return;
        }
        let actor = self.tagger.actor(head.client.ip(), Some(head.headers));
        if actor.source != ActorSource::TrustedProxy || !self.actors.covers(actor.address) {
            return;
        }
        let count = |counter: &AtomicU64| counter.fetch_add(1, Ordering::Relaxed);
        count(&self.counts.heads);
        if head.vni.is_some() {
            // Its packets are inside of others here.
            count(&self.counts.tunnelled);
        } else if !self.may_cut_shared && head.may_be_shared {
            count(&self.counts.spared);
        } else {
            self.cuts.cut(head.client, head.server);
        }
    }
}
