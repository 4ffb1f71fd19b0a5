//! What the control plane ordered: blocks, the allow list, the gate's mode and suppressions at a revision, carried out
//! here and kept on disk.
//!
//! The copy on disk is what holds when the control plane is away at our start, after a reboot emptied the kernel too.

mod chores;
mod ends;
mod hands;
mod judging;
mod kept;
mod message;
mod pieces;
mod state;
#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, path::PathBuf, sync::Arc};

use arc_swap::ArcSwap;
use portcullis_detection::Suppressions;
use portcullis_proto::v1::{self, change::Change};

use self::{
    ends::now_ms,
    hands::Hands,
    kept::Kept,
    message::{Refusals, parse_net},
    pieces::Pieces,
    state::State,
};
use crate::{
    counters::Counters,
    enforce::{
        Block, BlockHits, Count, Counted, EnforceError, Enforcer, GateMode, InterfaceGuard, Surroundings,
    },
    interfaces::Interface,
};

pub use self::{chores::Chores, judging::Judging, kept::KeptError};

pub struct Orders {
    state: State,
    hands: Hands,
    kept: Kept,
    /// A snapshot that has not come whole yet.
    pieces: Option<Pieces>,
    keep_errors: u64,
}

/// Something is missing before this: the stream has to begin anew with what we have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutOfOrder {
    #[error("revision {got} came where {expected} was due")]
    Revision { expected: u64, got: u64 },
    #[error("piece {got} of a snapshot came where {expected} was due")]
    Piece { expected: u32, got: u32 },
}

impl Orders {
    /// Takes up what a former run kept in files that begin with `path`, and puts it in force. No enforcer: every block
    /// is refused.
    pub fn open(path: PathBuf, enforcer: Option<Box<dyn Enforcer>>) -> Result<Self, KeptError> {
        let (kept, state) = Kept::open(&path)?;
        let mut orders = Self { state, hands: Hands::new(enforcer), kept, pieces: None, keep_errors: 0 };
        // Without a revision nothing is known: blocks that an earlier run left in the kernel stay until it is.
        if orders.state.revision > 0 {
            orders.carry_out_all(Refusals::default());
        }
        Ok(orders)
    }

    pub fn revision(&self) -> u64 {
        self.state.revision
    }

    /// The revision counts of another control plane mean nothing: the next stream asks for everything.
    pub fn forget_revision(&mut self) {
        self.state.revision = 0;
        self.leap();
    }

    /// What the shards look at before an event goes out.
    pub fn suppressions(&self) -> Arc<ArcSwap<Suppressions>> {
        Arc::clone(&self.state.suppressions)
    }

    /// Of those that held any event back since the start, the most; a bounded number.
    pub fn suppression_hits(&self) -> Vec<v1::SuppressionHits> {
        const MAX_TOLD: usize = 2_000;
        let suppressions = self.state.suppressions.load();
        let hit = suppressions.iter().filter(|(_, events)| *events > 0);
        let mut hits: Vec<_> =
            hit.map(|(one, events)| v1::SuppressionHits { id: one.id.clone(), events }).collect();
        hits.sort_unstable_by_key(|hit| std::cmp::Reverse(hit.events));
        hits.truncate(MAX_TOLD);
        hits
    }

    /// Saved policies and the threat configuration. Another `Arc` whenever they change.
    pub fn judging(&self) -> Arc<Judging> {
        Arc::clone(&self.state.judging)
    }

    /// Puts all that is ordered in force once more.
    pub fn carry_out_again(&mut self) {
        self.carry_out_all(Refusals::default());
    }

    /// Replaces everything, once all pieces are there; `None` where more are to come.
    pub fn snapshot(&mut self, snapshot: v1::Snapshot) -> Result<Option<v1::Applied>, OutOfOrder> {
        let at_ms = now_ms();
        let mut refusals = Refusals::default();
        let piece = snapshot.piece.unwrap_or(v1::Piece { index: 0, last: true });
        if piece.index == 0 {
            self.pieces = Some(Pieces::begin(snapshot.revision));
        }
        let mut pieces = self.pieces.take().ok_or(OutOfOrder::Piece { expected: 0, got: piece.index })?;
        pieces.take(snapshot, piece, at_ms, |block, net| match self.hands.refuse(net) {
            Some(reason) if !block.forced => Err(reason),
            _ => Ok(()),
        })?;
        if !piece.last {
            self.pieces = Some(pieces);
            return Ok(None);
        }
        self.state.replace(pieces.finish(&self.state, &mut refusals), at_ms);
        let applied = self.carry_out_all(refusals);
        self.leap();
        Ok(Some(applied))
    }

