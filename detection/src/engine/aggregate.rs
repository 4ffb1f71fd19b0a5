//! Sliding windows of matches per actor or other group, shared by all shards, bounded in number and size.

mod group;
mod window;

use std::{
    hash::Hash,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use ahash::RandomState;
use hashlink::LinkedHashMap;
use portcullis_exchange::TaggedExchange;

use self::{
    group::{Group, Hashers},
    window::{Moment, Window},
};
use crate::{
    policy::{AggregationRule, Policy},
    view::Views,
};

const SHARDS: usize = 16;
/// Windows kept per shard; the least recently touched goes first.
const MAX_WINDOWS_PER_SHARD: usize = 4096;
/// Bytes that a shard's windows and their samples may take together.
const MAX_BYTES_PER_SHARD: usize = 8 << 20;

/// All windows of an engine.
#[derive(Debug)]
pub(super) struct Aggregator {
    shards: Vec<Mutex<Shard>>,
    hashers: Hashers,
    evicted: AtomicU64,
}

#[derive(Debug, Default)]
struct Shard {
    windows: LinkedHashMap<WindowKey, Window, RandomState>,
    bytes: usize,
}

/// A window of one rule. The rule is named by what its matches are counted over, not by the count it asks for: that one
/// may change while running.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct WindowKey {
    policy: Arc<str>,
    rule: u64,
    group: Group,
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
            hashers: Hashers::default(),
            evicted: AtomicU64::new(0),
        }
    }
}

impl Aggregator {
    /// Notes one match; tells whether it fills a rule, and of several filled ones the one with most matches.
    ///
    /// A rule that has fired counts anew: matches up to that one are spent for it. A burst that goes on therefore
    /// gives one event per threshold, not one per match.
    pub(super) fn note(
        &self,
        policy: &Policy,
        exchange: &Arc<TaggedExchange>,
        views: &Views<'_>,
    ) -> Option<Filled> {
        let mut best: Option<Filled> = None;
        for (index, rule) in policy.aggregation.iter().enumerate() {
            let filled = self.note_for(policy, index, rule, exchange, views);
            if let Some(filled) = filled
                && best.as_ref().is_none_or(|best| best.match_count < filled.match_count)
            {
                best = Some(filled);
            }
        }
        best
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

    fn note_for(
        &self,
        policy: &Policy,
        index: usize,
        rule: &AggregationRule,
        exchange: &Arc<TaggedExchange>,
        views: &Views<'_>,
    ) -> Option<Filled> {
        let key = WindowKey {
            policy: Arc::clone(&policy.id),
            rule: self.hashers.one((index, rule.window, &rule.group_by, &rule.distinct)),
            group: self.hashers.group(&rule.group_by, exchange),
        };
        let moment = Moment {
            at: exchange.exchange.completed_at,
            identifier: rule
                .distinct
                .as_ref()
                .and_then(|distinct| self.hashers.identifier(distinct, exchange, views)),
        };
        let hash = self.hashers.one(&key);
        let shard = self.shards.get(hash as usize % SHARDS)?;
        // A panic elsewhere cannot leave a window half changed in a way that matters here.
        let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let (filled, evicted) = shard.note(key, moment, rule, exchange);
        drop(shard);
        self.evicted.fetch_add(evicted, Ordering::Relaxed);
        filled
    }
}

impl Shard {
    fn note(
        &mut self,
        key: WindowKey,
        moment: Moment,
        rule: &AggregationRule,
        exchange: &Arc<TaggedExchange>,
    ) -> (Option<Filled>, u64) {
        let mut window = self.windows.remove(&key).unwrap_or_default();
        self.bytes = self.bytes.saturating_sub(window.bytes());
        let filled = window.note(moment, rule, exchange);
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
