use std::{
    fs,
    io::{self, Read as _},
    net::IpAddr,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use maxminddb::{Reader, path as keys};

/// Twenty times the largest country database there is.
const MAX_FILE: u64 = 256 << 20;

#[derive(Debug, thiserror::Error)]
pub enum CountryError {
    #[error("{} cannot be read (--country-db): {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{} is no MMDB file, or a damaged one (--country-db): {problem}", path.display())]
    Damaged { path: PathBuf, problem: String },
}

/// A file in MaxMind's DB format, in memory.
pub(super) struct Database(Reader<Vec<u8>>);

/// What tells one state of the file from another; the kernel alone sets the change time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    inode: u64,
    length: u64,
    changed: (i64, i64),
}

impl Stamp {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let file = fs::metadata(path)?;
        Ok(Self { inode: file.ino(), length: file.len(), changed: (file.ctime(), file.ctime_nsec()) })
    }
}

/// All of it is checked before it is used: it is somebody else's file, and answers for every event.
pub(super) fn open(path: &Path) -> Result<(Arc<Database>, Stamp), CountryError> {
    let unreadable = |source| CountryError::Io { path: path.to_owned(), source };
    let damaged = |problem: String| CountryError::Damaged { path: path.to_owned(), problem };
    let stamp = Stamp::of(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(unreadable)?;
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(damaged(format!("is larger than {} MiB", MAX_FILE >> 20)));
    }
    let reader = Reader::from_source(bytes).map_err(|error| damaged(error.to_string()))?;
    reader.verify().map_err(|error| damaged(error.to_string()))?;
    Ok((Arc::new(Database(reader)), stamp))
}

impl Database {
    pub(super) fn kind(&self) -> &str {
        &self.0.metadata().database_type
    }

    /// `country.iso_code`, as all country and city databases of this format have it.
    pub(super) fn country(&self, address: IpAddr) -> Option<String> {
        let found = self.0.lookup(address).ok()?;
        let code: Option<&str> = found.decode_path(&keys!["country", "iso_code"]).ok()?;
        let is_code = |code: &&str| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        code.filter(is_code).map(str::to_owned)
    }
}
