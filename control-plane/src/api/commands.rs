//! What changes events. The filter keys are those of the list, so that what is changed is what was shown.

use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    ApiError,
    echo::reply,
    endpoint::{Call, Reply},
    filter::{FilterKeys, status},
};
use crate::{
    clock::EpochMillis,
    store::{Change, Combination, EventFilter, EventStatus, Suppression},
};

/// Each is a suppression that every sensor has to hold.
const MAX_COMBINATIONS: usize = 10_000;
/// Suppressions in one revision: keeps its message to a sensor small.
const PER_REVISION: usize = 500;
const MAX_REASON: usize = 500;

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Update {
    status: String,
    reason: Option<String>,
}

/// `updateMaliciousEventStatus`. IGNORED suppresses what the events stand for; leaving IGNORED lifts that.
pub(super) fn update_status(call: &Call) -> Reply {
    let update: Update = call.keys()?;
    let status = status("status", &update.status)?;
    let filter = chosen(call)?;
    if status == EventStatus::Ignored {
        let reason = update.reason.unwrap_or_default().chars().take(MAX_REASON).collect();
        suppress(call, &filter, reason)?;
    } else {
        lift(call, &filter)?;
    }
    // After the revision: were it cut off in between, doing it again would finish it.
    let updated = call.api.store.set_status(&call.act(), &filter, &named(call), status)?;
    let message = format!("{updated} events are {} now", status.name());
    Ok(reply(
        &call.raw,
        &[],
        json!({ "updateSuccess": true, "updateMessage": message, "updatedCount": updated }),
    ))
}

/// `deleteMaliciousEvents`. Suppressions stay: what was ignored does not come back with the next event.
pub(super) fn delete(call: &Call) -> Reply {
    let deleted = call.api.store.delete(&call.act(), &chosen(call)?, &named(call))?;
    tracing::info!(by = call.caller.by.name, deleted, "events deleted");
    let message = format!("{deleted} events are deleted");
    Ok(reply(
        &call.raw,
        &[],
        json!({ "deleteSuccess": true, "deletedCount": deleted, "deleteMessage": message }),
    ))
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
    let keys =
        call.raw.iter().filter(|(key, value)| *key != "status" && *key != "reason" && !value.is_null());
    let keys: serde_json::Map<_, _> = keys.map(|(key, value)| (key.clone(), value.clone())).collect();
    serde_json::Value::Object(keys).to_string()
}

fn suppress(call: &Call, filter: &EventFilter, reason: String) -> Result<(), ApiError> {
    let now = EpochMillis::now();
    let suppression = |one: Combination| {
        Change::Suppress(Suppression {
            actor: one.actor,
            policy_id: one.policy_id,
            method: one.method,
            url: one.url,
            host: one.host,
            reason: reason.clone(),
            author: call.caller.by.name.clone(),
            created_at: now,
            expires_at: None,
            hits: 0,
        })
    };
    apply(call, combinations(call, filter)?.into_iter().map(suppression).collect())
}

fn lift(call: &Call, filter: &EventFilter) -> Result<(), ApiError> {
    if filter.status.is_some_and(|status| status != EventStatus::Ignored) {
        return Ok(());
    }
    let ignored = EventFilter { status: Some(EventStatus::Ignored), ..filter.clone() };
    let lift = |one: Combination| Change::LiftSuppression { id: one.suppression_id() };
    apply(call, combinations(call, &ignored)?.into_iter().map(lift).collect())
}

fn combinations(call: &Call, filter: &EventFilter) -> Result<Vec<Combination>, ApiError> {
    let combinations = call.api.store.combinations(filter, MAX_COMBINATIONS + 1)?;
    if combinations.len() > MAX_COMBINATIONS {
        return Err(ApiError::Invalid(vec![format!(
            "these events stand for more than {MAX_COMBINATIONS} combinations of actor, policy and endpoint: narrow the filter"
        )]));
    }
    Ok(combinations)
}

fn apply(call: &Call, changes: Vec<Change>) -> Result<(), ApiError> {
    for some in changes.chunks(PER_REVISION) {
        call.api.fleet.apply(&call.act(), some.to_vec())?;
    }
    Ok(())
}
