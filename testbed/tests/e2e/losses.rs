//! What a sensor did not see reaches its operator, by cause.

use std::{collections::BTreeSet, net::IpAddr, path::Path, process::Command};

use anyhow::Context as _;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use portcullis_stack::Capture;
use serde_json::{Map, Value, json};

use crate::{
    need,
    scene::{self, CUSTOMER, Scene, wait_for},
};

/// More than half of the rings of four shards, all of it in new connections.
const UPLOADS: usize = 800;
const UPLOAD: usize = 60_000;

#[test]
fn a_stopped_sensor_sheds_new_connections_and_its_operator_reads_how_many() -> anyhow::Result<()> {
    let Some(mut scene) = scene::set(Capture::Ebpf)? else { return Ok(()) };
    wait_for("the first report", || Ok(seen(&scene)?.is_some()))?;
    assert_eq!(seen(&scene)?, Some(1000));
    {
        let _stopped = Stopped::new(scene.stage.sensor()?.process.pid())?;
        upload(&scene)?;
    }
    wait_for("a report of what was shed", || Ok(seen(&scene)? < Some(1000)))?;
    let fleet = scene.rest.call("fetchSensors", &json!({}))?;
    let shed = counter(&fleet, "tap_shed_flows_total").unwrap_or_default();
    let taken = counter(&fleet, "tap_flows_total").unwrap_or_default();
    assert!(shed > 0 && taken + shed >= UPLOADS as u64, "{taken} taken, {shed} shed");

    let text = portctl(&scene, &["sensors"])?;
    assert!(text.contains(&format!("tap_shed_flows_total {shed}")) && text.contains(" %"), "{text}");
    let row: Value = serde_json::from_str(&portctl(&scene, &["sensors", "-o", "jsonl"])?)?;
    assert_eq!(row.pointer("/losses/tap_shed_flows_total"), Some(&json!(shed)));
    assert!(row.get("seenPermille").and_then(Value::as_u64) < Some(1000), "{row}");
    let metrics = metrics(&scene)?;
    let line = |line: &&str| line.starts_with("portcullis_sensor_tap_shed_flows_total{");
    assert!(metrics.lines().find(line).is_some_and(|line| line.ends_with(&format!(" {shed}"))), "{metrics}");

    scene.let_all_arrive().context("new connections are seen again")
}

#[test]
fn sensors_report_the_counters_that_are_documented_and_no_others() -> anyhow::Result<()> {
    let mut reported = BTreeSet::new();
    for capture in [Capture::Ebpf, Capture::Pcap] {
        let Some(scene) = scene::set(capture)? else { return Ok(()) };
        wait_for("the first report", || {
            let fleet = scene.rest.call("fetchSensors", &json!({}))?;
            reported.extend(counters(&fleet).into_iter().flatten().map(|(name, _)| name.clone()));
            // A shard shows its counters after a second.
            Ok(counter(&fleet, "exchanges_total").is_some())
        })?;
    }
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/counters.md");
    let table = fs_err::read_to_string(table)?;
    let documented: BTreeSet<String> = table
        .lines()
        .filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0.to_owned()))
        .collect();
    let (new, gone): (Vec<_>, Vec<_>) =
        (reported.difference(&documented).collect(), documented.difference(&reported).collect());
    assert!(new.is_empty() && gone.is_empty(), "not in the table: {new:?}; reported by nobody: {gone:?}");
    Ok(())
}

/// A process that stands still for as long as this lives.
struct Stopped(Pid);

impl Stopped {
    fn new(pid: u32) -> anyhow::Result<Self> {
        let pid = Pid::from_raw(pid.try_into()?);
        kill(pid, Signal::SIGSTOP)?;
        Ok(Self(pid))
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        // It can only be gone.
        let _gone = kill(self.0, Signal::SIGCONT);
    }
}

/// Each over a connection of its own.
fn upload(scene: &Scene) -> anyhow::Result<()> {
    let body = tempfile::NamedTempFile::new()?;
    fs_err::write(body.path(), vec![b'x'; UPLOAD])?;
    let body = format!("@{}", body.path().display());
    let curl = scene.stage.site.curl(IpAddr::from(CUSTOMER));
    let arguments = ["--data-binary", &body, "--header", "Connection: close", "--header", "Expect:"];
    curl.with(&arguments).get(&format!("/api/health?n=[1-{UPLOADS}]"))?;
    Ok(())
}

/// Thousandths.
fn seen(scene: &Scene) -> anyhow::Result<Option<u64>> {
    Ok(counter(&scene.rest.call("fetchSensors", &json!({}))?, "seen_permille"))
}

fn counters(fleet: &Value) -> Option<&Map<String, Value>> {
    fleet.pointer("/sensors/0/counters")?.as_object()
}

fn counter(fleet: &Value, name: &str) -> Option<u64> {
    counters(fleet)?.get(name)?.as_u64()
}

fn portctl(scene: &Scene, arguments: &[&str]) -> anyhow::Result<String> {
    let binary = need::binaries().context("no folder with binaries")?.join("portctl");
    let mut command = Command::new(binary);
    command.env("PORTCTL_SERVER", scene.rest.url()).env("PORTCTL_API_KEY", scene.rest.key());
    let output = command.args(arguments).output().context("cannot start portctl")?;
    anyhow::ensure!(output.status.success(), "portctl: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

fn metrics(scene: &Scene) -> anyhow::Result<String> {
    let client = reqwest::blocking::Client::builder().no_proxy().build()?;
    let url = format!("{}/metrics", scene.rest.url());
    Ok(client.get(url).bearer_auth(scene.rest.key()).send()?.error_for_status()?.text()?)
}
