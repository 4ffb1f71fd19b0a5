//! From the stored state to the wire. Times become what is left of them, because clocks of nodes differ.

use std::time::Duration;

use portcullis_proto::{
    encoded::ControlMessage,
    v1::{self, change::Change as WireChange},
};
use prost::Message as _;

use crate::{
    clock::EpochMillis,
    configuration::{self, IdentityKey},
    store::{
        Allowed, Block, CaptureMode, CaptureRule, Change, GateMode, SavedPolicy, Store, StoreError,
        StoredRevision, Suppression,
    },
};

/// A snapshot goes on in another message past this: well below what any gRPC library takes by default (4 MiB).
const PIECE: usize = 512 << 10;

/// The whole state, in pieces; and at which revision it is.
pub(super) fn snapshot(
    store: &dyn Store,
    now: EpochMillis,
    key: &IdentityKey,
) -> Result<(u64, Vec<ControlMessage>), StoreError> {
    let mut pieces = Pieces::default();
    let head = store.snapshot(now, &mut |one| {
        if let Some(one) = block(one, now) {
            pieces.room_for(one.encoded_len()).blocks.push(one);
        }
    })?;
    for one in head.allowed.into_iter().map(allow) {
        pieces.room_for(one.encoded_len()).allow.push(one);
    }
    for one in head.suppressions.into_iter().filter_map(|one| suppression(one, now)) {
        pieces.room_for(one.encoded_len()).suppressions.push(one);
    }
    for one in head.policies.into_iter().map(policy) {
        pieces.room_for(one.encoded_len()).policies.push(one);
    }
    let configuration =
        head.configuration.map(|known| configuration::message(&known.document, known.revision, key));
    let rules = capture_rules(&head.capture_rules);
    Ok((head.revision, pieces.finish(head.revision, head.gate_mode, &rules, configuration.as_ref())))
}

/// Fills one message after the other. All but the one in work are encoded already: that takes a third of the memory.
#[derive(Default)]
struct Pieces {
    /// Without the revision, which is known last and goes before them all.
    encoded: Vec<Vec<u8>>,
    open: v1::Snapshot,
    bytes: usize,
}

impl Pieces {
    fn room_for(&mut self, bytes: usize) -> &mut v1::Snapshot {
        if self.bytes + bytes > PIECE {
            self.encoded.push(std::mem::take(&mut self.open).encode_to_vec());
            self.bytes = 0;
        }
        self.bytes += bytes;
        &mut self.open
    }

    fn finish(
        mut self,
        revision: u64,
        mode: Option<GateMode>,
        rules: &v1::CaptureRules,
        configuration: Option<&v1::ThreatConfiguration>,
    ) -> Vec<ControlMessage> {
        self.encoded.push(self.open.encode_to_vec());
        let last = self.encoded.len() - 1;
        let head = |index: usize| v1::Snapshot {
            revision,
            gate_mode: mode.map_or(v1::GateMode::Unspecified, gate_mode).into(),
            capture_rules: (index == 0).then(|| rules.clone()),
            threat_configuration: configuration.filter(|_| index == 0).cloned(),
            piece: (last > 0)
                .then(|| v1::Piece { index: u32::try_from(index).unwrap_or(u32::MAX), last: index == last }),
            ..v1::Snapshot::default()
        };
        // Encodings of one message's parts, one behind the other, are the encoding of the message.
        let whole = |(index, rest): (usize, Vec<u8>)| [head(index).encode_to_vec(), rest].concat();
        self.encoded.into_iter().enumerate().map(whole).map(ControlMessage::of_encoded_snapshot).collect()
    }
}

pub(super) fn revision(revision: StoredRevision, now: EpochMillis, key: &IdentityKey) -> ControlMessage {
    let number = revision.number;
    let changes = revision
        .changes
        .into_iter()
        .map(|one| v1::Change { change: Some(change(one, now, number, key)) })
        .collect();
    ControlMessage::of_revision(&v1::Revision { number: revision.number, changes })
}

/// A block that ended while the sensor was away is sent as its end: it may replace one that lasts longer.
fn change(change: Change, now: EpochMillis, revision: u64, key: &IdentityKey) -> WireChange {
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
        Change::Allow(one) => WireChange::Allow(allow(one)),
        Change::Disallow { cidr } => WireChange::Disallow(v1::Disallow { cidr: cidr.to_string() }),
        Change::GateMode(mode) => WireChange::GateMode(gate_mode(mode).into()),
        Change::CaptureRules(rules) => WireChange::CaptureRules(capture_rules(&rules)),
        Change::Configure(wanted) => {
            WireChange::ThreatConfiguration(configuration::message(&wanted.document, revision, key))
        }
        Change::SavePolicy(one) => WireChange::SavePolicy(policy(one)),
        Change::RestorePolicy { id, .. } => WireChange::RestorePolicy(v1::RestorePolicy { id }),
        Change::ArmAutomaticBlocking { node, at } => {
            let age_ms = u64::try_from(now.remaining(at).as_millis()).unwrap_or(u64::MAX);
            let node = node.unwrap_or_default();
            WireChange::ArmAutomaticBlocking(v1::ArmAutomaticBlocking { node, age_ms })
        }
    }
}

fn capture_rules(rules: &[CaptureRule]) -> v1::CaptureRules {
    let rule = |one: &CaptureRule| v1::CaptureRule {
        cidr: one.cidr.map(|cidr| cidr.to_string()).unwrap_or_default(),
        port: one.port.unwrap_or_default().into(),
        mode: match one.mode {
            CaptureMode::Full => v1::CaptureMode::Full,
            CaptureMode::Headers => v1::CaptureMode::Headers,
            CaptureMode::Off => v1::CaptureMode::Off,
        }
        .into(),
    };
    v1::CaptureRules { rules: rules.iter().map(rule).collect() }
}

fn allow(one: Allowed) -> v1::Allow {
    v1::Allow { cidr: one.cidr.to_string(), reason: one.reason, author: one.author }
}

fn policy(one: SavedPolicy) -> v1::SavedPolicy {
    v1::SavedPolicy { id: one.id, content: one.content }
}

fn gate_mode(mode: GateMode) -> v1::GateMode {
    match mode {
        GateMode::Enforce => v1::GateMode::Enforce,
        GateMode::Monitor => v1::GateMode::Monitor,
    }
}

fn block(block: Block, now: EpochMillis) -> Option<v1::Block> {
    let remaining_ms = remaining(block.expires_at, now)?;
    let Block { cidr, reason, author, forced, .. } = block;
    Some(v1::Block { cidr: cidr.to_string(), remaining_ms, reason, author, forced })
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
            forced: false,
        };
        change(Change::Block(block), EpochMillis::from_millis(1_000), 1, &IdentityKey::test())
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
