//! The sensor itself, as a process that can be killed. Its control plane is never there.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use portcullis_proto::v1;
use sensor_user::orders::Orders;

use super::PinDir;

/// Nobody listens there.
const CONTROL_PLANE: &str = "http://127.61.0.1:9";

pub(crate) struct Agent(Child);

impl Agent {
    /// In the network namespace of the calling thread. Comes back once it guards its interface.
    pub(crate) fn start(interface: &str, pins: &PinDir, state: &Path) -> Self {
        let token = state.join("token");
        std::fs::write(&token, "never-shown-to-anybody").unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_sensor"))
            .args(["run", "--interface", interface, "--control-plane", CONTROL_PLANE, "--join-token"])
            .arg(&token)
            .arg("--state-dir")
            .arg(state)
            .arg("--pin-dir")
            .arg(pins.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = Vec::new();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let tapped = lines.by_ref().map_while(Result::ok).find(|line| {
            said.push(line.clone());
            // The last that it does before it begins to work.
            line.contains(" tapped ")
        });
        assert!(tapped.is_some(), "it ended: {said:#?}");
        std::thread::spawn(move || lines.for_each(drop));
        Self(child)
    }

    /// As `kill -9` does.
    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// What a sensor keeps that has applied a revision with these blocks.
pub(crate) fn keep_orders(state: &Path, blocks: &[(&str, Option<Duration>)]) {
    let blocks = blocks.iter().map(|(cidr, remaining)| v1::Block {
        cidr: (*cidr).to_owned(),
        remaining_ms: remaining.map_or(0, |remaining| u64::try_from(remaining.as_millis()).unwrap()),
        ..v1::Block::default()
    });
    let snapshot = v1::Snapshot { revision: 4, blocks: blocks.collect(), ..v1::Snapshot::default() };
    Orders::open(state.join("orders"), None).unwrap().snapshot(snapshot).unwrap();
}
