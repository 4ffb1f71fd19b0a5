use std::collections::BTreeMap;

use portcullis_proto::v1;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    super::names::{GateMode, StoreHealth},
    CoverageAlert,
};
use crate::{
    clock::EpochMillis,
    fleet::{Live, Refusal},
    ingest::IngestCounts,
    retention::Retention,
    room::State,
    store::{self, Alert, SensorRecord},
};

/// A sensor as last heard of.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Sensor {
    id: String,
    node: String,
    version: String,
    capture_mode: String,
    enforcement_mode: String,
    /// Null where nothing is guarded, or the sensor does not say.
    gate_mode: Option<GateMode>,
    automatic_blocking: Option<AutomaticBlocking>,
    flow_cutting: Option<FlowCutting>,
    /// Refusals that are not among these: too many.
    refusals_left_out: u64,
    refused: Vec<SensorRefusal>,
    /// The revision that brought the threat configuration in force; 0 where it runs by its own.
    configuration_revision: u64,
    /// Policies that people saved, as it holds them.
    saved_policies: u64,
    interfaces: Vec<SensorInterface>,
    connected: bool,
    applied_revision: u64,
    last_seen: Option<i64>,
    enrolled_at: i64,
    revoked_at: Option<i64>,
    /// Null where it came without a certificate.
    certified_until: Option<i64>,
    /// How far its clock is ahead of the control plane's.
    clock_skew_ms: Option<i64>,
    /// What counters gained a second between the last two reports.
    rates: BTreeMap<String, f64>,
    started_at: Option<u64>,
    /// What ends in `_total` is counted since the start; the rest are gauges.
    counters: BTreeMap<String, u64>,
    ingest: SensorIngest,
    /// Those that are open.
    coverage_alerts: Vec<CoverageAlert>,
}

/// Whether policies may block.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AutomaticBlocking {
    /// `armed`, `tripped` or `off`.
    mode: String,
    reason: String,
    tripped_seconds: Option<u64>,
}

/// Whether connections of blocked actors behind trusted proxies are cut.
#[derive(Serialize, ToSchema)]
struct FlowCutting {
    mode: String,
    note: String,
}

/// What it would not do, and why.
#[derive(Serialize, ToSchema)]
struct SensorRefusal {
    what: String,
    reason: String,
    revision: u64,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SensorInterface {
    name: String,
    /// `native`, `tcx`, `generic`, `nftables` or `none`.
    gate: String,
    /// `tcx`, `clsact`, `pcap` or `none`.
    tap: String,
    note: String,
    index: u32,
    /// Since when gate and tap are as they are.
    since: Option<u64>,
    attach_failures: u64,
    /// Programs of others that packets meet before the tap.
    ahead_of_tap: Vec<String>,
}

/// What became of the events that it sent.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SensorIngest {
    received: u64,
    stored: u64,
    duplicates: u64,
    updated: u64,
    suppressed: u64,
    rejected: u64,
    passed_on: u64,
    last_rejection: Option<String>,
}

/// Whether events find room.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct StoreState {
    state: StoreHealth,
    note: String,
    /// Null where the system does not say.
    free_bytes: Option<u64>,
    kept_free_bytes: u64,
    batches_refused: u64,
    batches_failed: u64,
    retention: RetentionState,
}

/// What became of events that are older than events are kept, since the start.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RetentionState {
    /// Why old events are still there; empty where none are.
    note: String,
    failures: u64,
    days_dropped: u64,
    events_dropped: u64,
}

impl Sensor {
    pub(super) fn of<'a>(
        record: &SensorRecord,
        live: &Live,
        ingest: IngestCounts,
        lost: impl Iterator<Item = &'a Alert>,
    ) -> Self {
        let report = live.report.clone().unwrap_or_default();
        Self {
            id: record.id.clone(),
            node: live.node.clone(),
            version: live.version.clone(),
            gate_mode: gate_mode(&report),
            capture_mode: report.capture_mode,
            enforcement_mode: report.enforcement_mode,
            automatic_blocking: report.automatic_blocking.map(AutomaticBlocking::from),
            flow_cutting: report
                .flow_cutting
                .map(|cutting| FlowCutting { mode: cutting.mode, note: cutting.note }),
            refusals_left_out: live.refusals_left_out,
            refused: live.refused.iter().map(SensorRefusal::from).collect(),
            configuration_revision: report.configuration_revision,
            saved_policies: report.saved_policies,
            interfaces: report.interfaces.into_iter().map(SensorInterface::from).collect(),
            connected: live.is_connected(),
            applied_revision: live.applied_revision,
            last_seen: live.last_seen.map(EpochMillis::seconds),
            enrolled_at: record.enrolled_at.seconds(),
            revoked_at: record.revoked_at.map(EpochMillis::seconds),
            certified_until: live.certified_until.map(EpochMillis::seconds),
            clock_skew_ms: live.clock_skew_ms,
            rates: live.rates.clone(),
            started_at: (report.started_at_ms > 0).then_some(report.started_at_ms / 1000),
            counters: report.counters.into_iter().collect(),
            ingest: ingest.into(),
            coverage_alerts: lost.map(CoverageAlert::from).collect(),
        }
    }
}

fn gate_mode(report: &v1::SensorReport) -> Option<GateMode> {
    match report.gate_mode() {
        v1::GateMode::Enforce => Some(store::GateMode::Enforce.into()),
        v1::GateMode::Monitor => Some(store::GateMode::Monitor.into()),
        v1::GateMode::Unspecified => None,
    }
}

impl From<v1::AutomaticBlocking> for AutomaticBlocking {
    fn from(blocking: v1::AutomaticBlocking) -> Self {
        Self {
            tripped_seconds: (blocking.mode == "tripped").then_some(blocking.tripped_ms / 1000),
            mode: blocking.mode,
            reason: blocking.reason,
        }
    }
}

impl From<(&String, &Refusal)> for SensorRefusal {
    fn from((what, refusal): (&String, &Refusal)) -> Self {
        Self { what: what.clone(), reason: refusal.reason.clone(), revision: refusal.revision }
    }
}

impl From<v1::InterfaceReport> for SensorInterface {
    fn from(interface: v1::InterfaceReport) -> Self {
        Self {
            name: interface.name,
            gate: interface.gate,
            tap: interface.tap,
            note: interface.note,
            index: interface.index,
            since: (interface.since_ms > 0).then_some(interface.since_ms / 1000),
            attach_failures: interface.attach_failures,
            ahead_of_tap: interface.ahead_of_tap,
        }
    }
}

impl From<IngestCounts> for SensorIngest {
    fn from(counts: IngestCounts) -> Self {
        Self {
            received: counts.received,
            stored: counts.stored,
            duplicates: counts.duplicates,
            updated: counts.updated,
            suppressed: counts.suppressed,
            rejected: counts.rejected,
            passed_on: counts.passed_on,
            last_rejection: counts.last_rejection,
        }
    }
}

impl StoreState {
    pub(super) fn of(state: State, retention: &Retention) -> Self {
        Self {
            state: state.health.into(),
            note: state.note,
            free_bytes: state.free,
            kept_free_bytes: state.kept,
            batches_refused: state.refused,
            batches_failed: state.failed,
            retention: RetentionState {
                note: retention.trouble(),
                failures: retention.failures(),
                days_dropped: retention.days(),
                events_dropped: retention.events(),
            },
        }
    }
}
