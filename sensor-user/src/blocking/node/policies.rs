//! What policies block by themselves, within their limits.

use std::{
    net::IpAddr,
    sync::atomic::Ordering,
    time::{Duration, Instant, SystemTime},
};

use ipnet::IpNet;
use portcullis_proto::v1::{BlockDecision, BlockOutcome};

use super::NodeBlocks;
use crate::{
    blocking::{DEFAULT_TTL, automatic::Entry, breaker::Trip},
    enforce::Block,
};

/// What a policy asks for.
pub(crate) struct Wish {
    pub(crate) actor: IpAddr,
    pub(crate) event_id: String,
    pub(crate) policy_id: String,
    pub(crate) ttl: Option<Duration>,
}

impl NodeBlocks {
    /// Policies may block again: somebody has looked, `age` ago.
    pub fn arm(&self, age: Duration) {
        if self.breaker().arm(Instant::now(), age) {
            tracing::warn!("automatic blocks are made again: somebody said so");
        }
    }

    /// An actor did something, good or bad.
    pub(in crate::blocking) fn see(&self, actor: IpAddr) {
        if self.0.may_policies_block.load(Ordering::Relaxed) {
            self.breaker().see(Instant::now(), actor);
        }
    }

    /// Blocks the actor now, unless something speaks against it.
    pub(crate) fn block(&self, wish: Wish) -> BlockOutcome {
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
                    "too many automatic blocks: none are made until this has calmed down; look whether a policy is wrong, lift its blocks with `portctl block`, and arm it with `portctl gate arm`"
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
}

fn outcome(decision: BlockDecision, reason: &str) -> BlockOutcome {
    BlockOutcome { decision: decision.into(), reason: reason.to_owned() }
}
