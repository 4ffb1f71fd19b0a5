//! Made events over 90 days in the store of the control plane: how fast they are taken, what they weigh, and how long each
//! documented endpoint takes over them, through real REST and real gRPC in this process. Prints a JSON line for each
//! measurement.

#![expect(clippy::indexing_slicing, reason = "a JSON value answers null for what it has not")]

#[path = "store/made.rs"]
mod made;

use std::{
    io::{IsTerminal as _, Write as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use clap::Parser as _;
use control_plane::{
    Config, NotifySettings, Server,
    auth::{KeyTerms, command_line, create_key},
    clock::EpochMillis,
    fleet::{JoinTerms, create_join_token},
    store::{EventStore as _, Role, SqliteStore},
};
use portcullis_proto::v1::{
    EnrollRequest, EventAck, EventBatch, ThreatEvent, control_plane_client::ControlPlaneClient,
};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Streaming, transport::Channel};

use self::made::Made;

#[derive(clap::Parser)]
struct Args {
    #[arg(long, default_value_t = 10_000_000)]
    events: u64,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Requests to each endpoint in each variant.
    #[arg(long, default_value_t = 100)]
    rounds: usize,
    /// Events that go through gRPC.
    #[arg(long, default_value_t = 200_000)]
    ingest: usize,
    /// Events whose way into REST is timed, one after the other.
    #[arg(long, default_value_t = 300)]
    visible: usize,
    /// Days that retention drops at the end.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(..made::DAYS))]
    drop_days: u64,
    /// Keep the database here; one that is there is measured as it is.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Only endpoints whose name contains this.
    #[arg(long)]
    only: Option<String>,
    /// `cargo bench` says so.
    #[arg(long, hide = true)]
    bench: bool,
}

const BATCH: usize = 1_000;
const SENSORS: usize = 2;
/// As sensors do: batches of so many events, and so many of them on their way.
const SENSOR_BATCH: usize = 256;
const WINDOW: usize = 8;
const WARM_UP: usize = 3;
const FILE: &str = "control-plane.sqlite";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let temporary = tempfile::tempdir()?;
    let folder = args.folder.clone().unwrap_or_else(|| temporary.path().to_owned());
    std::fs::create_dir_all(&folder)?;
    let mut made = Made::new(args.seed, args.events, EpochMillis::now());
    if !folder.join(FILE).exists() {
        load(&folder, &mut made, args.events)?;
    }
    let plane = Plane::start(&folder).await?;
    endpoints(&plane, &mut made, &args).await?;
    if args.ingest > 0 {
        ingest(&plane, &mut made, args.ingest).await?;
    }
    if args.visible > 0 {
        visible(&plane, &mut made, args.visible).await?;
    }
    if args.drop_days > 0 {
        drop_days(&plane, &mut made, args.drop_days, &folder.join("events")).await?;
    }
    plane.server.shut_down().await;
    Ok(())
}

fn load(folder: &Path, made: &mut Made, count: u64) -> anyhow::Result<()> {
    let store = SqliteStore::open(folder)?;
    let (began, cpu) = (Instant::now(), cpu()?);
    let mut stored = 0;
    let mut in_store = Duration::ZERO;
    loop {
        let batch: Vec<_> = made.by_ref().take(BATCH).collect();
        if batch.is_empty() {
            break;
        }
        let at = Instant::now();
        stored += store.append(batch)?.stored;
        in_store += at.elapsed();
        if stored % (100 * BATCH as u64) == 0 {
            progress(&format!("{stored} of {count} events stored, {:.0} s", began.elapsed().as_secs_f64()));
        }
    }
    progress("");
    // Closing folds the log into the file.
    drop(store);
    let bytes = std::fs::metadata(folder.join(FILE))?.len();
    print(&json!({
        "bench": "store-load",
        "what": "one caller, batches of 1,000, each committed before the next",
        "events": stored,
        "seconds": round(began.elapsed().as_secs_f64()),
        "seconds_in_store": round(in_store.as_secs_f64()),
        "events_per_s_in_store": whole(rate(stored, in_store)),
        "cpu_s": round((self::cpu()? - cpu).as_secs_f64()),
        "bytes": bytes,
        "bytes_per_event": whole(rate(bytes, Duration::from_secs(stored.max(1)))),
    }))
}

