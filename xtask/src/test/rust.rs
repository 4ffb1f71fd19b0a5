//! The Rust tests. cargo builds them as the user, and we run the executables ourselves, because under sudo they
//! must be root while the files that cargo writes must not be root's.

mod libtest;

use std::{path::PathBuf, time::Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::tally::Tally;
use crate::{
    caller::Caller,
    program::{self, finish, say},
    setup::SCHEMATHESIS,
    workspace,
};

const END_TO_END: &str = "e2e";
/// Among its tests is the one of REST's contract.
const CONTROL_PLANE: &str = "control_plane";

/// All tests but the end-to-end ones.
pub(super) fn unit(caller: &Caller) -> anyhow::Result<Tally> {
    binaries(caller)?;
    let mut tally = Tally::default();
    for executable in executables(caller, &[])?.iter().filter(|executable| executable.target != END_TO_END) {
        tally += executable.run(caller)?;
    }
    tally += doc_tests(caller)?;
    Ok(tally)
}

/// The one test of REST's contract.
pub(super) fn contract(caller: &Caller) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    for executable in executables(caller, &["--package", "control-plane", "--test", "control_plane"])? {
        tally += executable.run_only(caller, Some("contract::"))?;
    }
    Ok(tally)
}

/// Names schemathesis to the test that wants it; without it that test is skipped, and says so.
fn with_schemathesis(caller: &Caller, command: &mut std::process::Command) {
    match SCHEMATHESIS.ready(caller) {
        Ok(program) => drop(command.env("PORTCULLIS_SCHEMATHESIS", program)),
        Err(error) => say(&format!("schemathesis cannot be installed: {error:#}")),
    }
}

pub(super) fn end_to_end(caller: &Caller) -> anyhow::Result<Tally> {
    binaries(caller)?;
    let mut tally = Tally::default();
    for executable in executables(caller, &["--package", "portcullis-testbed", "--test", END_TO_END])? {
        tally += executable.run(caller)?;
    }
    Ok(tally)
}

/// The binaries that tests start, as the development profile makes them.
fn binaries(caller: &Caller) -> anyhow::Result<()> {
    finish(caller.cargo().args(["build", "--quiet", "--locked", "--bins"]))
}

struct Executable {
    package: String,
    target: String,
    path: PathBuf,
    folder: PathBuf,
}

fn executables(caller: &Caller, selection: &[&str]) -> anyhow::Result<Vec<Executable>> {
    let mut cargo = caller.cargo();
    cargo.args(["test", "--no-run", "--quiet", "--locked", "--message-format=json-render-diagnostics"]);
    let output = cargo
        .args(selection)
        .stderr(std::process::Stdio::inherit())
        .output()
        .context("cargo test --no-run")?;
    if !output.status.success() {
        bail!("{}: {}", program::shown(&cargo), output.status);
    }
    let mut found = Vec::new();
    for line in String::from_utf8(output.stdout).context("cargo's messages")?.lines() {
        let message: Value = serde_json::from_str(line).context("cargo's messages")?;
        found.extend(executable(&message));
    }
    Ok(found)
}

/// `None` for everything that is no built test.
fn executable(message: &Value) -> Option<Executable> {
    let is_test = message.pointer("/profile/test").and_then(Value::as_bool)?;
    let folder = PathBuf::from(message.get("manifest_path")?.as_str()?).parent()?.to_owned();
    is_test.then_some(Executable {
        package: folder.file_name()?.to_string_lossy().into_owned(),
        target: message.pointer("/target/name")?.as_str()?.to_owned(),
        path: PathBuf::from(message.get("executable")?.as_str()?),
        folder,
    })
}

impl Executable {
    fn run(&self, caller: &Caller) -> anyhow::Result<Tally> {
        self.run_only(caller, None)
    }

    fn run_only(&self, caller: &Caller, tests: Option<&str>) -> anyhow::Result<Tally> {
        let mut command = caller.root_command(&self.path);
        command.arg("--show-output").current_dir(&self.folder);
        command.args(tests);
        command.env("CARGO_MANIFEST_DIR", &self.folder);
        if self.target == CONTROL_PLANE {
            with_schemathesis(caller, &mut command);
        }
        command.env("PORTCULLIS_BIN_DIR", workspace::target().join("debug"));
        let name = if self.package == self.target {
            self.package.clone()
        } else {
            format!("{} {}", self.package, self.target)
        };
        report(&name, &mut command)
    }
}

fn doc_tests(caller: &Caller) -> anyhow::Result<Tally> {
    report("examples in the documentation", caller.cargo().args(["test", "--doc", "--locked"]))
}

fn report(name: &str, command: &mut std::process::Command) -> anyhow::Result<Tally> {
    let start = Instant::now();
    let output = command.output().with_context(|| format!("cannot start {}", program::shown(command)))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut tally = libtest::read(name, &text);
    if !output.status.success() {
        say(&text);
        say(&String::from_utf8_lossy(&output.stderr));
        if tally.failed() == 0 {
            tally.failures.push(format!("{name}: {}", output.status));
        }
    }
    if tally.passed + tally.failed() + tally.skips.len() > 0 {
        say(&format!(
            "-- {name}: {} passed, {} failed, {} skipped, {} s",
            tally.passed,
            tally.failed(),
            tally.skips.len(),
            start.elapsed().as_secs()
        ));
    }
    Ok(tally)
}
