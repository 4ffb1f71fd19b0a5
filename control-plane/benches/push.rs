//! From the REST call to the last sensor's acknowledgement: so many sensors as the wire sees them, each with a connection
//! of its own over loopback, in the control plane's own process. Prints a JSON line for each measurement.

#![expect(clippy::indexing_slicing, reason = "a JSON value answers null for what it has not")]

use std::{
    io::Write as _,
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use clap::Parser as _;
use control_plane::{
    Config, NotifySettings, Server,
    auth::{KeyTerms, command_line, create_key},
    fleet::{JoinTerms, create_join_token},
    store::{Role, SqliteStore},
};
use portcullis_proto::v1::{
    Applied, EnrollRequest, Hello, SensorMessage, control_message::Message,
    control_plane_client::ControlPlaneClient, sensor_message,
};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::{sync::mpsc, task::JoinSet};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, transport::Channel};

#[derive(clap::Parser)]
struct Args {
    #[arg(long, default_value_t = 1_000)]
    sensors: usize,
    /// Blocks, one after the other, that are measured.
    #[arg(long, default_value_t = 300)]
    rounds: u32,
    /// Then so many blocks in calls of 10,000.
    #[arg(long, default_value_t = 1_000_000)]
    import: u32,
    /// `cargo bench` says so.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Sensors that follow the import: a thousand would measure how this machine copies.
const IMPORTING_SENSORS: usize = 1;
const WARM_UP: u32 = 20;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    raise_file_limit()?;
    let plane = Plane::start().await?;
    let mut sensors = plane.sensors(args.sensors).await?;
    let mut times = Vec::new();
    for round in 0..args.rounds + WARM_UP {
        let cidr = Ipv4Addr::from(0x0a00_0000 + round);
        let began = Instant::now();
        let reply = plane.ask("addBlock", json!({"cidr": cidr, "waitSeconds": 30})).await?;
        let took = began.elapsed();
        ensure!(reply["sensors"]["applied"] == json!(args.sensors), "not all applied: {reply}");
        if round >= WARM_UP {
            times.push(took);
        }
    }
    times.sort_unstable();
    print(&json!({
        "bench": "push",
        "what": "REST call to last acknowledgement",
        "sensors": args.sensors,
        "rounds": args.rounds,
        "p50_ms": milliseconds(quantile(&times, 50)),
        "p99_ms": milliseconds(quantile(&times, 99)),
        "max_ms": milliseconds(quantile(&times, 100)),
    }))?;
    sensors.abort_all();
    while sensors.join_next().await.is_some() {}
    if args.import > 0 {
        import(&plane, args.import).await?;
    }
    plane.server.shut_down().await;
    Ok(())
}

async fn import(plane: &Plane, count: u32) -> anyhow::Result<()> {
    while plane.ask("fetchSensors", json!({})).await?["sensors"]
        .as_array()
        .is_some_and(|all| all.iter().any(|one| one["connected"] == true))
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let before = resident()?;
    let _sensors = plane.sensors(IMPORTING_SENSORS).await?;
    let began = Instant::now();
    let mut revision = Value::Null;
    let addresses: Vec<_> = (0..count).map(|n| Ipv4Addr::from(0x2000_0000 + n.wrapping_mul(101))).collect();
    for some in addresses.chunks(10_000) {
        let blocks: Vec<_> = some.iter().map(|address| json!({ "cidr": address })).collect();
        let reply = plane.ask("importBlocks", json!({"blocks": blocks, "reason": "feed"})).await?;
        ensure!(reply["accepted"] == json!(some.len()), "{reply}");
        revision = reply["revision"].clone();
    }
    let stored = began.elapsed();
    let reply = plane.ask("awaitRevision", json!({"revision": revision, "waitSeconds": 60})).await?;
    ensure!(reply["sensors"]["applied"] == json!(IMPORTING_SENSORS), "{reply}");
    let applied = began.elapsed();
    let asked = Instant::now();
    let page = plane.ask("fetchBlocklist", json!({"limit": 1_000})).await?;
    ensure!(page["total"].as_u64() >= Some(u64::from(count)), "{}", page["total"]);
    let first_page = asked.elapsed();
    let asked = Instant::now();
    let _late = plane.sensors(1).await?;
    plane.until_applied(2, &revision).await?;
    print(&json!({
        "bench": "push-import",
        "blocks": count,
        "revision": revision,
        "stored_s": stored.as_secs_f64(),
        "acknowledged_s": applied.as_secs_f64(),
        "first_page_ms": milliseconds(first_page),
        "snapshot_to_a_new_sensor_s": asked.elapsed().as_secs_f64(),
        "resident_before_mb": before >> 20,
        "resident_after_mb": resident()? >> 20,
    }))
}

