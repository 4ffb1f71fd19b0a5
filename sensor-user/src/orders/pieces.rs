use ipnet::IpNet;
use portcullis_proto::v1::{self, change::Change};

use super::{
    OutOfOrder,
    message::{Refusals, parse_net},
    state::State,
};

/// A snapshot on its way, apart from what is in force until it is whole.
pub(super) struct Pieces {
    state: State,
    next: u32,
    refused: Vec<(String, String)>,
}

impl Pieces {
    pub(super) fn begin(revision: u64) -> Self {
        Self { state: State { revision, ..State::default() }, next: 0, refused: Vec::new() }
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
        let others = mode.into_iter().chain(snapshot.allow.into_iter().map(Change::Allow)).chain(suppressed);
        let mut changes: Vec<_> = others.map(|change| v1::Change { change: Some(change) }).collect();
        for block in snapshot.blocks {
            let judged = match parse_net(&block.cidr) {
                Some(net) => judge(&block, net),
                None => Err("neither an address nor a prefix".to_owned()),
            };
            match judged {
                Ok(()) => changes.push(v1::Change { change: Some(Change::Block(block)) }),
                Err(reason) => self.refused.push((block.cidr, reason)),
            }
        }
        self.state.take(&changes, at_ms);
        Ok(())
    }

    pub(super) fn finish(self, refusals: &mut Refusals) -> State {
        self.refused.into_iter().for_each(|(cidr, reason)| refusals.push(cidr, reason));
        self.state
    }
}
