use std::net::IpAddr;

use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::super::{
    ApiError,
    endpoint::{Call, Reply},
    pushed,
};
use crate::{
    clock::EpochMillis,
    fleet::View,
    store::{Block, BlockQuery},
};

const DEFAULT_LIMIT: u64 = 1_000;
const MAX_LIMIT: u64 = 10_000;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(in crate::api) struct Asked {
    search: String,
    #[schema(value_type = Option<String>)]
    covers: Option<IpAddr>,
    skip: u64,
    limit: u64,
    cursor: Option<u64>,
}

impl Default for Asked {
    fn default() -> Self {
        Self { search: String::new(), covers: None, skip: 0, limit: DEFAULT_LIMIT, cursor: None }
    }
}

/// `fetchBlocklist`: blocks in force, newest first, a page at a time.
pub(in crate::api) fn list(call: &Call) -> Reply {
    let Asked { search, covers, skip, limit, cursor } = call.keys()?;
    if limit > MAX_LIMIT {
        return Err(ApiError::invalid("limit", format_args!("is at most {MAX_LIMIT}; go on with cursor")));
    }
    let covers = covers.map(|address| address.to_canonical());
    let query = BlockQuery { search: search.trim().to_owned(), covers, skip, limit, cursor };
    let page = call.api.store.blocks(&query, EpochMillis::now())?;
    let view = call.api.fleet.view(page.blocks.iter().map(|one| one.cidr));
    let shown: Vec<_> = page.blocks.iter().map(|one| block(&view, one)).collect();
    Ok(json!({
        "blocks": shown,
        "total": page.total,
        "next": page.next,
        "revision": call.api.fleet.revision(),
    }))
}

pub(super) fn block(view: &View, block: &Block) -> Value {
    let (packets, bytes) = view.hits(block.cidr);
    let coverage = view.coverage_of(block.cidr, block.revision);
    json!({
        "cidr": block.cidr,
        "reason": block.reason,
        "author": block.author,
        "createdAt": block.created_at.seconds(),
        "expiresAt": block.expires_at.map(EpochMillis::seconds),
        "revision": block.revision,
        "forced": block.forced,
        "sensors": pushed::sensors(coverage),
        "refusals": refusals(view, block.cidr, block.revision),
        "hits": { "packets": packets, "bytes": bytes },
    })
}

pub(super) fn refusals(view: &View, cidr: ipnet::IpNet, revision: u64) -> Vec<Value> {
    view.refusals(cidr, revision)
        .map(|(sensor, refusal)| json!({ "sensorId": sensor, "cidr": cidr, "reason": refusal.reason }))
        .collect()
}
