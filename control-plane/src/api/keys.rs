//! API keys. A key itself is shown once, in the reply that makes it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    ApiError,
    endpoint::{Call, Reply},
    names,
    users::role_of,
};
use crate::{
    auth::{self, BadKeyTerms, KeyTerms},
    clock::EpochMillis,
    store::KeyRecord,
};

#[derive(Serialize, ToSchema)]
pub(super) struct Keys {
    keys: Vec<KeyRow>,
    total: usize,
}

/// An API key, without the key itself.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ApiKey)]
pub(crate) struct KeyRow {
    id: String,
    name: String,
    role: names::Role,
    created_at: i64,
    /// Empty where that was not written down yet.
    created_by: String,
    last_used_at: Option<i64>,
    /// Null where it has no end.
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
}

/// `fetchKeys`: oldest first, revoked ones too.
pub(super) fn list(call: &Call) -> Reply<Keys> {
    let keys: Vec<_> = call.api.store.keys()?.iter().map(KeyRow::from).collect();
    Ok(Keys { total: keys.len(), keys })
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Add {
    name: String,
    role: String,
    ttl_seconds: Option<u64>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Made {
    id: String,
    /// The key itself, shown this once.
    key: String,
    name: String,
    role: names::Role,
    expires_at: Option<i64>,
}

/// `addKey`.
pub(super) fn add(call: &Call) -> Reply<Made> {
    let Add { name, role, ttl_seconds } = call.keys()?;
    let terms = KeyTerms::new(&name, role_of(&role)?, ttl_seconds.map(Duration::from_secs))?;
    let (id, key) = auth::create_key(&*call.api.store, &call.act(), terms.clone())?;
    Ok(Made {
        id,
        key: key.reveal().to_owned(),
        name: terms.name,
        role: terms.role.into(),
        expires_at: terms.expires_at.map(EpochMillis::seconds),
    })
}

impl From<BadKeyTerms> for ApiError {
    fn from(bad: BadKeyTerms) -> Self {
        match bad {
            BadKeyTerms::Name => Self::invalid("name", bad),
            BadKeyTerms::Lifetime => Self::invalid("ttlSeconds", bad),
        }
    }
}

#[derive(Deserialize, ToSchema)]
pub(super) struct Named {
    id: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Revoked {
    id: String,
}

/// `revokeKey`: at once, with the sessions opened with it.
pub(super) fn revoke(call: &Call) -> Reply<Revoked> {
    let Named { id } = call.keys()?;
    if !call.api.store.revoke_key(&call.act(), &id, EpochMillis::now())? {
        return Err(ApiError::invalid(
            "id",
            "there is no such key in force; fetchKeys shows those there are",
        ));
    }
    Ok(Revoked { id })
}

impl From<&KeyRecord> for KeyRow {
    fn from(key: &KeyRecord) -> Self {
        Self {
            id: key.id.clone(),
            name: key.name.clone(),
            role: key.role.into(),
            created_at: key.created_at.seconds(),
            created_by: key.created_by.clone(),
            last_used_at: key.last_used_at.map(EpochMillis::seconds),
            expires_at: key.expires_at.map(EpochMillis::seconds),
            revoked_at: key.revoked_at.map(EpochMillis::seconds),
        }
    }
}
