//! nftables where XDP cannot be used: a table of our own, at the ingress hook of each interface where the kernel has
//! that, else ahead of routing.
//!
//! `nft` lays the table; elements go by netlink. The kernel ends elements on time, with or without an agent. Foreign
//! tables are neither read nor written.

mod elements;
mod entries;
mod hits;
mod netlink;
mod nft;
mod ruleset;
mod sets;
mod standing;
mod table;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::{Duration, SystemTime},
};

use ipnet::IpNet;
use nix::{errno::Errno, net::if_::if_nametoindex};
use portcullis_sensor_common::gate::MAX_ENTRIES;

pub use self::ruleset::Hook;
use self::{
    elements::{Edits, Timed},
    entries::Entries,
    hits::HitsReader,
    netlink::Netlink,
    sets::{BlockSet, Family, Shape},
    table::{Look, Table},
};
use super::{
    AllowedAs, Block, BlockHits, Changed, EnforceError, Enforcer, GateMode, GateOptions, InterfaceGuard,
    Left, Refusal, allow::AllowList, canonical,
};
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
    hits: HitsReader,
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
            hits,
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

    /// Takes the blocks of an agent that used the other hook, then its table away.
    fn succeed(&mut self, other: Hook) -> Result<(), EnforceError> {
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
    fn take_over(&mut self, wanted: Vec<Timed>) -> Result<(), EnforceError> {
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

    /// Follows what others did to the table, or may have done.
    fn look(&mut self) -> Result<(), EnforceError> {
        match self.table.look()? {
            Look::Nothing => {}
            Look::Perhaps if self.unchecked.is_some() => self.check_again = true,
            Look::Perhaps => self.unchecked = self.entries.iter().next().map(|(net, _)| net),
            Look::Laid { lost } => {
                self.laid_again += 1;
                let mine: BTreeSet<Shape> = lost
                    .iter()
                    .filter(|set| set.generation == self.generation)
                    .map(|set| set.shape)
                    .collect();
                let now = BootTime::now();
                let back: Vec<Timed> = self
                    .entries
                    .iter()
                    .filter(|(net, _)| mine.contains(&Shape::of(*net)))
                    .filter_map(|(net, end)| left(end, now).map(|left| (net, left)))
                    .collect();
                self.restored += back.len() as u64;
                tracing::warn!(
                    blocks = back.len(),
                    "somebody changed the table portcullis; it is laid again, with the blocks it lost"
                );
                if self.inherited && !lost.is_empty() {
                    tracing::warn!("blocks of an earlier agent are lost until the control plane sends them");
                }
                for back in back.chunks(TRANSACTION) {
                    let mut edits = Edits::default();
                    add(&mut edits, self.generation, back);
                    self.table.apply(edits).map_err(failed)?;
                }
            }
        }
        Ok(())
    }

    /// Asks for some of the elements, and puts back those that somebody took out.
    fn check_some(&mut self) -> Result<(), EnforceError> {
        let Some(start) = self.unchecked else { return Ok(()) };
        // What ends within moments need not be there any more.
        let soon = BootTime::now().after(Duration::from_secs(1));
        let mut asked: BTreeMap<Shape, Vec<IpNet>> = BTreeMap::new();
        for (net, end) in self.entries.from(start).take(CHECKED_AT_ONCE) {
            if end.is_none_or(|end| end > soon) {
                asked.entry(Shape::of(net)).or_default().push(net);
            }
        }
        let next = self.entries.from(start).nth(CHECKED_AT_ONCE).map(|(net, _)| net);
        let now = BootTime::now();
        let mut back: Vec<Timed> = Vec::new();
        for (shape, nets) in asked {
            let set = BlockSet { shape, generation: self.generation };
            for net in self.table.missing(set, &nets).map_err(failed)? {
                back.extend(self.entries.end(net).and_then(|end| left(end, now)).map(|left| (net, left)));
            }
        }
        if !back.is_empty() {
            tracing::warn!(
                blocks = back.len(),
                "somebody took blocks out of the table portcullis; they are back"
            );
            self.restored += back.len() as u64;
            let mut edits = Edits::default();
            add(&mut edits, self.generation, &back);
            self.apply(edits)?;
        }
        self.unchecked = next;
        if next.is_none() && std::mem::take(&mut self.check_again) {
            self.unchecked = self.entries.iter().next().map(|(net, _)| net);
        }
        Ok(())
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

impl Enforcer for NftablesEnforcer {
    fn replace(&mut self, blocks: &[Block]) -> Result<Vec<Refusal>, EnforceError> {
        let (mut wanted, mut refusals) = self.judge(blocks);
        while wanted.len() > MAX_ENTRIES {
            refusals.extend(wanted.pop_last().map(|(net, _)| full(net)));
        }
        self.refused += refusals.len() as u64;
        if self.inherited {
            self.take_over(wanted.into_iter().collect())?;
            return Ok(refusals);
        }
        let gone: Vec<IpNet> =
            self.entries.iter().map(|(net, _)| net).filter(|net| !wanted.contains_key(net)).collect();
        let now = BootTime::now();
        wanted.retain(|net, remaining| !self.same_end(*net, *remaining, now));
        self.put(wanted.into_iter().collect())?;
        self.remove(&gone)?;
        Ok(refusals)
    }

    fn block(&mut self, block: &Block) -> Result<Option<Refusal>, EnforceError> {
        let net = canonical(block.net);
        let refusal = match self.allow.refuse(net) {
            None if self.entries.len() >= MAX_ENTRIES && !self.entries.contains(net) => Some(full(net)),
            refusal => refusal,
        };
        if refusal.is_some() {
            self.refused += 1;
        } else if block.remaining == Some(Duration::ZERO) {
            self.remove(&[net])?;
        } else if !self.same_end(net, block.remaining, BootTime::now()) {
            self.put(vec![(net, block.remaining)])?;
        }
        Ok(refusal)
    }

    fn unblock(&mut self, net: IpNet) -> Result<(), EnforceError> {
        self.remove(&[canonical(net)])
    }

    fn change(&mut self, blocks: &[Block], unblocked: &[IpNet]) -> Changed {
        let (mut wanted, refusals) = self.judge(blocks);
        let mut changed = Changed { refusals, errors: Vec::new() };
        let unblocked: Vec<IpNet> = unblocked.iter().copied().map(canonical).collect();
        if let Err(error) = self.remove(&unblocked) {
            changed.failed(unblocked, error);
        }
        let (mut room, now) = (MAX_ENTRIES.saturating_sub(self.entries.len()), BootTime::now());
        wanted.retain(|net, remaining| {
            if self.entries.contains(*net) {
                return !self.same_end(*net, *remaining, now);
            }
            let fits = room > 0;
            room = room.saturating_sub(1);
            changed.refusals.extend((!fits).then(|| full(*net)));
            fits
        });
        let nets: Vec<IpNet> = wanted.keys().copied().collect();
        if let Err(error) = self.put(wanted.into_iter().collect()) {
            changed.failed(nets, error);
        }
        self.refused += changed.refusals.len() as u64;
        changed
    }

    fn allow(&mut self, allowed: &BTreeMap<IpNet, AllowedAs>) -> Result<(), EnforceError> {
        self.allow.tell(allowed);
        self.apply_allow_list()
    }

    fn sweep(&mut self) -> Result<(), EnforceError> {
        self.look()?;
        self.check_some()?;
        if self.allow.refresh() {
            self.apply_allow_list()?;
        }
        let over = self.entries.take_over(BootTime::now());
        self.expired += over.len() as u64;
        for over in over.chunks(TRANSACTION) {
            // The kernel has ended them; their clock stands still while the machine sleeps, ours does not.
            let mut edits = Edits::default();
            for net in over {
                let shape = Shape::of(*net);
                edits.removed.push((BlockSet { shape, generation: self.generation }.name(), *net));
                edits.removed.push((shape.hits(), *net));
            }
            self.apply(edits)?;
        }
        Ok(())
    }

    fn set_mode(&mut self, mode: GateMode) -> Result<(), EnforceError> {
        if mode == self.gate_mode() {
            return Ok(());
        }
        self.table.change(|wanted| wanted.mode = mode)
    }

    fn gate_mode(&self) -> GateMode {
        self.table.wanted().mode
    }

    fn mode(&self) -> &'static str {
        "nftables"
    }

    fn hits(&mut self) -> Result<Vec<BlockHits>, EnforceError> {
        let hits = self.hits.read(self.table.wanted().shapes()).map_err(failed)?;
        let ours = hits.iter().filter(|hit| self.inherited || self.entries.contains(hit.net));
        Ok(ours.map(|hit| BlockHits { net: hit.net, packets: hit.packets, bytes: hit.bytes }).collect())
    }

    fn counters(&mut self) -> Counters {
        match self.table.counters() {
            Ok(now) => {
                for (name, value) in self.counted.iter() {
                    if now.value(name) < value {
                        self.counted_before.add(name, value);
                    }
                }
                self.counted = now;
            }
            Err(error) => tracing::warn!(%error, "nftables counters cannot be read"),
        }
        let mut counters = self.counted.clone();
        counters.merge(&self.counted_before);
        counters.add("gate_entries", self.entries.len() as u64);
        counters.add("enforce_expired_total", self.expired);
        counters.add("enforce_refused_total", self.refused);
        counters.add("enforce_laid_again_total", self.laid_again);
        counters.add("enforce_restored_total", self.restored);
        counters
    }

    fn follow(&mut self, interfaces: &[Interface]) -> Result<(), EnforceError> {
        let guards = by_index(interfaces);
        if guards == self.table.wanted().guards {
            return Ok(());
        }
        self.since.retain(|index, _| guards.get(index) == self.table.wanted().guards.get(index));
        self.table.change(|wanted| wanted.guards = guards)?;
        for index in self.table.wanted().guards.keys() {
            self.since.entry(*index).or_insert_with(SystemTime::now);
        }
        Ok(())
    }

    fn interfaces(&self) -> Vec<InterfaceGuard> {
        let guard = |(index, name): (&u32, &String)| {
            let there = if_nametoindex(name.as_str()) == Ok(*index);
            let mut note = if there { self.note.clone() } else { "the interface is gone".to_owned() };
            if self.laid_again > 0 {
                note = format!("{note}; somebody else changed the table {} times", self.laid_again);
            }
            InterfaceGuard {
                name: name.clone(),
                index: *index,
                mode: if there { "nftables" } else { "none" },
                note,
                since: self.since.get(index).copied().unwrap_or_else(SystemTime::now),
                failures: 0,
            }
        };
        self.table.wanted().guards.iter().map(guard).collect()
    }

    fn detach(self: Box<Self>) -> Result<(), EnforceError> {
        detach()?;
        traces::forget(&self.pin_dir, Trace::Nftables).map_err(|lack| EnforceError::lack("nftables", lack))
    }
}

/// Takes our tables away, if there are any and the kernel has nf_tables at all.
pub(super) fn detach() -> Result<Vec<String>, EnforceError> {
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
pub(super) fn left_behind() -> Result<Option<Left>, EnforceError> {
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
