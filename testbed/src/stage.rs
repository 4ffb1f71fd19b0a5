//! The whole scene: a site, a sensor that guards it, and the control plane.

use std::{
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use portcullis_stack::{Capture, ControlPlane, ControlPlaneOptions, Process, Sensor, SensorOptions};

use crate::{netns, rest::Rest, site::Site};

/// bpffs: every stage pins in a folder of its own there.
const PINS: &str = "/sys/fs/bpf";

/// What to set up.
#[derive(Clone, Debug)]
pub struct StageOptions {
    /// Folder with `sensor` and `control-plane`.
    pub binaries: PathBuf,
    /// `portcullis-demo`, which also is the API.
    pub demo: PathBuf,
    /// State, database and logs.
    pub folder: PathBuf,
    /// Where REST listens; `None`: on the host's end of the management link.
    pub http: Option<SocketAddr>,
    pub capture: Capture,
    /// `auto`, `xdp` or `nftables`.
    pub enforce: &'static str,
    /// What the sensor watches: [`SERVICE`](crate::SERVICE), or `lo`, where nginx asks the API.
    pub interface: &'static str,
    /// More of the sensor's own arguments.
    pub sensor_arguments: Vec<String>,
}

/// Everything runs. Dropping it ends everything and leaves nothing behind but `folder`.
pub struct Stage {
    // Dropped in this order: who asks before who answers, the network last.
    sensor: Option<Sensor>,
    pub control_plane: ControlPlane,
    pins: Pins,
    pub site: Site,
    options: StageOptions,
}

impl Stage {
    /// Opens the site and starts the control plane; the sensor is started apart.
    pub fn set(options: StageOptions) -> anyhow::Result<Self> {
        let site = Site::open(&options.demo, options.folder.join("site")).context("the site to guard")?;
        let host = IpAddr::V4(site.network.host);
        let control_plane = ControlPlane::start(ControlPlaneOptions {
            binary: options.binaries.join("control-plane"),
            data_dir: options.folder.join("control-plane"),
            http: options.http.unwrap_or(SocketAddr::new(host, 8080)),
            grpc: SocketAddr::new(host, 9090),
            log: options.folder.join("control-plane.log"),
        })?;
        let pins = Pins(Path::new(PINS).join(netns::unique_name('p')));
        Ok(Self { sensor: None, control_plane, pins, site, options })
    }

    /// Enrols a sensor, or starts the enrolled one again.
    pub fn start_sensor(&mut self) -> anyhow::Result<&mut Sensor> {
        self.sensor = None;
        let token = self.options.folder.join("join-token");
        self.control_plane.write_join_token(&token)?;
        let sensor = Sensor::start(&SensorOptions {
            binary: self.options.binaries.join("sensor"),
            namespace: Some(self.site.network.server.path()),
            capture: self.options.capture,
            enforce: self.options.enforce,
            interfaces: vec![self.options.interface.to_owned()],
            control_plane: format!("https://{}", self.control_plane.options.grpc),
            join_token: Some(token.clone()),
            node: Some("shop".to_owned()),
            exclude: Vec::new(),
            state_dir: self.options.folder.join("sensor"),
            pin_dir: self.pins.0.clone(),
            detach_on_exit: false,
            arguments: self.options.sensor_arguments.clone(),
            log: self.options.folder.join("sensor.log"),
        });
        fs_err::remove_file(token)?;
        Ok(self.sensor.insert(sensor?))
    }

    pub fn sensor(&mut self) -> anyhow::Result<&mut Sensor> {
        self.sensor.as_mut().context("no sensor was started")
    }

    /// The agent dies at once, as by the out-of-memory killer.
    pub fn kill_sensor(&mut self) -> anyhow::Result<()> {
        self.sensor.take().context("no sensor was started")?.process.kill()?;
        Ok(())
    }

    pub fn kill_control_plane(&mut self) -> anyhow::Result<()> {
        self.control_plane.process.kill()?;
        Ok(())
    }

    /// Starts the control plane again on the same database.
    pub fn restart_control_plane(&mut self) -> anyhow::Result<()> {
        self.kill_control_plane()?;
        self.control_plane = ControlPlane::start(self.control_plane.options.clone())?;
        Ok(())
    }

    /// A REST client with a new admin key.
    pub fn rest(&self) -> anyhow::Result<Rest> {
        let key = self.control_plane.options.create_key("admin", "testbed")?;
        Rest::new(self.control_plane.url(), key)
    }

    /// All that runs, for a watcher.
    pub fn processes(&mut self) -> Vec<&mut Process> {
        let mut processes = vec![&mut self.control_plane.process];
        processes.extend(self.site.processes());
        processes.extend(self.sensor.as_mut().map(|sensor| &mut sensor.process));
        processes
    }
}

/// What the sensor pins. Pins outlive every process, so somebody has to take them away.
#[derive(Debug)]
struct Pins(PathBuf);

impl Drop for Pins {
    fn drop(&mut self) {
        // Absent where nothing was pinned; what stays is gone with the next boot.
        let _absent = fs_err::remove_dir_all(&self.0);
    }
}
