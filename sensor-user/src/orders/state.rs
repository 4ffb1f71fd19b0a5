use std::{collections::BTreeSet, sync::Arc};

use arc_swap::ArcSwap;
use ipnet::IpNet;
use portcullis_detection::Suppressions;
use portcullis_proto::v1::{self, change::Change};

use super::{
    ends::{End, Ends},
    judging::Judging,
    message::{gate_mode, parse_net, suppression, timestamp},
};
use crate::enforce::GateMode;

/// What is ordered, whoever carries it out: the same steps lead here from the wire and from the disk.
#[derive(Default)]
pub(super) struct State {
    pub(super) revision: u64,
    pub(super) blocks: Ends,
    /// People's own allow list.
    pub(super) allowed: BTreeSet<IpNet>,
    /// `None`: nobody has said.
    pub(super) gate_mode: Option<GateMode>,
    /// What the shards look at before an event goes out.
    pub(super) suppressions: Arc<ArcSwap<Suppressions>>,
    /// Another one whenever it changes.
    pub(super) judging: Arc<Judging>,
}

impl State {
    /// Takes the changes over, in their order. `at_ms` is when they came: times left count from there. What cannot be
    /// read is left out.
    pub(super) fn take(&mut self, changes: &[v1::Change], at_ms: u64) {
        let mut suppressing = Vec::new();
        for change in changes.iter().filter_map(|one| one.change.as_ref()) {
            match change {
                Change::Block(block) => {
                    if let Some(net) = parse_net(&block.cidr) {
                        self.blocks.insert(net, End::after(at_ms, block.remaining_ms));
                    }
                }
                Change::Unblock(unblock) => {
                    if let Some(net) = parse_net(&unblock.cidr) {
                        self.blocks.remove(net);
                    }
                }
                Change::Allow(allow) => self.allowed.extend(parse_net(&allow.cidr)),
                Change::Disallow(disallow) => {
                    if let Some(net) = parse_net(&disallow.cidr) {
                        self.allowed.remove(&net);
                    }
                }
                Change::GateMode(mode) => self.gate_mode = gate_mode(*mode).or(self.gate_mode),
                Change::Suppress(_) | Change::LiftSuppression(_) => suppressing.push(change),
                Change::SavePolicy(_) | Change::RestorePolicy(_) | Change::ThreatConfiguration(_) => {
                    Arc::make_mut(&mut self.judging).take(change);
                }
                // Kept apart (see `capture::rules`), or not at all.
                Change::CaptureRules(_) | Change::ArmAutomaticBlocking(_) => {}
            }
        }
        if !suppressing.is_empty() {
            self.suppress(at_ms, |suppressions| {
                suppressing.iter().for_each(|change| suppress(suppressions, change, at_ms));
            });
        }
    }

    /// Becomes `other`, keeping the suppressions' counts of hits.
    pub(super) fn replace(&mut self, other: Self, at_ms: u64) {
        let Self { revision, blocks, allowed, gate_mode, suppressions, judging } = other;
        if self.judging != judging {
            self.judging = judging;
        }
        (self.revision, self.blocks, self.allowed, self.gate_mode) = (revision, blocks, allowed, gate_mode);
        let wanted = suppressions.load();
        self.suppress(at_ms, |suppressions| {
            let known: Vec<_> = suppressions.iter().map(|(known, _)| known.id.clone()).collect();
            let kept: BTreeSet<_> = wanted.iter().map(|(kept, _)| kept.id.as_str()).collect();
            for id in known.iter().filter(|id| !kept.contains(id.as_str())) {
                suppressions.remove(id);
            }
            wanted.iter().for_each(|(added, _)| suppressions.insert(added.clone()));
        });
    }

    fn suppress(&self, at_ms: u64, change: impl FnOnce(&mut Suppressions)) {
        let mut suppressions = Suppressions::clone(&self.suppressions.load());
        suppressions.expire(timestamp(at_ms));
        change(&mut suppressions);
        self.suppressions.store(Arc::new(suppressions));
    }
}

fn suppress(suppressions: &mut Suppressions, change: &Change, at_ms: u64) {
    match change {
        Change::Suppress(added) => suppressions.insert(suppression(added, at_ms)),
        Change::LiftSuppression(lifted) => drop(suppressions.remove(&lifted.id)),
        _ => {}
    }
}
