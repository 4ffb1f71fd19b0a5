//! What was found harmless before is not looked at again: clients send the same header fields with every request, and
//! servers answer many requests with the same bytes.

use std::{
    hash::{BuildHasher, Hasher},
    sync::atomic::{AtomicU64, Ordering},
};

use ahash::RandomState;

/// Values remembered at most; a newer one takes an older one's slot. 8 bytes each.
const SLOTS: usize = 1 << 15;

/// A set of keyed hashes that may forget. The keys are drawn anew with every set of policies and leave the process nowhere,
/// so nobody can make up a value that is taken for another.
#[derive(Debug)]
pub(crate) struct Harmless {
    hasher: RandomState,
    slots: Box<[AtomicU64]>,
}

/// A value's hash, together with all that its judgement depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key(u64);

impl Default for Harmless {
    fn default() -> Self {
        Self { hasher: RandomState::new(), slots: (0..SLOTS).map(|_| AtomicU64::new(0)).collect() }
    }
}

impl Harmless {
    /// `kind` keeps apart what is judged differently.
    pub(crate) fn key(&self, kind: u8, name: &[u8], value: &[u8]) -> Key {
        let mut hasher = self.hasher.build_hasher();
        hasher.write_u8(kind);
        hasher.write_usize(name.len());
        hasher.write(name);
        hasher.write(value);
        // Zero is an empty slot.
        Key(hasher.finish() | 1)
    }

    pub(crate) fn holds(&self, key: Key) -> bool {
        self.slot(key).is_some_and(|slot| slot.load(Ordering::Relaxed) == key.0)
    }

    pub(crate) fn note(&self, key: Key) {
        if let Some(slot) = self.slot(key) {
            slot.store(key.0, Ordering::Relaxed);
        }
    }

    fn slot(&self, key: Key) -> Option<&AtomicU64> {
        // The lowest bit is always set.
        self.slots.get((key.0 >> 1) as usize % SLOTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_known_by_all_that_it_was_noted_with() {
        let known = Harmless::default();
        known.note(known.key(1, b"accept", b"*/*"));
        assert!(known.holds(known.key(1, b"accept", b"*/*")));
        for (kind, name, value) in
            [(2, &b"accept"[..], &b"*/*"[..]), (1, b"accep", b"t*/*"), (1, b"accept", b"*/* ")]
        {
            assert!(!known.holds(known.key(kind, name, value)));
        }
    }

    #[test]
    fn it_holds_no_more_than_its_slots() {
        let known = Harmless::default();
        let keys: Vec<_> = (0..200_000_u32).map(|n| known.key(0, b"", &n.to_le_bytes())).collect();
        keys.iter().for_each(|key| known.note(*key));
        assert!(keys.iter().filter(|key| known.holds(**key)).count() <= SLOTS);
    }
}
