use std::collections::VecDeque;

use portcullis_exchange::Timestamp;

use crate::flow::key::Key;

/// Flows whose bytes wait for others, by when to look again.
#[derive(Default)]
pub(super) struct Waiting {
    queue: VecDeque<Wait>,
    next_number: u32,
}

#[derive(Clone, Copy)]
struct Wait {
    at: Timestamp,
    key: Key,
    number: u32,
}

/// Entries of flows that ended may outnumber those of living ones up to this.
const SPARE: usize = 1024;

impl Waiting {
    /// A queue doubles its room, and before it is pruned it may hold two entries for each flow.
    pub(super) const ENTRY_COST: usize = 4 * size_of::<Wait>();

    /// Gives the number by which the flow knows its entry from one left by a flow before it.
    pub(super) fn push(&mut self, at: Timestamp, key: Key) -> u32 {
        self.next_number = self.next_number.wrapping_add(1);
        self.queue.push_back(Wait { at, key, number: self.next_number });
        self.next_number
    }

    pub(super) fn pop_due(&mut self, now: Timestamp) -> Option<(Key, u32)> {
        let wait = self.queue.pop_front_if(|wait| wait.at <= now)?;
        Some((wait.key, wait.number))
    }

    /// Drops dead entries once they are the most.
    pub(super) fn prune(&mut self, flows: usize, is_alive: impl Fn(&Key, u32) -> bool) {
        if self.queue.len() > 2 * flows + SPARE {
            self.queue.retain(|wait| is_alive(&wait.key, wait.number));
            self.queue.shrink_to(2 * self.queue.len() + SPARE);
        }
    }
}