    /// One step onward.
    pub fn revise(&mut self, revision: v1::Revision) -> Result<v1::Applied, OutOfOrder> {
        let expected = self.state.revision + 1;
        if revision.number != expected {
            return Err(OutOfOrder::Revision { expected, got: revision.number });
        }
        let at_ms = now_ms();
        let mut refusals = Refusals::default();
        let mut changes = revision.changes;
        changes.retain_mut(|one| one.change.as_mut().is_some_and(|one| self.admit(one, &mut refusals)));
        self.state.take(&changes, at_ms);
        self.state.revision = revision.number;
        self.carry_out(&changes, at_ms, &mut refusals);
        if let Err(error) = self.kept.append(revision.number, at_ms, changes) {
            self.note_not_kept(&error);
        }
        Ok(self.applied(refusals))
    }

    /// Who and what is around the node now: let pass, and not to be covered.
    pub fn surround(&mut self, surroundings: Surroundings) {
        if self.hands.surround(surroundings) {
            self.let_pass();
        }
    }

    /// Whom people allow, and proxies: others come through them.
    fn let_pass(&mut self) {
        let mut allowed = self.state.allowed.clone();
        allowed.extend(self.state.judging.configured().iter().flat_map(|configured| configured.proxies()));
        self.hands.allow(&allowed);
    }

    /// Reads what blocks met, which may take its time and needs the orders no more; `None` where nothing enforces.
    pub fn count_hits(&mut self) -> Option<Count> {
        self.hands.count_hits()
    }

    /// Packets and bytes dropped, by block, of what was read.
    pub fn name_hits(&mut self, counted: Result<Counted, EnforceError>) -> Vec<BlockHits> {
        self.hands.name_hits(counted)
    }

    /// Guards these interfaces from here on.
    pub fn follow(&mut self, interfaces: &[Interface]) {
        self.hands.follow(interfaces);
    }

    pub fn interfaces(&self) -> Vec<InterfaceGuard> {
        self.hands.interfaces()
    }

    pub fn counters(&mut self) -> Counters {
        let mut counters = self.hands.counters();
        self.state.blocks.expire(now_ms());
        counters.add("blocks_in_force", self.state.blocks.len() as u64);
        counters.add("allow_list_entries", self.state.allowed.len() as u64);
        counters.add("orders_keep_errors_total", self.keep_errors);
        let suppressed = self.state.suppressions.load().iter().map(|(_, hits)| hits).sum();
        counters.add("events_suppressed_total", suppressed);
        counters
    }

    /// `xdp`, `nftables` or `off`; `xdp (monitor)` where nothing is dropped but counted.
    pub fn enforcement(&self) -> String {
        self.hands.mode()
    }

    /// `None` where nothing enforces.
    pub fn gate_mode(&self) -> Option<GateMode> {
        self.hands.gate_mode()
    }

    /// To be called about once a second, and [`Self::chores`] after it.
    pub fn sweep(&mut self) {
        self.hands.sweep();
        self.state.blocks.expire(now_ms());
    }

    /// Takes everything out of the kernel. The orders stay on disk: the next start puts them in force again.
    pub fn detach(&mut self) -> Result<(), EnforceError> {
        self.hands.detach()
    }

