//! The threat configuration: read, and set as a whole or part by part.

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use utoipa::ToSchema;

use super::{
    ApiError, blocks,
    endpoint::{Call, Reply},
    pushed::{Pushing, Settled},
};
use crate::{
    blocking::blocking,
    clock::EpochMillis,
    configuration::{Configuration, Document, check},
    store::Change,
};

/// A document is read, changed and set: two at once must not undo each other.
static CHANGING: Mutex<()> = Mutex::const_new(());

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Shown {
    configuration: Document,
    /// Null where nobody has set it.
    author: Option<String>,
    updated_at: Option<i64>,
    /// The revision that brought it.
    revision: Option<u64>,
}

/// `fetchThreatConfiguration`: as it is, and who set it.
pub(super) fn fetch(call: &Call) -> Reply<Shown> {
    let known = call.api.store.threat_configuration()?;
    Ok(match known {
        None => Shown { configuration: Document::default(), author: None, updated_at: None, revision: None },
        Some(Configuration { document, author, at, revision }) => Shown {
            configuration: document,
            author: Some(author),
            updated_at: Some(at.seconds()),
            revision: Some(revision),
        },
    })
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Mode {
    /// Parts that are absent are emptied; else they stay.
    replace: bool,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Modified {
    #[serde(flatten)]
    settled: Settled,
    configuration: Document,
}

/// `modifyThreatConfiguration`: the parts that are given, on every sensor.
pub(super) async fn modify(call: Call) -> Reply<Modified> {
    let pushing = Pushing::begin(&call)?;
    let (given, Mode { replace }): (Document, Mode) = (call.keys()?, call.keys()?);
    let _alone = CHANGING.lock().await;
    let api = call.api.clone();
    let known = blocking(move || api.store.threat_configuration()).await?.unwrap_or_default();
    let is_given = |key: &str| replace || call.raw.get(key).is_some_and(|value| !value.is_null());
    let mut document = known.document.clone();
    if is_given("trustedProxies") {
        document.trusted_proxies = given.trusted_proxies;
    }
    if is_given("actorIdentity") {
        document.actor_identity = given.actor_identity;
    }
    if is_given("rateLimits") {
        document.rate_limits = given.rate_limits;
    }
    if is_given("enumeration") {
        document.enumeration = given.enumeration;
    }
    if is_given("retentionDays") {
        document.retention_days = given.retention_days;
    }
    if is_given("redaction") {
        document.redaction = given.redaction;
    }
    check(&document).map_err(ApiError::Invalid)?;
    let (author, at) = (call.caller.by.name.clone(), EpochMillis::now());
    let change = Change::Configure(Box::new(Configuration { document, author, at, revision: 0 }));
    let revision = blocks::apply(&call, vec![change]).await?;
    call.api.retention.look();
    let settled = pushing.settle(&call, revision).await;
    let api = call.api.clone();
    let now = blocking(move || api.store.threat_configuration()).await?;
    Ok(Modified { settled, configuration: now.map(|now| now.document).unwrap_or_default() })
}