struct Plane {
    server: Server,
    client: Client,
    key: String,
    join_token: String,
    _folder: tempfile::TempDir,
}

impl Plane {
    async fn start() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let any = "127.0.0.1:0".parse()?;
        let config = Config {
            keep_free: 0,
            country_db: None,
            oidc: None,
            data_dir: folder.path().to_owned(),
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
        let store = SqliteStore::open(folder.path())?;
        let key = create_key(
            &store,
            &command_line("bench"),
            KeyTerms { name: "bench".into(), role: Role::Admin, expires_at: None },
        )?
        .1
        .reveal()
        .to_owned();
        let join_token = create_join_token(
            &store,
            &command_line("bench"),
            JoinTerms { lifetime: Duration::from_secs(3_600), uses: 100_000 },
        )?
        .reveal()
        .to_owned();
        Ok(Self { server, client: Client::new(), key, join_token, _folder: folder })
    }

    async fn ask(&self, name: &str, body: Value) -> anyhow::Result<Value> {
        let url = format!("http://{}/api/{name}", self.server.http);
        let response = self.client.post(url).header("x-api-key", &self.key).json(&body).send().await?;
        let status = response.status();
        let reply: Value = response.json().await?;
        ensure!(status.is_success(), "{name}: {status}: {reply}");
        Ok(reply)
    }

    /// Connected, and at the newest revision.
    async fn sensors(&self, count: usize) -> anyhow::Result<JoinSet<anyhow::Result<()>>> {
        let url = format!("http://{}", self.server.grpc);
        let mut enrolling = ControlPlaneClient::connect(url.clone()).await?;
        let connected = self.ask("awaitRevision", json!({"revision": 0, "waitSeconds": 0})).await?;
        let connected = connected["sensors"]["total"].as_u64().unwrap_or_default();
        let mut sensors = JoinSet::new();
        for number in 0..count {
            let request = EnrollRequest {
                join_token: self.join_token.clone(),
                node: format!("node-{number}"),
                version: "bench".into(),
                certificate_request: Vec::new(),
            };
            let credential = enrolling.enroll(request).await?.into_inner().credential;
            let channel = Channel::from_shared(url.clone())?.tcp_nodelay(true).connect().await?;
            sensors.spawn(obey(ControlPlaneClient::new(channel), credential));
        }
        let newest = self.ask("fetchSensors", json!({"limit": 1})).await?["revision"].clone();
        self.until_applied(connected + count as u64, &newest).await?;
        Ok(sensors)
    }

    async fn until_applied(&self, sensors: u64, revision: &Value) -> anyhow::Result<()> {
        loop {
            let reply = self.ask("awaitRevision", json!({"revision": revision, "waitSeconds": 1})).await?;
            if reply["sensors"] == json!({"total": sensors, "applied": sensors}) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Acknowledges whatever comes, at once.
async fn obey(mut client: ControlPlaneClient<Channel>, credential: String) -> anyhow::Result<()> {
    let (messages, stream) = mpsc::channel(4);
    let hello = Hello { version: "bench".into(), node: "bench".into(), applied_revision: 0 };
    messages.send(wrap(sensor_message::Message::Hello(hello))).await?;
    let mut request = Request::new(ReceiverStream::new(stream));
    request.metadata_mut().insert("authorization", format!("Bearer {credential}").parse()?);
    let mut orders = client.commands(request).await?.into_inner();
    while let Some(order) = orders.message().await? {
        let revision = match order.message.context("an empty message")? {
            Message::Revision(revision) => revision.number,
            Message::Snapshot(snapshot) if snapshot.piece.is_none_or(|piece| piece.last) => snapshot.revision,
            _ => continue,
        };
        messages
            .send(wrap(sensor_message::Message::Applied(Applied { revision, ..Applied::default() })))
            .await?;
    }
    Ok(())
}

fn wrap(message: sensor_message::Message) -> SensorMessage {
    SensorMessage { message: Some(message) }
}

/// Each sensor takes two descriptors here, one at either end.
fn raise_file_limit() -> anyhow::Result<()> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: fills the structure that it is given.
    let got = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    ensure!(got == 0, "{}", std::io::Error::last_os_error());
    limit.rlim_cur = limit.rlim_max;
    // SAFETY: reads the structure that it is given.
    let set = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) };
    ensure!(set == 0, "{}", std::io::Error::last_os_error());
    Ok(())
}

/// Bytes of this process: the control plane and the sensors.
fn resident() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").trim().parse::<u64>()? << 10)
}

fn quantile(sorted: &[Duration], percent: usize) -> Duration {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}

fn print(line: &Value) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