    /// Whether a change is one to take over. What only people read is left behind: it would be kept a million times.
    fn admit(&self, change: &mut Change, refusals: &mut Refusals) -> bool {
        match change {
            Change::Block(block) => {
                block.reason.clear();
                block.author.clear();
                let Some(net) = parse_net(&block.cidr) else {
                    refusals.unreadable(&block.cidr);
                    return false;
                };
                let refused = self.hands.refuse(net).filter(|_| !block.forced);
                refused.inspect(|reason| refusals.push(net, reason)).is_none()
            }
            Change::Allow(allow) => {
                allow.reason.clear();
                allow.author.clear();
                true
            }
            // Done once, by whoever took the message: nothing to keep.
            Change::ArmAutomaticBlocking(_) => false,
            Change::SavePolicy(_) | Change::ThreatConfiguration(_) => {
                let refusal = judging::refuse(change);
                let is_taken = refusal.is_none();
                refusal.into_iter().for_each(|refusal| refusals.push_whole(refusal));
                is_taken
            }
            _ => true,
        }
    }

    /// Does in the kernel what these changes have left behind in the state.
    fn carry_out(&mut self, changes: &[v1::Change], at_ms: u64, refusals: &mut Refusals) {
        let mut touched = BTreeSet::new();
        let (mut allows, mut mode) = (false, None);
        for change in changes.iter().filter_map(|one| one.change.as_ref()) {
            match change {
                Change::Block(v1::Block { cidr, .. }) | Change::Unblock(v1::Unblock { cidr }) => {
                    match parse_net(cidr) {
                        Some(net) => drop(touched.insert(net)),
                        None => refusals.unreadable(cidr),
                    }
                }
                Change::Allow(_) | Change::Disallow(_) | Change::ThreatConfiguration(_) => allows = true,
                Change::GateMode(_) => mode = self.state.gate_mode,
                Change::Suppress(_)
                | Change::LiftSuppression(_)
                | Change::CaptureRules(_)
                | Change::SavePolicy(_)
                | Change::RestorePolicy(_)
                | Change::ArmAutomaticBlocking(_) => {}
            }
        }
        // First whom to let pass: a block of the same revision must not hit them even for a moment.
        if allows {
            self.let_pass();
        }
        if let Some(mode) = mode {
            self.hands.set_mode(mode);
        }
        let (mut blocks, mut unblocked) = (Vec::new(), Vec::new());
        for net in touched {
            match self.state.blocks.get(net) {
                Some(end) => blocks.push(Block { net, remaining: end.remaining(at_ms) }),
                None => unblocked.push(net),
            }
        }
        if !blocks.is_empty() || !unblocked.is_empty() {
            self.hands.change(&blocks, &unblocked, refusals);
        }
    }

    /// Makes the kernel what the state is.
    fn carry_out_all(&mut self, mut refusals: Refusals) -> v1::Applied {
        let now = now_ms();
        self.state.blocks.expire(now);
        self.let_pass();
        if let Some(mode) = self.state.gate_mode {
            self.hands.set_mode(mode);
        }
        let blocks = self.state.blocks.iter().filter(|(_, end)| !end.is_over(now));
        let blocks: Vec<_> = blocks.map(|(net, end)| Block { net, remaining: end.remaining(now) }).collect();
        self.hands.replace(&blocks, &mut refusals);
        self.applied(refusals)
    }

    fn applied(&self, refusals: Refusals) -> v1::Applied {
        for refusal in refusals.told().iter().take(10) {
            let what = if refusal.what.is_empty() { &refusal.cidr } else { &refusal.what };
            tracing::warn!(what, reason = refusal.reason, "not carried out");
        }
        if refusals.count() > 10 {
            tracing::warn!(refusals = refusals.count(), "not carried out, the first of them named above");
        }
        refusals.into_applied(self.state.revision)
    }

    fn leap(&mut self) {
        if let Err(error) = self.kept.leap() {
            self.note_not_kept(&error);
        }
        // A million are left to the next sweep: whoever ordered them waits for our answer.
        const WRITTEN_AT_ONCE: usize = 10_000;
        if self.state.blocks.len() <= WRITTEN_AT_ONCE {
            self.tidy();
        }
    }

    fn note_not_kept(&mut self, error: &std::io::Error) {
        self.keep_errors += 1;
        tracing::error!(%error, "applied, but not kept for the next start; check that the state folder can be written");
    }
}

impl Drop for Orders {
    fn drop(&mut self) {
        self.tidy();
    }
}
