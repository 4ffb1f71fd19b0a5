//! What endpoints there are, learned from the traffic to them: `GET shop.example /users/{id}` and what is known of it.
//!
//! Bounded in hosts, endpoints, parameters and bytes. Only an answer that is a success or a redirect founds an endpoint:
//! whoever asks for a million paths that are not there, or that ask for credentials, leaves nothing behind.

mod auth;
mod endpoint;
mod kept;
mod node;
mod parameter;
mod path;
mod sensitive;
mod shape;
mod told;

use std::{
    collections::HashMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use ahash::RandomState;
use portcullis_exchange::TaggedExchange;

pub use self::{
    auth::AuthKind,
    endpoint::EndpointFacts,
    parameter::{Parameter, ParameterPlace, ValueKind},
    sensitive::{SensitiveKinds, SensitiveSeen},
    shape::looks_like_identifier,
    told::{EndpointName, InventoryBatch},
};
pub(crate) use self::{
    auth::auth_of,
    endpoint::{Endpoint, parameters},
    kept::KeptEndpoint,
};
use self::{node::Node, path::Path};
use crate::view::Views;

const SHARDS: usize = 16;
/// The one with the fewest requests goes first.
const MAX_HOSTS_PER_SHARD: usize = 64;
const MAX_ENDPOINTS_PER_SHARD: usize = 1024;
/// Merged templates that wait to be told; the control plane keeps those that found no room.
const MAX_REMOVED: usize = 1024;
const MAX_HOST: usize = 255;
const MAX_METHOD: usize = 24;

#[derive(Debug)]
pub(crate) struct Inventory {
    shards: Vec<Mutex<Shard>>,
    hasher: RandomState,
    /// Of identifiers, alike in every run: a capture replayed twice tells the same figures twice.
    identifiers: RandomState,
    evicted: AtomicU64,
    collapsed: AtomicU64,
    forgotten: AtomicU64,
    batches: AtomicU64,
}

#[derive(Debug, Default)]
struct Shard {
    hosts: HashMap<Site, Host, RandomState>,
    endpoints: usize,
    removed: Vec<EndpointName>,
}

/// A host, in the overlay network that it was seen in: two of them may have hosts of the same name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Site {
    vni: Option<u32>,
    host: String,
}

#[derive(Debug, Default)]
struct Host {
    root: Node,
    requests: u64,
}

/// What founding an endpoint did to others.
#[derive(Debug, Default)]
struct Change {
    founded: bool,
    /// Templates that became one with another.
    merged: Vec<String>,
}

impl Default for Inventory {
    fn default() -> Self {
        let (evicted, collapsed, forgotten, batches) = Default::default();
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            identifiers: RandomState::with_seeds(0x706f, 0x7274, 0x6375, 0x6c6c),
            evicted,
            collapsed,
            forgotten,
            batches,
        }
    }
}

/// An endpoint as an exchange met it.
pub(crate) struct Met<'e> {
    pub(crate) endpoint: &'e mut Endpoint,
    /// Of the path segments that are parameters.
    pub(crate) identifiers: Option<u64>,
    /// Whether the exchange told something new of it, besides a count.
    pub(crate) is_news: bool,
    /// The first exchange of this method, at a path where others are known: how many requests those had, and since when.
    pub(crate) new_at: Option<(u64, portcullis_exchange::Timestamp)>,
}