/// The 13 documented endpoints, each without and with what narrows it.
fn variants(made: &mut Made, refs: &[Value]) -> Vec<(&'static str, &'static str, Value)> {
    let (start, end) = made.range();
    let range = |mut body: Value| {
        body["startTs"] = json!(start);
        body["endTs"] = json!(end);
        body
    };
    let open = json!({"startTs": 0, "endTs": 0});
    let policy = made.policy();
    let mut all = vec![
        ("fetchSuspectSampleData", "none", json!({})),
        ("fetchSuspectSampleData", "range", json!({"startTimestamp": start, "endTimestamp": end})),
        ("fetchSuspectSampleData", "ips", json!({"ips": [made.actor()]})),
        ("fetchSuspectSampleData", "urls", json!({"urls": [made.url()]})),
        (
            "fetchSuspectSampleData",
            "hosts, severity",
            json!({"hosts": [made.host()], "severity": ["CRITICAL"]}),
        ),
        (
            "fetchSuspectSampleData",
            "latestAttack, range",
            json!({"latestAttack": [policy], "startTimestamp": start, "endTimestamp": end}),
        ),
        ("fetchSuspectSampleData", "statusFilter", json!({"statusFilter": "IGNORED"})),
        ("fetchSuspectSampleData", "successfulExploit", json!({"successfulExploit": true})),
        ("fetchSuspectSampleData", "ips, urls", json!({"ips": [made.actor()], "urls": [made.url()]})),
        ("fetchSuspectSampleData", "sortBySeverity", json!({"sortBySeverity": true})),
        ("fetchSuspectSampleData", "skip 1000", json!({"skip": 1_000})),
        (
            "fetchSuspectSampleData",
            "searchText: of a url",
            json!({"searchText": made.url().get(8..).map(str::to_owned)}),
        ),
        ("fetchSuspectSampleData", "searchText: of nothing", json!({"searchText": "zqxjkv"})),
        ("fetchThreatActors", "none", json!({"skip": 0, "startTs": 0, "endTs": 0})),
        ("fetchThreatActors", "range", range(json!({"skip": 0}))),
        (
            "fetchThreatActors",
            "latestAttack",
            json!({"skip": 0, "startTs": 0, "endTs": 0, "latestAttack": [policy]}),
        ),
        ("fetchThreatActors", "country, range", range(json!({"skip": 0, "country": ["NL"]}))),
        ("fetchFiltersThreatTable", "none", json!({})),
        ("fetchFiltersThreatTable", "range", json!({"startTimestamp": start, "endTimestamp": end})),
        ("fetchThreatApis", "none", json!({})),
        ("fetchThreatApis", "range", range(json!({}))),
        ("fetchThreatApis", "requestsCount, range", range(json!({"sort": {"requestsCount": -1}}))),
        ("fetchThreatApis", "actorsCount, range", range(json!({"sort": {"actorsCount": -1}}))),
        (
            "fetchThreatApis",
            "actorsCount, latestAttack",
            json!({"sort": {"actorsCount": -1}, "latestAttack": [policy]}),
        ),
        ("fetchRemediationInfo", "testId", json!({"testId": policy})),
        ("fetchFilterYamlTemplate", "none", json!({})),
        ("fetchFiltersForThreatActors", "none", json!({})),
    ];
    for name in [
        "getThreatActivityTimeline",
        "fetchCountBySeverity",
        "fetchThreatCategoryCount",
        "getDailyThreatActorsCount",
        "getActorsCountPerCounty",
    ] {
        all.push((name, "none", open.clone()));
        all.push((name, "range", range(json!({}))));
        all.push((name, "latestAttack, range", range(json!({"latestAttack": [policy]}))));
    }
    for (kind, variant) in [("SINGLE", "single"), ("AGGREGATED", "aggregated")] {
        let reference = refs.get(fastrand::usize(..refs.len().max(1))).cloned().unwrap_or_default();
        all.push((
            "fetchAggregateMaliciousRequests",
            variant,
            json!({"refId": reference["refId"], "eventType": kind, "actor": reference["actor"],
                   "filterId": reference["filterId"]}),
        ));
    }
    all
}

