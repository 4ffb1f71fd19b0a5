//! Flows by key, and for each standing in order of use.
//!
//! Written for its memory: a slot is the key, four links' worth of numbers and the value, nothing is kept of a slot
//! that was freed, and growing never copies. (A linked hash map keeps its freed nodes, so that a flood of small flows
//! followed by a few large ones would take its room twice.)

mod chunks;

use hashbrown::{HashTable, hash_table::OccupiedEntry};

use self::chunks::Chunks;
use super::key::Key;

/// What a flow is worth to us, and so when it has to make room for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Silent for the idle timeout, whatever it was before: it is kept only while there is room.
    Silent,
    /// Half open or ended: nothing of it is read.
    Unread,
    /// Read, but so far nobody answered: one host can make any number of these.
    Unproven,
    /// Known to be of interest, and both sides spoke.
    Conversing,
}

impl Standing {
    /// In the order in which they make room.
    pub(super) const ALL: [Self; 4] = [Self::Silent, Self::Unread, Self::Unproven, Self::Conversing];
    pub(super) const HEARD: [Self; 3] = [Self::Unread, Self::Unproven, Self::Conversing];
}

pub(super) struct Store<V> {
    index: HashTable<u32>,
    slots: Chunks<Slot<V>>,
    lists: [List; 4],
    hasher: ahash::RandomState,
}

struct Slot<V> {
    key: Key,
    standing: Standing,
    older: Option<Place>,
    newer: Option<Place>,
    value: V,
}

/// Place of a slot. Any removal may move another slot to the place that it frees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(std::num::NonZeroU32);

#[derive(Clone, Copy, Debug, Default)]
struct List {
    oldest: Option<Place>,
    newest: Option<Place>,
}

/// What the index takes for an entry: its buckets of four bytes and one are filled to 7/16 at the least, and while it
/// grows the old half is there too.
const INDEX_COST: usize = 18;

impl<V> Store<V> {
    /// Bytes that each entry takes, wherever its value keeps others.
    pub(super) const ENTRY_COST: usize = size_of::<Slot<V>>() + INDEX_COST;

