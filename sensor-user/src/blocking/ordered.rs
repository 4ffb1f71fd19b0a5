use std::collections::BTreeMap;

use ipnet::IpNet;

use super::node::NodeBlocks;
use crate::{
    counters::Counters,
    enforce::{
        AllowedAs, Block, BlockHits, Changed, Count, Counted, EnforceError, Enforcer, GateMode,
        InterfaceGuard, Refusal,
    },
    interfaces::Interface,
};

/// The orders' side of [`NodeBlocks`]: an enforcer like any other, that knows of the automatic blocks beside them.
pub struct OrderedBlocks(pub(super) NodeBlocks);

impl Enforcer for OrderedBlocks {
    fn replace(&mut self, blocks: &[Block]) -> Result<Vec<Refusal>, EnforceError> {
        self.0.replace(blocks)
    }

    fn block(&mut self, block: &Block) -> Result<Option<Refusal>, EnforceError> {
        self.0.order(block)
    }

    fn unblock(&mut self, net: IpNet) -> Result<(), EnforceError> {
        self.0.lift(net)
    }

    fn change(&mut self, blocks: &[Block], unblocked: &[IpNet]) -> Changed {
        self.0.change(blocks, unblocked)
    }

    fn allow(&mut self, allowed: &BTreeMap<IpNet, AllowedAs>) -> Result<(), EnforceError> {
        self.0.allow(allowed)
    }

    fn sweep(&mut self) -> Result<(), EnforceError> {
        self.0.sweep()
    }

    fn set_mode(&mut self, mode: GateMode) -> Result<(), EnforceError> {
        self.0.set_mode(mode)
    }

    fn gate_mode(&self) -> GateMode {
        self.0.with_enforcer(|enforcer| enforcer.gate_mode()).unwrap_or_default()
    }

    fn mode(&self) -> &'static str {
        self.0.with_enforcer(|enforcer| enforcer.mode()).unwrap_or("off")
    }

    fn count_hits(&mut self) -> Count {
        let count = self.0.with_enforcer(|enforcer| enforcer.count_hits());
        count.unwrap_or_else(|| Box::new(|| Ok(Counted::default())))
    }

    fn name_hits(&mut self, counted: Counted) -> Result<Vec<BlockHits>, EnforceError> {
        self.0.with_enforcer(|enforcer| enforcer.name_hits(counted)).unwrap_or_else(|| Ok(Vec::new()))
    }

    fn counters(&mut self) -> Counters {
        self.0.with_enforcer(|enforcer| enforcer.counters()).unwrap_or_default()
    }

    fn follow(&mut self, interfaces: &[Interface]) -> Result<(), EnforceError> {
        self.0.follow(interfaces)
    }

    fn interfaces(&self) -> Vec<InterfaceGuard> {
        self.0.with_enforcer(|enforcer| enforcer.interfaces()).unwrap_or_default()
    }

    fn detach(self: Box<Self>) -> Result<(), EnforceError> {
        self.0.detach()
    }
}