async fn endpoints(plane: &Plane, made: &mut Made, args: &Args) -> anyhow::Result<()> {
    let mut refs = Vec::new();
    for _ in 0..10 {
        let (start, end) = made.range();
        let body = json!({"startTimestamp": start, "endTimestamp": end, "limit": 50});
        let reply = plane.ask("fetchSuspectSampleData", body).await?;
        refs.extend(reply["maliciousEvents"].as_array().cloned().unwrap_or_default());
    }
    let count = variants(made, &refs).len();
    let mut times: Vec<(&str, &str, Vec<Duration>)> = Vec::with_capacity(count);
    for round in 0..args.rounds + WARM_UP {
        progress(&format!("round {round} of {}", args.rounds + WARM_UP));
        for (at, (name, variant, body)) in variants(made, &refs).into_iter().enumerate() {
            if args.only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
                continue;
            }
            let began = Instant::now();
            plane.ask(name, body).await?;
            let took = began.elapsed();
            while times.len() <= at {
                times.push((name, variant, Vec::new()));
            }
            if round >= WARM_UP
                && let Some(slot) = times.get_mut(at)
            {
                *slot = (name, variant, { std::mem::take(&mut slot.2) });
                slot.2.push(took);
            }
        }
    }
    progress("");
    for (name, variant, mut times) in times.into_iter().filter(|(_, _, times)| !times.is_empty()) {
        times.sort_unstable();
        print(&json!({
            "bench": "store-endpoint",
            "endpoint": name,
            "filter": variant,
            "rounds": times.len(),
            "p50_ms": milliseconds(quantile(&times, 50)),
            "p95_ms": milliseconds(quantile(&times, 95)),
            "max_ms": milliseconds(quantile(&times, 100)),
        }))?;
    }
    Ok(())
}

async fn ingest(plane: &Plane, made: &mut Made, count: usize) -> anyhow::Result<()> {
    let mut sensors = Vec::new();
    for _ in 0..SENSORS {
        let sensor = plane.sensor().await?;
        let events: Vec<_> = (0..count / SENSORS).map(|_| made.live("")).collect();
        sensors.push((sensor, events));
    }
    let (began, cpu_before) = (Instant::now(), cpu()?);
    let mut sending = JoinSet::new();
    for (sensor, events) in sensors {
        sending.spawn(send_all(sensor, events));
    }
    let mut acknowledged = 0_u64;
    let mut waits = Vec::new();
    while let Some(sent) = sending.join_next().await {
        let (events, some) = sent??;
        acknowledged += events;
        waits.extend(some);
    }
    let (took, cpu) = (began.elapsed(), cpu()? - cpu_before);
    waits.sort_unstable();
    print(&json!({
        "bench": "store-ingest",
        "what": "gRPC, acknowledged after commit; the sensors' own work is in the CPU time",
        "sensors": SENSORS,
        "events": acknowledged,
        "seconds": round(took.as_secs_f64()),
        "events_per_s": whole(rate(acknowledged, took)),
        "cpu_s": round(cpu.as_secs_f64()),
        "events_per_cpu_s": whole(rate(acknowledged, cpu)),
        "ack_p50_ms": milliseconds(quantile(&waits, 50)),
        "ack_p99_ms": milliseconds(quantile(&waits, 99)),
    }))
}

