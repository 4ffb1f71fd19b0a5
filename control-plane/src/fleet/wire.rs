//! From the stored state to the wire. Times become what is left of them, because clocks of nodes differ.

use std::time::Duration;

use portcullis_proto::v1::{self, change::Change as WireChange, control_message::Message};

use crate::{
    clock::EpochMillis,
    store::{Block, Change, Snapshot, StoredRevision, Suppression},
};

pub(super) fn snapshot(snapshot: Snapshot, now: EpochMillis) -> v1::ControlMessage {
    let blocks = snapshot.blocks.into_iter().filter_map(|one| block(one, now)).collect();
    let suppressions = snapshot.suppressions.into_iter().filter_map(|one| suppression(one, now)).collect();
    message(Message::Snapshot(v1::Snapshot {
        revision: snapshot.revision,
        blocks,
        suppressions,
        ..v1::Snapshot::default()
    }))
}

pub(super) fn revision(revision: StoredRevision, now: EpochMillis) -> v1::ControlMessage {
    let changes =
        revision.changes.into_iter().map(|one| v1::Change { change: Some(change(one, now)) }).collect();
    message(Message::Revision(v1::Revision { number: revision.number, changes }))
}

fn message(message: Message) -> v1::ControlMessage {
    v1::ControlMessage { message: Some(message) }
}

/// A block that ended while the sensor was away is sent as its end: it may replace one that lasts longer.
fn change(change: Change, now: EpochMillis) -> WireChange {
    match change {
        Change::Block(one) => {
            let cidr = one.cidr.to_string();
            block(one, now).map_or(WireChange::Unblock(v1::Unblock { cidr }), WireChange::Block)
        }
        Change::Unblock { cidr } => WireChange::Unblock(v1::Unblock { cidr: cidr.to_string() }),
        Change::Suppress(one) => {
            let id = one.combination().suppression_id();
            suppression(one, now)
                .map_or(WireChange::LiftSuppression(v1::LiftSuppression { id }), WireChange::Suppress)
        }
        Change::LiftSuppression { id } => WireChange::LiftSuppression(v1::LiftSuppression { id }),
    }
}

fn block(block: Block, now: EpochMillis) -> Option<v1::Block> {
    let remaining_ms = remaining(block.expires_at, now)?;
    let Block { cidr, reason, author, .. } = block;
    Some(v1::Block { cidr: cidr.to_string(), remaining_ms, reason, author, ..v1::Block::default() })
}

fn suppression(one: Suppression, now: EpochMillis) -> Option<v1::Suppression> {
    let remaining_ms = remaining(one.expires_at, now)?;
    Some(v1::Suppression {
        id: one.combination().suppression_id(),
        actor: one.actor,
        policy_id: one.policy_id,
        method: one.method,
        url: one.url,
        host: one.host,
        remaining_ms,
    })
}

/// `None` where it has ended: 0 on the wire is for ever.
fn remaining(until: Option<EpochMillis>, now: EpochMillis) -> Option<u64> {
    match until.map(|until| until.remaining(now)) {
        None => Some(0),
        Some(Duration::ZERO) => None,
        Some(left) => u64::try_from(left.as_millis()).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocked_until(expires_at: Option<i64>) -> WireChange {
        let block = Block {
            cidr: "203.0.113.9/32".parse().unwrap(),
            reason: String::new(),
            author: String::new(),
            created_at: EpochMillis::MIN,
            expires_at: expires_at.map(EpochMillis::from_millis),
            revision: 1,
        };
        change(Change::Block(block), EpochMillis::from_millis(1_000))
    }

    #[test]
    fn an_ended_block_travels_as_its_end_and_never_as_permanent() {
        let unblock = v1::Unblock { cidr: "203.0.113.9/32".into() };
        assert_eq!(blocked_until(Some(1_000)), WireChange::Unblock(unblock.clone()));
        assert_eq!(blocked_until(Some(500)), WireChange::Unblock(unblock));
        let WireChange::Block(block) = blocked_until(Some(1_250)) else { panic!("not a block") };
        assert_eq!(block.remaining_ms, 250);
        let WireChange::Block(block) = blocked_until(None) else { panic!("not a block") };
        assert_eq!(block.remaining_ms, 0);
    }
}
