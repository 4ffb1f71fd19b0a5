use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use ipnet::IpNet;
use portcullis_proto::v1::{self, BlockDecision, BlockOutcome};
use tokio::sync::watch;

use super::{
    BlockedActors, DEFAULT_TTL, KeptError, Limits, OrderedBlocks,
    automatic::{Automatic, Entry},
    breaker::{Breaker, Trip},
};
use crate::{
    capture::ebpf::Hook,
    counters::Counters,
    enforce::{
        AllowedAs, Block, Changed, EnforceError, Enforcer, GateMode, Refusal, canonical,
        cut::{Cuts, FlowCutter},
    },
    interfaces::Interface,
};

/// Of interfaces where connections are not cut, or not by the better hook; a page shows no more.
const MAX_NOTES: usize = 8;

/// All blocks of this node. A handle: clones mean the same.
#[derive(Clone)]
pub struct NodeBlocks(Arc<Shared>);

/// What there is to block with, and how far policies may.
pub struct Options {
    /// `None`: nothing is blocked.
    pub enforcer: Option<Box<dyn Enforcer>>,
    /// `Err` says why no connection is cut.
    pub cutter: Result<FlowCutter, String>,
    pub limits: Limits,
    /// Who is never blocked.
    pub allow: Vec<IpNet>,
    /// Some policy asks for blocks.
    pub may_policies_block: bool,
    /// Where automatic blocks are kept.
    pub file: PathBuf,
}

struct Shared {
    state: Mutex<State>,
    /// Apart, because every exchange looks in: what the kernel is told may take its time.
    breaker: Mutex<Breaker>,
    actors: Arc<BlockedActors>,
    /// Somebody looks into `actors`; else it stays empty, since it takes room.
    is_indexed: bool,
    /// Held while the file is written, so that an older list never replaces a newer one.
    file: Mutex<PathBuf>,
    /// Counts up with every automatic block.
    made: watch::Sender<u64>,
    may_policies_block: bool,
    limits: Limits,
}

struct State {
    enforcer: Option<Box<dyn Enforcer>>,
    cutter: Result<FlowCutter, String>,
    automatic: Automatic,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    made: u64,
    repeated: u64,
    refused: u64,
    held_back: u64,
    failed: u64,
    reports_lost: u64,
}

/// What a policy asks for.
pub(super) struct Wish {
    pub(super) actor: IpAddr,
    pub(super) event_id: String,
    pub(super) policy_id: String,
    pub(super) ttl: Option<Duration>,
}

impl NodeBlocks {
    /// Takes up the automatic blocks that an earlier run kept, and puts them in force.
    pub fn open(options: Options) -> Result<Self, KeptError> {
        let Options { enforcer, cutter, limits, allow, may_policies_block, file } = options;
        let automatic = Automatic::read(&file)?;
        let is_indexed = cutter.is_ok() || may_policies_block;
        let state = State { enforcer, cutter, automatic, counts: Counts::default() };
        let blocks = Self(Arc::new(Shared {
            state: Mutex::new(state),
            breaker: Mutex::new(Breaker::new(limits, Instant::now())),
            actors: Arc::default(),
            is_indexed,
            file: Mutex::new(file),
            made: watch::Sender::new(0),
            may_policies_block,
            limits,
        }));
        blocks.index(|actors| actors.allow_always(allow.into_iter().map(canonical).collect()));
        blocks.follow_gate_mode();
        blocks.enforce_kept();
        Ok(blocks)
    }

    /// For the orders; `None` where nothing is blocked.
    pub fn ordered(&self) -> Option<Box<dyn Enforcer>> {
        let has_enforcer = self.state().enforcer.is_some();
        has_enforcer.then(|| Box::new(OrderedBlocks(self.clone())) as Box<dyn Enforcer>)
    }

    /// Who is blocked, for shards to look up.
    pub fn actors(&self) -> Arc<BlockedActors> {
        Arc::clone(&self.0.actors)
    }

    /// What shards cut with; `None` where no connection is cut.
    pub fn cuts(&self) -> Option<Arc<Cuts>> {
        self.state().cutter.as_ref().ok().map(FlowCutter::cuts)
    }

    /// Counts up with every automatic block.
    pub fn made(&self) -> watch::Receiver<u64> {
        self.0.made.subscribe()
    }

    /// What the control plane has not acknowledged yet.
    pub fn unacknowledged(&self) -> Vec<v1::AutomaticBlock> {
        self.state().automatic.unacknowledged(SystemTime::now())
    }

