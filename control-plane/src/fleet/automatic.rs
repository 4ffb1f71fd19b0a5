use std::{net::IpAddr, sync::PoisonError, time::Duration};

use ipnet::IpNet;
use portcullis_proto::v1::{AutomaticBlock, AutomaticBlockAck};

use super::Fleet;
use crate::{
    clock::EpochMillis,
    store::{Act, Block, Change, Principal, PrincipalKind, SensorRecord, StoreError},
};

/// What the author's name of a policy's block begins with.
const AUTHOR: &str = "policy:";
const MAX_POLICY: usize = 100;
/// Longer is as good as permanent, which only people decide.
const MAX_TTL: Duration = Duration::from_secs(366 * 24 * 3600);
/// Several sensors meet the same attacker within moments: one block with about the same end is enough.
const SAME_END: Duration = Duration::from_secs(60);

impl Fleet {
    /// Makes a sensor's own block one of the whole fleet, unless a person has decided otherwise or it is one already.
    /// Blocks. An error is no answer: the sensor will say it again.
    pub(super) fn take_automatic(
        &self,
        sensor: &SensorRecord,
        reported: AutomaticBlock,
    ) -> Result<AutomaticBlockAck, StoreError> {
        // One after the other, or two sensors would both find it missing.
        let _turn = self.automatic.lock().unwrap_or_else(PoisonError::into_inner);
        let refused = match self.adopt(sensor, &reported) {
            Ok(()) => String::new(),
            Err(NotAdopted::Refused(reason)) => {
                tracing::warn!(
                    sensor = sensor.id,
                    cidr = reported.cidr,
                    policy = reported.policy_id,
                    reason,
                    "an automatic block is refused"
                );
                reason
            }
            Err(NotAdopted::Store(error)) => return Err(error),
        };
        Ok(AutomaticBlockAck { event_id: reported.event_id, refused })
    }

    fn adopt(&self, sensor: &SensorRecord, reported: &AutomaticBlock) -> Result<(), NotAdopted> {
        let now = EpochMillis::now();
        let (cidr, address) = single(&reported.cidr)?;
        self.refuse(cidr, address)?;
        let ttl = Duration::from_millis(reported.remaining_ms).min(MAX_TTL);
        if ttl.is_zero() {
            return Err(NotAdopted::Refused("its time is over".to_owned()));
        }
        let expires_at = now.plus(ttl);
        if let Some(known) = self.store.block(cidr, now)? {
            let lasts = known.expires_at.is_none_or(|end| end.plus(SAME_END) >= expires_at);
            if lasts || !known.author.starts_with(AUTHOR) {
                return Ok(());
            }
        } else {
            let made_at = i64::try_from(reported.age_ms).unwrap_or(i64::MAX);
            let made_at = EpochMillis::from_millis(now.millis().saturating_sub(made_at));
            if let Some(who) = self.store.lifted_since(cidr, made_at)? {
                return Err(NotAdopted::Refused(format!("{who} has lifted it since")));
            }
        }
        let policy = word(&reported.policy_id);
        let node = self.live(&sensor.id).map_or_else(|| sensor.node.clone(), |live| live.node);
        let block = Block {
            cidr,
            reason: format!("policy {policy}, event {}, on {}", word(&reported.event_id), word(&node)),
            author: format!("{AUTHOR}{policy}"),
            created_at: now,
            expires_at: Some(expires_at),
            revision: 0,
            forced: false,
        };
        tracing::info!(by = block.author, %cidr, reason = block.reason, "automatic block");
        let act = Act {
            by: Principal { kind: PrincipalKind::Policy, id: policy, name: block.author.clone() },
            from: self.live(&sensor.id).and_then(|live| live.peer.sensor),
            action: "automaticBlock".to_owned(),
        };
        match self.apply(&act, vec![Change::Block(block)]) {
            Err(StoreError::Full(reason)) => Err(NotAdopted::Refused(reason)),
            applied => Ok(applied.map(drop)?),
        }
    }

    /// Whom nothing blocks by itself.
    fn refuse(&self, cidr: IpNet, address: IpAddr) -> Result<(), NotAdopted> {
        let refused = |reason: String| Err(NotAdopted::Refused(reason));
        if address.is_loopback() || address.is_unspecified() || address.is_multicast() {
            return refused(format!("{address} is nobody's address"));
        }
        if let Some(allowed) = self.store.allowed()?.into_iter().find(|one| one.cidr.contains(&cidr)) {
            return refused(format!("it is on the allow list ({})", allowed.cidr));
        }
        for (node, peer) in self.peers() {
            if peer.us == Some(address) {
                return refused("it is the control plane".to_owned());
            }
            if peer.sensor == Some(address) {
                return refused(format!("it is the sensor on {node}"));
            }
        }
        Ok(())
    }
}

enum NotAdopted {
    Refused(String),
    Store(StoreError),
}

impl From<StoreError> for NotAdopted {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Policies block actors, and an actor has one address.
fn single(cidr: &str) -> Result<(IpNet, IpAddr), NotAdopted> {
    let parsed = cidr.parse::<IpNet>().ok().filter(|net| net.prefix_len() == net.max_prefix_len());
    let net = parsed.ok_or_else(|| NotAdopted::Refused(format!("{cidr:?} is no single address")))?;
    let address = net.addr().to_canonical();
    Ok((IpNet::from(address), address))
}

/// As it may stand in a list that people read.
fn word(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(MAX_POLICY).collect()
}
