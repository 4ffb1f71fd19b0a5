//! What the sensor learned of traffic, kept in the state folder, so that what is usual is known after a restart too.

use std::{
    io::{self, BufWriter, Read, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use fs_err::{File, OpenOptions, os::unix::fs::OpenOptionsExt};
use portcullis_detection::Learned;
use portcullis_exchange::Timestamp;

use crate::counters::Counters;

/// What is larger is neither written nor read.
const MAX_BYTES: u64 = 64 << 20;

#[derive(Debug)]
pub struct KeptLearned {
    file: PathBuf,
    restored: u64,
    load_failures: u64,
    saves: AtomicU64,
    save_failures: AtomicU64,
}

impl KeptLearned {
    /// Takes up what an earlier run left. What cannot be used is told and counted, and is learned anew.
    pub fn open(file: PathBuf, learned: &Learned, now: Timestamp) -> Self {
        let restored = read(&file).and_then(|text| match text {
            Some(text) => learned.restore(&text, now).map_err(io::Error::other),
            None => Ok(0),
        });
        if let Err(error) = &restored {
            tracing::warn!(
                %error,
                file = %file.display(),
                "what was learned of traffic is not taken up: it is learned anew, and anomalies are silent for an hour"
            );
        }
        let load_failures = u64::from(restored.is_err());
        let restored = restored.map_or(0, |count| count as u64);
        let (saves, save_failures) = Default::default();
        Self { file, restored, load_failures, saves, save_failures }
    }

    /// Replaces what is kept. Takes its time.
    pub fn save(&self, learned: &Learned) {
        let count = match write(&self.file, learned) {
            Ok(()) => &self.saves,
            Err(error) => {
                tracing::warn!(
                    %error,
                    file = %self.file.display(),
                    "what was learned of traffic is not kept for the next start; check that the state folder can be written"
                );
                &self.save_failures
            }
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    pub fn counters(&self) -> Counters {
        Counters::from_iter([
            ("learned_endpoints_restored", self.restored),
            ("learned_load_failures_total", self.load_failures),
            ("learned_saves_total", self.saves.load(Ordering::Relaxed)),
            ("learned_save_failures_total", self.save_failures.load(Ordering::Relaxed)),
        ])
    }
}

fn read(file: &Path) -> io::Result<Option<String>> {
    let opened = match File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    let read = opened.take(MAX_BYTES + 1).read_to_string(&mut text)? as u64;
    if read > MAX_BYTES { Err(too_large()) } else { Ok(Some(text)) }
}

fn write(file: &Path, learned: &Learned) -> io::Result<()> {
    let draft = file.with_extension("new");
    let opened = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    let (mut to, mut bytes, mut result) = (BufWriter::new(opened), 0, Ok(()));
    learned.keep(&mut |line| {
        bytes += line.len() as u64 + 1;
        if bytes > MAX_BYTES {
            result = Err(too_large());
        }
        if result.is_ok() {
            result = writeln!(to, "{line}");
        }
    });
    result?;
    to.flush()?;
    drop(to);
    fs_err::rename(draft, file)
}

fn too_large() -> io::Error {
    io::Error::other(format!("larger than {} MiB", MAX_BYTES >> 20))
}

#[cfg(test)]
mod tests {
    use portcullis_detection::{Engine, Example, PolicySet};

    use super::*;

    fn anew() -> Engine {
        Engine::new(PolicySet::default())
    }

    fn taught() -> Engine {
        let engine = anew();
        let text = b"GET /users/7\nhost: shop.example\n\nHTTP/1.1 200 OK\n\n{}";
        engine.judge(&Example::parse(text).unwrap().exchange);
        engine
    }

    fn opened(file: &Path, engine: &Engine) -> Counters {
        KeptLearned::open(file.to_owned(), &engine.learned(), Timestamp::from_seconds(9)).counters()
    }

    #[test]
    fn endpoints_come_back_and_a_bad_file_is_counted_and_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("learned");
        assert_eq!(opened(&file, &anew()).value("learned_load_failures_total"), 0, "there is none yet");
        let kept = KeptLearned::open(file.clone(), &anew().learned(), Timestamp::default());
        kept.save(&taught().learned());
        assert_eq!(kept.counters().value("learned_saves_total"), 1);
        assert_eq!(opened(&file, &anew()).value("learned_endpoints_restored"), 1);
        let text = fs_err::read_to_string(&file).unwrap();
        fs_err::write(&file, &text[..text.len() / 2]).unwrap();
        let engine = anew();
        assert_eq!(opened(&file, &engine).value("learned_load_failures_total"), 1);
        assert!(engine.learned().batch(1, true).is_none(), "nothing of it");
        kept.save(&taught().learned());
        assert_eq!(opened(&file, &anew()).value("learned_endpoints_restored"), 1);
    }

    #[test]
    fn where_nothing_can_be_written_it_is_counted() {
        let file = PathBuf::from("/proc/no-such-folder/learned");
        let kept = KeptLearned::open(file, &anew().learned(), Timestamp::default());
        kept.save(&taught().learned());
        assert_eq!(kept.counters().value("learned_save_failures_total"), 1);
    }
}
