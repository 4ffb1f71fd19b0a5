//! Whom sensors drop: the list, and what changes it.

mod guard;
mod import;
mod list;
mod terms;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::{
    guard::Guard,
    list::{BlockRefusal, BlockRow},
};
pub(super) use self::{
    import::{Batch, Imported, Problem, import, within_bounds},
    list::{Asked, list},
    terms::{Terms, reason},
};
use super::{
    ApiError,
    echo::{Echo, Echoed, Echoes},
    endpoint::{Call, Reply},
    prefix::{address, prefix},
    pushed::{Pushing, Settled},
};
use crate::{
    blocking::blocking,
    clock::EpochMillis,
    store::{Block, Change},
};

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Named {
    cidr: String,
}

/// Makes what is hardly ever meant.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub(super) struct Force {
    force: bool,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Blocked {
    #[serde(flatten)]
    settled: Settled,
    /// As it stands; null where it is over already.
    block: Option<BlockRow>,
    refusals: Vec<BlockRefusal>,
}

/// `addBlock`: an address or a prefix, on every sensor.
pub(super) async fn add(call: Call) -> Reply<Blocked> {
    let pushing = Pushing::begin(&call)?;
    let Named { cidr } = call.keys()?;
    let cidr = prefix("cidr", &cidr)?;
    let revision = put(&call, cidr, "cidr").await?;
    let settled = pushing.settle(&call, revision).await;
    let api = call.api.clone();
    let found = blocking(move || api.store.block(cidr, EpochMillis::now())).await?;
    let view = call.api.fleet.view([cidr].into_iter());
    let block = found.map(|one| list::block(&view, &one));
    Ok(Blocked { settled, block, refusals: list::refusals(&view, cidr, revision) })
}

/// `removeBlock`.
pub(super) async fn remove(call: Call) -> Reply<Settled> {
    let pushing = Pushing::begin(&call)?;
    let Named { cidr } = call.keys()?;
    let cidr = prefix("cidr", &cidr)?;
    let api = call.api.clone();
    if blocking(move || api.store.block(cidr, EpochMillis::now())).await?.is_none() {
        return Err(ApiError::invalid(
            "cidr",
            format_args!("{cidr} is not blocked; fetchBlocklist shows what is"),
        ));
    }
    let revision = lift(&call, cidr).await?;
    Ok(pushing.settle(&call, revision).await)
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Modify {
    actor_ip: String,
    status: String,
}

pub(super) struct ModifyKeys;

impl Echoes for ModifyKeys {
    const KEYS: &'static [(&'static str, Echo)] = &[("actorIp", Echo::Text), ("status", Echo::Text)];
}

#[derive(Serialize, ToSchema)]
pub(super) struct Modified {
    #[serde(flatten)]
    settled: Settled,
    /// Whether any block covers the actor now.
    blocked: bool,
    refusals: Vec<BlockRefusal>,
}

/// `modifyThreatActorStatus`: Block IP, and back.
pub(super) async fn modify_actor(call: Call) -> Reply<Echoed<ModifyKeys, Modified>> {
    let pushing = Pushing::begin(&call)?;
    let Modify { actor_ip, status } = call.keys()?;
    let address = address(&actor_ip)?;
    let cidr = IpNet::from(address);
    let revision = match status.to_ascii_lowercase().as_str() {
        "blocked" => put(&call, cidr, "actorIp").await?,
        "active" => lift(&call, cidr).await?,
        _ => {
            return Err(ApiError::invalid(
                "status",
                format_args!("{status:?} is neither blocked nor active"),
            ));
        }
    };
    let settled = pushing.settle(&call, revision).await;
    let api = call.api.clone();
    // A wider block may still cover an actor whose own was lifted.
    let covered = blocking(move || api.store.blocked(&[address], EpochMillis::now())).await?;
    let refusals = list::refusals(&call.api.fleet.view([cidr].into_iter()), cidr, revision);
    Ok(Echoed::new(&call.raw, Modified { settled, blocked: !covered.is_empty(), refusals }))
}

async fn put(call: &Call, cidr: IpNet, field: &str) -> Result<u64, ApiError> {
    let Force { force } = call.keys()?;
    if let Some(refused) = Guard::of(call, force).await?.refuse(cidr) {
        return Err(ApiError::invalid(field, refused));
    }
    let terms: Terms = call.keys()?;
    let now = EpochMillis::now();
    let expires_at = terms.expires_at(now).map_err(|(field, problem)| ApiError::invalid(field, problem))?;
    let block = Block {
        cidr,
        reason: terms.reason(),
        author: call.caller.by.name.clone(),
        created_at: now,
        expires_at,
        revision: 0,
        forced: force,
    };
    tracing::info!(by = block.author, %cidr, reason = block.reason, "block");
    apply(call, vec![Change::Block(block)]).await
}

async fn lift(call: &Call, cidr: IpNet) -> Result<u64, ApiError> {
    tracing::info!(by = call.caller.by.name, %cidr, "unblock");
    apply(call, vec![Change::Unblock { cidr }]).await
}

/// Stores the changes and sends them on their way.
pub(super) async fn apply(call: &Call, changes: Vec<Change>) -> Result<u64, ApiError> {
    let (api, act) = (call.api.clone(), call.act());
    Ok(blocking(move || api.fleet.apply(&act, changes)).await?)
}
