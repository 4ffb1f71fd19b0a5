//! `GET /metrics`: OpenMetrics 1.0 text, for a Prometheus to scrape. What each sensor reported, and what became of it
//! here. The sensors themselves listen on nothing.

use std::{collections::BTreeMap, fmt, sync::Arc};

use axum::{
    extract::State,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, text},
    metrics::{MetricType, exemplar::Exemplar},
    registry::Registry,
};

use super::{Api, ApiError, endpoint::authenticate};
use crate::{
    accounts::Planes,
    blocking::blocking,
    clock::EpochMillis,
    fleet::Live,
    ingest::IngestCounts,
    retention::Retention,
    room,
    store::{Integration, Role, StoreError, TargetRecord},
};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Names that sensors choose stand behind this, so that none of them can be one of ours.
const REPORTED: &str = "portcullis_sensor_";

pub(super) async fn scrape(
    State(planes): State<Arc<Planes>>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, ApiError> {
    let (api, caller) = authenticate(&planes, &headers).await?;
    if caller.role < Role::Viewer {
        return Err(ApiError::Forbidden { has: caller.role, needs: Role::Viewer });
    }
    let text = blocking(move || exposition(&planes, &api)).await?;
    Ok::<Response, _>(([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response())
}

fn exposition(planes: &Planes, api: &Api) -> Result<String, StoreError> {
    let mut registry = Registry::default();
    let mut snapshot = Snapshot::take(api)?;
    if api.store.account().is_none() {
        snapshot.sums = Some(Sums::take(planes)?);
    }
    registry.register_collector(Box::new(snapshot));
    let mut exposition = String::new();
    // Without its last line, which then is missing, no scraper takes it.
    if let Err(error) = text::encode(&mut exposition, &registry) {
        tracing::error!(%error, "metrics could not be written");
    }
    Ok(exposition)
}

/// Everything as it stood at one moment.
#[derive(Debug)]
struct Snapshot {
    revision: u64,
    failed_log_ins: u64,
    room: room::State,
    /// Of all accounts, where the operator asks.
    sums: Option<Sums>,
    sensors: Vec<SensorMetrics>,
    targets: Vec<(Labels, TargetRecord)>,
    integrations: Vec<(Labels, Integration)>,
    retention: Arc<Retention>,
}

#[derive(Debug)]
struct SensorMetrics {
    labels: Labels,
    live: Live,
    ingest: IngestCounts,
    alerts: u64,
}

/// Over all accounts: how many there are does not make more series.
#[derive(Debug, Default)]
struct Sums {
    accounts: u64,
    sensors: u64,
    connected: u64,
    alerts: u64,
    received: u64,
    stored: u64,
    rejected: u64,
}

impl Sums {
    fn take(planes: &Planes) -> Result<Self, StoreError> {
        let mut sums = Self::default();
        for plane in planes.all() {
            let Snapshot { sensors, .. } = Snapshot::take(&plane.api)?;
            sums.accounts += 1;
            sums.sensors += sensors.len() as u64;
            for sensor in &sensors {
                sums.connected += is_connected(sensor);
                sums.alerts += sensor.alerts;
                sums.received += sensor.ingest.received;
                sums.stored += sensor.ingest.stored;
                sums.rejected += sensor.ingest.rejected;
            }
        }
        Ok(sums)
    }

    const fn named(&self) -> [(&'static str, &'static str, u64); 7] {
        [
            ("accounts", "Accounts that are open, the operator's too", self.accounts),
            ("accounts_sensors", "Sensors enrolled, over all accounts", self.sensors),
            ("accounts_sensors_connected", "Sensors connected, over all accounts", self.connected),
            ("accounts_coverage_alerts", "Open alerts of lost coverage, over all accounts", self.alerts),
            ("accounts_events_received", "Events that came, over all accounts", self.received),
            ("accounts_events_stored", "Events stored, over all accounts", self.stored),
            (
                "accounts_events_rejected",
                "Events that do not keep to the contract, over all accounts",
                self.rejected,
            ),
        ]
    }
}

type Labels = [(&'static str, String); 2];

type Family<'a> = Vec<(&'a Labels, u64)>;

impl Snapshot {
    fn take(api: &Api) -> Result<Self, StoreError> {
        let open = api.fleet.open_alerts()?;
        let sensors = api.store.sensors()?.into_iter().map(|record| {
            let live = api.fleet.live(&record.id).unwrap_or_else(|| Live::from_record(&record));
            let ingest = api.ingest.counters().of(&record.id);
            let alerts = open.iter().filter(|alert| alert.key.sensor_id == record.id).count() as u64;
            let labels = [("sensor", record.id), ("node", live.node.clone())];
            SensorMetrics { labels, live, ingest, alerts }
        });
        let targets = api.store.targets()?.into_iter();
        let targets = targets.map(|target| {
            ([("target", target.name.clone()), ("kind", target.kind.name().to_owned())], target)
        });
        let integrations = api.store.integrations()?.into_iter();
        let integrations = integrations
            .map(|one| ([("integration", one.name.clone()), ("kind", one.kind.name().to_owned())], one));
        Ok(Self {
            integrations: integrations.collect(),
            targets: targets.collect(),
            retention: api.retention.clone(),
            revision: api.fleet.revision(),
            failed_log_ins: api.failures_noted.total(),
            room: api.room.state(),
            sums: None,
            sensors: sensors.collect(),
        })
    }

    fn each(&self, value: impl Fn(&SensorMetrics) -> u64) -> Family<'_> {
        self.sensors.iter().map(|sensor| (&sensor.labels, value(sensor))).collect()
    }

    fn each_target(&self, value: impl Fn(&TargetRecord) -> u64) -> Family<'_> {
        self.targets.iter().map(|(labels, target)| (labels, value(target))).collect()
    }

    fn each_integration(&self, value: impl Fn(&Integration) -> u64) -> Family<'_> {
        self.integrations.iter().map(|(labels, integration)| (labels, value(integration))).collect()
    }

    /// What the sensors reported, by name.
    fn reported(&self) -> BTreeMap<&str, Family<'_>> {
        let mut families: BTreeMap<&str, Family<'_>> = BTreeMap::new();
        for sensor in &self.sensors {
            for (name, value) in sensor.live.report.iter().flat_map(|report| &report.counters) {
                families.entry(name).or_default().push((&sensor.labels, *value));
            }
        }
        // A gauge `x` beside a counter `x_total` would be one family twice, which spoils the whole exposition.
        let twice: Vec<_> =
            families.keys().filter_map(|name| name.strip_suffix("_total")).map(str::to_owned).collect();
        families.retain(|name, _| !twice.iter().any(|taken| taken == name));
        families
    }
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut write = |name: &str, help: &str, family: &Family<'_>| write(&mut encoder, name, help, family);
        let own = [
            ("sensor_connected", "1 while the sensor's command stream stands", self.each(is_connected)),
            (
                "sensor_applied_revision",
                "Revision of blocks and suppressions that the sensor has applied",
                self.each(|sensor| sensor.live.applied_revision),
            ),
            (
                "coverage_alerts",
                "Open alerts: the sensor sees or blocks less than it should",
                self.each(|sensor| sensor.alerts),
            ),
            ("sensor_last_seen_seconds", "Unix time of the sensor's last message", self.each(last_seen)),
            (
                "sensor_counters_refused",
                "Counters of the last report that were left out for their name or their number",
                self.each(|sensor| sensor.live.refused_counters as u64),
            ),
            (
                "events_received_total",
                "Events that came from the sensor",
                self.each(|sensor| sensor.ingest.received),
            ),
            ("events_stored_total", "Events stored", self.each(|sensor| sensor.ingest.stored)),
            (
                "events_duplicate_total",
                "Events sent again after a lost acknowledgement",
                self.each(|sensor| sensor.ingest.duplicates),
            ),
            (
                "events_updated_total",
                "Events sent again with a higher count of equal detections",
                self.each(|sensor| sensor.ingest.updated),
            ),
            (
                "events_suppressed_total",
                "Events of an ignored combination",
                self.each(|sensor| sensor.ingest.suppressed),
            ),
            (
                "events_rejected_total",
                "Events that do not keep to the contract",
                self.each(|sensor| sensor.ingest.rejected),
            ),
            (
                "events_passed_on_total",
                "Events of overlay networks that belong to another account",
                self.each(|sensor| sensor.ingest.passed_on),
            ),
            ("notifications_queued", "Notifications that wait", self.each_target(|target| target.queued)),
            (
                "notifications_delivered_total",
                "Notifications that the target took",
                self.each_target(|target| target.delivered),
            ),
            (
                "notifications_failed_attempts_total",
                "Attempts to deliver notifications that failed",
                self.each_target(|target| target.failed),
            ),
            (
                "notifications_given_up_total",
                "Notifications that were refused for good or waited for more than a day",
                self.each_target(|target| target.given_up),
            ),
            (
                "notifications_dropped_total",
                "Notifications that found no room in the outbox",
                self.each_target(|target| target.dropped),
            ),
            ("tickets_queued", "Tickets that wait to be made", self.each_integration(|one| one.queued)),
            ("tickets_created_total", "Tickets made", self.each_integration(|one| one.created)),
            (
                "tickets_updated_total",
                "Changes of events and issues that their tickets were told of",
                self.each_integration(|one| one.updated),
            ),
            (
                "tickets_failed_attempts_total",
                "Attempts to make a ticket or to tell it of a change that failed",
                self.each_integration(|one| one.failed),
            ),
            (
                "ticket_integration_failures",
                "Times in a row that the tracker did not answer as it should",
                self.each_integration(|one| one.failures),
            ),
        ];
        for (name, help, family) in &own {
            write(&format!("portcullis_control_plane_{name}"), help, family)?;
        }
        for (name, family) in &self.reported() {
            write(&format!("{REPORTED}{name}"), "As the sensor reported it; see docs/counters.md", family)?;
        }
        let whole = [
            ("log_ins_failed_total", "Log-ins with a wrong name, password or key", Some(self.failed_log_ins)),
            ("revision", "Newest revision of blocks and suppressions", Some(self.revision)),
            (
                "store_full",
                "1 while events find no room on the disk",
                Some(u64::from(self.room.health == room::Health::Full)),
            ),
            ("store_free_bytes", "Room on the disk of the data folder", self.room.free),
            ("store_kept_free_bytes", "Room that events leave to everything else", Some(self.room.kept)),
            (
                "store_batches_refused_total",
                "Batches of events that came while there was no room; sensors keep them",
                Some(self.room.refused),
            ),
            (
                "event_days_dropped_total",
                "Days of events that were older than events are kept",
                Some(self.retention.days()),
            ),
            ("events_dropped_by_age_total", "Events of those days", Some(self.retention.events())),
            (
                "event_drop_failures_total",
                "Times that old events could not be dropped",
                Some(self.retention.failures()),
            ),
            (
                "store_batches_failed_total",
                "Batches of events that the disk did not take; sensors keep them",
                Some(self.room.failed),
            ),
        ];
        for (name, help, value) in whole {
            let Some(value) = value else { continue };
            let (counter, name) = (name.strip_suffix("_total"), format!("portcullis_control_plane_{name}"));
            match counter {
                Some(counter) => encoder
                    .encode_descriptor(
                        &format!("portcullis_control_plane_{counter}"),
                        help,
                        None,
                        MetricType::Counter,
                    )?
                    .encode_counter(&value, None::<&Exemplar<Labels, u64>>)?,
                None => {
                    encoder.encode_descriptor(&name, help, None, MetricType::Gauge)?.encode_gauge(&value)?;
                }
            }
        }
        for (name, help, value) in self.sums.iter().flat_map(Sums::named) {
            let name = format!("portcullis_control_plane_{name}");
            let mut sum = encoder.encode_descriptor(&name, help, None, MetricType::Gauge)?;
            sum.encode_gauge(&value)?;
        }
        Ok(())
    }
}

/// A counter where the name ends in `_total`, as OpenMetrics has it, else a gauge.
fn write(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, family: &Family<'_>) -> fmt::Result {
    if family.is_empty() {
        return Ok(());
    }
    let counter = name.strip_suffix("_total");
    let kind = if counter.is_some() { MetricType::Counter } else { MetricType::Gauge };
    let mut metric = encoder.encode_descriptor(counter.unwrap_or(name), help, None, kind)?;
    for (labels, value) in family {
        let mut sample = metric.encode_family(*labels)?;
        match kind {
            MetricType::Counter => sample.encode_counter(value, None::<&Exemplar<Labels, u64>>)?,
            _ => sample.encode_gauge(value)?,
        }
    }
    Ok(())
}

fn last_seen(sensor: &SensorMetrics) -> u64 {
    let seen = sensor.live.last_seen.map_or(0, EpochMillis::seconds);
    u64::try_from(seen).unwrap_or_default()
}

fn is_connected(sensor: &SensorMetrics) -> u64 {
    sensor.live.is_connected().into()
}