async fn send_all(mut sensor: Sensor, events: Vec<ThreatEvent>) -> anyhow::Result<(u64, Vec<Duration>)> {
    let mut batches =
        events.chunks(SENSOR_BATCH).map(<[ThreatEvent]>::to_vec).collect::<Vec<_>>().into_iter();
    let mut under_way = std::collections::VecDeque::new();
    let (mut acknowledged, mut waits) = (0, Vec::new());
    loop {
        while under_way.len() < WINDOW
            && let Some(batch) = batches.next()
        {
            let size = batch.len() as u64;
            let sequence = sensor.send(batch).await?;
            under_way.push_back((sequence, size, Instant::now()));
        }
        if under_way.is_empty() {
            return Ok((acknowledged, waits));
        }
        let ack = sensor.acks.message().await?.context("the stream ended")?;
        while under_way.front().is_some_and(|(sequence, ..)| *sequence <= ack.sequence)
            && let Some((_, size, at)) = under_way.pop_front()
        {
            acknowledged += size;
            waits.push(at.elapsed());
        }
    }
}

/// From the moment an event is sent until a list shows it.
async fn visible(plane: &Plane, made: &mut Made, count: usize) -> anyhow::Result<()> {
    let mut sensor = plane.sensor().await?;
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let event = made.live("");
        let wanted = json!({"eventIds": [event.event_id], "limit": 1});
        let began = Instant::now();
        sensor.send(vec![event]).await?;
        while plane.ask("fetchSuspectSampleData", wanted.clone()).await?["total"] != 1 {
            ensure!(began.elapsed() < Duration::from_secs(30), "an event did not appear");
        }
        times.push(began.elapsed());
        sensor.acks.message().await?.context("the stream ended")?;
    }
    times.sort_unstable();
    print(&json!({
        "bench": "store-visible",
        "what": "event sent over gRPC to event listed by REST",
        "rounds": times.len(),
        "p50_ms": milliseconds(quantile(&times, 50)),
        "p99_ms": milliseconds(quantile(&times, 99)),
        "max_ms": milliseconds(quantile(&times, 100)),
    }))
}

/// Retention at work, and how long an event that comes meanwhile waits for its acknowledgement.
async fn drop_days(plane: &Plane, made: &mut Made, days: u64, exports: &Path) -> anyhow::Result<()> {
    let mut sensor = plane.sensor().await?;
    let (began, cpu_before) = (Instant::now(), cpu()?);
    let kept = json!({"retentionDays": made::DAYS - days, "waitSeconds": 0});
    plane.ask("modifyThreatConfiguration", kept).await?;
    let mut waits = Vec::new();
    let dropped = loop {
        let at = Instant::now();
        sensor.send(vec![made.live("")]).await?;
        sensor.acks.message().await?.context("the stream ended")?;
        waits.push(at.elapsed());
        let dropped = plane.ask("fetchSensors", json!({})).await?["store"]["retention"].take();
        ensure!(dropped["failures"] == 0, "{dropped}");
        if dropped["daysDropped"].as_u64() >= Some(days) {
            break dropped;
        }
        ensure!(began.elapsed() < Duration::from_secs(600), "no day was dropped in ten minutes");
    };
    let (took, cpu) = (began.elapsed(), cpu()? - cpu_before);
    let mut bytes = 0;
    for file in std::fs::read_dir(exports)? {
        bytes += file?.metadata()?.len();
    }
    waits.sort_unstable();
    let events = dropped["eventsDropped"].as_u64().unwrap_or(0);
    print(&json!({
        "bench": "store-drop",
        "what": "days exported and dropped, while single events come",
        "days": dropped["daysDropped"],
        "events": events,
        "seconds": round(took.as_secs_f64()),
        "cpu_s": round(cpu.as_secs_f64()),
        "export_bytes_per_event": whole(rate(bytes, Duration::from_secs(events.max(1)))),
        "ack_p99_ms": milliseconds(quantile(&waits, 99)),
        "ack_max_ms": milliseconds(quantile(&waits, 100)),
    }))
}

