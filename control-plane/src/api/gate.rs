//! Whether gates drop what is blocked, or only count it; and whether policies may block.

use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    ApiError, blocks,
    endpoint::{Call, Reply},
    pushed::Pushing,
};
use crate::{
    blocking::blocking,
    clock::EpochMillis,
    store::{Change, GateMode, SensorRecord},
};

/// `fetchGateMode`. `mode` is null where nobody has set it: each sensor then does as it was started.
pub(super) fn mode(call: &Call) -> Reply {
    let mode = call.api.store.gate_mode()?;
    Ok(json!({ "mode": mode.map(GateMode::name), "revision": call.api.fleet.revision() }))
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Set {
    mode: String,
}

/// `setGateMode`: `enforce` or `monitor`, on every sensor.
pub(super) async fn set(call: Call) -> Result<Value, ApiError> {
    let pushing = Pushing::begin(&call)?;
    let Set { mode } = call.keys()?;
    let mode = GateMode::from_name(&mode)
        .ok_or_else(|| ApiError::invalid("mode", format_args!("{mode:?} is neither enforce nor monitor")))?;
    tracing::warn!(by = call.caller.by.name, mode = mode.name(), "gate mode");
    let revision = blocks::apply(&call, vec![Change::GateMode(mode)]).await?;
    Ok(blocks::with(pushing.settle(&call, revision).await, [("mode", json!(mode.name()))]))
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Arm {
    node: Option<String>,
}

/// `armAutomaticBlocking`: where the limits of automatic blocks have tripped, policies may block again; on the node that
/// is named, or on all. What trips after this stays tripped.
pub(super) async fn arm(call: Call) -> Result<Value, ApiError> {
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
    Ok(blocks::with(pushing.settle(&call, revision).await, [("node", json!(node))]))
}
