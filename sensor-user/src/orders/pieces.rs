use ipnet::IpNet;
use portcullis_proto::v1::{self, change::Change};

use super::{
    OutOfOrder, judging,
    message::{Refusals, parse_net},
    state::State,
};

/// A snapshot on its way, apart from what is in force until it is whole.
pub(super) struct Pieces {
    state: State,
    next: u32,
    refused: Vec<v1::Refusal>,
    /// Of the policies and the configuration among these, what was in force before stays.
    not_taken: Vec<Change>,
}

impl Pieces {
    pub(super) fn begin(revision: u64) -> Self {
        Self {
            state: State { revision, ..State::default() },
            next: 0,
            refused: Vec::new(),
            not_taken: Vec::new(),
        }
    }

    /// `judge` says why a block is not to be carried out.
    pub(super) fn take(
        &mut self,
        snapshot: v1::Snapshot,
        piece: v1::Piece,
        at_ms: u64,
        judge: impl Fn(&v1::Block, IpNet) -> Result<(), String>,
    ) -> Result<(), OutOfOrder> {
        if piece.index != self.next || snapshot.revision != self.state.revision {
            return Err(OutOfOrder::Piece { expected: self.next, got: piece.index });
        }
        self.next += 1;
        let mode = (piece.index == 0).then_some(Change::GateMode(snapshot.gate_mode));
        let suppressed = snapshot.suppressions.into_iter().map(Change::Suppress);
        let saved = snapshot.policies.into_iter().map(Change::SavePolicy);
        let judging = saved.chain(snapshot.threat_configuration.map(Change::ThreatConfiguration));
        let (refused, taken): (Vec<_>, Vec<_>) = judging
            .map(|change| (judging::refuse(&change), change))
            .partition(|(refusal, _)| refusal.is_some());
        for (refusal, change) in refused {
            self.refused.extend(refusal);
            self.not_taken.push(change);
        }
        let others = mode
            .into_iter()
            .chain(snapshot.allow.into_iter().map(Change::Allow))
            .chain(suppressed)
            .chain(taken.into_iter().map(|(_, change)| change));
        let mut changes: Vec<_> = others.map(|change| v1::Change { change: Some(change) }).collect();
        for block in snapshot.blocks {
            let judged = match parse_net(&block.cidr) {
                Some(net) => judge(&block, net),
                None => Err("neither an address nor a prefix".to_owned()),
            };
            match judged {
                Ok(()) => changes.push(v1::Change { change: Some(Change::Block(block)) }),
                Err(reason) => {
                    self.refused.push(v1::Refusal { cidr: block.cidr, reason, what: String::new() })
                }
            }
        }
        self.state.take(&changes, at_ms);
        Ok(())
    }

    /// `before` is what was in force.
    pub(super) fn finish(mut self, before: &State, refusals: &mut Refusals) -> State {
        self.refused.into_iter().for_each(|refusal| refusals.push_whole(refusal));
        let kept = before.judging.changes().filter(|known| {
            self.not_taken.iter().any(|refused| match (known, refused) {
                (Change::SavePolicy(known), Change::SavePolicy(refused)) => known.id == refused.id,
                (known, refused) => std::mem::discriminant(known) == std::mem::discriminant(refused),
            })
        });
        let kept: Vec<_> = kept.map(|change| v1::Change { change: Some(change) }).collect();
        self.state.take(&kept, 0);
        self.state
    }
}
