use portcullis_proto::v1::{AutomaticBlocking, GateMode, SensorReport};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{
    ApiError,
    endpoint::{Call, Reply},
};
use crate::{
    clock::EpochMillis,
    fleet::Live,
    ingest::IngestCounts,
    room::State,
    store::{Alert, SensorRecord},
};

const MAX_ALERTS: u64 = 1_000;

/// `fetchSensors`: every sensor that ever enrolled, as last heard of.
pub(super) fn list(call: &Call) -> Reply {
    let records = call.api.store.sensors()?;
    let alerts = call.api.fleet.open_alerts()?;
    let sensors: Vec<_> = records
        .iter()
        .map(|record| {
            let live = call.api.fleet.live(&record.id).unwrap_or_else(|| Live::from_record(record));
            let lost = alerts.iter().filter(|alert| alert.key.sensor_id == record.id);
            let mut shown = sensor(record, &live, &call.api.ingest.counters().of(&record.id));
            if let Some(shown) = shown.as_object_mut() {
                shown.insert("coverageAlerts".to_owned(), lost.map(alert).collect());
            }
            shown
        })
        .collect();
    Ok(
        json!({ "sensors": sensors, "total": sensors.len(), "revision": call.api.fleet.revision(), "store": room(&call.api.room.state()) }),
    )
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

/// `fetchCoverageAlerts`: newest first.
pub(super) fn alerts(call: &Call) -> Reply {
    let Alerts { closed, limit } = call.keys()?;
    if !(1..=MAX_ALERTS).contains(&limit) {
        return Err(ApiError::invalid("limit", format_args!("is from 1 to {MAX_ALERTS}")));
    }
    let found: Vec<Value> = call.api.store.alerts(closed, limit)?.iter().map(alert).collect();
    Ok(json!({ "alerts": found, "open": call.api.fleet.open_alerts()?.len() }))
}

#[derive(Deserialize, ToSchema)]
pub(super) struct Accept {
    id: u64,
}

/// `acceptCoverageAlert`: what the sensor does now is what it is meant to do.
pub(super) fn accept(call: &Call) -> Reply {
    let Accept { id } = call.keys()?;
    if !call.api.fleet.accept(&call.act(), id)? {
        return Err(ApiError::invalid(
            "id",
            "there is no such alert, or it is closed; fetchCoverageAlerts shows those there are",
        ));
    }
    call.api.notifier.wake();
    Ok(json!({ "id": id }))
}

fn alert(alert: &Alert) -> Value {
    json!({
        "id": alert.id,
        "sensorId": alert.key.sensor_id,
        "node": alert.node,
        "kind": alert.key.kind.name(),
        "subject": alert.key.subject,
        "severity": alert.key.kind.severity().name(),
        "detail": alert.detail,
        "openedAt": alert.opened_at.seconds(),
        "closedAt": alert.closed_at.map(EpochMillis::seconds),
    })
}

#[derive(Deserialize, ToSchema)]
pub(super) struct Named {
    id: String,
}

/// `revokeSensor`: at once, with the streams it has open.
pub(super) fn revoke(call: &Call) -> Reply {
    let Named { id } = call.keys()?;
    if !call.api.fleet.revoke(&call.act(), &id)? {
        return Err(ApiError::invalid(
            "id",
            "there is no such sensor, or it is revoked already; fetchSensors shows those there are",
        ));
    }
    Ok(json!({ "id": id }))
}

fn sensor(record: &SensorRecord, live: &Live, ingest: &IngestCounts) -> Value {
    let nothing = SensorReport::default();
    let report = live.report.as_ref().unwrap_or(&nothing);
    let interfaces = report.interfaces.iter().map(|interface| {
        json!({
            "name": interface.name,
            "gate": interface.gate,
            "tap": interface.tap,
            "note": interface.note,
            "index": interface.index,
            "since": (interface.since_ms > 0).then_some(interface.since_ms / 1000),
            "attachFailures": interface.attach_failures,
            "aheadOfTap": interface.ahead_of_tap,
        })
    });
    let mut counters: Vec<_> = report.counters.iter().collect();
    counters.sort_unstable();
    json!({
        "id": record.id,
        "node": live.node,
        "version": live.version,
        "captureMode": report.capture_mode,
        "enforcementMode": report.enforcement_mode,
        "gateMode": gate_mode(report),
        "automaticBlocking": report.automatic_blocking.as_ref().map(automatic_blocking),
        "flowCutting": report.flow_cutting.as_ref().map(|cutting| json!({
            "mode": cutting.mode,
            "note": cutting.note,
        })),
        "refusalsLeftOut": live.refusals_left_out,
        "refused": live.refused.iter().map(|(what, refusal)| json!({
            "what": what,
            "reason": refusal.reason,
            "revision": refusal.revision,
        })).collect::<Vec<_>>(),
        "configurationRevision": report.configuration_revision,
        "savedPolicies": report.saved_policies,
        "interfaces": interfaces.collect::<Vec<_>>(),
        "connected": live.is_connected(),
        "appliedRevision": live.applied_revision,
        "lastSeen": live.last_seen.map(EpochMillis::seconds),
        "enrolledAt": record.enrolled_at.seconds(),
        "revokedAt": record.revoked_at.map(EpochMillis::seconds),
        "certifiedUntil": live.certified_until.map(EpochMillis::seconds),
        "clockSkewMs": live.clock_skew_ms,
        "rates": live.rates,
        "startedAt": (report.started_at_ms > 0).then_some(report.started_at_ms / 1000),
        "counters": counters.into_iter().map(|(name, value)| (name.clone(), json!(value))).collect::<serde_json::Map<_, _>>(),
        "ingest": {
            "received": ingest.received,
            "stored": ingest.stored,
            "duplicates": ingest.duplicates,
            "updated": ingest.updated,
            "suppressed": ingest.suppressed,
            "rejected": ingest.rejected,
            "passedOn": ingest.passed_on,
            "lastRejection": ingest.last_rejection,
        },
    })
}

fn room(state: &State) -> Value {
    json!({
        "state": state.name,
        "note": state.note,
        "freeBytes": state.free,
        "keptFreeBytes": state.kept,
        "batchesRefused": state.refused,
        "batchesFailed": state.failed,
    })
}

fn automatic_blocking(blocking: &AutomaticBlocking) -> Value {
    json!({
        "mode": blocking.mode,
        "reason": blocking.reason,
        "trippedSeconds": (blocking.mode == "tripped").then_some(blocking.tripped_ms / 1000),
    })
}

/// `None` where nothing is guarded, or the sensor does not say.
fn gate_mode(report: &SensorReport) -> Option<&'static str> {
    match report.gate_mode() {
        GateMode::Enforce => Some("enforce"),
        GateMode::Monitor => Some("monitor"),
        GateMode::Unspecified => None,
    }
}
