//! `cargo xtask bench push`: the way of a block to its sensors, first to a thousand made ones, then into the kernel of a real one.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::{
    caller::{Caller, is_root},
    program::{finish, say, shown},
    workspace,
};

pub(super) fn run(caller: &Caller, sensor_only: bool) -> anyhow::Result<()> {
    if !sensor_only {
        finish(caller.cargo().args(["bench", "--locked", "--package", "control-plane", "--bench", "push"]))?;
    }
    if !is_root() {
        say("bench: a real sensor needs root, so it is left out: run it with sudo");
        return Ok(());
    }
    let binaries =
        ["build", "--release", "--locked", "--package", "sensor-user", "--package", "control-plane"];
    finish(caller.cargo().args(binaries).arg("--bins"))?;
    let bench = executable(caller)?;
    finish(caller.root_command(bench).arg("--binaries").arg(workspace::target().join("release")))
}

/// Built as the user, to be run as root.
fn executable(caller: &Caller) -> anyhow::Result<PathBuf> {
    let mut cargo = caller.cargo();
    cargo.args(["bench", "--locked", "--package", "portcullis-testbed", "--bench", "push", "--no-run"]);
    cargo.arg("--message-format=json-render-diagnostics").stderr(std::process::Stdio::inherit());
    let built = cargo.output().with_context(|| format!("cannot start {}", shown(&cargo)))?;
    ensure!(built.status.success(), "{}: {}", shown(&cargo), built.status);
    let messages = String::from_utf8(built.stdout).context("cargo's messages")?;
    let mut messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let is_it = |message: &Value| {
        let is_bench = message.pointer("/target/kind/0").and_then(Value::as_str) == Some("bench");
        is_bench.then(|| Some(PathBuf::from(message.get("executable")?.as_str()?)))?
    };
    messages
        .find_map(|message| is_it(&message))
        .with_context(|| format!("{} built no program", shown(&cargo)))
}
