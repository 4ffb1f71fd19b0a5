//! Sliding windows of matches per actor, shared by all shards, bounded in number and size.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher, Hash, Hasher},
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use ahash::RandomState;
use hashlink::LinkedHashMap;
use portcullis_exchange::{TaggedExchange, Timestamp};

use crate::{
    policy::{AggregationRule, Policy},
    view::Views,
};

const SHARDS: usize = 16;
/// Windows kept per shard; the least recently touched goes first.
const MAX_WINDOWS_PER_SHARD: usize = 4096;
/// Bytes that a shard's windows and their samples may take together.
const MAX_BYTES_PER_SHARD: usize = 8 << 20;
const MAX_SAMPLES: usize = 5;
/// A sample above this is not kept: five of them would push everybody else's windows out.
const MAX_SAMPLE_BYTES: usize = 256 << 10;

/// All windows of an engine.
#[derive(Debug)]
pub(super) struct Aggregator {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
    evicted: AtomicU64,
}

#[derive(Debug, Default)]
struct Shard {
    windows: LinkedHashMap<WindowKey, Window, RandomState>,
    bytes: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct WindowKey {
    policy: Arc<str>,
    actor: IpAddr,
}

/// The matches of one actor and one policy, oldest first.
#[derive(Debug, Default)]
struct Window {
    moments: VecDeque<Moment>,
    samples: VecDeque<Arc<TaggedExchange>>,
    /// After a rule fired, it fires again only for a burst made of matches later than this.
    fired: Vec<Option<Timestamp>>,
}

#[derive(Clone, Copy, Debug)]
struct Moment {
    at: Timestamp,
    /// Hash of each rule's distinct identifier, of the first rule that has one; 0 without.
    identifier: u64,
}

/// A rule that was filled.
pub(super) struct Filled {
    pub(super) match_count: u64,
    /// Newest first.
    pub(super) samples: Vec<Arc<TaggedExchange>>,
}

impl Default for Aggregator {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            evicted: AtomicU64::new(0),
        }
    }
}

impl Aggregator {
    /// Notes one match; tells whether it fills a rule.
    ///
    /// A rule that has fired counts anew: matches up to that one are spent for it. A burst that goes on therefore
    /// gives one event per threshold, not one per match.
    pub(super) fn note(&self, policy: &Policy, exchange: &Arc<TaggedExchange>) -> Option<Filled> {
        let key = WindowKey { policy: Arc::clone(&policy.id), actor: exchange.actor.address };
        let identifier =
            policy.aggregation.iter().find_map(|rule| self.identifier(rule, exchange)).unwrap_or(0);
        let moment = Moment { at: exchange.exchange.completed_at, identifier };
        let hash = self.hasher.hash_one(&key);
        let shard = self.shards.get(hash as usize % SHARDS)?;
        // A panic elsewhere cannot leave a window half changed in a way that matters here.
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let (filled, evicted) = shard.note(key, moment, &policy.aggregation, exchange);
        drop(shard);
        self.evicted.fetch_add(evicted, Ordering::Relaxed);
        filled
    }

    /// Windows dropped because there were too many.
    pub(super) fn evicted(&self) -> u64 {
        self.evicted.load(Ordering::Relaxed)
    }

    pub(super) fn len(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).windows.len())
            .sum()
    }

    fn identifier(&self, rule: &AggregationRule, exchange: &TaggedExchange) -> Option<u64> {
        use crate::policy::DistinctSource;
        let distinct = rule.distinct.as_ref()?;
        let request = exchange.exchange.request.as_ref()?;
        let mut hasher = self.hasher.build_hasher();
        match distinct.source {
            DistinctSource::Url => request.path().hash(&mut hasher),
            DistinctSource::RequestHeaders => request.headers.get(&distinct.key)?.hash(&mut hasher),
            DistinctSource::QueryParam | DistinctSource::RequestPayload => {
                let in_query = distinct.source == DistinctSource::QueryParam;
                let views = Views::of(request);
                let named = |name: &str| name.eq_ignore_ascii_case(&distinct.key);
                let field = views.fields.iter().find(|field| {
                    !field.is_name
                        && field.is_body() != in_query
                        && (named(&field.name) || named(field.leaf_name()))
                })?;
                field.views.last()?.text.bytes().hash(&mut hasher);
            }
        }
        Some(hasher.finish().max(1))
    }
}