impl Inventory {
    /// Finds or founds the endpoint of this exchange, and notes what it tells of it. `then` is called with it, unless it is
    /// none.
    pub(crate) fn note<T>(
        &self,
        tagged: &TaggedExchange,
        views: &Views<'_>,
        then: impl FnOnce(Met<'_>) -> T,
    ) -> Option<T> {
        let request = tagged.exchange.request.as_ref()?;
        let status = tagged.exchange.response.as_ref()?.status;
        let host = request.host().unwrap_or_default().to_ascii_lowercase();
        if request.method.is_empty() || request.method.len() > MAX_METHOD || host.len() > MAX_HOST {
            return None;
        }
        let path = Path::of(request.path())?;
        let founds = (200..400).contains(&status) || status == 101;
        let site = Site { vni: tagged.exchange.vni, host };
        let shard = self.shards.get(self.hasher.hash_one(&site) as usize % SHARDS)?;
        // A panic elsewhere leaves at most one exchange half counted.
        let mut guard = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let shard = &mut *guard;
        if founds && shard.endpoints >= MAX_ENDPOINTS_PER_SHARD {
            self.evicted.fetch_add(shard.evict_endpoints(), Ordering::Relaxed);
        }
        if !shard.hosts.contains_key(&site) {
            if !founds {
                return None;
            }
            if shard.hosts.len() >= MAX_HOSTS_PER_SHARD {
                self.evicted.fetch_add(shard.evict_host(), Ordering::Relaxed);
            }
            shard.hosts.insert(site.clone(), Host::default());
        }
        let known = shard.hosts.get_mut(&site)?;
        known.requests += 1;
        let mut change = Change::default();
        let (leaf, parameters) = known.root.resolve(&path, founds, &mut change)?;
        let completed = tagged.exchange.completed_at;
        let before = leaf.methods.iter().map(|(_, known)| known.facts.requests).sum();
        let since = leaf.methods.iter().map(|(_, known)| known.facts.since).min();
        let endpoint = leaf.endpoint(&request.method, founds, completed, &mut change);
        if change.founded {
            shard.endpoints += 1;
        }
        if !change.merged.is_empty() {
            self.collapsed.fetch_add(change.merged.len() as u64, Ordering::Relaxed);
            shard.endpoints = shard.hosts.values().map(|host| host.root.endpoints()).sum();
            shard.removed.extend(change.merged.iter().filter_map(|merged| EndpointName::of(&site, merged)));
            let excess = shard.removed.len().saturating_sub(MAX_REMOVED);
            shard.removed.drain(..excess);
            self.forgotten.fetch_add(excess as u64, Ordering::Relaxed);
            // The merge may have moved it: it is found anew with the next exchange.
            return None;
        }
        let endpoint = endpoint?;
        let identifiers = parameters.identifiers(&path, &self.identifiers);
        let is_news = endpoint.note(tagged, views, parameters.each(&path));
        let new_at = since.filter(|_| change.founded).map(|since| (before, since));
        Some(then(Met { endpoint, identifiers, is_news, new_at }))
    }

    pub(crate) fn counters(&self) -> [(&'static str, u64); 5] {
        let (mut hosts, mut endpoints) = (0, 0);
        for shard in &self.shards {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            hosts += shard.hosts.len() as u64;
            endpoints += shard.endpoints as u64;
        }
        [
            ("inventory_hosts", hosts),
            ("inventory_endpoints", endpoints),
            ("inventory_evicted_total", self.evicted.load(Ordering::Relaxed)),
            ("inventory_merged_total", self.collapsed.load(Ordering::Relaxed)),
            ("inventory_merged_untold_total", self.forgotten.load(Ordering::Relaxed)),
        ]
    }
}

impl Shard {
    /// Drops the quarter of the endpoints that nobody asked for the longest.
    fn evict_endpoints(&mut self) -> u64 {
        let mut seen: Vec<_> = Vec::with_capacity(self.endpoints);
        self.hosts.values().for_each(|host| host.root.each(&mut |endpoint| seen.push(endpoint.facts.last)));
        seen.sort_unstable();
        let Some(oldest) = seen.get(seen.len() / 4).copied() else { return 0 };
        for host in self.hosts.values_mut() {
            host.root.retain(&mut |endpoint| endpoint.facts.last > oldest);
        }
        self.hosts.retain(|_, host| !host.root.is_empty());
        let before = std::mem::take(&mut self.endpoints);
        self.endpoints = self.hosts.values().map(|host| host.root.endpoints()).sum();
        before.saturating_sub(self.endpoints) as u64
    }

    fn evict_host(&mut self) -> u64 {
        let fewest = self.hosts.iter().min_by_key(|(_, host)| host.requests).map(|(name, _)| name.clone());
        let gone = fewest.and_then(|name| self.hosts.remove(&name)).map_or(0, |host| host.root.endpoints());
        self.endpoints = self.endpoints.saturating_sub(gone);
        gone as u64
    }
}

#[cfg(test)]
mod tests;
