use std::{net::SocketAddr, path::PathBuf, time::Duration};

use crate::process::{Process, in_namespace};

const START_LIMIT: Duration = Duration::from_secs(30);

/// Where the sensor's packets come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    Ebpf,
    Pcap,
}

impl Capture {
    fn name(self) -> &'static str {
        match self {
            Self::Ebpf => "ebpf",
            Self::Pcap => "pcap",
        }
    }
}

/// What to start a sensor with.
#[derive(Clone, Debug)]
pub struct SensorOptions {
    pub binary: PathBuf,
    /// Path of the network namespace to run in; `None` is the one we are in.
    pub namespace: Option<PathBuf>,
    pub capture: Capture,
    /// `auto`, `xdp`, `nftables` or `off`.
    pub enforce: &'static str,
    pub interfaces: Vec<String>,
    /// `http://ADDRESS:PORT` of the control plane's gRPC.
    pub control_plane: String,
    /// Needed until the sensor has a credential of its own in its state folder.
    pub join_token: Option<PathBuf>,
    /// Name of the node in the console; the host name where absent.
    pub node: Option<String>,
    /// Sockets whose traffic is not judged: the control plane's own, which carries the attacks it shows.
    pub exclude: Vec<SocketAddr>,
    pub state_dir: PathBuf,
    pub pin_dir: PathBuf,
    pub detach_on_exit: bool,
    /// More of its own arguments.
    pub arguments: Vec<String>,
    pub log: PathBuf,
}

/// A running sensor that captures, can block, and hears the control plane.
#[derive(Debug)]
pub struct Sensor {
    pub process: Process,
}

impl Sensor {
    /// Starts it and waits for its `ready:` line.
    pub fn start(options: &SensorOptions) -> anyhow::Result<Self> {
        let mut command = in_namespace(options.namespace.as_deref(), &options.binary);
        command.args(["run", "--capture", options.capture.name(), "--enforce", options.enforce]);
        for interface in &options.interfaces {
            command.args(["--interface", interface]);
        }
        command.args(["--control-plane", &options.control_plane]);
        if let Some(token) = &options.join_token {
            command.arg("--join-token").arg(token);
        }
        if let Some(node) = &options.node {
            command.args(["--node", node]);
        }
        for socket in &options.exclude {
            command.arg("--exclude").arg(socket.to_string());
        }
        command.arg("--state-dir").arg(&options.state_dir).arg("--pin-dir").arg(&options.pin_dir);
        if options.detach_on_exit {
            command.arg("--detach-on-exit");
        }
        command.args(&options.arguments);
        let mut process = Process::start("sensor", command, &options.log)?;
        process
            .wait_until("it is ready", START_LIMIT, |process| Ok(ready_line(&process.output()?).is_some()))?;
        Ok(Self { process })
    }

    /// What it said when it was ready: how it captures and how it blocks.
    pub fn ready(&self) -> anyhow::Result<String> {
        Ok(ready_line(&self.process.output()?).unwrap_or_default().to_owned())
    }
}

fn ready_line(output: &str) -> Option<&str> {
    output.lines().find_map(|line| line.strip_prefix("ready:")).map(str::trim)
}
