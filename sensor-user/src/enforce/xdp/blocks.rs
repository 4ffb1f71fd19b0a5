//! The block list in the kernel, and a copy of it to look things up in.

pub(super) mod hits;
mod ledger;

use std::{io, sync::Arc, time::Duration};

use aya::maps::{Array, MapData};
use ipnet::IpNet;
use portcullis_sensor_common::gate::{AddressKey, BlockEntry, Hits, MAX_ENTRIES};

use self::{
    hits::HitMap,
    ledger::{Entry, Ledger, UNSURE},
};
use super::{broken, filter::Filter, trie::DualTrie};
use crate::{
    enforce::{Block, BlockHits, Counted, EnforceError, Refusal},
    kernel::{clock::BootTime, map::KernelMap},
};

/// A repeated block whose end differs by less than this is the same block: revisions carry the time left, and that
/// took its time to get here.
const SAME_END: Duration = Duration::from_secs(2);

/// Blocks taken out in one sweep, so that many ends at once do not hold up everything else.
const SWEPT_AT_ONCE: usize = 50_000;

/// Bits that are left behind cost the gate a look that finds nothing; when there are this many, and a quarter as many
/// as blocks, the filter is made anew.
const STALE: usize = 4096;

pub(super) struct Blocks {
    addresses: KernelMap<AddressKey, BlockEntry>,
    prefixes: DualTrie<BlockEntry>,
    hits: HitMap,
    filter: Filter,
    changes: Array<MapData, u64>,
    ledger: Ledger,
    next_id: u64,
    expired: u64,
    removed: usize,
}

impl Blocks {
    /// Takes over what is in the maps.
    pub(super) fn adopt(
        addresses: KernelMap<AddressKey, BlockEntry>,
        prefixes: DualTrie<BlockEntry>,
        hits: HitMap,
        filter: Filter,
        changes: Array<MapData, u64>,
    ) -> io::Result<Self> {
        let mut ledger = Ledger::default();
        addresses.read(|key, values| {
            if let Some(value) = values.first() {
                ledger.insert(entry(net_of(key), value));
            }
        })?;
        prefixes.read(|net, value| ledger.insert(entry(net, &value)))?;
        filter.rebuild(ledger.entries().map(|entry| entry.net));
        // Ids are never used again: nobody makes more than one a nanosecond, so this one is ahead of all before.
        let next_id = BootTime::now().0;
        Ok(Self { addresses, prefixes, hits, filter, changes, ledger, next_id, expired: 0, removed: 0 })
    }

    /// Those that `stays` does not want.
    pub(super) fn nets_but(&self, stays: impl Fn(IpNet) -> bool) -> Vec<IpNet> {
        self.ledger.entries().map(|entry| entry.net).filter(|net| !stays(*net)).collect()
    }

    /// Those whose time is not up, with what is left of it.
    pub(super) fn standing(&self) -> Vec<Block> {
        let now = BootTime::now().0;
        let standing = self.ledger.entries().filter(|entry| entry.expires == 0 || entry.expires > now);
        let left = |expires: u64| (expires != 0).then(|| Duration::from_nanos(expires - now));
        standing.map(|entry| Block { net: entry.net, remaining: left(entry.expires) }).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.ledger.len()
    }

    pub(super) fn has_room_for(&self, more: usize) -> bool {
        self.ledger.len() + more <= MAX_ENTRIES
    }

    pub(super) fn holds(&self, net: IpNet) -> bool {
        self.ledger.get(net).is_some()
    }

    /// Adds or changes blocks. Each prefix may stand there once.
    pub(super) fn set(
        &mut self,
        blocks: impl Iterator<Item = (IpNet, Option<Duration>)>,
    ) -> Result<Vec<Refusal>, EnforceError> {
        let now = BootTime::now();
        let (mut over, mut fresh, mut refusals) = (Vec::new(), Vec::new(), Vec::new());
        let mut room = MAX_ENTRIES.saturating_sub(self.ledger.len());
        for (net, remaining) in blocks {
            let expires = match remaining {
                None => 0,
                Some(Duration::ZERO) => {
                    over.push(net);
                    continue;
                }
                Some(remaining) => now.after(remaining).0.min(UNSURE - 1),
            };
            match self.ledger.get(net) {
                Some(entry) if same_end(entry.expires, expires) => {}
                Some(entry) => fresh.push(Entry { expires, ..*entry }),
                None if room == 0 => {
                    let reason = format!("this node holds {MAX_ENTRIES} blocks already, which is all it can");
                    refusals.push(Refusal { net, reason });
                }
                None => {
                    room -= 1;
                    fresh.push(Entry { net, id: self.next_id, expires });
                    self.next_id += 1;
                }
            }
        }
        self.remove(&over)?;
        self.write(&fresh).map(|()| refusals)
    }

    /// Puts in what maps of an older layout hold, with ids and ends, and takes out everything else.
    pub(super) fn become_these(&mut self, older: &[(IpNet, u64, u64)]) -> Result<(), EnforceError> {
        let all = self.nets_but(|_| false);
        self.remove(&all)?;
        let entry = |(net, id, expires): &(IpNet, u64, u64)| Entry { net: *net, id: *id, expires: *expires };
        self.write(&older.iter().map(entry).collect::<Vec<_>>())
    }

