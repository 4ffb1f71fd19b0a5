mod orders;
mod policies;
mod tell;

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Instant, SystemTime},
};

use ipnet::IpNet;
use portcullis_proto::v1;
use tokio::sync::watch;

use super::{BlockedActors, KeptError, Limits, OrderedBlocks, automatic::Automatic, breaker::Breaker};
use crate::enforce::{
    Block, Enforcer, GateMode, canonical,
    cut::{Cuts, FlowCutter},
};

pub(crate) use self::policies::Wish;

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
    is_indexed: AtomicBool,
    /// Held while the file is written, so that an older list never replaces a newer one.
    file: Mutex<PathBuf>,
    /// Counts up with every automatic block.
    made: watch::Sender<u64>,
    may_policies_block: AtomicBool,
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
            is_indexed: AtomicBool::new(is_indexed),
            file: Mutex::new(file),
            made: watch::Sender::new(0),
            may_policies_block: AtomicBool::new(may_policies_block),
            limits,
        }));
        blocks.0.actors.allow_always(allow.into_iter().map(canonical).collect());
        blocks.follow_gate_mode();
        blocks.enforce_kept();
        Ok(blocks)
    }

    /// Whether some policy asks for blocks now. True where nobody looked into `actors` before: what is in force has to be
    /// carried out once more, which fills it.
    pub(crate) fn let_policies_block(&self, may: bool) -> bool {
        self.0.may_policies_block.store(may, Ordering::Relaxed);
        may && !self.0.is_indexed.swap(true, Ordering::Relaxed)
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

    pub(in crate::blocking) fn with_enforcer<T>(
        &self,
        ask: impl FnOnce(&mut Box<dyn Enforcer>) -> T,
    ) -> Option<T> {
        self.state().enforcer.as_mut().map(ask)
    }

    fn index(&self, change: impl FnOnce(&BlockedActors)) {
        if self.0.is_indexed.load(Ordering::Relaxed) {
            change(&self.0.actors);
        }
    }

    fn off(&self, state: &State) -> Option<&'static str> {
        if state.enforcer.is_none() {
            Some("this sensor runs with --enforce off")
        } else if self.0.limits.per_minute == 0 {
            Some("--auto-block-per-minute is 0")
        } else if !self.0.may_policies_block.load(Ordering::Relaxed) {
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

#[cfg(test)]
mod tests;
