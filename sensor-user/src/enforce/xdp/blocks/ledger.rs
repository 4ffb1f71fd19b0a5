use std::{cmp::Reverse, collections::BinaryHeap};

use ahash::RandomState;
use hashbrown::HashTable;
use ipnet::IpNet;

/// What is in the kernel, found by prefix, by id and by end; about 70 bytes a block.
#[derive(Default)]
pub(super) struct Ledger {
    entries: Vec<Entry>,
    by_net: HashTable<u32>,
    by_id: HashTable<u32>,
    /// End and id, the next one first. What was changed or removed since is left in and passed over.
    ends: BinaryHeap<Reverse<(u64, u64)>>,
    hasher: RandomState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) net: IpNet,
    pub(super) id: u64,
    /// As in the kernel: boot time in nanoseconds, 0 is permanent.
    pub(super) expires: u64,
}

/// An end that no block has: the kernel may hold the entry or not, so that setting it writes it anew.
pub(super) const UNSURE: u64 = u64::MAX;

impl Ledger {
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    pub(super) fn get(&self, net: IpNet) -> Option<&Entry> {
        let found =
            self.by_net.find(self.hash_net(net), |index| self.at(*index).is_some_and(|e| e.net == net))?;
        self.at(*found)
    }

    pub(super) fn by_id(&self, id: u64) -> Option<&Entry> {
        let found = self.by_id.find(self.hash_id(id), |index| self.at(*index).is_some_and(|e| e.id == id))?;
        self.at(*found)
    }

    /// Adds the entry, or changes the end of the one that is there with this id.
    pub(super) fn insert(&mut self, entry: Entry) {
        if entry.expires != 0 && entry.expires != UNSURE {
            self.ends.push(Reverse((entry.expires, entry.id)));
        }
        let hash = self.hash_net(entry.net);
        let (entries, hasher) = (&mut self.entries, &self.hasher);
        let there =
            self.by_net.find(hash, |index| entries.get(*index as usize).is_some_and(|e| e.net == entry.net));
        if let Some(there) = there.and_then(|index| entries.get_mut(*index as usize)) {
            there.expires = entry.expires;
        } else {
            // At most as many as the maps hold.
            let index = u32::try_from(entries.len()).unwrap_or(u32::MAX);
            entries.push(entry);
            let net = |index: &u32| entries.get(*index as usize).map_or(0, |e| hasher.hash_one(e.net));
            self.by_net.insert_unique(hash, index, net);
            let id = |index: &u32| entries.get(*index as usize).map_or(0, |e| hasher.hash_one(e.id));
            self.by_id.insert_unique(hasher.hash_one(entry.id), index, id);
        }
        // Changes upon changes must not fill it.
        if self.ends.len() > 2 * self.entries.len() + 1024 {
            let ends = self.entries.iter().filter(|e| e.expires != 0 && e.expires != UNSURE);
            self.ends = ends.map(|e| Reverse((e.expires, e.id))).collect();
        }
    }

    pub(super) fn remove(&mut self, net: IpNet) -> Option<Entry> {
        let hash = self.hash_net(net);
        let entries = &self.entries;
        let is_it = |index: &u32| entries.get(*index as usize).is_some_and(|e| e.net == net);
        let (index, _) = self.by_net.find_entry(hash, is_it).ok()?.remove();
        let removed = *self.at(index)?;
        if let Ok(found) = self.by_id.find_entry(self.hasher.hash_one(removed.id), |at| *at == index) {
            found.remove();
        }
        // The last one takes its place.
        let last = u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX);
        if index != last
            && let Some(moved) = self.at(last).copied()
        {
            let (net, id) = (self.hash_net(moved.net), self.hash_id(moved.id));
            for (table, hash) in [(&mut self.by_net, net), (&mut self.by_id, id)] {
                if let Some(place) = table.find_mut(hash, |at| *at == last) {
                    *place = index;
                }
            }
        }
        self.entries.swap_remove(index as usize);
        Some(removed)
    }

    /// The next block that was over at `now`, still in the ledger.
    pub(super) fn next_over(&mut self, now: u64) -> Option<IpNet> {
        while let Some(Reverse((end, id))) = self.ends.peek().copied() {
            if end > now {
                return None;
            }
            self.ends.pop();
            if let Some(entry) = self.by_id(id).filter(|entry| entry.expires == end) {
                return Some(entry.net);
            }
        }
        None
    }

    fn at(&self, index: u32) -> Option<&Entry> {
        self.entries.get(index as usize)
    }

    fn hash_net(&self, net: IpNet) -> u64 {
        self.hasher.hash_one(net)
    }

    fn hash_id(&self, id: u64) -> u64 {
        self.hasher.hash_one(id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn net(number: u32) -> IpNet {
        IpNet::from(std::net::IpAddr::from(number.to_be_bytes()))
    }

    #[test]
    fn after_any_changes_it_finds_what_a_plain_map_finds() {
        let mut random = fastrand::Rng::with_seed(7);
        let (mut ledger, mut plain) = (Ledger::default(), BTreeMap::new());
        for id in 0..20_000 {
            let net = net(random.u32(..500));
            if random.bool() {
                let id = plain.get(&net).map_or(id, |entry: &Entry| entry.id);
                let entry = Entry { net, id, expires: random.u64(..100) };
                ledger.insert(entry);
                plain.insert(net, entry);
            } else {
                assert_eq!(ledger.remove(net), plain.remove(&net));
            }
            assert!(ledger.ends.len() <= 2 * 500 + 1024);
        }
        assert_eq!(ledger.len(), plain.len());
        for (net, entry) in &plain {
            assert_eq!((ledger.get(*net), ledger.by_id(entry.id)), (Some(entry), Some(entry)));
        }
    }

    #[test]
    fn ends_come_in_order_and_those_that_were_put_off_do_not() {
        let mut ledger = Ledger::default();
        for (number, expires) in [(1, 30), (2, 10), (3, 20), (4, 0), (5, UNSURE)] {
            ledger.insert(Entry { net: net(number), id: number.into(), expires });
        }
        ledger.insert(Entry { net: net(2), id: 2, expires: 50 });
        let mut over = Vec::new();
        while let Some(net) = ledger.next_over(30) {
            ledger.remove(net);
            over.push(net);
        }
        assert_eq!(over, [net(3), net(1)]);
        assert_eq!(ledger.len(), 3);
    }
}
