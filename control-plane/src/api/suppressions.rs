//! Ignored combinations. They outlive the events they came from.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    ApiError, blocks,
    endpoint::{Call, Reply},
    pushed::{Pushing, Settled},
    sort::Paging,
};
use crate::{
    blocking::blocking,
    clock::EpochMillis,
    store::{Change, Combination, Order, Suppression, SuppressionQuery, SuppressionSort},
};

const SORTS: [(&str, SuppressionSort); 4] = [
    ("createdAt", SuppressionSort::CreatedAt),
    ("expiresAt", SuppressionSort::ExpiresAt),
    ("hits", SuppressionSort::Hits),
    ("lastHitAt", SuppressionSort::LastHitAt),
];
const MAX_FILTER: usize = 1_000;
const MAX_FIELD: usize = 8 << 10;
/// Longer is as good as for ever.
const MAX_TTL_SECONDS: u64 = 10 * 366 * 86_400;

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Asked {
    actor: Vec<String>,
    filter_id: Vec<String>,
    host: Vec<String>,
    search_text: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Listed {
    suppressions: Vec<SuppressionRow>,
    total: u64,
    /// The newest there is.
    revision: u64,
}

/// An ignored combination; an empty field stands for any.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SuppressionRow {
    id: String,
    actor: String,
    /// The policy's id.
    filter_id: String,
    method: String,
    url: String,
    host: String,
    reason: String,
    author: String,
    created_at: i64,
    /// Null where it has no end.
    expires_at: Option<i64>,
    /// Events held back, at sensors and at ingest.
    hits: u64,
    sensor_hits: u64,
    last_hit_at: Option<i64>,
}

/// `fetchSuppressions`: those in force, a page at a time.
pub(super) fn list(call: &Call) -> Reply<Listed> {
    let (asked, paging): (Asked, Paging) = (call.keys()?, call.keys()?);
    for (name, list) in [("actor", &asked.actor), ("filterId", &asked.filter_id), ("host", &asked.host)] {
        if list.len() > MAX_FILTER {
            return Err(ApiError::invalid(name, format_args!("has at most {MAX_FILTER} values")));
        }
    }
    let page = paging.page(&SORTS, (SuppressionSort::CreatedAt, Order::Descending))?;
    let [sort] = page.sort.as_slice() else {
        return Err(ApiError::invalid("sort", "is by one field"));
    };
    let query = SuppressionQuery {
        actors: asked.actor,
        policy_ids: asked.filter_id,
        hosts: asked.host,
        search: asked.search_text,
        sort: *sort,
        skip: page.skip,
        limit: page.limit,
    };
    let (found, total) = call.api.store.suppression_page(&query, EpochMillis::now())?;
    let suppressions = found.iter().map(shown).collect();
    Ok(Listed { suppressions, total, revision: call.api.fleet.revision() })
}

#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Named {
    id: String,
}

/// How long, and why.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Terms {
    ttl_seconds: Option<u64>,
    permanent: bool,
    reason: Option<String>,
}

/// A field that is absent stands for any.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Wanted {
    actor: String,
    filter_id: String,
    method: String,
    url: String,
    host: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Suppressed {
    #[serde(flatten)]
    settled: Settled,
    suppression: SuppressionRow,
}

/// `addSuppression`: a combination that nobody has to have met yet.
pub(super) async fn add(call: Call) -> Reply<Suppressed> {
    let pushing = Pushing::begin(&call)?;
    let (wanted, terms): (Wanted, Terms) = (call.keys()?, call.keys()?);
    let Wanted { actor, filter_id, method, url, host } = wanted;
    for (name, field) in
        [("actor", &actor), ("filterId", &filter_id), ("method", &method), ("url", &url), ("host", &host)]
    {
        if field.len() > MAX_FIELD {
            return Err(ApiError::invalid(name, format_args!("is at most {MAX_FIELD} bytes")));
        }
    }
    if [&actor, &filter_id, &url, &host].iter().all(|field| field.is_empty()) {
        return Err(ApiError::invalid(
            "filterId",
            "name at least an actor, a policy, a url or a host: else every event would be ignored",
        ));
    }
    let now = EpochMillis::now();
    let one = Suppression {
        actor,
        policy_id: filter_id,
        method,
        url,
        host,
        reason: blocks::reason(&terms.reason.unwrap_or_default()),
        author: call.caller.by.name.clone(),
        created_at: now,
        expires_at: if terms.permanent { None } else { expiry(terms.ttl_seconds, now)? },
        hits: 0,
        sensor_hits: 0,
        last_hit_at: None,
    };
    put(&call, pushing, one).await
}