    /// The control plane has made it a block of the fleet, or would not.
    pub fn acknowledge(&self, ack: &v1::AutomaticBlockAck) {
        {
            let state = &mut *self.state();
            let Some(net) = state.automatic.by_event(&ack.event_id) else { return };
            if ack.refused.is_empty() {
                state.automatic.acknowledge(net);
            } else {
                tracing::warn!(cidr = %net, reason = ack.refused, "the control plane would not have this automatic block; it is lifted");
                state.counts.refused += 1;
                state.automatic.remove(net);
                self.index(|actors| actors.remove(net));
                let lifted = state.enforcer.as_mut().map_or(Ok(()), |enforcer| enforcer.unblock(net));
                if let Err(error) = lifted {
                    state.counts.failed += 1;
                    tracing::error!(%error, "an automatic block could not be lifted");
                }
            }
        }
        self.keep();
    }

    pub fn counters(&self) -> Counters {
        let (trips, is_tripped) = {
            let breaker = self.breaker();
            (breaker.trips(), breaker.tripped().is_some())
        };
        let state = self.state();
        let counts = &state.counts;
        let mut counters = Counters::from_iter([
            ("automatic_blocks_total", counts.made),
            ("automatic_blocks_repeated_total", counts.repeated),
            ("automatic_block_refusals_total", counts.refused),
            ("automatic_blocks_held_back_total", counts.held_back),
            ("automatic_blocks_failed_total", counts.failed),
            ("automatic_block_reports_lost_total", counts.reports_lost),
            ("automatic_blocks_waiting", state.automatic.waiting() as u64),
            ("automatic_blocking_trips_total", trips),
            ("automatic_blocking_tripped", u64::from(is_tripped)),
        ]);
        match &state.cutter {
            Ok(cutter) => counters.merge(&cutter.counters()),
            Err(_) => counters.merge(&FlowCutter::no_counters()),
        }
        counters
    }

    pub fn automatic_blocking(&self) -> v1::AutomaticBlocking {
        let says = |mode: &str, reason: &str, tripped_ms| v1::AutomaticBlocking {
            mode: mode.to_owned(),
            reason: reason.to_owned(),
            tripped_ms,
        };
        if let Some(reason) = self.off(&self.state()) {
            return says("off", reason, 0);
        }
        match self.breaker().tripped() {
            None => says("armed", "", 0),
            Some(Trip { at, reason }) => {
                says("tripped", reason, u64::try_from(at.elapsed().as_millis()).unwrap_or(u64::MAX))
            }
        }
    }

    pub fn flow_cutting(&self) -> v1::FlowCutting {
        let state = self.state();
        let off = |note: &str| v1::FlowCutting { mode: "off".to_owned(), note: note.to_owned() };
        let cutter = match &state.cutter {
            Ok(cutter) => cutter,
            Err(why) => return off(why),
        };
        let (mut modes, mut notes) = (BTreeSet::new(), Vec::new());
        for at in cutter.interfaces() {
            match &at.hook {
                Ok(hook) => {
                    modes.insert(hook.mode);
                    notes.extend((!hook.note.is_empty()).then(|| format!("{}: {}", at.name, hook.note)));
                }
                Err(why) => notes.push(format!("not on {}: {why}", at.name)),
            }
        }
        notes.truncate(MAX_NOTES);
        let mode = if modes.is_empty() {
            "off".to_owned()
        } else {
            modes.into_iter().collect::<Vec<_>>().join(", ")
        };
        v1::FlowCutting { mode, note: notes.join("; ") }
    }

    /// An actor did something, good or bad.
    pub(super) fn see(&self, actor: IpAddr) {
        self.breaker().see(Instant::now(), actor);
    }

    /// Blocks the actor now, unless something speaks against it.
    pub(super) fn block(&self, wish: Wish) -> BlockOutcome {
        let net = IpNet::from(wish.actor);
        let outcome = self.try_block(net, wish);
        if outcome.decision() == BlockDecision::Blocked && outcome.reason.is_empty() {
            self.keep();
            self.0.made.send_modify(|made| *made = made.wrapping_add(1));
        }
        outcome
    }

    fn try_block(&self, net: IpNet, wish: Wish) -> BlockOutcome {
        let (now, state) = (Instant::now(), &mut *self.state());
        if let Some(reason) = self.off(state) {
            state.counts.refused += 1;
            return outcome(BlockDecision::Refused, reason);
        }
        if state.automatic.contains(net) || self.0.actors.covers(wish.actor) {
            state.counts.repeated += 1;
            return outcome(BlockDecision::Blocked, "was blocked already");
        }
        let (was_tripped, admitted) = {
            let mut breaker = self.breaker();
            (breaker.tripped().is_some(), breaker.admits(now, wish.actor))
        };
        if let Err(Trip { reason, .. }) = admitted {
            state.counts.held_back += 1;
            if !was_tripped {
                tracing::error!(
                    reason,
                    policy = wish.policy_id,
                    "too many automatic blocks: none are made until this has calmed down; look whether a policy is wrong, and lift its blocks with `portctl block`"
                );
            }
            return outcome(BlockDecision::HeldBack, &reason);
        }
        let ttl = wish.ttl.unwrap_or(DEFAULT_TTL);
        let Some(enforcer) = &mut state.enforcer else {
            return outcome(BlockDecision::Refused, "this sensor runs with --enforce off");
        };
        match enforcer.block(&Block { net, remaining: Some(ttl) }) {
            Ok(None) => {}
            Ok(Some(refusal)) => {
                state.counts.refused += 1;
                return outcome(BlockDecision::Refused, &refusal.reason);
            }
            Err(error) => {
                state.counts.failed += 1;
                tracing::error!(%error, "an automatic block failed");
                return outcome(BlockDecision::Failed, &error.to_string());
            }
        }
        self.index(|actors| actors.insert(net, Some(ttl)));
        self.breaker().count(now);
        state.counts.made += 1;
        tracing::info!(cidr = %net, policy = wish.policy_id, event = wish.event_id, "blocked automatically");
        let entry = Entry::new(net, wish.event_id, wish.policy_id, SystemTime::now(), ttl);
        state.counts.reports_lost += u64::from(state.automatic.insert(entry).is_some());
        outcome(BlockDecision::Blocked, "")
    }

