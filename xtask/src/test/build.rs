//! Builds what the tests run, and lints the same build: clippy compiles, too, so dependencies are compiled once and not once
//! more for a check.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::tally::Tally;
use crate::{
    caller::Caller,
    program::{self, say},
    workspace,
};

/// With the fuzz targets, without the fuzzer's C++ runtime.
const FEATURES: &str = "--features=portcullis-fuzz/targets";

/// A built test.
pub(super) struct Executable {
    pub(super) package: String,
    pub(super) target: String,
    pub(super) path: PathBuf,
    pub(super) folder: PathBuf,
}

/// Every target of every crate. Not --workspace: the kernel programs compile for their own target alone, and with the
/// compiler of build-ebpf.
pub(super) fn lint(caller: &Caller) -> anyhow::Result<Tally> {
    say("-- clippy");
    let mut tally = Tally::default();
    // What only tests call is dead outside of them, so both are looked at.
    let mut warnings = 0;
    for command in [&["build", "--lib", "--bins", "--examples"][..], &["test", "--no-run", "--all-targets"]] {
        warnings += build(caller, command)?.warnings;
    }
    match warnings {
        0 => tally.passed += 1,
        warnings => tally.failures.push(format!("clippy: {warnings} warnings, see above")),
    }
    Ok(tally)
}

/// The binaries that tests start, as the development profile makes them.
pub(super) fn binaries(caller: &Caller) -> anyhow::Result<()> {
    build(caller, &["build", "--bins"]).map(drop)
}

/// Those that cargo's arguments select. No --package: fewer packages would be other features, and all built again.
pub(super) fn executables(caller: &Caller, selection: &[&str]) -> anyhow::Result<Vec<Executable>> {
    let command = [&["test", "--no-run"], selection].concat();
    Ok(build(caller, &command)?.tests)
}

struct Built {
    tests: Vec<Executable>,
    warnings: usize,
}

/// A verb of cargo that finds built what another one has built: the same compiler, the same features.
pub(super) fn cargo(caller: &Caller, command: &[&str]) -> Command {
    let mut cargo = caller.cargo();
    cargo.args(command).args(["--quiet", "--locked", FEATURES]);
    cargo.env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver");
    cargo
}

fn build(caller: &Caller, command: &[&str]) -> anyhow::Result<Built> {
    let mut cargo = cargo(caller, command);
    cargo.arg("--message-format=json");
    let output = cargo.stderr(Stdio::inherit()).output().with_context(|| program::shown(&cargo))?;
    let mut built = Built { tests: Vec::new(), warnings: 0 };
    for line in String::from_utf8(output.stdout).context("cargo's messages")?.lines() {
        let message: Value = serde_json::from_str(line).context("cargo's messages")?;
        if let Some(diagnostic) = diagnostic(&message) {
            say(diagnostic);
            built.warnings += 1;
        }
        built.tests.extend(executable(&message));
    }
    if !output.status.success() {
        bail!("{}: {}", program::shown(&cargo), output.status);
    }
    Ok(built)
}

/// A warning or an error of the compiler, as it writes it. cargo tells those of what is up to date again.
fn diagnostic(message: &Value) -> Option<&str> {
    let level = message.pointer("/message/level")?.as_str()?;
    let text = message.pointer("/message/rendered")?.as_str()?;
    (level == "warning" || level == "error").then_some(text)
}

/// `None` for everything that is no built test.
fn executable(message: &Value) -> Option<Executable> {
    let is_test = message.pointer("/profile/test").and_then(Value::as_bool)?;
    let is_bench = message.pointer("/target/kind/0").and_then(Value::as_str) == Some("bench");
    let folder = PathBuf::from(message.get("manifest_path")?.as_str()?).parent()?.to_owned();
    (is_test && !is_bench).then_some(Executable {
        package: folder.file_name()?.to_string_lossy().into_owned(),
        target: message.pointer("/target/name")?.as_str()?.to_owned(),
        path: PathBuf::from(message.get("executable")?.as_str()?),
        folder,
    })
}

/// Where `binaries` leaves them.
pub(super) fn folder_of_binaries() -> PathBuf {
    workspace::target().join("debug")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{diagnostic, executable};

    #[test]
    fn warnings_and_errors_are_diagnostics_notes_are_not() {
        let of =
            |level| json!({"reason": "compiler-message", "message": {"level": level, "rendered": "here"}});
        assert_eq!(diagnostic(&of("warning")), Some("here"));
        assert_eq!(diagnostic(&of("error")), Some("here"));
        assert_eq!(diagnostic(&of("failure-note")), None);
        assert_eq!(diagnostic(&json!({"reason": "build-finished", "success": true})), None);
    }

    #[test]
    fn only_a_built_test_is_run() {
        let of = |kind, test| {
            json!({"reason": "compiler-artifact", "manifest_path": "/w/room/Cargo.toml", "executable": "/w/t/x-1",
                   "target": {"kind": [kind], "name": "x"}, "profile": {"test": test}})
        };
        assert_eq!(executable(&of("test", true)).map(|one| one.package).as_deref(), Some("room"));
        assert!(executable(&of("bin", false)).is_none());
        assert!(executable(&of("bench", true)).is_none());
    }
}
