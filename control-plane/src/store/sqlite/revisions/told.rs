//! What a revision comes to in the audit log.

use rusqlite::Connection;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{super::audit, allowed, blocks, policies, suppressions};
use crate::{
    clock::EpochMillis,
    store::{Act, Allowed, Block, Change, GateMode, Result, SavedPolicy, Suppression},
};

/// Changes of one revision that are told one by one. The revision's own log has them all.
const ONE_BY_ONE: usize = 20;

/// Gathered while the changes take effect, since what was before is gone after.
pub(super) struct Told {
    is_brief: bool,
    first: Option<String>,
    count: usize,
    each: Vec<One>,
}

struct One {
    object: String,
    before: Option<Value>,
    after: Option<Value>,
}

impl Told {
    pub(super) fn of(changes: &[Change]) -> Self {
        Self { is_brief: changes.len() > ONE_BY_ONE, first: None, count: 0, each: Vec::new() }
    }

    /// How it is before a change, where that will be told.
    pub(super) fn before(
        &self,
        connection: &Connection,
        change: &Change,
        now: EpochMillis,
    ) -> Result<Option<Value>> {
        if self.is_brief {
            return Ok(None);
        }
        Ok(match change {
            Change::Block(Block { cidr, .. }) | Change::Unblock { cidr } => {
                blocks::one(connection, *cidr, now)?.as_ref().map(block)
            }
            Change::Allow(Allowed { cidr, .. }) | Change::Disallow { cidr } => {
                allowed::one(connection, *cidr)?.as_ref().map(allow)
            }
            Change::LiftSuppression { id } => suppressions::one(connection, id)?.as_ref().map(suppression),
            Change::Suppress(one) => {
                let id = one.combination().suppression_id();
                suppressions::one(connection, &id)?.as_ref().map(suppression)
            }
            Change::GateMode(_) => allowed::gate_mode(connection)?.map(|mode| json!(mode.name())),
            Change::CaptureRules(_) => Some(json!(allowed::capture_rules(connection)?)),
            Change::Configure(_) => allowed::configuration(connection)?.map(|known| json!(known.document)),
            Change::SavePolicy(SavedPolicy { id, .. }) | Change::RestorePolicy { id, .. } => {
                policies::one(connection, id)?.map(|known| policy(&known.saved))
            }
            Change::ArmAutomaticBlocking { .. } => None,
        })
    }

    pub(super) fn took_effect(&mut self, change: &Change, before: Option<Value>) {
        self.count += 1;
        if self.first.is_none() {
            self.first = Some(object(change));
        }
        if !self.is_brief {
            self.each.push(One { object: object(change), before, after: after(change) });
        }
    }

    pub(super) fn append(self, connection: &Connection, act: &Act, revision: u64) -> Result<()> {
        let first = self.first.unwrap_or_default();
        if let [One { object, before, after }] = self.each.as_slice() {
            return audit::append(connection, act, object, before.as_ref(), after.as_ref());
        }
        let others = self.count.saturating_sub(1);
        let object = format!("{first} and {others} more");
        let list = |pick: fn(&One) -> &Option<Value>| -> Value {
            self.each.iter().map(|one| json!({ "object": one.object, "state": pick(one) })).collect()
        };
        let (before, after) = match self.is_brief {
            true => (None, json!({ "changes": self.count, "revision": revision })),
            false => (Some(list(|one| &one.before)), list(|one| &one.after)),
        };
        audit::append(connection, act, &object, before.as_ref(), Some(&after))
    }
}

fn object(change: &Change) -> String {
    match change {
        Change::Block(Block { cidr, .. })
        | Change::Unblock { cidr }
        | Change::Allow(Allowed { cidr, .. })
        | Change::Disallow { cidr } => cidr.to_string(),
        Change::Suppress(one) => format!("suppression {}", one.combination().suppression_id()),
        Change::LiftSuppression { id } => format!("suppression {id}"),
        Change::GateMode(_) => "gate mode".to_owned(),
        Change::CaptureRules(_) => "capture rules".to_owned(),
        Change::Configure(_) => "threat configuration".to_owned(),
        Change::SavePolicy(SavedPolicy { id, .. }) | Change::RestorePolicy { id, .. } => {
            format!("policy {id}")
        }
        Change::ArmAutomaticBlocking { node: Some(node), .. } => format!("automatic blocking on {node}"),
        Change::ArmAutomaticBlocking { node: None, .. } => "automatic blocking on all nodes".to_owned(),
    }
}

fn after(change: &Change) -> Option<Value> {
    match change {
        Change::Block(one) => Some(block(one)),
        Change::Allow(one) => Some(allow(one)),
        Change::Suppress(one) => Some(suppression(one)),
        Change::GateMode(mode) => Some(json!(GateMode::name(*mode))),
        Change::CaptureRules(rules) => Some(json!(rules)),
        Change::SavePolicy(saved) => Some(policy(saved)),
        Change::Configure(wanted) => Some(json!(wanted.document)),
        Change::ArmAutomaticBlocking { .. } => Some(json!("armed")),
        Change::Unblock { .. }
        | Change::Disallow { .. }
        | Change::LiftSuppression { .. }
        | Change::RestorePolicy { .. } => None,
    }
}

/// The text is in the policy's versions.
fn policy(saved: &SavedPolicy) -> Value {
    json!({
        "author": saved.author,
        "inForce": !saved.content.is_empty(),
        "digest": hex::encode(Sha256::digest(saved.content.as_bytes())),
    })
}

fn block(block: &Block) -> Value {
    json!({
        "reason": block.reason,
        "author": block.author,
        "expiresAt": block.expires_at.map(EpochMillis::seconds),
        "forced": block.forced,
    })
}

fn allow(allowed: &Allowed) -> Value {
    json!({ "reason": allowed.reason, "author": allowed.author })
}

fn suppression(one: &Suppression) -> Value {
    json!({
        "actor": one.actor,
        "filterId": one.policy_id,
        "method": one.method,
        "url": one.url,
        "host": one.host,
        "reason": one.reason,
        "author": one.author,
        "expiresAt": one.expires_at.map(EpochMillis::seconds),
    })
}
