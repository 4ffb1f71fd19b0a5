//! From the wire's words to ours.

use std::net::IpAddr;

use ipnet::IpNet;
use portcullis_detection::Suppression;
use portcullis_exchange::Timestamp;
use portcullis_proto::v1;

use crate::enforce::{GateMode, Refusal};

/// Refusals that an answer names; further ones are counted.
const MAX_REFUSALS: usize = 1_000;

/// An address or a prefix as the control plane writes it.
pub(super) fn parse_net(cidr: &str) -> Option<IpNet> {
    let net = cidr.parse::<IpNet>().or_else(|_| cidr.parse::<IpAddr>().map(IpNet::from));
    net.ok().map(|net| net.trunc())
}

pub(super) fn gate_mode(mode: i32) -> Option<GateMode> {
    match v1::GateMode::try_from(mode) {
        Ok(v1::GateMode::Enforce) => Some(GateMode::Enforce),
        Ok(v1::GateMode::Monitor) => Some(GateMode::Monitor),
        Ok(v1::GateMode::Unspecified) | Err(_) => None,
    }
}

pub(super) fn suppression(message: &v1::Suppression, at_ms: u64) -> Suppression {
    let until = (message.remaining_ms > 0).then(|| at_ms.saturating_add(message.remaining_ms));
    Suppression {
        id: message.id.clone(),
        actor: message.actor.clone(),
        policy_id: message.policy_id.clone(),
        method: message.method.clone(),
        url: message.url.clone(),
        host: message.host.clone(),
        until: until.map(timestamp),
    }
}

/// The reverse; `None` where it is over.
pub(super) fn suppression_message(suppression: &Suppression, now_ms: u64) -> Option<v1::Suppression> {
    let remaining_ms = match suppression.until {
        None => 0,
        Some(until) => (until.nanos() / 1_000_000).checked_sub(now_ms).filter(|left| *left > 0)?,
    };
    let Suppression { id, actor, policy_id, method, url, host, .. } = suppression.clone();
    Some(v1::Suppression { id, actor, policy_id, method, url, host, remaining_ms })
}

pub(super) fn timestamp(ms: u64) -> Timestamp {
    Timestamp::from_nanos(ms.saturating_mul(1_000_000))
}

/// What is not carried out, as it is told.
#[derive(Default)]
pub(super) struct Refusals {
    told: Vec<v1::Refusal>,
    left_out: u64,
}

impl Refusals {
    pub(super) fn push(&mut self, cidr: impl ToString, reason: impl Into<String>) {
        self.push_whole(v1::Refusal { cidr: cidr.to_string(), reason: reason.into(), what: String::new() });
    }

    pub(super) fn push_whole(&mut self, refusal: v1::Refusal) {
        if self.told.len() < MAX_REFUSALS {
            self.told.push(refusal);
        } else {
            self.left_out += 1;
        }
    }

    pub(super) fn extend(&mut self, refusals: Vec<Refusal>) {
        refusals.into_iter().for_each(|refusal| self.push(refusal.net, refusal.reason));
    }

    pub(super) fn unreadable(&mut self, cidr: &str) {
        self.push(cidr, "neither an address nor a prefix");
    }

    pub(super) fn into_applied(self, revision: u64) -> v1::Applied {
        v1::Applied { revision, refusals: self.told, refusals_left_out: self.left_out }
    }

    pub(super) fn count(&self) -> u64 {
        self.told.len() as u64 + self.left_out
    }

    pub(super) fn told(&self) -> &[v1::Refusal] {
        &self.told
    }
}
