//! Who watches: the sensor in several ways, and libpcap alone.

use std::{path::Path, time::Duration};

use portcullis_stack::Process;

use super::stage::{INTERFACE, Stage};

pub(super) struct Watcher {
    pub(super) name: &'static str,
    command: Command,
}

enum Command {
    Nobody,
    Sensor(&'static [&'static str]),
    /// Copies every packet to user space, and leaves it there.
    Tcpdump,
}

/// The first one is what the others are held against.
pub(super) const WATCHERS: [Watcher; 5] = [
    Watcher { name: "none", command: Command::Nobody },
    Watcher { name: "sensor", command: Command::Sensor(&["--capture", "ebpf", "--enforce", "off"]) },
    Watcher {
        name: "sensor with gate",
        command: Command::Sensor(&["--capture", "ebpf", "--enforce", "xdp"]),
    },
    Watcher {
        name: "sensor with libpcap",
        command: Command::Sensor(&["--capture", "pcap", "--enforce", "off"]),
    },
    Watcher { name: "tcpdump", command: Command::Tcpdump },
];

const PINS: &str = "/sys/fs/bpf/portcullis-bench-tap";
const PATIENCE: Duration = Duration::from_secs(30);

/// Segments or packets that went by unread.
const LOSSES: [&str; 4] = [
    "tap_ring_full_total",
    "tap_interrupted_segments_total",
    "tap_shed_segments_total",
    "capture_kernel_dropped_total",
];

/// What watchers said of themselves, summed up.
#[derive(Default)]
pub(super) struct Told {
    pub(super) exchanges: Option<u64>,
    pub(super) copied_bytes: Option<u64>,
    pub(super) lost: Option<u64>,
}

pub(super) struct Running(Option<Process>);

impl Watcher {
    /// Returns once it watches.
    pub(super) fn start(&self, stage: &Stage, sensor: &Path, folder: &Path) -> anyhow::Result<Running> {
        let log = folder.join("watcher.log");
        let (command, is_ready) = match self.command {
            Command::Nobody => return Ok(Running(None)),
            Command::Tcpdump => {
                let mut command = stage.command("tcpdump");
                command.args(["-i", INTERFACE, "-s", "0", "-w", "/dev/null", "tcp"]);
                (command, "listening on")
            }
            Command::Sensor(how) => {
                // Nobody is there to enrol with: events stay in the spool, everything else goes on.
                let (token, state) = (folder.join("join-token"), folder.join("state"));
                fs_err::write(&token, "pct_join_bench")?;
                let mut command = stage.command(sensor);
                command.args(["run", "--interface", INTERFACE, "--control-plane", "http://127.0.0.1:9"]);
                command.arg("--join-token").arg(&token).arg("--state-dir").arg(&state);
                command.args(["--pin-dir", PINS, "--detach-on-exit", "--node", "bench"]).args(how);
                (command, "cannot be reached")
            }
        };
        let mut process = Process::start(self.name, command, &log)?;
        process.wait_until("it watches", PATIENCE, |process| Ok(process.output()?.contains(is_ready)))?;
        Ok(Running(Some(process)))
    }
}

impl Running {
    pub(super) fn pid(&self) -> Option<u32> {
        self.0.as_ref().map(Process::pid)
    }

    /// Ends it, and gives what it counted.
    pub(super) fn end(&mut self) -> anyhow::Result<Told> {
        let Some(mut process) = self.0.take() else { return Ok(Told::default()) };
        let status = process.end()?;
        anyhow::ensure!(status.success(), process.report(&format!("ended with {status}")));
        Ok(Told::from_words(&process.output()?))
    }
}

impl Told {
    /// From `counted: … http_exchanges_total=7 …`; a counter at zero is left out.
    fn from_words(said: &str) -> Self {
        let Some((_, counters)) = said.rsplit_once("counted:") else { return Self::default() };
        let value = |name: &str| {
            let value =
                counters.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
            value.and_then(|value| value.parse::<u64>().ok()).unwrap_or(0)
        };
        Self {
            exchanges: Some(value("http_exchanges_total")),
            // libpcap copies all that it does not lose.
            copied_bytes: Some(value("tap_copied_bytes_total")).filter(|copied| *copied > 0),
            lost: Some(LOSSES.iter().map(|name| value(name)).sum()),
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        let sum = |mine: &mut Option<u64>, others: Option<u64>| {
            *mine = mine.map_or(others, |mine| Some(mine + others.unwrap_or(0)));
        };
        sum(&mut self.exchanges, other.exchanges);
        sum(&mut self.copied_bytes, other.copied_bytes);
        sum(&mut self.lost, other.lost);
    }
}
