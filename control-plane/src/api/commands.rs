//! What changes events. The filter keys are those of the list, so that what is changed is what was shown.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    ApiError,
    blocks::reason,
    endpoint::{Call, Reply},
    filter::{FilterKeys, status},
    suppressions::expiry,
};
use crate::{
    clock::EpochMillis,
    store::{EventFilter, EventStatus, Suppressing, Wider},
};

/// Keys that select nothing.
const TERMS: [&str; 6] = ["status", "reason", "ttlSeconds", "anyActor", "anyEndpoint", "anyPolicy"];

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Update {
    status: String,
    reason: Option<String>,
    /// Ignored for so long, else until it is lifted.
    ttl_seconds: Option<u64>,
    /// Ignored whoever does it.
    #[serde(default)]
    any_actor: bool,
    /// Ignored wherever it is done.
    #[serde(default)]
    any_endpoint: bool,
    /// Ignored whatever policy finds it.
    #[serde(default)]
    any_policy: bool,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Updated {
    update_success: bool,
    update_message: String,
    updated_count: u64,
    /// Suppressions that began or ended with it.
    suppressions: u64,
    /// The revision that carries these to sensors; null where there are none.
    revision: Option<u64>,
}

/// `updateMaliciousEventStatus`. IGNORED suppresses what the events stand for; leaving IGNORED lifts that.
pub(super) fn update_status(call: &Call) -> Reply<Updated> {
    let update: Update = call.keys()?;
    let status = status("status", &update.status)?;
    let filter = chosen(call)?;
    let at = EpochMillis::now();
    let suppressing = match status {
        EventStatus::Ignored => begin(call, update, at)?,
        EventStatus::Active | EventStatus::UnderReview => Suppressing::End { at },
    };
    let moved = call.api.fleet.move_events(&call.act(), &filter, &named(call), status, suppressing)?;
    let updated = moved.events;
    let message = format!("{updated} events are {} now", status.name());
    Ok(Updated {
        update_success: true,
        update_message: message,
        updated_count: updated,
        suppressions: moved.suppressions,
        revision: moved.revision,
    })
}

fn begin(call: &Call, update: Update, at: EpochMillis) -> Result<Suppressing, ApiError> {
    let Update { any_actor, any_endpoint, any_policy, .. } = update;
    if any_actor && any_endpoint && any_policy {
        return Err(ApiError::invalid(
            "anyPolicy",
            "with anyActor and anyEndpoint would ignore every event there is: leave one of them out",
        ));
    }
    Ok(Suppressing::Begin {
        wider: Wider { any_actor, any_endpoint, any_policy },
        reason: reason(&update.reason.unwrap_or_default()),
        author: call.caller.by.name.clone(),
        at,
        expires_at: expiry(update.ttl_seconds, at)?,
    })
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Deleted {
    delete_success: bool,
    deleted_count: u64,
    delete_message: String,
}

/// `deleteMaliciousEvents`. Suppressions stay: what was ignored does not come back with the next event.
pub(super) fn delete(call: &Call) -> Reply<Deleted> {
    let deleted = call.api.store.delete(&call.act(), &chosen(call)?, &named(call))?;
    tracing::info!(by = call.caller.by.name, deleted, "events deleted");
    let message = format!("{deleted} events are deleted");
    Ok(Deleted { delete_success: true, deleted_count: deleted, delete_message: message })
}

fn chosen(call: &Call) -> Result<EventFilter, ApiError> {
    let keys: FilterKeys = call.keys()?;
    if keys.is_empty() {
        return Err(ApiError::invalid(
            "eventId",
            "name the events: by eventId, eventIds or any filter key of the list",
        ));
    }
    keys.filter()
}

/// The filter as it was asked for.
fn named(call: &Call) -> String {
    let keys = call.raw.iter().filter(|(key, value)| !TERMS.contains(&key.as_str()) && !value.is_null());
    let keys: serde_json::Map<_, _> = keys.map(|(key, value)| (key.clone(), value.clone())).collect();
    serde_json::Value::Object(keys).to_string()
}
