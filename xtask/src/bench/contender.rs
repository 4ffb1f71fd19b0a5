//! The programs that are measured: what each is told to do with the capture, and how its transactions are counted.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context as _, ensure};

use super::measure::{self, Usage};
use crate::{caller::Caller, program};

pub(super) struct Contender {
    pub(super) program: &'static str,
    /// `FILE` and `DIR` stand for the capture and for a folder of the program's own.
    arguments: Vec<String>,
    count: Count,
}

/// Where a program says how many transactions it found.
enum Count {
    /// It does not.
    Nowhere,
    /// In the counters that `sensor replay` leaves on standard error: exchanges that are whole.
    Counters,
    /// Lines on standard output.
    Lines,
    /// Lines of this file that hold this text.
    File(&'static str, &'static str),
}

impl Contender {
    fn new(program: &'static str, arguments: &str, count: Count) -> Self {
        Self { program, arguments: arguments.split(' ').map(str::to_owned).collect(), count }
    }

    /// Reads every packet and no more; the others are held against it, so it comes first.
    pub(super) fn floor() -> Self {
        Self::new("tcpdump", "-r FILE -w /dev/null", Count::Nowhere)
    }

    pub(super) fn sensor(shards: usize) -> Self {
        let arguments = format!("replay FILE --emit exchanges -o jsonl --shards {shards}");
        Self::new("sensor", &arguments, Count::Counters)
    }

    /// Run where they are installed. Segmentation offload leaves checksums unfinished, so nobody is to check them.
    pub(super) fn others() -> [Self; 3] {
        [
            Self::new("tshark", "-n -r FILE -Y http.response -T fields -e http.response.code", Count::Lines),
            Self::new("tcpflow", "-r FILE -o DIR -a", Count::Nowhere),
            Self::new(
                "suricata",
                "-r FILE -k none -l DIR",
                Count::File("eve.json", "\"event_type\":\"http\""),
            ),
        ]
    }

    pub(super) fn is_sensor(&self) -> bool {
        matches!(self.count, Count::Counters)
    }

    /// What it used, and how many transactions it found where it says so.
    pub(super) fn run(
        &self,
        caller: &Caller,
        binary: &Path,
        capture: &Path,
        folder: &Path,
    ) -> anyhow::Result<(Usage, Option<u64>)> {
        if folder.exists() {
            fs_err::remove_dir_all(folder)?;
        }
        fs_err::create_dir_all(folder)?;
        let (stdout, stderr) = (folder.join("stdout"), folder.join("stderr"));
        let mut command = caller.root_command(binary);
        for argument in &self.arguments {
            match argument.as_str() {
                "FILE" => command.arg(capture),
                "DIR" => command.arg(folder),
                word => command.arg(word),
            };
        }
        command.stdin(Stdio::null()).stderr(File::from(fs_err::File::create(&stderr)?));
        command.stdout(match self.count {
            Count::Lines => Stdio::from(File::from(fs_err::File::create(&stdout)?)),
            _ => Stdio::null(),
        });
        let usage = finish(&mut command, &stderr)?;
        let found = match self.count {
            Count::Nowhere => None,
            Count::Counters => Some(whole_exchanges(&fs_err::read_to_string(&stderr)?)?),
            Count::Lines => Some(lines(&stdout, "")?),
            Count::File(name, text) => Some(lines(&folder.join(name), text)?),
        };
        // Some write out all that they read.
        fs_err::remove_dir_all(folder)?;
        Ok((usage, found))
    }

    /// As it is typed.
    pub(super) fn shown(&self) -> String {
        format!("{} {}", self.program, self.arguments.join(" "))
    }
}

fn finish(command: &mut Command, stderr: &Path) -> anyhow::Result<Usage> {
    let child = command.spawn().with_context(|| format!("cannot start {}", program::shown(command)))?;
    let (status, usage) = measure::wait(child.id())?;
    ensure!(status.success(), "{}: {status}; {} says why", program::shown(command), stderr.display());
    Ok(usage)
}

fn lines(file: &Path, text: &str) -> anyhow::Result<u64> {
    let mut count = 0;
    for line in BufReader::new(fs_err::File::open(file)?).lines() {
        count += u64::from(line?.contains(text));
    }
    Ok(count)
}

/// From `replayed: … http_exchanges_total=7 http_incomplete_total=1 …`; a counter at zero is left out.
fn whole_exchanges(counters: &str) -> anyhow::Result<u64> {
    let value = |name: &str| -> anyhow::Result<u64> {
        let value = counters.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        value.map_or(Ok(0), |value| value.parse().with_context(|| format!("{name}={value}")))
    };
    Ok(value("http_exchanges_total")?.saturating_sub(value("http_incomplete_total")?))
}

#[cfg(test)]
mod tests {
    use super::whole_exchanges;

    #[test]
    fn exchanges_that_lack_a_part_are_not_counted_as_found() {
        let counters = "replayed: capture_frames_total=9 http_exchanges_total=7 http_incomplete_total=2\n";
        assert_eq!(whole_exchanges(counters).unwrap(), 5);
        assert_eq!(whole_exchanges("replayed: capture_frames_total=9\n").unwrap(), 0);
    }
}
