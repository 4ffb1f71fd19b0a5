use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use super::message::Refusals;
use crate::{
    counters::Counters,
    enforce::{
        AllowedAs, Block, BlockHits, Count, Counted, EnforceError, Enforcer, GateMode, InterfaceGuard,
        Surroundings,
    },
    interfaces::Interface,
};

const OFF: &str = "this sensor runs with --enforce off";

/// What carries orders out, where there is something that can.
pub(super) struct Hands {
    enforcer: Option<Box<dyn Enforcer>>,
    surroundings: Surroundings,
    errors: u64,
}

impl Hands {
    pub(super) fn new(enforcer: Option<Box<dyn Enforcer>>) -> Self {
        Self { enforcer, surroundings: Surroundings::default(), errors: 0 }
    }

    /// Whether there is new to let pass.
    pub(super) fn surround(&mut self, surroundings: Surroundings) -> bool {
        let is_new = self.surroundings.allowed != surroundings.allowed;
        self.surroundings = surroundings;
        is_new
    }

    /// Why a block would cut the node off from those next to it.
    pub(super) fn refuse(&self, net: IpNet) -> Option<String> {
        let own = self.surroundings.networks.iter().find(|own| net.contains(*own))?;
        Some(format!(
            "{net} covers a whole network that this node is in ({own}): block the addresses in it that attack, or say \
             force, which leaves it the allow list"
        ))
    }

    /// Lets these pass, with those around the node.
    pub(super) fn allow(&mut self, ordered: &BTreeSet<IpNet>) {
        let mut all: BTreeMap<_, _> = ordered.iter().map(|net| (*net, AllowedAs::Ordered)).collect();
        all.extend(self.surroundings.allowed.iter().map(|(net, why)| (*net, *why)));
        self.with(|enforcer| enforcer.allow(&all));
    }

    pub(super) fn set_mode(&mut self, mode: GateMode) {
        self.with(|enforcer| enforcer.set_mode(mode));
    }

    pub(super) fn change(&mut self, blocks: &[Block], unblocked: &[IpNet], refusals: &mut Refusals) {
        let Some(enforcer) = &mut self.enforcer else {
            blocks.iter().for_each(|block| refusals.push(block.net, OFF));
            return;
        };
        let changed = enforcer.change(blocks, unblocked);
        refusals.extend(changed.refusals);
        changed.errors.iter().for_each(|error| self.note(error));
    }

    /// Makes the kernel's list this one.
    pub(super) fn replace(&mut self, blocks: &[Block], refusals: &mut Refusals) {
        let Some(enforcer) = &mut self.enforcer else {
            blocks.iter().for_each(|block| refusals.push(block.net, OFF));
            return;
        };
        match enforcer.replace(blocks) {
            Ok(refused) => refusals.extend(refused),
            Err(error) => {
                self.note(&error);
                blocks.iter().for_each(|block| refusals.push(block.net, error.to_string()));
            }
        }
    }

    pub(super) fn count_hits(&mut self) -> Option<Count> {
        self.enforcer.as_mut().map(|enforcer| enforcer.count_hits())
    }

    pub(super) fn name_hits(&mut self, counted: Result<Counted, EnforceError>) -> Vec<BlockHits> {
        self.with(|enforcer| enforcer.name_hits(counted?)).unwrap_or_default()
    }

    pub(super) fn follow(&mut self, interfaces: &[Interface]) {
        self.with(|enforcer| enforcer.follow(interfaces));
    }

    pub(super) fn sweep(&mut self) {
        self.with(|enforcer| enforcer.sweep());
    }

    pub(super) fn interfaces(&self) -> Vec<InterfaceGuard> {
        self.enforcer.as_ref().map_or_else(Vec::new, |enforcer| enforcer.interfaces())
    }

    pub(super) fn gate_mode(&self) -> Option<GateMode> {
        self.enforcer.as_ref().map(|enforcer| enforcer.gate_mode())
    }

    pub(super) fn mode(&self) -> String {
        let Some(enforcer) = &self.enforcer else { return "off".to_owned() };
        match enforcer.gate_mode() {
            GateMode::Enforce => enforcer.mode().to_owned(),
            GateMode::Monitor => format!("{} (monitor)", enforcer.mode()),
        }
    }

    pub(super) fn counters(&mut self) -> Counters {
        let mut counters =
            self.enforcer.as_mut().map_or_else(Counters::default, |enforcer| enforcer.counters());
        let interfaces = self.interfaces();
        let unguarded = interfaces.iter().filter(|guard| guard.mode == "none").count();
        counters.add("gate_interfaces", (interfaces.len() - unguarded) as u64);
        counters.add("gate_interfaces_unguarded", unguarded as u64);
        counters.add("enforce_errors_total", self.errors);
        counters
    }

    pub(super) fn detach(&mut self) -> Result<(), EnforceError> {
        self.enforcer.take().map_or(Ok(()), Enforcer::detach)
    }

    fn with<T>(&mut self, work: impl FnOnce(&mut dyn Enforcer) -> Result<T, EnforceError>) -> Option<T> {
        let done = work(self.enforcer.as_deref_mut()?);
        done.inspect_err(|error| self.note(error)).ok()
    }

    fn note(&mut self, error: &EnforceError) {
        self.errors += 1;
        tracing::error!(%error, "enforcement failed");
    }
}