impl Shard {
    fn note(
        &mut self,
        key: WindowKey,
        moment: Moment,
        rules: &[AggregationRule],
        exchange: &Arc<TaggedExchange>,
    ) -> (Option<Filled>, u64) {
        let mut window = self.windows.remove(&key).unwrap_or_default();
        self.bytes = self.bytes.saturating_sub(window.bytes());
        let filled = window.note(moment, rules, exchange);
        self.bytes += window.bytes();
        self.windows.insert(key, window);
        let mut evicted = 0;
        while self.windows.len() > MAX_WINDOWS_PER_SHARD
            || (self.bytes > MAX_BYTES_PER_SHARD && self.windows.len() > 1)
        {
            let Some((_, window)) = self.windows.pop_front() else { break };
            self.bytes = self.bytes.saturating_sub(window.bytes());
            evicted += 1;
        }
        (filled, evicted)
    }
}

impl Window {
    /// About what it takes of memory.
    fn bytes(&self) -> usize {
        let samples: usize = self.samples.iter().map(|sample| sample_bytes(sample)).sum();
        size_of::<Self>() + self.moments.capacity() * size_of::<Moment>() + samples
    }

    fn note(
        &mut self,
        moment: Moment,
        rules: &[AggregationRule],
        exchange: &Arc<TaggedExchange>,
    ) -> Option<Filled> {
        self.fired.resize(rules.len(), None);
        self.insert(moment);
        if sample_bytes(exchange) <= MAX_SAMPLE_BYTES || self.samples.is_empty() {
            self.samples.push_front(Arc::clone(exchange));
            self.samples.truncate(MAX_SAMPLES);
        }
        self.forget(rules);
        let newest = self.moments.back()?.at;
        let mut best: Option<u64> = None;
        for (rule, fired) in rules.iter().zip(&mut self.fired) {
            let counted = self.moments.iter().rev().take_while(|moment| {
                newest.saturating_duration_since(moment.at) < rule.window
                    && fired.is_none_or(|fired| moment.at > fired)
            });
            let (mut count, mut seen) = (0_u64, HashMap::<u64, ()>::new());
            for moment in counted {
                count += 1;
                if rule.distinct.is_some() && moment.identifier != 0 {
                    seen.insert(moment.identifier, ());
                }
            }
            let enough = count >= u64::from(rule.match_count);
            let distinct =
                rule.distinct.as_ref().is_none_or(|distinct| seen.len() as u64 >= u64::from(distinct.count));
            if enough && distinct {
                *fired = Some(newest);
                best = best.max(Some(count));
            }
        }
        best.map(|match_count| Filled { match_count, samples: self.samples.iter().cloned().collect() })
    }

    /// Shards of a sensor finish exchanges in no common order: a late one goes to its place.
    fn insert(&mut self, moment: Moment) {
        let later = self.moments.iter().rev().take_while(|known| known.at > moment.at).count();
        self.moments.insert(self.moments.len() - later, moment);
    }

    /// Drops what no rule can count any more.
    fn forget(&mut self, rules: &[AggregationRule]) {
        let Some(newest) = self.moments.back().map(|moment| moment.at) else { return };
        let longest = rules.iter().map(|rule| rule.window).max().unwrap_or_default();
        let most = rules.iter().map(|rule| rule.match_count as usize).max().unwrap_or(0);
        // Distinct values may need more matches than the count; twice the count bounds it all the same.
        let room = if rules.iter().any(|rule| rule.distinct.is_some()) {
            most.saturating_mul(2).max(10_000)
        } else {
            most
        };
        while self.moments.len() > room
            || self
                .moments
                .front()
                .is_some_and(|oldest| newest.saturating_duration_since(oldest.at) >= longest)
        {
            self.moments.pop_front();
        }
    }
}

fn sample_bytes(sample: &TaggedExchange) -> usize {
    let headers = |headers: &portcullis_exchange::Headers| -> usize {
        headers.iter().map(|(name, value)| name.len() + value.len() + 16).sum()
    };
    let request = sample.exchange.request.as_ref();
    let response = sample.exchange.response.as_ref();
    size_of::<TaggedExchange>()
        + request.map_or(0, |r| r.target.len() + r.body.bytes.len() + headers(&r.headers))
        + response.map_or(0, |r| r.body.bytes.len() + headers(&r.headers))
}
