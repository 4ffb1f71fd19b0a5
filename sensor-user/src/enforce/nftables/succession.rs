//! Blocks that an earlier agent left: taken over without a gap, or taken away.

use std::collections::BTreeSet;

use nix::errno::Errno;

use super::{
    NftablesEnforcer, TRANSACTION, add,
    elements::{Edits, Timed},
    entries::Entries,
    failed,
    netlink::Netlink,
    ruleset::{self, Hook},
    sets::{BlockSet, Shape},
    table, usual_sets,
};
use crate::{
    enforce::{Block, EnforceError, Enforcer as _, Left},
    kernel::clock::BootTime,
};

impl NftablesEnforcer {
    /// Takes the blocks of an agent that used the other hook, then its table away.
    pub(super) fn succeed(&mut self, other: Hook) -> Result<(), EnforceError> {
        let mut netlink = Netlink::open().map_err(failed)?;
        let Some((mode, blocks)) = table::left_behind(&mut netlink, other).map_err(failed)? else {
            return Ok(());
        };
        self.set_mode(mode)?;
        let blocks: Vec<Timed> = blocks.into_iter().map(|block| (block.net, block.remaining)).collect();
        self.put(blocks)?;
        table::remove(&mut netlink, other).map_err(failed)
    }

    /// Fills sets of our own beside those of the agent before us, and turns the rules over to them in one step.
    pub(super) fn take_over(&mut self, wanted: Vec<Timed>) -> Result<(), EnforceError> {
        let generation = self.generation + 1;
        let shapes: BTreeSet<Shape> = wanted.iter().map(|(net, _)| Shape::of(*net)).collect();
        let mut sets: BTreeSet<BlockSet> = usual_sets(generation).collect();
        sets.extend(shapes.into_iter().map(|shape| BlockSet { shape, generation }));
        let filled = self.fill(&sets, generation, &wanted).and_then(|()| {
            self.table.change(|ruleset| ruleset.sets = sets)?;
            self.generation = generation;
            self.inherited = false;
            Ok(())
        });
        if let Err(error) = filled {
            // The rules as they were, and no half-filled sets.
            self.table.change(|_| ())?;
            return Err(error);
        }
        let now = BootTime::now();
        self.entries = Entries::default();
        for (net, remaining) in wanted {
            self.entries.insert(net, remaining.map(|remaining| now.after(remaining)));
        }
        self.forget_hits_of_others()
    }

    fn fill(
        &mut self,
        sets: &BTreeSet<BlockSet>,
        generation: u32,
        wanted: &[Timed],
    ) -> Result<(), EnforceError> {
        self.table.prepare(sets)?;
        for put in wanted.chunks(TRANSACTION) {
            let mut edits = Edits::default();
            add(&mut edits, generation, put);
            self.table.apply(edits).map_err(failed)?;
        }
        Ok(())
    }

    /// Hits outlive the sets of blocks, and blocks end while no agent looks.
    fn forget_hits_of_others(&mut self) -> Result<(), EnforceError> {
        for shape in self.table.wanted().shapes() {
            let hits = self.table.hits(shape).map_err(failed)?;
            let removed: Vec<_> = hits
                .into_iter()
                .filter(|hit| !self.entries.contains(hit.net))
                .map(|hit| (shape.hits(), hit.net))
                .collect();
            for removed in removed.chunks(TRANSACTION) {
                let edits = Edits { removed: removed.to_vec(), ..Edits::default() };
                self.table.apply(edits).map_err(failed)?;
            }
        }
        Ok(())
    }
}

/// Takes our tables away, if there are any and the kernel has nf_tables at all.
pub(in crate::enforce) fn detach() -> Result<Vec<String>, EnforceError> {
    let mut removed = Vec::new();
    for hook in Hook::BOTH {
        let there = where_possible(|netlink| {
            let there = table::is_there(netlink, hook)?;
            if there { table::remove(netlink, hook) } else { Ok(()) }.map(|()| there)
        })?;
        if there == Some(true) {
            removed.push(format!("nftables table {} {}", hook.family(), ruleset::TABLE));
        }
    }
    Ok(removed)
}

/// What stands in the table that an earlier agent left; `None` where there is none.
pub(in crate::enforce) fn left_behind() -> Result<Option<Left>, EnforceError> {
    let mut all: Option<Left> = None;
    for hook in Hook::BOTH {
        let left = where_possible(|netlink| table::left_behind(netlink, hook))?.flatten();
        if let Some((mode, blocks)) = left {
            let blocks = blocks.into_iter().map(|block| Block { net: block.net, remaining: block.remaining });
            all.get_or_insert_with(|| Left { mode, blocks: Vec::new() }).blocks.extend(blocks);
        }
    }
    Ok(all)
}

/// `None` on a kernel without nf_tables.
fn where_possible<T>(ask: impl FnOnce(&mut Netlink) -> Result<T, Errno>) -> Result<Option<T>, EnforceError> {
    match Netlink::open().and_then(|mut netlink| ask(&mut netlink)) {
        Ok(answer) => Ok(Some(answer)),
        Err(Errno::EPROTONOSUPPORT | Errno::EINVAL | Errno::EOPNOTSUPP) => Ok(None),
        Err(error) => Err(failed(error)),
    }
}
