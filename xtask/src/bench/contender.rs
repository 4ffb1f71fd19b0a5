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
    arguments: &'static [&'static str],
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

/// Reads every packet and no more; the others are held against it, so it comes first.
pub(super) const FLOOR: Contender =
    Contender { program: "tcpdump", arguments: &["-r", "FILE", "-w", "/dev/null"], count: Count::Nowhere };

pub(super) const SENSOR: Contender = Contender {
    program: "sensor",
    arguments: &["replay", "FILE", "--emit", "exchanges", "-o", "jsonl"],
    count: Count::Counters,
};

/// Run where they are installed. Segmentation offload leaves checksums unfinished, so nobody is to check them.
pub(super) const OTHERS: [Contender; 3] = [
    Contender {
        program: "tshark",
        arguments: &["-n", "-r", "FILE", "-Y", "http.response", "-T", "fields", "-e", "http.response.code"],
        count: Count::Lines,
    },
    Contender { program: "tcpflow", arguments: &["-r", "FILE", "-o", "DIR", "-a"], count: Count::Nowhere },
    Contender {
        program: "suricata",
        arguments: &["-r", "FILE", "-k", "none", "-l", "DIR"],
        count: Count::File("eve.json", "\"event_type\":\"http\""),
    },
];

impl Contender {
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
        for argument in self.arguments {
            match *argument {
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
        Ok((usage, found))
    }

    /// As it is typed.
    pub(super) fn shown(&self) -> String {
        [&[self.program], self.arguments].concat().join(" ")
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
