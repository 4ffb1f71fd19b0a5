use std::{
    fs::{DirBuilder, File, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt},
    path::{Path, PathBuf},
};

/// The file that a server holds locked while it works.
pub(crate) const LOCK: &str = "server.lock";

#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    #[error("cannot make the data folder {}: {source}. Choose one you may write to with --data-dir DIR", path.display())]
    Make { path: PathBuf, source: io::Error },
    #[error("cannot use the data folder {}: {source}. Choose one you may write to with --data-dir DIR", path.display())]
    Use { path: PathBuf, source: io::Error },
    #[error("the data folder {} is in use by another control plane: end that one, or choose another folder", path.display())]
    Locked { path: PathBuf },
}

/// The folder where one server keeps everything, its own while this lives.
pub struct DataDir {
    // Closing the file releases the lock; so does the end of the process, however it comes.
    _lock: File,
}

impl DataDir {
    /// Makes the folder as needed, and sees to it that no other server works in it.
    pub fn lock(path: &Path) -> Result<Self, DataDirError> {
        prepare(path)?;
        let unusable = |source| DataDirError::Use { path: path.to_owned(), source };
        let lock = File::options().create(true).append(true).open(path.join(LOCK)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(DataDirError::Locked { path: path.to_owned() }),
            Err(TryLockError::Error(source)) => Err(unusable(source)),
        }
    }
}

/// Makes the folder, for its owner alone: it holds what attackers sent and what they were answered.
pub fn prepare(path: &Path) -> Result<(), DataDirError> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(|source| DataDirError::Make { path: path.to_owned(), source })?;
    let metadata = path.metadata().map_err(|source| DataDirError::Use { path: path.to_owned(), source })?;
    if metadata.mode() & 0o077 != 0 {
        tracing::warn!(path = %path.display(), "the data folder is open to other users: chmod 700 closes it");
    }
    Ok(())
}
