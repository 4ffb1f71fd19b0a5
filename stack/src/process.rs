use std::{
    ffi::OsStr,
    io::{Read as _, Seek as _, SeekFrom},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use fs_err::{File, OpenOptions};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// How long a process may take to end by itself after SIGTERM.
const GRACE: Duration = Duration::from_secs(10);
const POLL: Duration = Duration::from_millis(20);

/// `program`, to be run in the network namespace mounted at `namespace` (`/run/netns/NAME`), or here.
///
/// By nsenter, because `ip netns exec` also hides bpffs and tracefs behind a fresh /sys.
pub fn in_namespace(namespace: Option<&Path>, program: impl AsRef<OsStr>) -> Command {
    match namespace {
        None => Command::new(program),
        Some(path) => {
            let mut command = Command::new("nsenter");
            let mut net = std::ffi::OsString::from("--net=");
            net.push(path);
            command.arg(net).arg("--").arg(program);
            command
        }
    }
}

/// A running child whose output goes to a file. It is ended, by its pid, when this is dropped.
#[derive(Debug)]
pub struct Process {
    name: &'static str,
    child: Child,
    log: PathBuf,
    /// Where in the log the words of this process begin.
    log_start: u64,
}

impl Process {
    /// Starts it with both outputs appended to `log`, in a process group of its own: Ctrl-C on the terminal reaches
    /// only us, so that we choose the order of the end.
    pub fn start(name: &'static str, mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let out = OpenOptions::new().create(true).append(true).open(log)?;
        let log_start = out.metadata()?.len();
        let err = out.try_clone()?;
        let child = command
            // Colours are for terminals; this goes to a file that is searched.
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(out.into_parts().0)
            .stderr(err.into_parts().0)
            .process_group(0)
            .spawn()
            .with_context(|| format!("{name}: cannot start {:?}", command.get_program()))?;
        Ok(Self { name, child, log: log.to_owned(), log_start })
    }

    pub fn name(&self) -> &'static str {
        self.name
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn log(&self) -> &Path {
        &self.log
    }

    /// What it has said so far.
    pub fn output(&self) -> anyhow::Result<String> {
        let mut file = File::open(&self.log)?;
        file.seek(SeekFrom::Start(self.log_start))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The last lines it said, for an error message.
    pub fn last_lines(&self, count: usize) -> String {
        let output = self.output().unwrap_or_else(|error| format!("(no log: {error})"));
        let lines: Vec<&str> = output.lines().collect();
        lines.get(lines.len().saturating_sub(count)..).unwrap_or_default().join("\n")
    }

    /// `Some` once it has ended.
    pub fn exited(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("{}: cannot ask whether it runs", self.name))
    }

    /// Waits until `ready` holds. An early end or running out of time is an error that shows its last words.
    pub fn wait_until(
        &mut self,
        what: &str,
        limit: Duration,
        mut ready: impl FnMut(&Self) -> anyhow::Result<bool>,
    ) -> anyhow::Result<()> {
        let end = Instant::now() + limit;
        loop {
            if ready(self)? {
                return Ok(());
            }
            if let Some(status) = self.exited()? {
                bail!(self.report(&format!("ended ({status}) before {what}")));
            }
            if Instant::now() >= end {
                bail!(self.report(&format!("{what}: not within {} s", limit.as_secs())));
            }
            std::thread::sleep(POLL);
        }
    }

    /// One message: what happened, its last words, and where the rest is.
    pub fn report(&self, what: &str) -> String {
        format!("{}: {what}\n{}\n(all of it: {})", self.name, self.last_lines(15), self.log.display())
    }

    /// SIGTERM, then SIGKILL if it does not end within ten seconds.
    pub fn end(&mut self) -> anyhow::Result<ExitStatus> {
        self.signal(Signal::SIGTERM)?;
        let end = Instant::now() + GRACE;
        while Instant::now() < end {
            if let Some(status) = self.exited()? {
                return Ok(status);
            }
            std::thread::sleep(POLL);
        }
        self.kill()
    }

    /// SIGKILL: what a crash looks like from outside.
    pub fn kill(&mut self) -> anyhow::Result<ExitStatus> {
        self.signal(Signal::SIGKILL)?;
        self.child.wait().with_context(|| format!("{}: cannot wait for its end", self.name))
    }

    fn signal(&mut self, signal: Signal) -> anyhow::Result<()> {
        // A child that was waited for has given its pid back: somebody else may carry it now.
        if self.exited()?.is_some() {
            return Ok(());
        }
        let pid = i32::try_from(self.child.id()).context("a pid that is none")?;
        kill(Pid::from_raw(pid), signal).with_context(|| format!("{}: {signal} to pid {pid}", self.name))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Err(error) = self.end() {
            crate::watch::note(&format!("{}: could not be ended: {error:#}", self.name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, log: &Path) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Process::start("shell", command, log).unwrap()
    }

    #[test]
    fn an_early_end_is_reported_with_the_last_words() {
        let dir = tempfile::tempdir().unwrap();
        let mut process = shell("echo the disk is full >&2; exit 3", &dir.path().join("log"));
        let error =
            process.wait_until("it answered", Duration::from_secs(5), |_| Ok(false)).unwrap_err().to_string();
        assert!(error.contains("the disk is full") && error.contains("exit status: 3"), "{error}");
    }

    #[test]
    fn dropping_ends_the_process() {
        let dir = tempfile::tempdir().unwrap();
        let process = shell("exec sleep 60", &dir.path().join("log"));
        let proc = PathBuf::from(format!("/proc/{}", process.pid()));
        assert!(proc.exists());
        drop(process);
        assert!(!proc.exists());
    }

    #[test]
    fn output_of_an_earlier_process_in_the_same_log_is_not_its_own() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let mut first = shell("echo one", &log);
        first
            .wait_until("one", Duration::from_secs(5), |process| Ok(process.output()?.contains("one")))
            .unwrap();
        drop(first);
        let mut second = shell("echo two", &log);
        second
            .wait_until("two", Duration::from_secs(5), |process| Ok(process.output()?.contains("two")))
            .unwrap();
        assert_eq!(second.output().unwrap(), "two\n");
    }
}
