//! Dropping an actor's packets: the XDP gate, or nftables where eBPF cannot be used. One contract, the same tests.

mod allow;
pub mod cut;
mod detach;
mod hits;
#[cfg(test)]
pub(crate) mod ledger;
pub mod nftables;
pub mod xdp;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, SystemTime},
};

use ipnet::IpNet;

pub use self::{
    allow::{AllowedAs, Lookout, Surroundings},
    detach::detach,
    hits::{BlockHits, Count, Counted},
};
use crate::{
    counters::Counters,
    interfaces::{Interface, Selection, SelectionError},
    kernel::{
        Lack,
        traces::{self, Trace},
    },
};

/// Where maps and links outlive the agent.
pub const DEFAULT_PIN_DIR: &str = "/sys/fs/bpf/portcullis";

/// What to guard, and whom never to drop.
#[derive(Clone, Debug)]
pub struct GateOptions {
    /// Those that are named must be guarded, or nothing is; of what a pattern took some may be left out, and it is told.
    pub interfaces: Selection,
    /// On a bpffs; [`DEFAULT_PIN_DIR`] is mounted if it has to be.
    pub pin_dir: PathBuf,
    /// Besides loopback and the node's own addresses, which are always allowed.
    pub allow: Vec<IpNet>,
    pub xdp_mode: XdpMode,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// XDP, or nftables where XDP cannot be used on all interfaces.
    #[default]
    Auto,
    Xdp,
    Nftables,
}

/// Whether what a block meets is dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GateMode {
    #[default]
    Enforce,
    /// It passes, and is counted: by entry as if it were dropped, in all as `gate_would_drop_…`.
    Monitor,
}

/// How the gate's XDP program is attached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum XdpMode {
    /// Native where that is the better one and the driver has it; else TCX (Linux 6.6), which does not copy every
    /// packet; else generic.
    #[default]
    Auto,
    /// In the driver, or not at all.
    Native,
    /// In the network stack, which every interface has.
    Generic,
}

/// Begins to guard the interfaces. What an earlier agent left in the kernel is taken over as it is, and goes on
/// dropping meanwhile; if it did it the other way, XDP or nftables, its blocks are put in force in ours before its
/// own go, since else nobody would lift them.
pub fn open(mode: Mode, options: GateOptions) -> Result<Box<dyn Enforcer>, EnforceError> {
    let refused = match mode {
        Mode::Nftables => String::new(),
        Mode::Xdp => return open_xdp(options),
        Mode::Auto => match open_xdp(options.clone()) {
            Ok(xdp) => return Ok(xdp),
            Err(error) => error.to_string(),
        },
    };
    let mut enforcer = nftables::NftablesEnforcer::open(options.clone(), &refused)?;
    match xdp::left_behind(&options) {
        Ok(left) => succeed(&mut enforcer, left)?,
        // Where XDP cannot be used any more, it drops nothing any more.
        Err(error) => tracing::warn!(%error, "blocks that XDP may have left are not taken over"),
    }
    say_removed(&xdp::detach(&options.pin_dir)?);
    Ok(Box::new(enforcer))
}

fn open_xdp(options: GateOptions) -> Result<Box<dyn Enforcer>, EnforceError> {
    let pin_dir = options.pin_dir.clone();
    let mut enforcer = xdp::XdpEnforcer::open(options)?;
    succeed(&mut enforcer, nftables::left_behind()?)?;
    say_removed(&nftables::detach()?);
    traces::forget(&pin_dir, Trace::Nftables).map_err(|lack| EnforceError::lack("nftables", lack))?;
    Ok(Box::new(enforcer))
}

/// What an agent left that used the other back end.
struct Left {
    mode: GateMode,
    blocks: Vec<Block>,
}

/// Puts in force what the other back end has in force still. Where that has nothing, ours may have been at work.
fn succeed(enforcer: &mut dyn Enforcer, left: Option<Left>) -> Result<(), EnforceError> {
    let Some(left) = left.filter(|left| !left.blocks.is_empty()) else { return Ok(()) };
    enforcer.set_mode(left.mode)?;
    for refusal in enforcer.replace(&left.blocks)? {
        tracing::warn!(cidr = %refusal.net, reason = refusal.reason, "a block of the earlier agent is not taken over");
    }
    Ok(())
}

fn say_removed(removed: &[String]) {
    for what in removed {
        tracing::info!(what, "removed what an earlier agent had left");
    }
}

/// What drops packets on this node.
pub trait Enforcer: Send {
    /// Makes the block list exactly this one. Entries that stay are not touched, so there is never a gap.
    fn replace(&mut self, blocks: &[Block]) -> Result<Vec<Refusal>, EnforceError>;

    fn block(&mut self, block: &Block) -> Result<Option<Refusal>, EnforceError>;