struct Sensor {
    batches: mpsc::Sender<EventBatch>,
    acks: Streaming<EventAck>,
    sequence: u64,
}

impl Sensor {
    async fn send(&mut self, events: Vec<ThreatEvent>) -> anyhow::Result<u64> {
        self.sequence += 1;
        self.batches.send(EventBatch { sequence: self.sequence, events }).await?;
        Ok(self.sequence)
    }
}

struct Plane {
    server: Server,
    client: Client,
    key: String,
    join_token: String,
}

impl Plane {
    async fn start(folder: &Path) -> anyhow::Result<Self> {
        let any = "127.0.0.1:0".parse()?;
        let config = Config {
            keep_free: 0,
            country_db: None,
            oidc: None,
            data_dir: folder.to_owned(),
            http: any,
            grpc: any,
            account_id: "1".into(),
            trusted_proxies: Vec::new(),
            audit_retention: Duration::from_secs(400 * 86_400),
            export_dropped: true,
            notify: NotifySettings::default(),
            coverage: None,
            certificate_lifetime: Duration::from_secs(7 * 86_400),
        };
        let server = Server::start(config).await?;
        let store = SqliteStore::open(folder)?;
        let terms = KeyTerms { name: "bench".into(), role: Role::Admin, expires_at: None };
        let key = create_key(&store, &command_line("bench"), terms)?.1.reveal().to_owned();
        let terms = JoinTerms { lifetime: Duration::from_secs(3_600), uses: 100 };
        let join_token = create_join_token(&store, &command_line("bench"), terms)?.reveal().to_owned();
        Ok(Self { server, client: Client::new(), key, join_token })
    }

    async fn ask(&self, name: &str, body: Value) -> anyhow::Result<Value> {
        let url = format!("http://{}/api/{name}", self.server.http);
        let response = self.client.post(url).header("x-api-key", &self.key).json(&body).send().await?;
        let status = response.status();
        let reply: Value = response.json().await?;
        ensure!(status.is_success(), "{name} {body}: {status}: {reply}");
        Ok(reply)
    }

    async fn sensor(&self) -> anyhow::Result<Sensor> {
        let url = format!("http://{}", self.server.grpc);
        let channel = Channel::from_shared(url)?.tcp_nodelay(true).connect().await?;
        let mut client = ControlPlaneClient::new(channel);
        let request = EnrollRequest {
            join_token: self.join_token.clone(),
            node: "node".into(),
            version: "bench".into(),
            certificate_request: Vec::new(),
        };
        let credential = client.enroll(request).await?.into_inner().credential;
        let (batches, stream) = mpsc::channel(WINDOW);
        let mut request = Request::new(ReceiverStream::new(stream));
        request.metadata_mut().insert("authorization", format!("Bearer {credential}").parse()?);
        let acks = client.stream_events(request).await?.into_inner();
        Ok(Sensor { batches, acks, sequence: 0 })
    }
}

/// Of this process, all threads.
fn cpu() -> anyhow::Result<Duration> {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: fills the structure that it is given.
    let got = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    ensure!(got == 0, "{}", std::io::Error::last_os_error());
    Ok(Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec)?))
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn rate(count: u64, time: Duration) -> f64 {
    count as f64 / time.as_secs_f64()
}

fn quantile(sorted: &[Duration], percent: usize) -> Duration {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn whole(value: f64) -> f64 {
    value.round()
}

/// On a terminal only: a log has no use for it.
fn progress(note: &str) {
    let mut terminal = std::io::stderr();
    if terminal.is_terminal() {
        // Where it cannot be shown, nobody misses it.
        let _unshown = write!(terminal, "\r\x1b[K{note}");
    }
}

fn print(line: &Value) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
