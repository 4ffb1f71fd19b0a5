//! nftables where XDP cannot be used: a table of our own, at the ingress hook of each interface where the kernel has
//! that, else ahead of routing.
//!
//! `nft` lays the table; elements go by netlink. The kernel ends elements on time, with or without an agent. Foreign
//! tables are neither read nor written.

mod elements;
mod enforcer;
mod entries;
mod hits;
mod netlink;
mod nft;
mod ruleset;
mod sets;
mod standing;
mod succession;
mod table;
mod watch;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use ipnet::IpNet;
use nix::errno::Errno;
use portcullis_sensor_common::gate::MAX_ENTRIES;

pub use self::ruleset::Hook;
pub(super) use self::succession::{detach, left_behind};
use self::{
    elements::{Edits, Timed},
    entries::Entries,
    hits::HitsReader,
    sets::{BlockSet, Family, Shape},
    table::Table,
};
use super::{Block, EnforceError, GateOptions, Refusal, allow::AllowList, canonical};
use crate::{
    counters::Counters,
    interfaces::Interface,
    kernel::{
        Lack,
        clock::BootTime,
        requirements,
        traces::{self, Trace},
    },
};

/// As in the XDP gate: a repeated block whose end differs by less is the same.
const SAME_END: Duration = Duration::from_secs(2);

/// Elements of one transaction: about a megabyte.
const TRANSACTION: usize = 16_384;

/// Elements asked for in one sweep, after somebody else has changed something.
const CHECKED_AT_ONCE: usize = 4096;

pub struct NftablesEnforcer {
    table: Table,
    hits: Arc<Mutex<HitsReader>>,
    allow: AllowList,
    entries: Entries,
    /// Of the sets that hold `entries`.
    generation: u32,
    /// Blocks of an earlier agent stand beside ours, until the first `replace`. Nobody has listed them.
    inherited: bool,
    /// Since when each of the guarded interfaces is.
    since: BTreeMap<u32, SystemTime>,
    /// Why it is not better, of all interfaces.
    note: String,
    /// Elements from here on have to be asked for.
    unchecked: Option<IpNet>,
    check_again: bool,
    /// Where it is noted down that there is a table.
    pin_dir: PathBuf,
    expired: u64,
    refused: u64,
    laid_again: u64,
    restored: u64,
    /// What the table had counted when somebody took it away.
    counted: Counters,
    counted_before: Counters,
}

impl NftablesEnforcer {
    /// `because` is why XDP is not used; it goes into the notes.
    pub fn open(options: GateOptions, because: &str) -> Result<Self, EnforceError> {
        let refused = match Self::open_at(Hook::Ingress, options.clone(), because) {
            Err(EnforceError::Failed { what, .. }) if nft::unsupported(&what) => what,
            result => return result,
        };
        tracing::warn!(why = refused, "no ingress hook: nftables blocks ahead of routing");
        Self::open_at(Hook::Prerouting, options, because)
    }

    /// At this hook or not at all.
    pub fn open_at(hook: Hook, options: GateOptions, because: &str) -> Result<Self, EnforceError> {
        requirements::firewall().map_err(|lack| EnforceError::lack("nftables", lack))?;
        let guards = by_index(&options.interfaces.resolve()?);
        let since = guards.keys().map(|index| (*index, SystemTime::now())).collect();
        let allow = AllowList::new(&options.allow);
        let mut table = Table::open(hook, allow.nets(), guards)?;
        let generation = table.wanted().sets.iter().map(|set| set.generation).max();
        let inherited = generation.is_some();
        let generation = generation.unwrap_or(1);
        table.change(|wanted| {
            if !inherited {
                wanted.sets.extend(usual_sets(generation));
            }
        })?;
        let hits = HitsReader::start(hook).map_err(|error| {
            EnforceError::lack(
                "nftables",
                Lack::new(error.to_string(), "raise the limit of threads and files"),
            )
        })?;
        if let Err(lack) = traces::keep(&options.pin_dir, Trace::Nftables) {
            tracing::info!(why = lack.what, "`sensor detach` has to be run in this network namespace");
        }
        let mut enforcer = Self {
            table,
            hits: Arc::new(Mutex::new(hits)),
            allow,
            entries: Entries::default(),
            generation,
            inherited,
            since,
            note: note(hook, because),
            unchecked: None,
            check_again: false,
            pin_dir: options.pin_dir,
            expired: 0,
            refused: 0,
            laid_again: 0,
            restored: 0,
            counted: Counters::default(),
            counted_before: Counters::default(),
        };
        for other in Hook::BOTH.into_iter().filter(|other| *other != hook) {
            enforcer.succeed(other)?;
        }
        Ok(enforcer)
    }

    /// In one transaction as long as it is no more than [`TRANSACTION`].
    fn put(&mut self, blocks: Vec<Timed>) -> Result<(), EnforceError> {
        let generation = self.generation;
        let fresh: BTreeSet<BlockSet> = blocks
            .iter()
            .map(|(net, _)| BlockSet { shape: Shape::of(*net), generation })
            .filter(|set| !self.table.wanted().sets.contains(set))
            .collect();
        if !fresh.is_empty() {
            self.table.change(|wanted| wanted.sets.extend(fresh))?;
        }
        for blocks in blocks.chunks(TRANSACTION) {
            let mut edits = Edits::default();
            for (net, _) in blocks {
                self.take_out(&mut edits, *net);
            }
            add(&mut edits, generation, blocks);
            self.apply(edits)?;
            let now = BootTime::now();
            for (net, remaining) in blocks {
                self.entries.insert(*net, remaining.map(|remaining| now.after(remaining)));
            }
        }
        Ok(())
    }

