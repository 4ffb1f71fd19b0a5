//! The folder where the sensor keeps what must outlive it: readable by root alone, used by one sensor at a time.

use std::{
    fs::{DirBuilder, TryLockError},
    io::{self, Write},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use fs_err::{File, OpenOptions, os::unix::fs::OpenOptionsExt};

/// Held as long as the sensor runs.
pub struct StateDir {
    path: PathBuf,
    _lock: File,
}

#[derive(Debug, thiserror::Error)]
pub enum StateDirError {
    #[error("{0}; choose a folder that can be written with --state-dir")]
    Io(#[from] io::Error),
    #[error("another sensor uses {0}; end it, or give this one a folder of its own with --state-dir")]
    InUse(PathBuf),
}

impl StateDir {
    pub fn open(path: &Path) -> Result<Self, StateDirError> {
        make_folder(path)?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join("lock"))?;
        match lock.file().try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StateDirError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    let named =
        |error: io::Error| io::Error::new(error.kind(), format!("cannot make {}: {error}", folder.display()));
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(named)
}

/// Writes a small file so that a reader finds the old text or the new one, never half of either.
pub(crate) fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    file.write_all(text)?;
    drop(file);
    fs_err::rename(draft, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_sensors_never_share_a_folder() {
        let folder = tempfile::tempdir().unwrap();
        let first = StateDir::open(folder.path()).unwrap();
        assert!(matches!(StateDir::open(folder.path()), Err(StateDirError::InUse(_))));
        drop(first);
        assert!(StateDir::open(folder.path()).is_ok());
    }
}
