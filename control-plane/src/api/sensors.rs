mod row;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::row::{Sensor, StoreState};
use super::{
    ApiError,
    endpoint::{Call, Reply},
    names,
};
use crate::{clock::EpochMillis, fleet::Live, store::Alert};

const MAX_ALERTS: u64 = 1_000;

#[derive(Serialize, ToSchema)]
pub(super) struct Sensors {
    sensors: Vec<Sensor>,
    total: usize,
    /// The newest there is.
    revision: u64,
    store: StoreState,
}

/// `fetchSensors`: every sensor that ever enrolled, as last heard of.
pub(super) fn list(call: &Call) -> Reply<Sensors> {
    let records = call.api.store.sensors()?;
    let alerts = call.api.fleet.open_alerts()?;
    let sensors: Vec<_> = records
        .iter()
        .map(|record| {
            let live = call.api.fleet.live(&record.id).unwrap_or_else(|| Live::from_record(record));
            let lost = alerts.iter().filter(|alert| alert.key.sensor_id == record.id);
            Sensor::of(record, &live, call.api.ingest.counters().of(&record.id), lost)
        })
        .collect();
    Ok(Sensors {
        total: sensors.len(),
        sensors,
        revision: call.api.fleet.revision(),
        store: StoreState::of(call.api.room.state(), &call.api.retention),
    })
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Alerts {
    /// Those that are over, too.
    #[serde(default)]
    closed: bool,
    #[serde(default = "usual_limit")]
    #[schema(maximum = 1000)]
    limit: u64,
}

const fn usual_limit() -> u64 {
    100
}

#[derive(Serialize, ToSchema)]
pub(super) struct AlertList {
    alerts: Vec<CoverageAlert>,
    /// How many are open.
    open: usize,
}

/// Where a sensor sees or blocks less than it should.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct CoverageAlert {
    id: u64,
    sensor_id: String,
    node: String,
    kind: names::AlertKind,
    /// What of the sensor: an interface's name, mostly.
    subject: String,
    severity: names::Severity,
    detail: String,
    opened_at: i64,
    closed_at: Option<i64>,
}

/// `fetchCoverageAlerts`: newest first.
pub(super) fn alerts(call: &Call) -> Reply<AlertList> {
    let Alerts { closed, limit } = call.keys()?;
    if !(1..=MAX_ALERTS).contains(&limit) {
        return Err(ApiError::invalid("limit", format_args!("is from 1 to {MAX_ALERTS}")));
    }
    let alerts = call.api.store.alerts(closed, limit)?.iter().map(CoverageAlert::from).collect();
    Ok(AlertList { alerts, open: call.api.fleet.open_alerts()?.len() })
}

#[derive(Deserialize, ToSchema)]
pub(super) struct Accept {
    id: u64,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Accepted {
    id: u64,
}

/// `acceptCoverageAlert`: what the sensor does now is what it is meant to do.
pub(super) fn accept(call: &Call) -> Reply<Accepted> {
    let Accept { id } = call.keys()?;
    if !call.api.fleet.accept(&call.act(), id)? {
        return Err(ApiError::invalid(
            "id",
            "there is no such alert, or it is closed; fetchCoverageAlerts shows those there are",
        ));
    }
    call.api.notifier.wake();
    Ok(Accepted { id })
}

impl From<&Alert> for CoverageAlert {
    fn from(alert: &Alert) -> Self {
        Self {
            id: alert.id,
            sensor_id: alert.key.sensor_id.clone(),
            node: alert.node.clone(),
            kind: alert.key.kind.into(),
            subject: alert.key.subject.clone(),
            severity: alert.key.kind.severity().into(),
            detail: alert.detail.clone(),
            opened_at: alert.opened_at.seconds(),
            closed_at: alert.closed_at.map(EpochMillis::seconds),
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

/// `revokeSensor`: at once, with the streams it has open.
pub(super) fn revoke(call: &Call) -> Reply<Revoked> {
    let Named { id } = call.keys()?;
    if !call.api.fleet.revoke(&call.act(), &id)? {
        return Err(ApiError::invalid(
            "id",
            "there is no such sensor, or it is revoked already; fetchSensors shows those there are",
        ));
    }
    Ok(Revoked { id })
}
