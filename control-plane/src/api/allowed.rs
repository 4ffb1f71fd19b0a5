//! Whom nothing drops: people's own allow list.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    ApiError,
    blocks::{self, Imported, Problem},
    endpoint::{Call, Reply},
    prefix,
    pushed::{Pushing, SensorCoverage, Settled},
};
use crate::{
    blocking::blocking,
    clock::EpochMillis,
    store::{Allowed, Change},
};

#[derive(Serialize, ToSchema)]
pub(super) struct AllowList {
    allowed: Vec<AllowedRow>,
    total: usize,
    /// The newest there is.
    revision: u64,
}

/// One whom nothing drops.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AllowedRow {
    #[schema(value_type = String)]
    cidr: IpNet,
    reason: String,
    author: String,
    created_at: i64,
    revision: u64,
    sensors: SensorCoverage,
}

/// `fetchAllowed`: the whole list, by prefix.
pub(super) fn list(call: &Call) -> Reply<AllowList> {
    let allowed = call.api.store.allowed()?;
    let view = call.api.fleet.view(std::iter::empty());
    let allowed: Vec<_> = allowed
        .into_iter()
        .map(|one| AllowedRow {
            cidr: one.cidr,
            reason: one.reason,
            author: one.author,
            created_at: one.created_at.seconds(),
            revision: one.revision,
            sensors: view.coverage(one.revision).into(),
        })
        .collect();
    Ok(AllowList { total: allowed.len(), allowed, revision: call.api.fleet.revision() })
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Named {
    cidr: String,
    #[serde(default)]
    reason: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Changed {
    #[serde(flatten)]
    settled: Settled,
    #[schema(value_type = String)]
    cidr: IpNet,
}

/// `addAllowed`: from now on, also where a block is in force.
pub(super) async fn add(call: Call) -> Reply<Changed> {
    let pushing = Pushing::begin(&call)?;
    let Named { cidr, reason } = call.keys()?;
    let cidr = prefix::prefix("cidr", &cidr)?;
    refuse_all(cidr).map_err(|problem| ApiError::invalid("cidr", problem))?;
    tracing::info!(by = call.caller.by.name, %cidr, reason, "allow");
    let revision = blocks::apply(&call, vec![change(&call, cidr, &reason)]).await?;
    Ok(Changed { settled: pushing.settle(&call, revision).await, cidr })
}

/// `removeAllowed`: what is blocked is dropped again.
pub(super) async fn remove(call: Call) -> Reply<Changed> {
    let pushing = Pushing::begin(&call)?;
    let Named { cidr, .. } = call.keys()?;
    let cidr = prefix::prefix("cidr", &cidr)?;
    let api = call.api.clone();
    if !blocking(move || api.store.allowed()).await?.iter().any(|one| one.cidr == cidr) {
        return Err(ApiError::invalid(
            "cidr",
            format_args!("{cidr} is not on the allow list; fetchAllowed shows what is"),
        ));
    }
    tracing::info!(by = call.caller.by.name, %cidr, "disallow");
    let revision = blocks::apply(&call, vec![Change::Disallow { cidr }]).await?;
    Ok(Changed { settled: pushing.settle(&call, revision).await, cidr })
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Batch {
    #[schema(inline, value_type = Vec<Named>)]
    allowed: Vec<Value>,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    dry_run: bool,
}

/// `importAllowed`: many at once. What is wrong with one holds up no other.
pub(super) async fn import(call: Call) -> Reply<Imported> {
    let pushing = Pushing::begin_without_waiting(&call)?;
    let Batch { allowed, reason, dry_run } = call.keys()?;
    blocks::within_bounds("allowed", allowed.len())?;
    let (mut changes, mut problems) = (Vec::with_capacity(allowed.len()), Vec::new());
    for (index, given) in allowed.into_iter().enumerate() {
        match entry(&given) {
            Ok((cidr, own)) => {
                changes.push(change(&call, cidr, if own.is_empty() { &reason } else { &own }));
            }
            Err(problem) => problems.push(Problem::of(index, &given, problem)),
        }
    }
    let accepted = changes.len();
    let revision = match dry_run {
        true => call.api.fleet.revision(),
        false => blocks::apply(&call, changes).await?,
    };
    let settled = pushing.settle(&call, revision).await;
    Ok(Imported { settled, accepted, problems, dry_run })
}

fn entry(given: &Value) -> Result<(IpNet, String), String> {
    let Named { cidr, reason } = Named::deserialize(given).map_err(|error| error.to_string())?;
    let cidr = prefix::parse(&cidr)?;
    refuse_all(cidr)?;
    Ok((cidr, reason))
}

fn change(call: &Call, cidr: IpNet, reason: &str) -> Change {
    Change::Allow(Allowed {
        cidr,
        reason: blocks::reason(reason),
        author: call.caller.by.name.clone(),
        created_at: EpochMillis::now(),
        revision: 0,
    })
}

/// That would turn off every block, and by its name nobody would see it: monitor mode says what it does.
fn refuse_all(cidr: IpNet) -> Result<(), String> {
    match cidr.prefix_len() {
        0 => Err(format!(
            "{cidr} is everybody: to drop nobody, set the gates to monitor (setGateMode, portctl gate mode monitor)"
        )),
        _ => Ok(()),
    }
}