    pub(super) fn new() -> Self {
        Self {
            index: HashTable::new(),
            slots: Chunks::new(),
            lists: Default::default(),
            hasher: ahash::RandomState::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn hash(&self, key: &Key) -> u64 {
        self.hasher.hash_one(key)
    }

    pub(super) fn find(&self, key: &Key, hash: u64) -> Option<Place> {
        let is_key = |at: &u32| self.slots.get(*at as usize).is_some_and(|slot| slot.key == *key);
        self.index.find(hash, is_key).and_then(|at| Place::at(*at as usize))
    }

    pub(super) fn value(&self, place: Place) -> Option<&V> {
        self.slots.get(place.index()).map(|slot| &slot.value)
    }

    pub(super) fn value_mut(&mut self, place: Place) -> Option<&mut V> {
        self.slots.get_mut(place.index()).map(|slot| &mut slot.value)
    }

    pub(super) fn key(&self, place: Place) -> Option<Key> {
        self.slots.get(place.index()).map(|slot| slot.key)
    }

    /// The least recently used of a standing.
    pub(super) fn oldest(&self, standing: Standing) -> Option<Place> {
        self.list(standing).oldest
    }

    /// Adds a flow that is not there yet. `None` where there is no number left for it.
    pub(super) fn insert(&mut self, key: Key, hash: u64, standing: Standing, value: V) -> Option<Place> {
        let at = u32::try_from(self.slots.len()).ok()?;
        let place = Place::at(self.slots.len())?;
        self.slots.push(Slot { key, standing, older: None, newer: None, value });
        self.link(place, standing);
        let Self { index, slots, hasher, .. } = self;
        index.insert_unique(hash, at, |at| {
            slots.get(*at as usize).map_or(0, |slot| hasher.hash_one(slot.key))
        });
        Some(place)
    }

    /// Makes a flow the most recently used one of a standing.
    pub(super) fn touch(&mut self, place: Place, standing: Standing) {
        let Some(slot) = self.slots.get(place.index()) else { return };
        if slot.standing == standing && slot.newer.is_none() {
            return;
        }
        self.unlink(place);
        self.link(place, standing);
    }

    pub(super) fn remove(&mut self, place: Place) -> Option<V> {
        self.unlink(place);
        let key = self.key(place)?;
        self.index_entry(&key, place, |entry| {
            entry.remove();
        });
        let last = Place::at(self.slots.len().checked_sub(1)?)?;
        let moved = self.slots.pop()?;
        if last == place {
            self.shrink();
            return Some(moved.value);
        }
        let (moved_key, standing, older, newer) = (moved.key, moved.standing, moved.older, moved.newer);
        let removed = std::mem::replace(self.slots.get_mut(place.index())?, moved);
        self.join(standing, older, Some(place));
        self.join(standing, Some(place), newer);
        self.index_entry(&moved_key, last, |mut entry| *entry.get_mut() = place.number());
        self.shrink();
        Some(removed.value)
    }

    fn link(&mut self, place: Place, standing: Standing) {
        let newest = self.list(standing).newest;
        if let Some(slot) = self.slots.get_mut(place.index()) {
            slot.standing = standing;
        }
        self.join(standing, newest, Some(place));
        self.join(standing, Some(place), None);
    }

    fn unlink(&mut self, place: Place) {
        let Some(slot) = self.slots.get(place.index()) else { return };
        let (standing, older, newer) = (slot.standing, slot.older, slot.newer);
        self.join(standing, older, newer);
    }

    /// Makes two places neighbours; `None` is the list's end.
    fn join(&mut self, standing: Standing, older: Option<Place>, newer: Option<Place>) {
        match older.and_then(|older| self.slots.get_mut(older.index())) {
            Some(slot) => slot.newer = newer,
            None => self.list_mut(standing).oldest = newer,
        }
        match newer.and_then(|newer| self.slots.get_mut(newer.index())) {
            Some(slot) => slot.older = older,
            None => self.list_mut(standing).newest = older,
        }
    }

    fn index_entry(&mut self, key: &Key, place: Place, change: impl FnOnce(OccupiedEntry<'_, u32>)) {
        let hash = self.hasher.hash_one(key);
        let number = place.number();
        if let Ok(entry) = self.index.find_entry(hash, |at| *at == number) {
            change(entry);
        }
    }

    /// The index grows by itself and never shrinks by itself.
    fn shrink(&mut self) {
        let len = self.slots.len();
        if self.index.capacity() > 4 * len + 4096 {
            let Self { index, slots, hasher, .. } = self;
            index
                .shrink_to(2 * len, |at| slots.get(*at as usize).map_or(0, |slot| hasher.hash_one(slot.key)));
        }
    }

    fn list(&self, standing: Standing) -> &List {
        let [silent, unread, unproven, conversing] = &self.lists;
        match standing {
            Standing::Silent => silent,
            Standing::Unread => unread,
            Standing::Unproven => unproven,
            Standing::Conversing => conversing,
        }
    }

    fn list_mut(&mut self, standing: Standing) -> &mut List {
        let [silent, unread, unproven, conversing] = &mut self.lists;
        match standing {
            Standing::Silent => silent,
            Standing::Unread => unread,
            Standing::Unproven => unproven,
            Standing::Conversing => conversing,
        }
    }
}

impl Place {
    fn at(index: usize) -> Option<Self> {
        let number = u32::try_from(index).ok()?.checked_add(1)?;
        std::num::NonZeroU32::new(number).map(Self)
    }

    fn number(self) -> u32 {
        self.0.get() - 1
    }

    fn index(self) -> usize {
        self.number() as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::segment::{Segment, TcpFlags};

    fn key(port: u16) -> Key {
        let segment = Segment {
            time: portcullis_exchange::Timestamp::default(),
            source: ([192, 0, 2, 1], port).into(),
            destination: ([192, 0, 2, 2], 80).into(),
            vni: None,
            vlans: crate::segment::Vlans::NONE,
            left_out: crate::segment::LeftOut::NOTHING,
            sequence: 0,
            acknowledgement: 0,
            flags: TcpFlags(TcpFlags::SYN),
            payload: b"",
            wire_len: 0,
        };
        Key::of(&segment).0
    }

    fn insert(store: &mut Store<u16>, port: u16, standing: Standing) {
        let hash = store.hash(&key(port));
        store.insert(key(port), hash, standing, port).unwrap();
    }

    fn place(store: &Store<u16>, port: u16) -> Option<Place> {
        store.find(&key(port), store.hash(&key(port)))
    }

    /// All values of a standing, least recently used first, taking them out.
    fn drain(store: &mut Store<u16>, standing: Standing) -> Vec<u16> {
        std::iter::from_fn(|| store.oldest(standing).and_then(|place| store.remove(place))).collect()
    }

    #[test]
    fn each_standing_keeps_its_own_order_of_use() {
        let mut store = Store::new();
        for port in 0..6 {
            insert(&mut store, port, if port % 2 == 0 { Standing::Unread } else { Standing::Conversing });
        }
        let (two, one) = (place(&store, 2).unwrap(), place(&store, 1).unwrap());
        store.touch(two, Standing::Unread);
        store.touch(one, Standing::Unread);
        assert_eq!(drain(&mut store, Standing::Unread), [0, 4, 2, 1]);
        assert_eq!(drain(&mut store, Standing::Conversing), [3, 5]);
        assert_eq!(store.len(), 0);
    }

    #[test]
    fn whatever_is_removed_the_others_are_still_found_in_their_order() {
        let mut store = Store::new();
        for port in 0..5000 {
            insert(&mut store, port, Standing::Unproven);
        }
        for port in (0..5000).filter(|port| port % 3 != 0) {
            let at = place(&store, port).unwrap();
            assert_eq!(store.remove(at), Some(port));
        }
        for port in 0..5000 {
            let found = place(&store, port).and_then(|place| store.value(place)).copied();
            assert_eq!(found, (port % 3 == 0).then_some(port));
        }
        let left: Vec<u16> = (0..5000).filter(|port| port % 3 == 0).collect();
        assert_eq!(drain(&mut store, Standing::Unproven), left);
    }
}
