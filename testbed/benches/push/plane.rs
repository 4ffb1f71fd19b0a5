use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use portcullis_stack::{Capture, ControlPlane, ControlPlaneOptions, Sensor, SensorOptions};
use portcullis_testbed::{Network, SERVICE, rest::Rest};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A control plane on the host, a sensor on the server's interface.
pub(super) struct Plane {
    // Dropped in this order: who asks before who answers, the network last.
    sensor: Option<Sensor>,
    control_plane: ControlPlane,
    pub(super) rest: Rest,
    pub(super) network: Network,
    options: SensorOptions,
    _pins: Pins,
    folder: TempDir,
}

/// What a sensor pinned that failed before it could take it away.
struct Pins(PathBuf);

impl Drop for Pins {
    fn drop(&mut self) {
        // Absent where all went well.
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// Bytes of the sensor's process.
pub(super) struct Resident {
    pub(super) now: u64,
    pub(super) peak: u64,
}

impl Plane {
    pub(super) fn start(binaries: &Path, enforce: &'static str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let network = Network::create().context("network namespaces need root")?;
        let host = IpAddr::V4(network.host);
        let control_plane = ControlPlane::start(ControlPlaneOptions {
            binary: binaries.join("control-plane"),
            data_dir: folder.path().join("control-plane"),
            http: SocketAddr::new(host, 8080),
            grpc: SocketAddr::new(host, 9090),
            log: folder.path().join("control-plane.log"),
        })?;
        let rest = Rest::new(control_plane.url(), control_plane.options.create_key("admin", "bench")?)?;
        let options = SensorOptions {
            binary: binaries.join("sensor"),
            namespace: Some(network.server.path()),
            capture: Capture::Ebpf,
            enforce,
            interfaces: vec![SERVICE.to_owned()],
            control_plane: format!("https://{}", control_plane.options.grpc),
            join_token: Some(folder.path().join("join-token")),
            node: Some("bench".to_owned()),
            exclude: Vec::new(),
            state_dir: folder.path().join("sensor"),
            pin_dir: PathBuf::from(format!("/sys/fs/bpf/{}", network.server.name())),
            detach_on_exit: true,
            arguments: Vec::new(),
            log: folder.path().join("sensor.log"),
        };
        let _pins = Pins(options.pin_dir.clone());
        let mut plane = Self { sensor: None, control_plane, rest, network, options, _pins, folder };
        plane.restart_sensor()?;
        plane.until_applied(&json!(0))?;
        Ok(plane)
    }

    /// The same one again, with what it kept on disk and nothing in the kernel.
    pub(super) fn restart_sensor(&mut self) -> anyhow::Result<()> {
        self.sensor = None;
        if let Some(token) = &self.options.join_token {
            self.control_plane.write_join_token(token)?;
        }
        self.sensor = Some(Sensor::start(&self.options)?);
        Ok(())
    }

    /// Another one, which knows nothing, instead.
    pub(super) fn new_sensor(&mut self) -> anyhow::Result<()> {
        self.sensor = None;
        self.options.state_dir = self.folder.path().join("another");
        self.restart_sensor()
    }

    /// Until the only sensor that is connected has applied it.
    pub(super) fn until_applied(&self, revision: &Value) -> anyhow::Result<()> {
        for _ in 0..120 {
            let body = json!({"revision": revision, "waitSeconds": 5});
            let reply = self.rest.call("awaitRevision", &body)?;
            if reply["sensors"] == json!({"total": 1, "applied": 1}) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        anyhow::bail!("the sensor did not apply revision {revision}: {}", self.log())
    }

    pub(super) fn resident(&self) -> anyhow::Result<Resident> {
        let pid = self.sensor.as_ref().context("no sensor runs")?.process.pid();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let field = |name: &str| -> anyhow::Result<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).context("no such field")?;
            Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? << 10)
        };
        let resident = Resident { now: field("VmRSS:")?, peak: field("VmHWM:")? };
        ensure!(resident.now > 0, "the sensor has ended: {}", self.log());
        Ok(resident)
    }

    fn log(&self) -> String {
        self.sensor.as_ref().map(|sensor| sensor.process.last_lines(10)).unwrap_or_default()
    }
}
