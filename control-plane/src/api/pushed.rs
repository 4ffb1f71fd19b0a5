//! How far an order has come, as every endpoint that gives one says it.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    ApiError,
    endpoint::{Call, Reply},
};
use crate::{
    clock::EpochMillis,
    fleet::{Behind, Coverage, NotDone},
};

/// How long an answer waits for sensors, where the request does not say.
const PATIENCE_SECONDS: u64 = 2;
const MAX_PATIENCE_SECONDS: u64 = 60;
/// A list of all of a large fleet would say no more.
const MAX_BEHIND: usize = 100;

/// A request on its way: when it came, and how long its answer may wait for sensors.
pub(super) struct Pushing {
    began: Instant,
    patience: Duration,
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wait {
    wait_seconds: Option<u64>,
}

impl Pushing {
    pub(super) fn begin(call: &Call) -> Result<Self, ApiError> {
        Self::begin_with(call, PATIENCE_SECONDS)
    }

    /// For what is one of many: nobody waits for each.
    pub(super) fn begin_without_waiting(call: &Call) -> Result<Self, ApiError> {
        Self::begin_with(call, 0)
    }

    fn begin_with(call: &Call, otherwise: u64) -> Result<Self, ApiError> {
        let Wait { wait_seconds } = call.keys()?;
        let seconds = wait_seconds.unwrap_or(otherwise);
        if seconds > MAX_PATIENCE_SECONDS {
            return Err(ApiError::invalid(
                "waitSeconds",
                format_args!("is at most {MAX_PATIENCE_SECONDS}; awaitRevision goes on waiting"),
            ));
        }
        Ok(Self { began: Instant::now(), patience: Duration::from_secs(seconds) })
    }

    /// Waits for the sensors.
    pub(super) async fn settle(self, call: &Call, revision: u64) -> Settled {
        let fleet = &call.api.fleet;
        let coverage = fleet.settle(revision, self.patience).await;
        let took = self.began.elapsed();
        let is_behind = coverage.applied + coverage.refused < coverage.total;
        let behind = if is_behind { fleet.behind(revision) } else { Vec::new() };
        let refused = if coverage.refused > 0 { fleet.refused(revision) } else { Vec::new() };
        Settled {
            revision,
            sensors: coverage.into(),
            refused: refused.into_iter().take(MAX_BEHIND).map(RefusedOrder::from).collect(),
            behind: behind.into_iter().take(MAX_BEHIND).map(BehindSensor::from).collect(),
            took_ms: (took.as_secs_f64() * 10_000.0).round() / 10.0,
        }
    }
}

/// How far an order has come.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Settled {
    revision: u64,
    sensors: SensorCoverage,
    refused: Vec<RefusedOrder>,
    behind: Vec<BehindSensor>,
    took_ms: f64,
}

/// Connected sensors, and those of them that have carried out all of it.
#[derive(Serialize, ToSchema)]
pub(super) struct SensorCoverage {
    total: usize,
    applied: usize,
}

impl From<Coverage> for SensorCoverage {
    fn from(coverage: Coverage) -> Self {
        Self { total: coverage.total, applied: coverage.applied }
    }
}

/// What a sensor would not do that is no block: those stand in `refusals`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RefusedOrder {
    sensor_id: String,
    node: String,
    what: String,
    reason: String,
}

impl From<NotDone> for RefusedOrder {
    fn from(NotDone { sensor_id, node, what, reason }: NotDone) -> Self {
        Self { sensor_id, node, what, reason }
    }
}

/// A connected sensor that has not applied the revision.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct BehindSensor {
    sensor_id: String,
    node: String,
    applied_revision: u64,
    last_seen: Option<i64>,
}

impl From<Behind> for BehindSensor {
    fn from(Behind { sensor_id, node, applied_revision, last_seen }: Behind) -> Self {
        Self { sensor_id, node, applied_revision, last_seen: last_seen.map(EpochMillis::seconds) }
    }
}

#[derive(Deserialize, ToSchema)]
pub(super) struct Await {
    revision: u64,
}

/// `awaitRevision`: how far a revision is, once all have applied it or the time is over.
pub(super) async fn await_revision(call: Call) -> Reply<Settled> {
    let Await { revision } = call.keys()?;
    let newest = call.api.fleet.revision();
    if revision > newest {
        return Err(ApiError::invalid(
            "revision",
            format_args!("{revision} is not there yet; the newest is {newest}"),
        ));
    }
    Ok(Pushing::begin(&call)?.settle(&call, revision).await)
}