    fn remove(&mut self, nets: &[IpNet]) -> Result<(), EnforceError> {
        for nets in nets.chunks(TRANSACTION) {
            let mut edits = Edits::default();
            for net in nets {
                self.take_out(&mut edits, *net);
                edits.removed.push((Shape::of(*net).hits(), *net));
            }
            let known = self.table.wanted().shapes();
            edits.removed.retain(|(_, net)| known.contains(&Shape::of(*net)));
            self.apply(edits)?;
            nets.iter().for_each(|net| self.entries.remove(*net));
        }
        Ok(())
    }

    /// From wherever it may be.
    fn take_out(&self, edits: &mut Edits, net: IpNet) {
        let known = self.entries.contains(net);
        let shape = Shape::of(net);
        let sets = self.table.wanted().sets.iter().filter(|set| set.shape == shape);
        for set in sets.filter(|set| known && set.generation == self.generation || self.inherited) {
            edits.removed.push((set.name(), net));
        }
    }

    fn apply(&mut self, edits: Edits) -> Result<(), EnforceError> {
        match self.table.apply(edits.clone()) {
            // A set is gone that has to be there.
            Err(Errno::ENOENT) => {
                self.look()?;
                self.table.apply(edits).map_err(failed)
            }
            result => result.map_err(failed),
        }
    }

    fn apply_allow_list(&mut self) -> Result<(), EnforceError> {
        let allowed = self.allow.nets();
        if allowed != self.table.wanted().allow {
            self.table.set_allow(allowed)?;
        }
        Ok(())
    }

    /// What is to stand in the sets, each prefix once. Those that are allowed too: they count once they are not.
    fn judge(&mut self, blocks: &[Block]) -> (BTreeMap<IpNet, Option<Duration>>, Vec<Refusal>) {
        let (mut wanted, mut refusals) = (BTreeMap::new(), Vec::new());
        for block in blocks {
            let net = canonical(block.net);
            refusals.extend(self.allow.refuse(net));
            if block.remaining == Some(Duration::ZERO) {
                wanted.remove(&net);
            } else if !AllowList::is_loopback(net) {
                wanted.insert(net, block.remaining);
            }
        }
        (wanted, refusals)
    }

    fn same_end(&self, net: IpNet, remaining: Option<Duration>, now: BootTime) -> bool {
        match (self.entries.end(net), remaining.map(|remaining| now.after(remaining))) {
            (Some(Some(one)), Some(other)) => Duration::from_nanos(one.0.abs_diff(other.0)) < SAME_END,
            (Some(None), None) => true,
            _ => false,
        }
    }
}

/// Whole addresses are what is blocked most; other lengths get their sets when they come.
fn usual_sets(generation: u32) -> impl Iterator<Item = BlockSet> {
    Family::BOTH
        .into_iter()
        .map(move |family| BlockSet { shape: Shape { family, len: family.bits() }, generation })
}

fn add(edits: &mut Edits, generation: u32, blocks: &[Timed]) {
    for (net, remaining) in blocks {
        let set = BlockSet { shape: Shape::of(*net), generation };
        edits.put.entry(set.name()).or_default().push((*net, *remaining));
    }
}

/// `None` where it is over.
fn left(end: Option<BootTime>, now: BootTime) -> Option<Option<Duration>> {
    match end {
        None => Some(None),
        Some(end) if end <= now => None,
        Some(end) => Some(Some(Duration::from_nanos(end.0 - now.0))),
    }
}

fn by_index(interfaces: &[Interface]) -> BTreeMap<u32, String> {
    interfaces.iter().map(|interface| (interface.index, interface.name.clone())).collect()
}

fn full(net: IpNet) -> Refusal {
    Refusal { net, reason: format!("this node holds {MAX_ENTRIES} blocks already, which is all it can") }
}

fn note(hook: Hook, because: &str) -> String {
    let mut note = if because.is_empty() { String::new() } else { format!("not XDP: {because}; ") };
    match hook {
        Hook::Ingress => note.push_str("frames behind two VLAN tags pass unjudged"),
        Hook::Prerouting => note.push_str(
            "this kernel has no ingress hook: what is only bridged, or comes through a VLAN, bridge or bond above \
             this interface, passes unjudged",
        ),
    }
    note
}

fn failed(error: Errno) -> EnforceError {
    let next_step = match error {
        Errno::EPERM | Errno::EACCES => "run it as root: sudo sensor run …",
        Errno::ENOMEM | Errno::ENOBUFS => {
            "raise the memory limit of the sensor's control group (MemoryMax=), or block prefixes instead of addresses"
        }
        Errno::ENFILE => "the set is full: block prefixes instead of addresses",
        Errno::EPROTONOSUPPORT | Errno::EINVAL | Errno::EOPNOTSUPP => {
            "take a kernel with CONFIG_NF_TABLES, or use --enforce xdp"
        }
        _ => "look at `nft list ruleset`; `sensor detach` clears the way",
    };
    EnforceError::lack("nftables", Lack::new(format!("the kernel refuses: {}", error.desc()), next_step))
}