    fn unblock(&mut self, net: IpNet) -> Result<(), EnforceError>;

    /// Many at once, and for good: one that the allow list refuses now is in force as soon as it does not.
    fn change(&mut self, blocks: &[Block], unblocked: &[IpNet]) -> Changed {
        let mut changed = Changed::default();
        for block in blocks {
            match self.block(block) {
                Ok(refusal) => changed.refusals.extend(refusal),
                Err(error) => changed.failed([block.net], error),
            }
        }
        for net in unblocked {
            if let Err(error) = self.unblock(*net) {
                changed.failed([*net], error);
            }
        }
        changed
    }

    /// Lets these pass from now on, besides loopback, the node's own addresses and what its options name; also those
    /// that are blocked. A block of somebody who is allowed no longer is in force again at once.
    fn allow(&mut self, allowed: &BTreeMap<IpNet, AllowedAs>) -> Result<(), EnforceError>;

    /// Takes out what has run out and follows the node's own addresses; to be called about once a second. Blocks end
    /// on time without it.
    fn sweep(&mut self) -> Result<(), EnforceError>;

    /// Takes effect with the next packet, and stays when the agent ends.
    fn set_mode(&mut self, mode: GateMode) -> Result<(), EnforceError>;

    /// As the kernel has it.
    fn gate_mode(&self) -> GateMode;

    /// `xdp` or `nftables`.
    fn mode(&self) -> &'static str;

    /// The first half of [`Enforcer::hits`], which may take its time and needs the enforcer no more.
    fn count_hits(&mut self) -> Count;

    /// The second half. What was counted of a block that has gone meanwhile is left out.
    fn name_hits(&mut self, counted: Counted) -> Result<Vec<BlockHits>, EnforceError>;

    /// Packets and bytes dropped, by entry, of those that were hit.
    fn hits(&mut self) -> Result<Vec<BlockHits>, EnforceError> {
        let counted = self.count_hits()()?;
        self.name_hits(counted)
    }

    fn counters(&mut self) -> Counters;

    /// Guards exactly these from here on. One that refuses is told in [`Enforcer::interfaces`], and tried again with
    /// the next call, which should come every few seconds.
    fn follow(&mut self, interfaces: &[Interface]) -> Result<(), EnforceError>;

    /// How each interface is guarded, and why not better.
    fn interfaces(&self) -> Vec<InterfaceGuard>;

    /// Leaves no trace: links, maps, pins, tables.
    fn detach(self: Box<Self>) -> Result<(), EnforceError>;
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub net: IpNet,
    /// Time left; `None` is permanent.
    pub remaining: Option<Duration>,
}

/// What became of many changes; those that are not refused were made.
#[derive(Debug, Default)]
pub struct Changed {
    pub refusals: Vec<Refusal>,
    /// Why some of them were.
    pub errors: Vec<EnforceError>,
}

impl Changed {
    fn failed(&mut self, nets: impl IntoIterator<Item = IpNet>, error: EnforceError) {
        let reason = error.to_string();
        self.refusals.extend(nets.into_iter().map(|net| Refusal { net, reason: reason.clone() }));
        self.errors.push(error);
    }
}

/// A block that was not carried out, because it would cut off what must stay reachable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub net: IpNet,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceGuard {
    pub name: String,
    /// The kernel's number.
    pub index: u32,
    /// `native`, `tcx`, `generic`, `nftables` or `none`.
    pub mode: &'static str,
    /// Why it is not the best mode; empty where it is.
    pub note: String,
    /// Since when it is in this mode.
    pub since: SystemTime,
    /// Tries that failed.
    pub failures: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum EnforceError {
    #[error("{place}: {what}; {next_step}")]
    Failed { place: String, what: String, next_step: String },
    #[error("{interface} cannot be guarded: {why}")]
    Refused { interface: String, why: String },
    #[error(transparent)]
    Interfaces(#[from] SelectionError),
}

impl EnforceError {
    fn lack(place: impl Into<String>, lack: Lack) -> Self {
        Self::Failed { place: place.into(), what: lack.what, next_step: lack.next_step }
    }
}

/// The form in which a prefix is kept: no host bits, and IPv4 wherever it is IPv4, since that is what packets carry.
pub(crate) fn canonical(net: IpNet) -> IpNet {
    const MAPPED_PREFIX: u8 = 96;
    if let IpNet::V6(v6) = net
        && v6.prefix_len() >= MAPPED_PREFIX
        && let Some(v4) = v6.addr().to_ipv4_mapped()
        && let Ok(v4) = ipnet::Ipv4Net::new(v4, v6.prefix_len() - MAPPED_PREFIX)
    {
        return IpNet::V4(v4.trunc());
    }
    net.trunc()
}
