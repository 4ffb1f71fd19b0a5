//! Stands where the kernel would, for tests of those who give orders.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use ipnet::IpNet;

use super::{
    AllowedAs, Block, BlockHits, Count, Counted, EnforceError, Enforcer, GateMode, InterfaceGuard, Refusal,
};
use crate::{counters::Counters, interfaces::Interface};

/// Keeps what it was told; a handle, clones mean the same.
#[derive(Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<Written>>);

#[derive(Default)]
struct Written {
    blocks: BTreeMap<IpNet, Option<Duration>>,
    refused: Option<(IpNet, &'static str)>,
    allowed: Vec<String>,
    mode: GateMode,
    /// What was done, in its order.
    log: Vec<&'static str>,
    /// Held while somebody counts.
    counting: Arc<Mutex<()>>,
}

impl Ledger {
    /// One that would never drop anybody in there.
    pub(crate) fn refusing(net: &str, reason: &'static str) -> Self {
        let ledger = Self::default();
        ledger.written().refused = Some((net.parse().unwrap(), reason));
        ledger
    }

    pub(crate) fn start_in(&self, mode: GateMode) {
        self.written().mode = mode;
    }

    pub(crate) fn nets(&self) -> Vec<String> {
        let mut nets: Vec<String> = self.written().blocks.keys().map(IpNet::to_string).collect();
        nets.sort();
        nets
    }

    /// `None` is permanent.
    pub(crate) fn remaining(&self, cidr: &str) -> Option<Duration> {
        self.written().blocks[&cidr.parse().unwrap()]
    }

    pub(crate) fn allowed(&self) -> Vec<String> {
        self.written().allowed.clone()
    }

    pub(crate) fn log(&self) -> Vec<&'static str> {
        self.written().log.clone()
    }

    /// What counting waits for.
    pub(crate) fn counting(&self) -> Arc<Mutex<()>> {
        self.written().counting.clone()
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.0.lock().unwrap()
    }
}

impl Written {
    fn block(&mut self, block: &Block) -> Option<Refusal> {
        let net = block.net;
        if let Some((_, reason)) = self.refused.filter(|(refused, _)| refused.contains(&net)) {
            return Some(Refusal { net, reason: reason.to_owned() });
        }
        self.blocks.insert(net, block.remaining);
        None
    }
}

impl Enforcer for Ledger {
    fn replace(&mut self, blocks: &[Block]) -> Result<Vec<Refusal>, EnforceError> {
        let mut written = self.written();
        written.blocks.clear();
        Ok(blocks.iter().filter_map(|block| written.block(block)).collect())
    }

    fn block(&mut self, block: &Block) -> Result<Option<Refusal>, EnforceError> {
        let mut written = self.written();
        written.log.push("block");
        Ok(written.block(block))
    }

    fn unblock(&mut self, net: IpNet) -> Result<(), EnforceError> {
        self.written().blocks.remove(&net);
        Ok(())
    }

    fn allow(&mut self, allowed: &BTreeMap<IpNet, AllowedAs>) -> Result<(), EnforceError> {
        let mut written = self.written();
        written.allowed = allowed.iter().map(|(net, why)| format!("{net} {why:?}")).collect();
        written.log.push("allow");
        Ok(())
    }

    fn sweep(&mut self) -> Result<(), EnforceError> {
        Ok(())
    }

    fn set_mode(&mut self, mode: GateMode) -> Result<(), EnforceError> {
        self.written().mode = mode;
        Ok(())
    }

    fn gate_mode(&self) -> GateMode {
        self.written().mode
    }

    fn mode(&self) -> &'static str {
        "ledger"
    }

    fn count_hits(&mut self) -> Count {
        let counting = self.counting();
        Box::new(move || {
            let _counting = counting.lock().unwrap();
            Ok(Counted::default())
        })
    }

    fn name_hits(&mut self, counted: Counted) -> Result<Vec<BlockHits>, EnforceError> {
        Ok(counted.by_net)
    }

    fn counters(&mut self) -> Counters {
        Counters::default()
    }

    fn follow(&mut self, _: &[Interface]) -> Result<(), EnforceError> {
        Ok(())
    }

    fn interfaces(&self) -> Vec<InterfaceGuard> {
        Vec::new()
    }

    fn detach(self: Box<Self>) -> Result<(), EnforceError> {
        self.written().blocks.clear();
        Ok(())
    }
}
