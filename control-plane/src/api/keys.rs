//! API keys. A key itself is shown once, in the reply that makes it.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    ApiError,
    endpoint::{Call, Reply},
    users::role_of,
};
use crate::{
    auth::{self, KeyTerms},
    clock::EpochMillis,
    store::KeyRecord,
};

const MAX_NAME: usize = 100;
const MAX_TTL: Duration = Duration::from_secs(10 * 366 * 24 * 3600);

/// `fetchKeys`: oldest first, revoked ones too.
pub(super) fn list(call: &Call) -> Reply {
    let keys: Vec<Value> = call.api.store.keys()?.iter().map(shown).collect();
    Ok(json!({ "keys": keys, "total": keys.len() }))
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Add {
    name: String,
    role: String,
    ttl_seconds: Option<u64>,
}

/// `addKey`.
pub(super) fn add(call: &Call) -> Reply {
    let Add { name, role, ttl_seconds } = call.keys()?;
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(ApiError::invalid(
            "name",
            format_args!("says whose key it is, on one line of at most {MAX_NAME} characters"),
        ));
    }
    let role = role_of(&role)?;
    let ttl = ttl_seconds.map(Duration::from_secs);
    if ttl.is_some_and(|ttl| ttl.is_zero() || ttl > MAX_TTL) {
        return Err(ApiError::invalid(
            "ttlSeconds",
            "is from 1 second to 10 years; without it a key has no end",
        ));
    }
    let expires_at = ttl.map(|ttl| EpochMillis::now().plus(ttl));
    let terms = KeyTerms { name: name.to_owned(), role, expires_at };
    let (id, key) = auth::create_key(&*call.api.store, &call.act(), terms)?;
    Ok(json!({
        "id": id,
        "key": key.reveal(),
        "name": name,
        "role": role.name(),
        "expiresAt": expires_at.map(EpochMillis::seconds),
    }))
}

#[derive(Deserialize, ToSchema)]
pub(super) struct Named {
    id: String,
}

/// `revokeKey`: at once, with the sessions opened with it.
pub(super) fn revoke(call: &Call) -> Reply {
    let Named { id } = call.keys()?;
    if !call.api.store.revoke_key(&call.act(), &id, EpochMillis::now())? {
        return Err(ApiError::invalid(
            "id",
            "there is no such key in force; fetchKeys shows those there are",
        ));
    }
    Ok(json!({ "id": id }))
}

fn shown(key: &KeyRecord) -> Value {
    json!({
        "id": key.id,
        "name": key.name,
        "role": key.role.name(),
        "createdAt": key.created_at.seconds(),
        "createdBy": key.created_by,
        "lastUsedAt": key.last_used_at.map(EpochMillis::seconds),
        "expiresAt": key.expires_at.map(EpochMillis::seconds),
        "revokedAt": key.revoked_at.map(EpochMillis::seconds),
    })
}
