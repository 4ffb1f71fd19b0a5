//! Everything that the control plane keeps, as one archive: tar in zstd, its first entry the manifest with a digest of each file.
//!
//! A backup is made beside the running server. Each database is copied as it stood at one moment; several of them may be some
//! seconds apart. The archive opens whatever the data folder opens, the keys of notification targets too.

mod collect;
mod manifest;
mod pack;
mod unpack;

use std::{
    io,
    path::{Path, PathBuf},
};

pub(crate) use self::{
    collect::{staging, sweep},
    pack::to_writer,
};
pub use self::{manifest::Manifest, pack::to_file, unpack::restore};
use crate::{data_dir::DataDirError, store::StoreError};

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{} holds no control plane's data: name its folder with --data-dir DIR", .0.display())]
    Nothing(PathBuf),
    #[error("{} lies in the data folder, and the next backup would hold this one: choose a place outside", .0.display())]
    Inside(PathBuf),
    #[error("{} is there already: choose another name, or move it away", .0.display())]
    Exists(PathBuf),
    #[error("{} is neither file nor folder, and no backup can hold it: move it out of the data folder", .0.display())]
    Odd(PathBuf),
    #[error("{} changed while it was read: try again", .0.display())]
    Changed(PathBuf),
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("the archive could not be written: {0}")]
    Write(io::Error),
    #[error("{} is damaged at {place}: {problem}. Nothing was restored; take another backup", path.display())]
    Damaged { path: PathBuf, place: String, problem: String },
    #[error("{} was made by control-plane {version}, in a form ({found}) that this one ({}) does not know: restore it with that version or a newer one", path.display(), env!("CARGO_PKG_VERSION"))]
    Newer { path: PathBuf, version: String, found: String },
    #[error("{} is not empty ({found} is in it): restore into a new folder, nothing is overwritten", path.display())]
    NotEmpty { path: PathBuf, found: String },
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How far it is.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    pub doing: &'static str,
    pub bytes: u64,
    pub of: u64,
}

/// Told now and then, mostly after each piece of a file.
pub type OnProgress<'a> = &'a mut dyn FnMut(Progress);

fn at(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    move |source| BackupError::File { path: path.to_owned(), source }
}