    pub(super) fn carry_hits(&mut self, counted: &[(u64, Hits)]) -> Result<(), EnforceError> {
        self.hits.carry(counted).map_err(broken)
    }

    /// How many there were.
    pub(super) fn remove(&mut self, nets: &[IpNet]) -> Result<usize, EnforceError> {
        let removed: Vec<Entry> = nets.iter().filter_map(|net| self.ledger.remove(*net)).collect();
        if removed.is_empty() {
            return Ok(0);
        }
        let keys: Vec<_> = removed.iter().filter_map(|entry| address_key(entry.net)).collect();
        let prefixes: Vec<_> =
            removed.iter().map(|e| e.net).filter(|net| address_key(*net).is_none()).collect();
        let ids: Vec<_> = removed.iter().map(|entry| entry.id).collect();
        self.removed += removed.len();
        let done = self.addresses.remove(&keys).and_then(|()| self.prefixes.remove(&prefixes));
        if let Err(error) = done {
            // Known still, so that another try is made.
            removed.into_iter().for_each(|entry| self.ledger.insert(Entry { expires: UNSURE, ..entry }));
            return Err(broken(error));
        }
        self.tell_of_changes()?;
        self.hits.remove(&ids).map_err(broken)?;
        Ok(ids.len())
    }

    pub(super) fn sweep(&mut self) -> Result<(), EnforceError> {
        let now = BootTime::now().0;
        let mut over = Vec::new();
        while over.len() < SWEPT_AT_ONCE
            && let Some(net) = self.ledger.next_over(now)
        {
            over.push(net);
        }
        self.expired += self.remove(&over)? as u64;
        if self.removed >= STALE && self.removed >= self.ledger.len() / 4 {
            self.filter.rebuild(self.ledger.entries().map(|entry| entry.net));
            self.removed = 0;
        }
        Ok(())
    }

    pub(super) fn expired(&self) -> u64 {
        self.expired
    }

    pub(super) fn hit_reader(&self) -> Arc<hits::Reader> {
        self.hits.reader()
    }

    /// Of the blocks that were hit, in order.
    pub(super) fn name_hits(&mut self, counted: Counted) -> Result<Vec<BlockHits>, EnforceError> {
        let (mut all, mut orphans) = (Vec::new(), Vec::new());
        for (id, hits) in counted.by_entry {
            match self.ledger.by_id(id) {
                Some(entry) => {
                    all.push(BlockHits { net: entry.net, packets: hits.packets, bytes: hits.bytes })
                }
                // A packet was under way when its block was taken out.
                None => orphans.push(id),
            }
        }
        if !orphans.is_empty() {
            self.hits.remove(&orphans).map_err(broken)?;
        }
        all.sort_unstable_by_key(|hits| hits.net);
        Ok(all)
    }

    fn write(&mut self, entries: &[Entry]) -> Result<(), EnforceError> {
        if entries.is_empty() {
            return Ok(());
        }
        entries.iter().for_each(|entry| self.filter.admit(entry.net));
        let value = |entry: &Entry| BlockEntry {
            expires: entry.expires,
            id: entry.id,
            prefix_len: entry.net.prefix_len().into(),
        };
        let (mut keys, mut values, mut prefixes) = (Vec::new(), Vec::new(), Vec::new());
        for entry in entries {
            match address_key(entry.net) {
                Some(key) => {
                    keys.push(key);
                    values.push(value(entry));
                }
                None => prefixes.push((entry.net, value(entry))),
            }
        }
        let done = self.addresses.insert(&keys, &values).and_then(|()| self.prefixes.insert(&prefixes));
        for entry in entries {
            let expires = if done.is_ok() { entry.expires } else { UNSURE };
            self.ledger.insert(Entry { expires, ..*entry });
        }
        done.map_err(broken)?;
        self.tell_of_changes()
    }

    /// The gate believes what it has seen just now until it is told.
    fn tell_of_changes(&mut self) -> Result<(), EnforceError> {
        let told = self.changes.get(&0, 0).and_then(|last| self.changes.set(0, last.wrapping_add(1), 0));
        told.map_err(|error| broken(io::Error::other(error)))
    }
}

fn entry(net: IpNet, value: &BlockEntry) -> Entry {
    Entry { net, id: value.id, expires: value.expires }
}

/// Where a block of one address stands; `None` of a prefix.
fn address_key(net: IpNet) -> Option<AddressKey> {
    (net.prefix_len() == net.max_prefix_len()).then(|| match net {
        IpNet::V4(net) => net.addr().to_ipv6_mapped().octets(),
        IpNet::V6(net) => net.addr().octets(),
    })
}

fn net_of(key: AddressKey) -> IpNet {
    let address = std::net::Ipv6Addr::from(key);
    IpNet::from(address.to_canonical())
}

fn same_end(one: u64, other: u64) -> bool {
    one == other || (one != 0 && other != 0 && Duration::from_nanos(one.abs_diff(other)) < SAME_END)
}
