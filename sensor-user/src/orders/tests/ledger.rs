use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use ipnet::IpNet;

use super::super::*;
use crate::enforce::{AllowedAs, Refusal};

/// Stands where the kernel would: keeps what it was told.
#[derive(Clone, Default)]
pub(super) struct Ledger(Arc<Mutex<Written>>);

#[derive(Default)]
struct Written {
    blocks: BTreeMap<String, Option<Duration>>,
    allowed: Vec<String>,
    mode: GateMode,
    /// What was done, in its order.
    log: Vec<&'static str>,
}

impl Ledger {
    pub(super) fn start_in(&self, mode: GateMode) {
        self.written().mode = mode;
    }

    pub(super) fn nets(&self) -> Vec<String> {
        self.written().blocks.keys().cloned().collect()
    }

    pub(super) fn remaining(&self, cidr: &str) -> Option<Duration> {
        self.written().blocks[cidr]
    }

    pub(super) fn allowed(&self) -> Vec<String> {
        self.written().allowed.clone()
    }

    pub(super) fn log(&self) -> Vec<&'static str> {
        self.written().log.clone()
    }

    fn written(&self) -> MutexGuard<'_, Written> {
        self.0.lock().unwrap()
    }
}

impl Enforcer for Ledger {
    fn replace(&mut self, blocks: &[Block]) -> Result<Vec<Refusal>, EnforceError> {
        self.written().blocks = blocks.iter().map(|b| (b.net.to_string(), b.remaining)).collect();
        Ok(Vec::new())
    }

    fn block(&mut self, block: &Block) -> Result<Option<Refusal>, EnforceError> {
        if block.net.addr().is_loopback() {
            return Ok(Some(Refusal { net: block.net, reason: "loopback".into() }));
        }
        let mut written = self.written();
        written.blocks.insert(block.net.to_string(), block.remaining);
        written.log.push("block");
        Ok(None)
    }

    fn unblock(&mut self, net: IpNet) -> Result<(), EnforceError> {
        self.written().blocks.remove(&net.to_string());
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

    fn hits(&mut self) -> Result<Vec<BlockHits>, EnforceError> {
        Ok(Vec::new())
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
