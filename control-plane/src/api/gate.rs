//! Whether gates drop what is blocked, or only count it.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    ApiError, blocks,
    endpoint::{Call, Reply},
    pushed::Pushing,
};
use crate::store::{Change, GateMode};

/// `fetchGateMode`. `mode` is null where nobody has set it: each sensor then does as it was started.
pub(super) fn mode(call: &Call) -> Reply {
    let mode = call.api.store.gate_mode()?;
    Ok(json!({ "mode": mode.map(GateMode::name), "revision": call.api.fleet.revision() }))
}

#[derive(Debug, Deserialize)]
struct Set {
    mode: String,
}

/// `setGateMode`: `enforce` or `monitor`, on every sensor.
pub(super) async fn set(call: Call) -> Result<Value, ApiError> {
    let pushing = Pushing::begin(&call)?;
    let Set { mode } = call.keys()?;
    let mode = GateMode::from_name(&mode)
        .ok_or_else(|| ApiError::invalid("mode", format_args!("{mode:?} is neither enforce nor monitor")))?;
    tracing::warn!(by = call.caller.name, mode = mode.name(), "gate mode");
    let revision = blocks::apply(&call, vec![Change::GateMode(mode)]).await?;
    Ok(blocks::with(pushing.settle(&call, revision).await, [("mode", json!(mode.name()))]))
}
