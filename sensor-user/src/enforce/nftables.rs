//! nftables where XDP cannot be used: a table of our own at the ingress hook, ahead of local delivery.
//!
//! A set per prefix length, since that is what lets a short ban stand inside a longer one with its own end and its
//! own counter; interval sets refuse overlap. The kernel ends elements on time, with or without an agent. Foreign
//! tables are neither read nor written.

mod listing;
mod ruleset;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime},
};

use ipnet::IpNet;
use nftables::helper::{DEFAULT_NFT, NftablesError, apply_ruleset_raw, get_current_ruleset_raw};

use self::{listing::Listing, ruleset::Batch};
use super::{
    Block, BlockHits, EnforceError, Enforcer, GateMode, GateOptions, InterfaceGuard, Refusal,
    allow::AllowList, canonical,
};
use crate::{
    counters::Counters,
    interfaces::Interface,
    kernel::{Lack, clock::BootTime, explain, requirements},
};

/// Elements in all sets together: far beyond any list of people's making, far below what would hurt.
const MAX_BLOCKS: usize = 131_072;

/// As in the XDP gate: a repeated block whose end differs by less is the same. nft rounds to seconds, both ways.
const SAME_END: Duration = Duration::from_secs(3);

pub struct NftablesEnforcer {
    allow: AllowList,
    allowed: BTreeSet<IpNet>,
    entries: BTreeMap<IpNet, Entry>,
    mode: GateMode,
    guards: Vec<InterfaceGuard>,
    /// Why not XDP.
    because: String,
    expired: u64,
    refused: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    /// `None` is permanent.
    expires: Option<BootTime>,
    /// What an element of this prefix counted before it was written anew.
    carried: (u64, u64),
    counted: (u64, u64),
}

impl NftablesEnforcer {
    /// `because` is why XDP is not used; it goes into the notes.
    pub fn open(options: GateOptions, because: &str) -> Result<Self, EnforceError> {
        requirements::firewall().map_err(|lack| EnforceError::lack("nftables", lack))?;
        let there = list()?;
        let allow = AllowList::new(&options.allow);
        let mut batch = Batch::default();
        let there = there.unwrap_or_default();
        batch.table(there.mode, &there.prefix_sets);
        let allowed = allow.nets();
        batch.allow(&allowed);
        let interfaces = options.interfaces.resolve()?;
        let guards = guard(&mut batch, &interfaces, &there.guarded, because);
        apply(batch)?;
        let mut enforcer = Self {
            allow,
            allowed,
            entries: BTreeMap::new(),
            mode: there.mode,
            guards,
            because: because.to_owned(),
            expired: 0,
            refused: 0,
        };
        enforcer.read_back()?;
        Ok(enforcer)
    }

    /// Follows what the kernel has ended, and its counters.
    fn read_back(&mut self) -> Result<Listing, EnforceError> {
        let listing = list()?.ok_or_else(|| {
            EnforceError::lack(
                "nftables",
                Lack::new("the table portcullis is gone", "start the sensor again"),
            )
        })?;
        let now = BootTime::now();
        let before = std::mem::take(&mut self.entries);
        for (net, element) in &listing.blocks {
            let known = before.get(net).copied().unwrap_or_default();
            self.entries.insert(
                *net,
                Entry {
                    expires: element.remaining.map(|remaining| now.after(remaining)),
                    carried: known.carried,
                    counted: (element.packets, element.bytes),
                },
            );
        }
        self.expired += before
            .iter()
            .filter(|(net, entry)| !self.entries.contains_key(net) && entry.expires.is_some())
            .map(|_| 1)
            .sum::<u64>();
        Ok(listing)
    }

