//! Whether there is room for events on the disk.
//!
//! Some of it is kept for everything else: while events wait in the sensors' spools, people still log in, look, and block.

use std::{
    io,
    path::PathBuf,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use nix::sys::statvfs::statvfs;

use crate::store::StoreError;

/// Below so many times what is kept free, it is time to do something.
const LOW: u64 = 4;

/// What dropped days leave in the database is room, too, from so many bytes on: with less, some commits would still need the disk.
const WORTH_USING: u64 = 64 << 20;

pub(crate) struct Room {
    folder: PathBuf,
    /// Bytes that events leave free.
    kept: u64,
    trouble: Mutex<Option<Trouble>>,
    /// Bytes of the database without content, when they were last asked for.
    reusable: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
}

/// What the last write of events came to, until one succeeds.
#[derive(Clone, Debug)]
enum Trouble {
    Full,
    Failing(String),
}

/// Whether events are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Health {
    Ok,
    /// Little room is left.
    Low,
    Full,
    Failing,
}

impl Health {
    pub(crate) const ALL: [Self; 4] = [Self::Ok, Self::Low, Self::Full, Self::Failing];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Low => "low",
            Self::Full => "full",
            Self::Failing => "failing",
        }
    }
}

/// How it stands.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) health: Health,
    /// What to do about it; empty where nothing is.
    pub(crate) note: String,
    /// Bytes; `None` where the system does not say.
    pub(crate) free: Option<u64>,
    pub(crate) kept: u64,
    /// Batches that came while there was no room. Sensors send them again.
    pub(crate) refused: u64,
    /// Batches that the disk did not take.
    pub(crate) failed: u64,
}

impl Room {
    pub(crate) fn new(folder: PathBuf, kept: u64) -> Self {
        Self {
            folder,
            kept,
            trouble: Mutex::new(None),
            reusable: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// Whether events may be written. Not knowing is no reason to refuse them: the write itself tells then.
    pub(crate) fn admit(&self, reusable: impl FnOnce() -> Result<u64, StoreError>) -> Result<(), StoreError> {
        match self.free() {
            Ok(free) if free < self.kept => {
                let reusable = reusable()?;
                self.reusable.store(reusable, Ordering::Relaxed);
                if reusable >= WORTH_USING {
                    return Ok(());
                }
                self.refused.fetch_add(1, Ordering::Relaxed);
                Err(StoreError::NoRoom { free, kept: self.kept })
            }
            _ => Ok(()),
        }
    }

    /// What became of a write that was admitted.
    pub(crate) fn wrote<T>(&self, outcome: &Result<T, StoreError>) {
        let trouble = match outcome {
            Ok(_) => None,
            Err(StoreError::DiskFull) => Some(Trouble::Full),
            Err(error) => Some(Trouble::Failing(error.to_string())),
        };
        if trouble.is_some() {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        *self.lock() = trouble;
    }

    pub(crate) fn state(&self) -> State {
        let free = self.free().ok();
        let trouble = self.lock().clone();
        let has_reusable = self.reusable.load(Ordering::Relaxed) >= WORTH_USING;
        let is_short = free.is_some_and(|free| free < self.kept) && !has_reusable;
        let (health, note) = match trouble {
            _ if is_short => {
                (Health::Full, StoreError::NoRoom { free: free.unwrap_or(0), kept: self.kept }.to_string())
            }
            Some(Trouble::Full) => (Health::Full, StoreError::DiskFull.to_string()),
            Some(Trouble::Failing(error)) => (Health::Failing, format!("events cannot be stored: {error}")),
            None if free.is_some_and(|free| free < self.kept.saturating_mul(LOW)) => {
                (Health::Low, self.low(free))
            }
            None => (Health::Ok, String::new()),
        };
        let [refused, failed] = [&self.refused, &self.failed].map(|count| count.load(Ordering::Relaxed));
        State { health, note, free, kept: self.kept, refused, failed }
    }

    fn low(&self, free: Option<u64>) -> String {
        let [free, kept] = [free.unwrap_or(0), self.kept].map(|bytes| bytes >> 20);
        format!(
            "little room: {free} MiB are free, and below {kept} MiB no more events are stored: free some, or \
             give the control plane a larger disk"
        )
    }

    /// What others than root may still write.
    fn free(&self) -> io::Result<u64> {
        let stat = statvfs(&self.folder)?;
        Ok(stat.blocks_available().saturating_mul(stat.fragment_size()))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Trouble>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_full_below_what_is_kept_and_well_again_above_it() {
        let folder = tempfile::tempdir().unwrap();
        let short = Room::new(folder.path().to_owned(), u64::MAX);
        assert!(matches!(short.admit(|| Ok(0)), Err(StoreError::NoRoom { kept: u64::MAX, .. })));
        let state = short.state();
        assert_eq!((state.health, state.refused), (Health::Full, 1));
        assert!(state.note.contains("store full"), "{}", state.note);
        let wide = Room::new(folder.path().to_owned(), 0);
        assert!(wide.admit(|| Ok(0)).is_ok());
        assert_eq!(wide.state().health, Health::Ok);
    }

    #[test]
    fn what_dropped_days_leave_in_the_database_is_room() {
        let folder = tempfile::tempdir().unwrap();
        let short = Room::new(folder.path().to_owned(), u64::MAX);
        assert!(short.admit(|| Ok(WORTH_USING)).is_ok());
        assert_eq!(short.state().health, Health::Low);
        assert!(short.admit(|| Ok(WORTH_USING - 1)).is_err());
        assert_eq!(short.state().health, Health::Full);
        assert!(matches!(short.admit(|| Err(StoreError::Closed)), Err(StoreError::Closed)));
    }

    #[test]
    fn it_is_low_before_it_is_full() {
        let folder = tempfile::tempdir().unwrap();
        let free = Room::new(folder.path().to_owned(), 0).free().unwrap();
        let low = Room::new(folder.path().to_owned(), free / 2);
        assert!(low.admit(|| Ok(0)).is_ok());
        let state = low.state();
        assert_eq!(state.health, Health::Low);
        assert!(state.note.starts_with("little room: "), "{}", state.note);
    }

    #[test]
    fn a_write_that_failed_shows_until_one_succeeds() {
        let room = Room::new(tempfile::tempdir().unwrap().path().to_owned(), 0);
        room.wrote::<()>(&Err(StoreError::DiskFull));
        assert_eq!((room.state().health, room.state().failed), (Health::Full, 1));
        room.wrote::<()>(&Err(StoreError::NotCommitted));
        assert_eq!(room.state().health, Health::Failing);
        room.wrote(&Ok(()));
        assert_eq!((room.state().health, room.state().failed), (Health::Ok, 2));
    }
}
