use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::{
    ApiError,
    endpoint::{Call, Reply},
    pushed::SensorCoverage,
};
use crate::{
    clock::EpochMillis,
    fleet::{Refusal, View},
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

#[derive(Serialize, ToSchema)]
pub(in crate::api) struct Blocklist {
    blocks: Vec<BlockRow>,
    total: u64,
    /// Where to go on, as `cursor`; null at the end.
    next: Option<u64>,
    /// The newest there is.
    revision: u64,
}

/// A block in force.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct BlockRow {
    #[schema(value_type = String)]
    cidr: IpNet,
    reason: String,
    author: String,
    created_at: i64,
    /// Null where it has no end.
    expires_at: Option<i64>,
    revision: u64,
    forced: bool,
    sensors: SensorCoverage,
    refusals: Vec<BlockRefusal>,
    hits: BlockHits,
}

/// What all sensors together dropped.
#[derive(Serialize, ToSchema)]
struct BlockHits {
    packets: u64,
    bytes: u64,
}

/// A sensor that would not block, and why.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct BlockRefusal {
    sensor_id: String,
    #[schema(value_type = String)]
    cidr: IpNet,
    reason: String,
}

/// `fetchBlocklist`: blocks in force, newest first, a page at a time.
pub(in crate::api) fn list(call: &Call) -> Reply<Blocklist> {
    let Asked { search, covers, skip, limit, cursor } = call.keys()?;
    if limit > MAX_LIMIT {
        return Err(ApiError::invalid("limit", format_args!("is at most {MAX_LIMIT}; go on with cursor")));
    }
    let covers = covers.map(|address| address.to_canonical());
    let query = BlockQuery { search: search.trim().to_owned(), covers, skip, limit, cursor };
    let page = call.api.store.blocks(&query, EpochMillis::now())?;
    let view = call.api.fleet.view(page.blocks.iter().map(|one| one.cidr));
    Ok(Blocklist {
        blocks: page.blocks.iter().map(|one| block(&view, one)).collect(),
        total: page.total,
        next: page.next,
        revision: call.api.fleet.revision(),
    })
}

pub(super) fn block(view: &View, block: &Block) -> BlockRow {
    let (packets, bytes) = view.hits(block.cidr);
    BlockRow {
        cidr: block.cidr,
        reason: block.reason.clone(),
        author: block.author.clone(),
        created_at: block.created_at.seconds(),
        expires_at: block.expires_at.map(EpochMillis::seconds),
        revision: block.revision,
        forced: block.forced,
        sensors: view.coverage_of(block.cidr, block.revision).into(),
        refusals: refusals(view, block.cidr, block.revision),
        hits: BlockHits { packets, bytes },
    }
}

pub(super) fn refusals(view: &View, cidr: IpNet, revision: u64) -> Vec<BlockRefusal> {
    let refusal = |(sensor, refusal): &(String, Refusal)| BlockRefusal {
        sensor_id: sensor.clone(),
        cidr,
        reason: refusal.reason.clone(),
    };
    view.refusals(cidr, revision).map(refusal).collect()
}