    /// Makes the changes in one transaction: all or none, and no moment between.
    fn change(
        &mut self,
        set: &[(IpNet, Option<Duration>)],
        unset: &BTreeSet<IpNet>,
    ) -> Result<Vec<Refusal>, EnforceError> {
        let listing = self.read_back()?;
        let mut refusals = Vec::new();
        let mut batch = Batch::default();
        let mut fresh = Vec::new();
        for net in unset.iter().filter(|net| self.entries.contains_key(net)) {
            batch.remove(*net);
        }
        let mut sets = listing.prefix_sets;
        let now = BootTime::now();
        for (net, remaining) in set {
            let expires = remaining.map(|remaining| now.after(remaining));
            let known = self.entries.get(net).copied();
            match known {
                Some(entry) if same_end(entry.expires, expires) => continue,
                Some(_) => batch.remove(*net),
                None if self.entries.len() + fresh.len() >= MAX_BLOCKS => {
                    let reason = format!("this node holds {MAX_BLOCKS} blocks already, which is all it may");
                    refusals.push(Refusal { net: *net, reason });
                    continue;
                }
                None => {}
            }
            if sets.insert(ruleset::prefix_set(*net)) {
                batch.prefix_set(*net);
            }
            batch.add(*net, *remaining);
            let known = known.unwrap_or_default();
            let carried = (known.carried.0 + known.counted.0, known.carried.1 + known.counted.1);
            fresh.push((*net, Entry { expires, carried, counted: (0, 0) }));
        }
        apply(batch)?;
        self.entries.retain(|net, _| !unset.contains(net));
        self.entries.extend(fresh);
        Ok(refusals)
    }

    fn change_retrying(
        &mut self,
        set: &[(IpNet, Option<Duration>)],
        unset: &BTreeSet<IpNet>,
    ) -> Result<Vec<Refusal>, EnforceError> {
        // An element may end between being listed and being removed, and that fails the transaction.
        self.change(set, unset).or_else(|_| self.change(set, unset))
    }

    fn judge(&mut self, blocks: &[Block]) -> (Vec<(IpNet, Option<Duration>)>, Vec<Refusal>) {
        let (mut set, mut refusals) = (Vec::new(), Vec::new());
        for block in blocks {
            let net = canonical(block.net);
            match self.allow.refuse(net) {
                Some(refusal) => refusals.push(refusal),
                None if block.remaining == Some(Duration::ZERO) => {}
                None => set.push((net, block.remaining)),
            }
        }
        (set, refusals)
    }
}

impl Enforcer for NftablesEnforcer {
    fn replace(&mut self, blocks: &[Block]) -> Result<Vec<Refusal>, EnforceError> {
        let (set, mut refusals) = self.judge(blocks);
        let kept: BTreeSet<IpNet> = set.iter().map(|(net, _)| *net).collect();
        let unset = self.entries.keys().filter(|net| !kept.contains(net)).copied().collect();
        refusals.extend(self.change_retrying(&set, &unset)?);
        self.refused += refusals.len() as u64;
        Ok(refusals)
    }

    fn block(&mut self, block: &Block) -> Result<Option<Refusal>, EnforceError> {
        let (set, mut refusals) = self.judge(std::slice::from_ref(block));
        if !set.is_empty() {
            refusals.extend(self.change_retrying(&set, &BTreeSet::new())?);
        }
        self.refused += refusals.len() as u64;
        Ok(refusals.pop())
    }

    fn unblock(&mut self, net: IpNet) -> Result<(), EnforceError> {
        self.change_retrying(&[], &BTreeSet::from([canonical(net)])).map(|_| ())
    }

    fn sweep(&mut self) -> Result<(), EnforceError> {
        self.allow.refresh();
        let allowed = self.allow.nets();
        if allowed != self.allowed {
            let mut batch = Batch::default();
            batch.allow(&allowed);
            apply(batch)?;
            self.allowed = allowed;
        }
        let now = BootTime::now();
        if self.entries.values().any(|entry| entry.expires.is_some_and(|expires| expires <= now)) {
            self.read_back()?;
        }
        Ok(())
    }

    fn set_mode(&mut self, mode: GateMode) -> Result<(), EnforceError> {
        let mut batch = Batch::default();
        batch.mode(mode);
        apply(batch)?;
        self.mode = mode;
        Ok(())
    }

    fn gate_mode(&self) -> GateMode {
        self.mode
    }

