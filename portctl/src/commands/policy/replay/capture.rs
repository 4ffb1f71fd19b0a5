//! Capture files are read by the sensor's own program, once for each set of policies: reassembly and judgement are those
//! of the node.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{Both, Finding, Findings};
use crate::{cli::Replay, failure::Failure, output::Output};

pub(super) fn run(replay: &Replay, output: &mut Output<'_>) -> Result<Both, Failure> {
    let sensor = replay.sensor.clone().unwrap_or_else(beside);
    let before = found(&sensor, replay.against.as_deref(), &replay.captures, output)?;
    let after = found(&sensor, Some(&replay.policies), &replay.captures, output)?;
    Ok(Both { before, after })
}

/// The program next to this one, or whatever PATH has.
fn beside() -> PathBuf {
    let own = std::env::current_exe().ok();
    let beside = own.as_deref().and_then(Path::parent).map(|folder| folder.join("sensor"));
    beside.filter(|sensor| sensor.is_file()).unwrap_or_else(|| PathBuf::from("sensor"))
}

fn found(
    sensor: &Path,
    policies: Option<&Path>,
    captures: &[PathBuf],
    output: &mut Output<'_>,
) -> Result<Findings, Failure> {
    let mut command = Command::new(sensor);
    command.arg("replay").arg("--emit").arg("events").stdout(Stdio::piped());
    if let Some(policies) = policies {
        command.arg("--policies").arg(policies);
    }
    let failed = |cause: String| {
        Failure::Usage(format!(
            "{}: {cause}\n  name the sensor's program with --sensor FILE",
            sensor.display()
        ))
    };
    // What it has to say of the files and the policies goes to our own standard error.
    let mut child = command.arg("--").args(captures).spawn().map_err(|error| failed(error.to_string()))?;
    let mut findings = Findings::new();
    let lines = child.stdout.take().map(|stdout| BufReader::new(stdout).lines());
    for line in lines.into_iter().flatten() {
        let line = line.map_err(|error| failed(error.to_string()))?;
        let finding: Finding = serde_json::from_str(&line)
            .map_err(|error| failed(format!("printed what is no event of this version: {error}")))?;
        *findings.entry(finding).or_default() += 1;
    }
    let status = child.wait().map_err(|error| failed(error.to_string()))?;
    match status.code() {
        Some(0) => Ok(findings),
        Some(2) => {
            output.note("some of the files could not be read; what follows is of the others");
            Ok(findings)
        }
        _ => Err(failed(format!("ended with {status}; what it said stands above"))),
    }
}
