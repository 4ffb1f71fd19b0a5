//! Dropping an actor's packets: the XDP gate, or nftables where eBPF cannot be used. One contract, the same tests.

use std::time::Duration;

use ipnet::IpNet;

use crate::counters::Counters;

/// What drops packets on this node.
pub trait Enforcer: Send {
    /// Makes the block list exactly this one. Entries that stay are not touched, so there is never a gap.
    fn replace(&mut self, blocks: &[Block]) -> Result<Vec<Refusal>, EnforceError>;

    fn block(&mut self, block: &Block) -> Result<Option<Refusal>, EnforceError>;

    fn unblock(&mut self, net: IpNet) -> Result<(), EnforceError>;

    /// Packets and bytes dropped, by entry.
    fn hits(&mut self) -> Result<Vec<BlockHits>, EnforceError>;

    fn counters(&mut self) -> Counters;

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

/// A block that was not carried out, because it would cut off what must stay reachable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub net: IpNet,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockHits {
    pub net: IpNet,
    pub packets: u64,
    pub bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceGuard {
    pub name: String,
    /// `native`, `generic`, `nftables` or `none`.
    pub mode: &'static str,
    /// Why it is not the best mode; empty where it is.
    pub note: String,
}

#[derive(Debug, thiserror::Error)]
pub enum EnforceError {
    #[error("{place}: {what}; {next_step}")]
    Failed { place: String, what: String, next_step: String },
}