    fn mode(&self) -> &'static str {
        "nftables"
    }

    fn hits(&mut self) -> Result<Vec<BlockHits>, EnforceError> {
        self.read_back()?;
        let hits = self.entries.iter().map(|(net, entry)| BlockHits {
            net: *net,
            packets: entry.carried.0 + entry.counted.0,
            bytes: entry.carried.1 + entry.counted.1,
        });
        Ok(hits.filter(|hits| hits.packets > 0).collect())
    }

    fn counters(&mut self) -> Counters {
        let mut counters: Counters = match self.read_back() {
            Ok(listing) => listing.counters,
            Err(error) => {
                tracing::warn!(%error, "nftables counters cannot be read");
                Counters::default()
            }
        };
        counters.add("gate_entries", self.entries.len() as u64);
        counters.add("enforce_expired_total", self.expired);
        counters.add("enforce_refused_total", self.refused);
        counters
    }

    fn follow(&mut self, interfaces: &[Interface]) -> Result<(), EnforceError> {
        let known = |interface: &Interface| {
            self.guards.iter().any(|guard| (guard.index, &guard.name) == (interface.index, &interface.name))
        };
        if interfaces.len() == self.guards.len() && interfaces.iter().all(known) {
            return Ok(());
        }
        let there = self.read_back()?;
        let mut batch = Batch::default();
        let mut guards = guard(&mut batch, interfaces, &there.guarded, &self.because);
        apply(batch)?;
        for guard in &mut guards {
            if let Some(before) = self.guards.iter().find(|before| before.index == guard.index) {
                guard.since = before.since;
            }
        }
        self.guards = guards;
        Ok(())
    }

    fn interfaces(&self) -> Vec<InterfaceGuard> {
        self.guards.clone()
    }

    fn detach(self: Box<Self>) -> Result<(), EnforceError> {
        detach().map(|_| ())
    }
}

/// A chain for each of these interfaces that has none, and none for any other.
fn guard(
    batch: &mut Batch,
    interfaces: &[Interface],
    there: &BTreeSet<u32>,
    because: &str,
) -> Vec<InterfaceGuard> {
    let wanted: BTreeSet<u32> = interfaces.iter().map(|interface| interface.index).collect();
    for index in there.difference(&wanted) {
        batch.release(*index);
    }
    let guarded = interfaces.iter().map(|interface| {
        if !there.contains(&interface.index) {
            batch.guard(&interface.name, interface.index);
        }
        InterfaceGuard {
            name: interface.name.clone(),
            index: interface.index,
            mode: "nftables",
            note: if because.is_empty() { String::new() } else { format!("not XDP: {because}") },
            since: SystemTime::now(),
            failures: 0,
        }
    });
    guarded.collect()
}

/// Takes our table away, if it is there and there is an `nft` to ask.
pub(super) fn detach() -> Result<Vec<String>, EnforceError> {
    match list() {
        Ok(None) => Ok(Vec::new()),
        Err(_) if !nft_is_there() => Ok(Vec::new()),
        Err(error) => Err(error),
        Ok(Some(_)) => {
            let mut batch = Batch::default();
            batch.remove_table();
            apply(batch)?;
            Ok(vec![format!("nftables table netdev {}", ruleset::TABLE)])
        }
    }
}

fn nft_is_there() -> bool {
    !matches!(get_current_ruleset_raw(DEFAULT_NFT, ["--version"]), Err(NftablesError::NftExecution { .. }))
}

fn list() -> Result<Option<Listing>, EnforceError> {
    match get_current_ruleset_raw(DEFAULT_NFT, ["-j", "list", "table", ruleset::FAMILY, ruleset::TABLE]) {
        Ok(text) => listing::parse(&text).map(Some).map_err(|what| {
            EnforceError::lack("nftables", Lack::new(what, "look at `nft -j list table netdev portcullis`"))
        }),
        Err(NftablesError::NftFailed { stderr, .. }) if stderr.contains("No such file or directory") => {
            Ok(None)
        }
        Err(error) => Err(refused(&error)),
    }
}

fn apply(batch: Batch) -> Result<(), EnforceError> {
    let Some(payload) = batch.into_json() else { return Ok(()) };
    apply_ruleset_raw(&payload, DEFAULT_NFT, std::iter::empty::<&str>())
        .map(|_| ())
        .map_err(|error| refused(&error))
}

fn refused(error: &NftablesError) -> EnforceError {
    let lack = match error {
        NftablesError::NftExecution { inner, .. } => {
            Lack::new(format!("nft does not start: {inner}"), "install it: sudo apt-get install nftables")
        }
        NftablesError::NftFailed { stderr, .. } => Lack::new(
            stderr.split_whitespace().collect::<Vec<_>>().join(" "),
            "look at `nft list table netdev portcullis`; `sensor detach` clears the way",
        ),
        other => Lack::new(explain(other), "nft must be built with JSON support (Debian's is)"),
    };
    EnforceError::lack("nftables", lack)
}

fn same_end(one: Option<BootTime>, other: Option<BootTime>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Duration::from_nanos(one.0.abs_diff(other.0)) < SAME_END,
        (one, other) => one == other,
    }
}
