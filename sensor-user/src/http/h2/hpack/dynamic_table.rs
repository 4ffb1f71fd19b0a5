use std::collections::VecDeque;

/// The dynamic table of one direction (RFC 7541 section 2.3.2), as far as it was seen.
///
/// Entries are numbered from the newest, so that those inserted after capture began are found at their right place even
/// where the older ones are unknown.
#[derive(Debug)]
pub(super) struct DynamicTable {
    /// The newest first.
    entries: VecDeque<Entry>,
    /// Sum of the entries' sizes, as RFC 7541 section 4.1 counts them.
    size: usize,
    max_size: usize,
    /// Whether there is no entry that we do not know.
    is_complete: bool,
}

#[derive(Debug)]
struct Entry {
    /// Name and value in one block.
    bytes: Box<[u8]>,
    /// `None` where the name was itself an entry that is unknown; `bytes` is then the value.
    name_len: Option<usize>,
}

/// Table size until a size update says otherwise.
const INITIAL_SIZE: usize = 4096;
/// Largest table that is kept; of a larger one the oldest entries become unknown. Peers use 4 KiB, seldom 64 KiB.
pub(super) const MAX_SIZE: usize = 64 << 10;
/// Overhead of an entry by RFC 7541 section 4.1; it is about what an entry costs here as well.
const ENTRY_OVERHEAD: usize = 32;

pub(super) enum Lookup<'t> {
    Found {
        name: Option<&'t [u8]>,
        value: &'t [u8],
    },
    /// Inserted before capture began, inside lost bytes, or past our limit.
    Unknown,
    /// There can be no such entry.
    Invalid,
}

impl DynamicTable {
    pub(super) fn new() -> Self {
        Self { entries: VecDeque::new(), size: 0, max_size: INITIAL_SIZE, is_complete: true }
    }

    /// `index` counts from 0, the newest entry.
    pub(super) fn get(&self, index: usize) -> Lookup<'_> {
        match self.entries.get(index).map(Entry::parts) {
            Some((name, value)) => Lookup::Found { name, value },
            None if self.is_complete => Lookup::Invalid,
            None => Lookup::Unknown,
        }
    }

    pub(super) fn insert(&mut self, name: Option<&[u8]>, value: &[u8]) {
        let known = name.unwrap_or_default();
        let size = known.len() + value.len() + ENTRY_OVERHEAD;
        self.evict_to(self.max_size.saturating_sub(size));
        if size > self.max_size {
            return;
        }
        self.size += size;
        let entry = Entry { bytes: [known, value].concat().into(), name_len: name.map(<[u8]>::len) };
        self.entries.push_front(entry);
    }

    /// Applies a size update.
    pub(super) fn resize(&mut self, size: usize) {
        self.is_complete &= size <= MAX_SIZE;
        self.max_size = size.min(MAX_SIZE);
        self.evict_to(self.max_size);
    }

    /// Insertions may have been missed: what was known stands at other indexes now.
    pub(super) fn forget(&mut self) {
        *self = Self { entries: VecDeque::new(), size: 0, max_size: MAX_SIZE, is_complete: false };
    }

    pub(super) fn memory(&self) -> usize {
        self.entries.capacity() * size_of::<Entry>() + self.size
    }

    fn evict_to(&mut self, size: usize) {
        while self.size > size {
            let Some(oldest) = self.entries.pop_back() else { break };
            self.size = self.size.saturating_sub(oldest.bytes.len() + ENTRY_OVERHEAD);
        }
    }
}

impl Entry {
    fn parts(&self) -> (Option<&[u8]>, &[u8]) {
        match self.name_len.and_then(|len| self.bytes.split_at_checked(len)) {
            Some((name, value)) => (Some(name), value),
            None => (None, &self.bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_entries_make_room_and_one_too_large_empties_the_table() {
        let mut table = DynamicTable::new();
        table.resize(80);
        table.insert(Some(b"a"), b"1");
        table.insert(Some(b"b"), b"2");
        table.insert(Some(b"c"), b"3");
        assert!(matches!(table.get(0), Lookup::Found { name: Some(b"c"), value: b"3" }));
        assert!(matches!(table.get(1), Lookup::Found { name: Some(b"b"), value: b"2" }));
        assert!(matches!(table.get(2), Lookup::Invalid));
        table.insert(Some(&[b'x'; 60]), b"");
        assert!(matches!(table.get(0), Lookup::Invalid));
    }

    #[test]
    fn what_was_inserted_after_a_loss_is_known_and_what_came_before_is_not() {
        let mut table = DynamicTable::new();
        table.insert(Some(b"old"), b"");
        table.forget();
        table.insert(Some(b"new"), b"");
        assert!(matches!(table.get(0), Lookup::Found { name: Some(b"new"), value: b"" }));
        assert!(matches!(table.get(1), Lookup::Unknown));
    }

    #[test]
    fn a_table_past_our_limit_is_kept_in_part() {
        let mut table = DynamicTable::new();
        table.resize(1 << 20);
        for _ in 0..200 {
            table.insert(Some(b"n"), &[b'v'; 1000]);
        }
        assert!(table.memory() < MAX_SIZE + (8 << 10));
        assert!(matches!(table.get(100), Lookup::Unknown));
    }
}
