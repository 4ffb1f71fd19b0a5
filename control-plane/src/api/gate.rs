//! Whether gates drop what is blocked, or only count it; and whether policies may block.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    ApiError, blocks,
    endpoint::{Call, Reply},
    names,
    pushed::{Pushing, Settled},
};
use crate::{
    blocking::blocking,
    clock::EpochMillis,
    store::{Change, GateMode, SensorRecord},
};

#[derive(Serialize, ToSchema)]
pub(super) struct Mode {
    /// Null where nobody has set it: each sensor then does as it was started.
    mode: Option<names::GateMode>,
    /// The newest there is.
    revision: u64,
}

/// `fetchGateMode`.
pub(super) fn mode(call: &Call) -> Reply<Mode> {
    let mode = call.api.store.gate_mode()?;
    Ok(Mode { mode: mode.map(names::GateMode::from), revision: call.api.fleet.revision() })
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Set {
    mode: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ModeSet {
    #[serde(flatten)]
    settled: Settled,
    mode: names::GateMode,
}

/// `setGateMode`: `enforce` or `monitor`, on every sensor.
pub(super) async fn set(call: Call) -> Reply<ModeSet> {
    let pushing = Pushing::begin(&call)?;
    let Set { mode } = call.keys()?;
    let mode = GateMode::from_name(&mode)
        .ok_or_else(|| ApiError::invalid("mode", format_args!("{mode:?} is neither enforce nor monitor")))?;
    tracing::warn!(by = call.caller.by.name, mode = mode.name(), "gate mode");
    let revision = blocks::apply(&call, vec![Change::GateMode(mode)]).await?;
    Ok(ModeSet { settled: pushing.settle(&call, revision).await, mode: mode.into() })
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Arm {
    node: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Armed {
    #[serde(flatten)]
    settled: Settled,
    /// Null where it is all of them.
    node: Option<String>,
}

/// `armAutomaticBlocking`: where the limits of automatic blocks have tripped, policies may block again; on the node that
/// is named, or on all. What trips after this stays tripped.
pub(super) async fn arm(call: Call) -> Reply<Armed> {
    let pushing = Pushing::begin(&call)?;
    let Arm { node } = call.keys()?;
    let at = EpochMillis::now();
    if let Some(node) = &node {
        let api = call.api.clone();
        let sensors = blocking(move || api.store.sensors()).await?;
        let is_it = |sensor: &SensorRecord| {
            call.api.fleet.live(&sensor.id).map_or(&sensor.node == node, |live| &live.node == node)
        };
        if !sensors.iter().any(is_it) {
            return Err(ApiError::invalid(
                "node",
                format_args!("{node:?} is no node of a sensor; fetchSensors shows those there are"),
            ));
        }
    }
    tracing::warn!(
        by = call.caller.by.name,
        node = node.as_deref().unwrap_or("all"),
        "automatic blocking armed again"
    );
    let revision =
        blocks::apply(&call, vec![Change::ArmAutomaticBlocking { node: node.clone(), at }]).await?;
    Ok(Armed { settled: pushing.settle(&call, revision).await, node })
}
