//! What belongs into a backup: every file of the data folder but those that only the running process needs.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::{BackupError, OnProgress, Progress, at, manifest::Entry};
use crate::{data_dir, store::SqliteStore};

/// Copies under way; in the data folder where nobody named another place.
pub(super) const STAGING: &str = ".backup-";
const PIECE: usize = 64 * 1024;

/// A file with what the manifest says of it.
pub(super) struct Found {
    pub(super) entry: Entry,
    /// Where it can be read: databases from a copy that nobody writes to.
    pub(super) at: PathBuf,
}

/// Databases are copied to `staging`.
pub(super) fn files(
    data_dir: &Path,
    staging: &Path,
    progress: OnProgress<'_>,
) -> Result<Vec<Found>, BackupError> {
    if !SqliteStore::is_in(data_dir) {
        return Err(BackupError::Nothing(data_dir.to_owned()));
    }
    let mut paths = Vec::new();
    walk(data_dir, Path::new(""), &mut paths)?;
    paths.sort_unstable();
    let mut found = Vec::with_capacity(paths.len());
    for (number, path) in paths.into_iter().enumerate() {
        let source = data_dir.join(&path);
        let (at, schema) = match SqliteStore::is_database(&path) {
            true => {
                let copy = staging.join(number.to_string());
                let schema = SqliteStore::copy(&source, &copy, &mut |bytes, of| {
                    progress(Progress { doing: "copying the database", bytes, of });
                })?;
                (copy, Some(schema))
            }
            false => (source, None),
        };
        let (bytes, sha256) = digest(&at, progress)?;
        found.push(Found { entry: Entry { path, bytes, sha256, schema }, at });
    }
    Ok(found)
}

/// A folder for copies, in the data folder; it goes with what this gives.
pub(crate) fn staging(data_dir: &Path) -> Result<TempDir, BackupError> {
    tempfile::Builder::new().prefix(STAGING).tempdir_in(data_dir).map_err(at(data_dir))
}

/// Removes what a backup left that was cut off. Only for who has the data folder's lock.
pub(crate) fn sweep(data_dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(data_dir)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(STAGING) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

fn walk(root: &Path, below: &Path, paths: &mut Vec<PathBuf>) -> Result<(), BackupError> {
    let folder = root.join(below);
    for entry in fs::read_dir(&folder).map_err(at(&folder))? {
        let entry = entry.map_err(at(&folder))?;
        let (name, path) = (entry.file_name(), below.join(entry.file_name()));
        let kind = entry.file_type().map_err(at(&entry.path()))?;
        let name = name.to_string_lossy();
        if name.starts_with(STAGING) || name == data_dir::LOCK || SqliteStore::is_transient(&path) {
            continue;
        }
        if kind.is_dir() {
            walk(root, &path, paths)?;
        } else if kind.is_file() {
            paths.push(path);
        } else {
            return Err(BackupError::Odd(entry.path()));
        }
    }
    Ok(())
}

fn digest(path: &Path, progress: OnProgress<'_>) -> Result<(u64, String), BackupError> {
    let mut file = File::open(path).map_err(at(path))?;
    let of = file.metadata().map_err(at(path))?.len();
    let (mut hash, mut bytes, mut piece) = (Sha256::new(), 0, vec![0; PIECE]);
    loop {
        let length = file.read(&mut piece).map_err(at(path))?;
        let Some(read) = piece.get(..length).filter(|read| !read.is_empty()) else { break };
        hash.update(read);
        bytes += length as u64;
        progress(Progress { doing: "taking digests", bytes, of });
    }
    Ok((bytes, hex::encode(hash.finalize())))
}
