use std::{
    io::Read as _,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use portcullis_stack::in_namespace;

use crate::{bench::measure, program::shown};

/// Connections that are kept alive.
const CONNECTIONS: u32 = 16;

/// How many requests wrk made, and the nanoseconds of CPU time that it took.
pub(super) fn run(namespace: &Path, url: &str, load: Duration) -> anyhow::Result<(u64, u64)> {
    let mut command: Command = in_namespace(Some(namespace), "wrk");
    command.args(["-t1", &format!("-c{CONNECTIONS}"), &format!("-d{}s", load.as_secs()), url]);
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| shown(&command))?;
    let mut said = String::new();
    child.stdout.take().context("wrk's output")?.read_to_string(&mut said)?;
    let (status, usage) = measure::wait(child.id())?;
    ensure!(status.success(), "{}: {status}\n{said}", shown(&command));
    ensure!(!said.contains("Non-2xx") && !said.contains("Socket errors"), "{}:\n{said}", shown(&command));
    Ok((requests(&said)?, (usage.cpu_seconds * 1e9) as u64))
}

/// From `  60000 requests in 2.00s, 70.00MB read`.
fn requests(said: &str) -> anyhow::Result<u64> {
    let count = said.lines().find_map(|line| line.trim().split_once(" requests in ")).map(|(count, _)| count);
    count
        .with_context(|| format!("wrk does not say how many requests it made:\n{said}"))?
        .parse()
        .context("wrk")
}

#[cfg(test)]
mod tests {
    use super::requests;

    #[test]
    fn the_number_of_requests_is_read_and_its_absence_is_told() {
        assert_eq!(requests("Running\n  60012 requests in 2.00s, 70.00MB read\n").unwrap(), 60_012);
        assert!(requests("nothing").is_err());
    }
}
