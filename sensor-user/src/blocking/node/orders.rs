//! What the orders want, with the automatic blocks beside them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Instant, SystemTime},
};

use ipnet::IpNet;

use super::NodeBlocks;
use crate::{
    blocking::BlockedActors,
    capture::ebpf::Hook,
    enforce::{AllowedAs, Block, Changed, EnforceError, Enforcer, GateMode, Refusal, canonical},
    interfaces::Interface,
};

impl NodeBlocks {
    pub(in crate::blocking) fn replace(&self, ordered: &[Block]) -> Result<Vec<Refusal>, EnforceError> {
        let (refusals, has_changed) = {
            let state = &mut *self.state();
            let has_changed = state.automatic.forget_acknowledged();
            let Some(enforcer) = &mut state.enforcer else { return Ok(Vec::new()) };
            let refusals = if state.automatic.is_empty() {
                enforcer.replace(ordered)?
            } else {
                let mut kept: BTreeMap<_, _> = state.automatic.in_force(SystemTime::now()).collect();
                for net in ordered.iter().map(|block| canonical(block.net)) {
                    if kept.remove(&net).is_some() {
                        state.automatic.hand_over(net);
                    }
                }
                let kept = kept.into_iter().map(|(net, left)| Block { net, remaining: Some(left) });
                enforcer.replace(&ordered.iter().cloned().chain(kept).collect::<Vec<_>>())?
            };
            let kept = state.automatic.in_force(SystemTime::now()).map(|(net, left)| (net, Some(left)));
            let ordered = ordered.iter().map(|block| (canonical(block.net), block.remaining));
            // The order's end counts where there are both.
            self.0.actors.replace(kept.chain(ordered));

            (refusals, has_changed)
        };
        if has_changed {
            self.keep();
        }
        Ok(refusals)
    }

    pub(in crate::blocking) fn order(&self, block: &Block) -> Result<Option<Refusal>, EnforceError> {
        let (refusal, has_changed) = {
            let state = &mut *self.state();
            let Some(enforcer) = &mut state.enforcer else { return Ok(None) };
            let refusal = enforcer.block(block)?;
            if refusal.is_none() {
                self.index(|actors| actors.insert(canonical(block.net), block.remaining));
            }
            (refusal, state.automatic.hand_over(canonical(block.net)))
        };
        if has_changed {
            self.keep();
        }
        Ok(refusal)
    }

    pub(in crate::blocking) fn change(&self, blocks: &[Block], unblocked: &[IpNet]) -> Changed {
        let (changed, mut has_changed) = {
            let state = &mut *self.state();
            let Some(enforcer) = &mut state.enforcer else { return Changed::default() };
            let changed = enforcer.change(blocks, unblocked);
            let refused: BTreeSet<IpNet> = changed.refusals.iter().map(|refusal| refusal.net).collect();
            let mut has_changed = false;
            for block in blocks {
                let net = canonical(block.net);
                if !refused.contains(&net) || self.0.actors.is_allowed_by_order(net) {
                    self.index(|actors| actors.insert(net, block.remaining));
                }
                has_changed |= state.automatic.hand_over(net);
            }
            (changed, has_changed)
        };
        for net in unblocked.iter().copied().map(canonical) {
            has_changed |= self.state().automatic.remove(net).is_some();
            self.index(|actors| actors.remove(net));
        }
        if has_changed {
            self.keep();
        }
        changed
    }

    pub(in crate::blocking) fn allow(
        &self,
        allowed: &BTreeMap<IpNet, AllowedAs>,
    ) -> Result<(), EnforceError> {
        self.index(|actors| actors.allow_by_order(allowed.keys().copied().map(canonical).collect()));
        self.with_enforcer(|enforcer| enforcer.allow(allowed)).unwrap_or(Ok(()))
    }

    /// Whoever lifts a block means the automatic one, too.
    pub(in crate::blocking) fn lift(&self, net: IpNet) -> Result<(), EnforceError> {
        let (lifted, has_changed) = {
            let state = &mut *self.state();
            let has_changed = state.automatic.remove(canonical(net)).is_some();
            self.index(|actors| actors.remove(canonical(net)));
            (state.enforcer.as_mut().map_or(Ok(()), |enforcer| enforcer.unblock(net)), has_changed)
        };
        if has_changed {
            self.keep();
        }
        lifted
    }

    pub(in crate::blocking) fn sweep(&self) -> Result<(), EnforceError> {
        let (swept, has_changed) = {
            let state = &mut *self.state();
            if self.breaker().tick(Instant::now()) {
                tracing::warn!(
                    "automatic blocks are made again: what policies ask for is down to half of the limits"
                );
            }
            let has_changed = state.automatic.expire(SystemTime::now());
            (state.enforcer.as_mut().map_or(Ok(()), |enforcer| enforcer.sweep()), has_changed)
        };
        self.index(BlockedActors::sweep);
        if has_changed {
            self.keep();
        }
        swept
    }

    pub(in crate::blocking) fn set_mode(&self, mode: GateMode) -> Result<(), EnforceError> {
        self.with_enforcer(|enforcer| enforcer.set_mode(mode)).unwrap_or(Ok(()))?;
        self.follow_gate_mode();
        Ok(())
    }

    pub(in crate::blocking) fn follow(&self, interfaces: &[Interface]) -> Result<(), EnforceError> {
        let state = &mut *self.state();
        if let Ok(cutter) = &mut state.cutter {
            cutter.follow(interfaces, Hook::Best);
        }
        state.enforcer.as_mut().map_or(Ok(()), |enforcer| enforcer.follow(interfaces))
    }

    pub(in crate::blocking) fn detach(&self) -> Result<(), EnforceError> {
        let enforcer = {
            let state = &mut *self.state();
            state.cutter = Err("taken off".to_owned());
            state.enforcer.take()
        };
        enforcer.map_or(Ok(()), Enforcer::detach)
    }
}
