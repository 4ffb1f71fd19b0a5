//! The Rust tests. cargo builds them as the user, and we run the executables ourselves, because under sudo they
//! must be root while the files that cargo writes must not be root's.

mod libtest;

use std::time::Instant;

use anyhow::Context as _;

use super::{
    build::{self, Executable, binaries, executables, folder_of_binaries},
    tally::Tally,
};
use crate::{
    caller::Caller,
    program::{self, say},
    setup::SCHEMATHESIS,
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
    for executable in executables(caller, &["--test", CONTROL_PLANE])? {
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
    for executable in executables(caller, &["--test", END_TO_END])? {
        tally += executable.run(caller)?;
    }
    Ok(tally)
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
        command.env("PORTCULLIS_BIN_DIR", folder_of_binaries());
        let name = if self.package == self.target {
            self.package.clone()
        } else {
            format!("{} {}", self.package, self.target)
        };
        report(&name, &mut command)
    }
}

fn doc_tests(caller: &Caller) -> anyhow::Result<Tally> {
    report("examples in the documentation", &mut build::cargo(caller, &["test", "--doc"]))
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
