use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    ApiError,
    endpoint::{Call, Reply},
};
use crate::{clock::EpochMillis, store::Change};

/// `fetchSuppressions`: ignored combinations, newest first. They outlive the events they came from.
pub(super) fn list(call: &Call) -> Reply {
    let suppressions = call.api.store.suppressions(EpochMillis::now())?;
    let shown = suppressions.iter().map(|one| {
        json!({
            "id": one.combination().suppression_id(),
            "actor": one.actor,
            "filterId": one.policy_id,
            "method": one.method,
            "url": one.url,
            "host": one.host,
            "reason": one.reason,
            "author": one.author,
            "createdAt": one.created_at.seconds(),
            "expiresAt": one.expires_at.map(EpochMillis::seconds),
            "hits": one.hits,
        })
    });
    let shown: Vec<_> = shown.collect();
    Ok(json!({ "suppressions": shown, "total": shown.len() }))
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Remove {
    id: String,
}

/// `removeSuppression`: the way back where the event itself is deleted.
pub(super) fn remove(call: &Call) -> Reply {
    let Remove { id } = call.keys()?;
    let known = call.api.store.suppressions(EpochMillis::now())?;
    if !known.iter().any(|one| one.combination().suppression_id() == id) {
        return Err(ApiError::invalid(
            "id",
            "there is no such suppression; fetchSuppressions shows those there are",
        ));
    }
    let revision = call.api.fleet.apply(&call.act(), vec![Change::LiftSuppression { id }])?;
    Ok(json!({ "revision": revision }))
}
