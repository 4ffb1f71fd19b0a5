use std::{
    fmt,
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
    sync::Arc,
};

use crate::store::StoreError;

const FILE: &str = "identity.key";
const LEN: usize = 32;

/// What sensors hash actors' names with, so that what an event says of somebody tells nothing to who has it not. It lies
/// beside the database, and goes to sensors alone.
#[derive(Clone)]
pub(crate) struct IdentityKey(Arc<[u8]>);

impl fmt::Debug for IdentityKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("IdentityKey(…)")
    }
}

impl IdentityKey {
    /// Opens the key in the data folder, or makes it. Another key makes other identities of the same actors.
    pub(crate) fn of(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(FILE);
        let unusable = |source| StoreError::Folder { path: path.display().to_string(), source };
        let key = match fs::read(&path) {
            Ok(key) => key,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut key = vec![0; LEN];
                getrandom::fill(&mut key).map_err(StoreError::Random)?;
                write(folder, &path, &key).map_err(unusable)?;
                key
            }
            Err(error) => return Err(unusable(error)),
        };
        // A restored backup may have opened it to others.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(unusable)?;
        if key.len() != LEN {
            return Err(unusable(io::Error::other(
                "is no key of 32 bytes; put the right one back, or remove it for a new one, which makes other identities",
            )));
        }
        Ok(Self(key.into()))
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    #[cfg(test)]
    pub(crate) fn test() -> Self {
        Self([7; LEN].as_slice().into())
    }
}

/// Whole or not at all.
fn write(folder: &Path, path: &Path, key: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("key.new");
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(key)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    File::open(folder)?.sync_all()
}
