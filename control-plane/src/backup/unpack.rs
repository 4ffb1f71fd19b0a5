use std::{
    cell::Cell,
    fs::{self, DirBuilder, File},
    io::{self, BufReader, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{
    BackupError, OnProgress, Progress, at,
    manifest::{Entry, FORMAT, Manifest, NAME},
};
use crate::{
    data_dir::{self, DataDir},
    store::SqliteStore,
};

const STAGING: &str = ".restore-";
const MAX_MANIFEST: u64 = 16 << 20;
const PIECE: usize = 64 * 1024;

/// Puts an archive into an empty data folder, once every digest was found right.
pub fn restore(from: &Path, data_dir: &Path, progress: OnProgress<'_>) -> Result<Manifest, BackupError> {
    let file = File::open(from).map_err(at(from))?;
    let of = file.metadata().map_err(at(from))?.len();
    // Held to the end: no server starts on half of it.
    let _lock = DataDir::lock(data_dir)?;
    clear_own(data_dir)?;
    let staging = tempfile::Builder::new().prefix(STAGING).tempdir_in(data_dir).map_err(at(data_dir))?;
    let mut archive = Archive { path: from, read: Cell::new(0), of, progress };
    let manifest = archive.unpack(file, staging.path())?;
    put(&manifest, staging.path(), data_dir)?;
    Ok(manifest)
}

/// Only what an earlier restore left, and the lock, may be in the folder.
fn clear_own(data_dir: &Path) -> Result<(), BackupError> {
    let mut left = Vec::new();
    for entry in fs::read_dir(data_dir).map_err(at(data_dir))? {
        let entry = entry.map_err(at(data_dir))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        match name {
            name if name == data_dir::LOCK => {}
            name if name.starts_with(STAGING) => left.push(entry.path()),
            found => return Err(BackupError::NotEmpty { path: data_dir.to_owned(), found }),
        }
    }
    left.iter().try_for_each(|path| fs::remove_dir_all(path).map_err(at(path)))
}

/// The database that a server looks for comes last: until then it is no control plane's folder.
fn put(manifest: &Manifest, staging: &Path, data_dir: &Path) -> Result<(), BackupError> {
    let (last, first): (Vec<_>, Vec<_>) =
        manifest.files.iter().partition(|file| SqliteStore::is_main(&file.path));
    for file in first.into_iter().chain(last) {
        let to = data_dir.join(&file.path);
        make_parent(&to)?;
        fs::rename(staging.join(&file.path), &to).map_err(at(&to))?;
    }
    File::open(data_dir).and_then(|folder| folder.sync_all()).map_err(at(data_dir))
}

fn make_parent(path: &Path) -> Result<(), BackupError> {
    let Some(parent) = path.parent() else { return Ok(()) };
    DirBuilder::new().recursive(true).mode(0o700).create(parent).map_err(at(parent))
}

struct Archive<'a> {
    path: &'a Path,
    /// Bytes of the file, compressed.
    read: Cell<u64>,
    of: u64,
    progress: OnProgress<'a>,
}

impl Archive<'_> {
    fn unpack(&mut self, file: File, into: &Path) -> Result<Manifest, BackupError> {
        let read = std::mem::take(&mut self.read);
        let counted = Counting { from: BufReader::new(file), read: &read };
        let decoder = zstd::Decoder::new(counted)
            .map_err(|error| self.damaged(0, "the beginning", &error.to_string()))?;
        let mut archive = tar::Archive::new(decoder);
        let broken =
            |this: &Self, what: &str, error: io::Error| this.damaged(read.get(), what, &error.to_string());
        let mut entries = archive.entries().map_err(|error| broken(self, NAME, error))?;
        let mut next = |this: &Self, path: &Path| {
            let what = path.display().to_string();
            let entry = entries.next().ok_or_else(|| this.damaged(read.get(), &what, "it is not there"))?;
            let entry = entry.map_err(|error| broken(this, &what, error))?;
            let is_it =
                entry.path().is_ok_and(|found| found == path) && entry.header().entry_type().is_file();
            match is_it {
                true => Ok(entry),
                false => Err(this.damaged(read.get(), &what, "another entry is in its place")),
            }
        };
        let first = next(self, Path::new(NAME))?;
        let manifest = self.manifest(first, read.get())?;
        for file in &manifest.files {
            let entry = next(self, &file.path)?;
            self.file(entry, file, &into.join(&file.path), &read)?;
        }
        if entries.next().is_some() {
            return Err(self.damaged(read.get(), "the end", "there is more than the manifest names"));
        }
        // The checksum of it all stands behind the last entry.
        let mut decoder = archive.into_inner();
        io::copy(&mut decoder, &mut io::sink()).map_err(|error| broken(self, "the end", error))?;
        Ok(manifest)
    }

    fn manifest(&self, entry: impl Read, read: u64) -> Result<Manifest, BackupError> {
        #[derive(Deserialize)]
        struct Beginning {
            format: u32,
            version: String,
        }
        let mut text = Vec::new();
        let unread = |problem: String| self.damaged(read, NAME, &problem);
        entry.take(MAX_MANIFEST).read_to_end(&mut text).map_err(|error| unread(error.to_string()))?;
        let beginning: Beginning =
            serde_json::from_slice(&text).map_err(|error| unread(error.to_string()))?;
        let newer = |found: String| BackupError::Newer {
            path: self.path.to_owned(),
            version: beginning.version.clone(),
            found,
        };
        if beginning.format != FORMAT {
            return Err(newer(format!("format {}", beginning.format)));
        }
        let manifest: Manifest = serde_json::from_slice(&text).map_err(|error| unread(error.to_string()))?;
        for file in &manifest.files {
            if !file.is_inside() {
                return Err(unread(format!("{:?} is no path below the data folder", file.path)));
            }
            if let Some(schema) = file.schema.filter(|schema| *schema > SqliteStore::schema()) {
                return Err(newer(format!("schema {schema} of {}", file.path.display())));
            }
        }
        Ok(manifest)
    }

    fn file(
        &mut self,
        mut entry: impl Read,
        file: &Entry,
        to: &Path,
        read: &Cell<u64>,
    ) -> Result<(), BackupError> {
        make_parent(to)?;
        let mut out = File::options().write(true).create_new(true).mode(0o600).open(to).map_err(at(to))?;
        let what = file.path.display().to_string();
        let (mut hash, mut bytes, mut piece) = (Sha256::new(), 0_u64, vec![0; PIECE]);
        loop {
            let length = entry.read(&mut piece).map_err(|error| {
                self.damaged(read.get(), &format!("byte {bytes} of {what}"), &error.to_string())
            })?;
            let Some(got) = piece.get(..length).filter(|got| !got.is_empty()) else { break };
            hash.update(got);
            out.write_all(got).map_err(at(to))?;
            bytes += length as u64;
            (self.progress)(Progress { doing: "checking and unpacking", bytes: read.get(), of: self.of });
        }
        if (bytes, hex::encode(hash.finalize())) != (file.bytes, file.sha256.clone()) {
            return Err(self.damaged(read.get(), &what, "it is not what its digest says"));
        }
        out.sync_all().map_err(at(to))
    }

    fn damaged(&self, read: u64, what: &str, problem: &str) -> BackupError {
        let place = format!("{what} (byte {read} of {} of the archive)", self.of);
        BackupError::Damaged { path: PathBuf::from(self.path), place, problem: problem.to_owned() }
    }
}

struct Counting<'a, R> {
    from: R,
    read: &'a Cell<u64>,
}

impl<R: Read> Read for Counting<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.from.read(buffer)?;
        self.read.set(self.read.get() + length as u64);
        Ok(length)
    }
}
