//! What the tests say again and again.

use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use portcullis_stack::Capture;
use portcullis_testbed::{
    SERVICE,
    rest::Rest,
    site::Answer,
    stage::{Stage, StageOptions},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::need;

/// How long an event may take from the wire to REST, and a counter from the kernel to REST.
const ARRIVAL: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(100);

pub(crate) const CUSTOMER: [u8; 4] = [198, 51, 100, 10];
pub(crate) const ATTACKER: [u8; 4] = [203, 0, 113, 7];
/// Attacks after the one in question: once its event is there, whatever came before has had its time.
pub(crate) const LATECOMER: [u8; 4] = [203, 0, 113, 200];

pub(crate) const TRAVERSAL: &str = "/api/invoices?name=../../../../../../../../etc/passwd";

pub(crate) struct Scene {
    pub(crate) stage: Stage,
    pub(crate) rest: Rest,
    // Dropped last: logs are written until the end.
    _folder: TempDir,
}

/// The test runner shows this for tests that fail.
impl Drop for Scene {
    #[expect(clippy::print_stdout, reason = "libtest keeps it and shows it with a failure")]
    fn drop(&mut self) {
        for process in self.stage.processes() {
            println!("-- the last lines of {}:\n{}", process.name(), process.last_lines(40));
        }
    }
}

/// `None` where it cannot be set up, which `need` has told.
pub(crate) fn set(capture: Capture) -> anyhow::Result<Option<Scene>> {
    set_with(capture, None)
}

pub(crate) fn set_with(capture: Capture, http: Option<SocketAddr>) -> anyhow::Result<Option<Scene>> {
    set_at(capture, http, SERVICE, &[])
}

/// A sensor on this interface, by eBPF, with these arguments.
pub(crate) fn set_on(interface: &'static str, arguments: &[&str]) -> anyhow::Result<Option<Scene>> {
    set_at(Capture::Ebpf, None, interface, arguments)
}

fn set_at(
    capture: Capture,
    http: Option<SocketAddr>,
    interface: &'static str,
    arguments: &[&str],
) -> anyhow::Result<Option<Scene>> {
    if !need::root() {
        return Ok(None);
    }
    let Some(binaries) = need::binaries() else { return Ok(None) };
    let folder = tempfile::tempdir()?;
    let mut stage = Stage::set(StageOptions {
        binaries,
        demo: Path::new(env!("CARGO_BIN_EXE_portcullis-demo")).to_owned(),
        folder: folder.path().to_owned(),
        http,
        capture,
        enforce: "auto",
        interface,
        sensor_arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
    })?;
    stage.start_sensor()?;
    let rest = stage.rest()?;
    Ok(Some(Scene { stage, rest, _folder: folder }))
}

impl Scene {
    pub(crate) fn get(&self, actor: [u8; 4], target: &str) -> anyhow::Result<Answer> {
        self.stage.site.curl(IpAddr::from(actor)).get(target)
    }

    pub(crate) fn events_of(&self, actor: [u8; 4]) -> anyhow::Result<Vec<Value>> {
        self.rest.events(&json!({ "ips": [IpAddr::from(actor)] }))
    }

    /// Makes the latecomer's attack and waits for its event.
    pub(crate) fn let_all_arrive(&self) -> anyhow::Result<()> {
        self.get(LATECOMER, TRAVERSAL)?;
        wait_for("the latecomer's event", || Ok(!self.events_of(LATECOMER)?.is_empty()))
    }

    /// Packets that the block of this actor has dropped, as REST tells.
    pub(crate) fn dropped(&self, actor: [u8; 4]) -> anyhow::Result<u64> {
        let cidr = format!("{}/32", IpAddr::from(actor));
        let block = self.rest.block(&cidr)?.with_context(|| format!("{cidr} is not on the blocklist"))?;
        block.pointer("/hits/packets").and_then(Value::as_u64).with_context(|| format!("no hits in {block}"))
    }

    pub(crate) fn set_status(&self, actor: [u8; 4], status: &str) -> anyhow::Result<Value> {
        self.rest.call(
            "modifyThreatActorStatus",
            &json!({ "actorIp": IpAddr::from(actor), "status": status, "reason": "test" }),
        )
    }
}

/// Asks until it holds.
pub(crate) fn wait_for(what: &str, mut holds: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let end = Instant::now() + ARRIVAL;
    while !holds()? {
        if Instant::now() >= end {
            bail!("{what}: not within {} s", ARRIVAL.as_secs());
        }
        std::thread::sleep(POLL);
    }
    Ok(())
}