    pub(super) fn replace(&self, ordered: &[Block]) -> Result<Vec<Refusal>, EnforceError> {
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

    pub(super) fn order(&self, block: &Block) -> Result<Option<Refusal>, EnforceError> {
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

    pub(super) fn change(&self, blocks: &[Block], unblocked: &[IpNet]) -> Changed {
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

    pub(super) fn allow(&self, allowed: &BTreeMap<IpNet, AllowedAs>) -> Result<(), EnforceError> {
        self.index(|actors| actors.allow_by_order(allowed.keys().copied().map(canonical).collect()));
        self.with_enforcer(|enforcer| enforcer.allow(allowed)).unwrap_or(Ok(()))
    }

    /// Whoever lifts a block means the automatic one, too.
    pub(super) fn lift(&self, net: IpNet) -> Result<(), EnforceError> {
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

    pub(super) fn sweep(&self) -> Result<(), EnforceError> {
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

    pub(super) fn set_mode(&self, mode: GateMode) -> Result<(), EnforceError> {
        self.with_enforcer(|enforcer| enforcer.set_mode(mode)).unwrap_or(Ok(()))?;
        self.follow_gate_mode();
        Ok(())
    }

    pub(super) fn follow(&self, interfaces: &[Interface]) -> Result<(), EnforceError> {
        let state = &mut *self.state();
        if let Ok(cutter) = &mut state.cutter {
            cutter.follow(interfaces, Hook::Best);
        }
        state.enforcer.as_mut().map_or(Ok(()), |enforcer| enforcer.follow(interfaces))
    }

    pub(super) fn detach(&self) -> Result<(), EnforceError> {
        let enforcer = {
            let state = &mut *self.state();
            state.cutter = Err("taken off".to_owned());
            state.enforcer.take()
        };
        enforcer.map_or(Ok(()), Enforcer::detach)
    }

    pub(super) fn with_enforcer<T>(&self, ask: impl FnOnce(&mut Box<dyn Enforcer>) -> T) -> Option<T> {
        self.state().enforcer.as_mut().map(ask)
    }

    fn index(&self, change: impl FnOnce(&BlockedActors)) {
        if self.0.is_indexed {
            change(&self.0.actors);
        }
    }

    fn off(&self, state: &State) -> Option<&'static str> {
        if state.enforcer.is_none() {
            Some("this sensor runs with --enforce off")
        } else if self.0.limits.per_minute == 0 {
            Some("--auto-block-per-minute is 0")
        } else if !self.0.may_policies_block {
            Some("no policy has `mode: block`")
        } else {
            None
        }
    }

    fn follow_gate_mode(&self) {
        let state = self.state();
        let mode = state.enforcer.as_ref().map(|enforcer| enforcer.gate_mode()).unwrap_or_default();
        if let Ok(cutter) = &state.cutter {
            cutter.cuts().set_monitoring(mode == GateMode::Monitor);
        }
    }

    fn enforce_kept(&self) {
        let state = &mut *self.state();
        let Some(enforcer) = &mut state.enforcer else { return };
        for (net, left) in state.automatic.in_force(SystemTime::now()) {
            match enforcer.block(&Block { net, remaining: Some(left) }) {
                Ok(None) => self.index(|actors| actors.insert(net, Some(left))),
                Ok(Some(refusal)) => {
                    tracing::warn!(cidr = %net, reason = refusal.reason, "a kept automatic block is not in force");
                }
                Err(error) => {
                    state.counts.failed += 1;
                    tracing::error!(%error, cidr = %net, "a kept automatic block is not in force");
                }
            }
        }
    }

    fn keep(&self) {
        let file = self.0.file.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = self.state().automatic.clone();
        if let Err(error) = kept.write(&file) {
            tracing::error!(%error, "automatic blocks are in force, but not kept for the next start; check that the state folder can be written");
        }
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.0.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn outcome(decision: BlockDecision, reason: &str) -> BlockOutcome {
    BlockOutcome { decision: decision.into(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests;
