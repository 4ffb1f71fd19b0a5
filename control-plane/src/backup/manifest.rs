use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

/// Raised where an older control plane would restore something wrong.
pub(super) const FORMAT: u32 = 1;
/// The archive's first entry.
pub(super) const NAME: &str = "manifest.json";

/// What is in an archive.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    pub format: u32,
    /// Of the control plane that made it.
    pub version: String,
    /// Seconds since the Unix epoch.
    pub made_at: i64,
    /// In the order in which they follow.
    pub files: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Below the data folder.
    pub path: PathBuf,
    pub bytes: u64,
    /// In hexadecimal digits.
    pub sha256: String,
    /// Of a database: the number of its schema.
    pub schema: Option<i64>,
}

impl Manifest {
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

impl Entry {
    /// Whether it stays below the folder that it is put into.
    pub(super) fn is_inside(&self) -> bool {
        let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
        self.path != Path::new("") && self.path.components().all(is_plain)
    }
}