/// `extendSuppression`: another end, counted from now; `permanent` for none. Its hits go on.
pub(super) async fn extend(call: Call) -> Reply<Suppressed> {
    let pushing = Pushing::begin(&call)?;
    let (Named { id }, terms): (Named, Terms) = (call.keys()?, call.keys()?);
    let now = EpochMillis::now();
    let expires_at = match (terms.permanent, terms.ttl_seconds) {
        (true, None) => None,
        (false, Some(ttl)) => expiry(Some(ttl), now)?,
        _ => return Err(ApiError::invalid("ttlSeconds", "say either ttlSeconds or permanent: true")),
    };
    let known = known(&call, id).await?;
    let reason = terms.reason.map_or_else(|| known.reason.clone(), |reason| blocks::reason(&reason));
    let author = call.caller.by.name.clone();
    put(&call, pushing, Suppression { expires_at, reason, author, ..known }).await
}

/// `removeSuppression`: such events come again.
pub(super) async fn remove(call: Call) -> Reply<Settled> {
    let pushing = Pushing::begin(&call)?;
    let Named { id } = call.keys()?;
    known(&call, id.clone()).await?;
    let revision = blocks::apply(&call, vec![Change::LiftSuppression { id }]).await?;
    Ok(pushing.settle(&call, revision).await)
}

/// None where nothing is said: until somebody lifts it.
pub(super) fn expiry(ttl_seconds: Option<u64>, now: EpochMillis) -> Result<Option<EpochMillis>, ApiError> {
    match ttl_seconds {
        None => Ok(None),
        Some(0) => Err(ApiError::invalid("ttlSeconds", "is at least 1; leave it out for no end")),
        Some(ttl) if ttl > MAX_TTL_SECONDS => {
            Err(ApiError::invalid("ttlSeconds", "is at most ten years; leave it out for no end"))
        }
        Some(ttl) => Ok(Some(now.plus(Duration::from_secs(ttl)))),
    }
}

async fn put(call: &Call, pushing: Pushing, one: Suppression) -> Reply<Suppressed> {
    let id = one.combination().suppression_id();
    let revision = blocks::apply(call, vec![Change::Suppress(one)]).await?;
    let settled = pushing.settle(call, revision).await;
    Ok(Suppressed { settled, suppression: shown(&known(call, id).await?) })
}

async fn known(call: &Call, id: String) -> Result<Suppression, ApiError> {
    let api = call.api.clone();
    let found = blocking(move || api.store.suppression(&id, EpochMillis::now())).await?;
    found.ok_or_else(|| {
        ApiError::invalid("id", "there is no such suppression; fetchSuppressions shows those there are")
    })
}

fn shown(one: &Suppression) -> SuppressionRow {
    let Combination { actor, policy_id, method, url, host } = one.combination();
    SuppressionRow {
        id: one.combination().suppression_id(),
        actor,
        filter_id: policy_id,
        method,
        url,
        host,
        reason: one.reason.clone(),
        author: one.author.clone(),
        created_at: one.created_at.seconds(),
        expires_at: one.expires_at.map(EpochMillis::seconds),
        hits: one.hits.saturating_add(one.sensor_hits),
        sensor_hits: one.sensor_hits,
        last_hit_at: one.last_hit_at.map(EpochMillis::seconds),
    }
}
