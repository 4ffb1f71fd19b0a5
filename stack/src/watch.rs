use std::{
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::PathBuf,
    time::Duration,
};

use anyhow::bail;
use fs_err::File;

use crate::{interrupt::Interrupt, process::Process};

/// A line longer than this is cut on the terminal; the log has it whole.
const SHOWN: usize = 300;

/// Until the user asks to stop: passes on the warnings and errors of `processes`, calls `each_second`, and fails as
/// soon as one of them ends, with its last words.
pub fn watch(
    processes: &mut [&mut Process],
    interrupt: &Interrupt,
    mut each_second: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut tails = Vec::new();
    for process in processes.iter() {
        tails.push(Tail {
            name: process.name(),
            log: process.log().to_owned(),
            at: fs_err::metadata(process.log())?.len(),
        });
    }
    while !interrupt.sleep(Duration::from_secs(1)) {
        for tail in &mut tails {
            tail.pass_on_warnings()?;
        }
        for process in processes.iter_mut() {
            if let Some(status) = process.exited()? {
                bail!(process.report(&format!("ended by itself ({status})")));
            }
        }
        each_second()?;
    }
    Ok(())
}

/// Notes go to standard error: standard output is for data.
pub(crate) fn note(line: &str) {
    // Nothing is left to tell it to when the terminal is gone.
    let _unheard = writeln!(std::io::stderr(), "{line}");
}

struct Tail {
    name: &'static str,
    log: PathBuf,
    at: u64,
}

impl Tail {
    fn pass_on_warnings(&mut self) -> anyhow::Result<()> {
        let mut file = File::open(&self.log)?;
        file.seek(SeekFrom::Start(self.at))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        // What follows the last line break is still being written.
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        self.at += whole as u64;
        for line in String::from_utf8_lossy(bytes.get(..whole).unwrap_or_default()).lines() {
            if is_warning(line) {
                note(&format!("{}: {}", self.name, line.chars().take(SHOWN).collect::<String>()));
            }
        }
        Ok(())
    }
}

/// The level stands between the time and the target, so a later WARN is somebody's data.
fn is_warning(line: &str) -> bool {
    line.split_whitespace().take(3).any(|word| matches!(word, "WARN" | "ERROR"))
}

#[cfg(test)]
mod tests {
    use super::is_warning;

    #[test]
    fn only_the_level_makes_a_warning() {
        assert!(is_warning("2026-01-02T03:04:05Z  WARN sensor: spool is full"));
        assert!(is_warning("ERROR sensor: the interface is gone"));
        assert!(!is_warning("2026-01-02T03:04:05Z  INFO sensor: a body that says ERROR"));
    }
}
