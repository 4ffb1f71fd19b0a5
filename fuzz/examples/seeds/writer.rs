use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::PathBuf,
};

/// Longer inputs find nothing more, later.
const MAX_LEN: usize = 16 << 10;

/// Writes each seed once, under a name that its bytes give it.
pub(crate) struct Writer {
    pub(crate) folder: PathBuf,
}

impl Writer {
    pub(crate) fn seed(&self, target: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let bytes = bytes.get(..MAX_LEN).unwrap_or(bytes);
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        let folder = self.folder.join(target);
        fs_err::create_dir_all(&folder)?;
        Ok(fs_err::write(folder.join(format!("{:016x}", hasher.finish())), bytes)?)
    }
}
