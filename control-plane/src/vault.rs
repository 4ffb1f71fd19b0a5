//! Secrets at rest, of notification targets and of issue trackers: ChaCha20-Poly1305 (RFC 8439) under a key that lies beside the
//! database, not in it. A copy of the database alone opens nothing; the data folder, or a backup of it, opens all.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use serde::{Serialize, de::DeserializeOwned};

use crate::store::StoreError;

/// From when it only kept those of notification targets.
const FILE: &str = "notify.key";
const KEY_LEN: usize = 32;

#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("cannot use {}: {source}", path.display())]
    Key { path: PathBuf, source: io::Error },
    #[error(
        "{} is no key of 32 bytes: restore it, or move it away and set the secrets of notification targets and ticket \
         integrations again",
        path.display()
    )]
    Length { path: PathBuf },
    #[error("the system gives no random numbers")]
    Random,
}

/// What was sealed cannot be opened: under another key, for somebody else, or damaged.
#[derive(Debug)]
pub(crate) struct Locked;

pub(crate) struct Vault {
    key: LessSafeKey,
}

impl Vault {
    /// Opens the key in the data folder, or makes it.
    pub(crate) fn of(folder: &Path) -> Result<Self, VaultError> {
        let path = folder.join(FILE);
        let unusable = |source| VaultError::Key { path: path.clone(), source };
        let key = match fs::read(&path) {
            Ok(key) => key,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut key = vec![0; KEY_LEN];
                getrandom::fill(&mut key).map_err(|_| VaultError::Random)?;
                write(folder, &path, &key).map_err(unusable)?;
                key
            }
            Err(error) => return Err(unusable(error)),
        };
        // A restored backup may have opened it to others.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(unusable)?;
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key).map_err(|_| VaultError::Length { path })?;
        Ok(Self { key: LessSafeKey::new(key) })
    }

    /// Bound to whose it is: what was sealed for one opens for no other.
    pub(crate) fn seal(&self, id: &str, secret: &impl Serialize) -> Result<Vec<u8>, StoreError> {
        let damaged = |_| StoreError::Damaged("a secret could not be sealed".to_owned());
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(StoreError::Random)?;
        let mut sealed = serde_json::to_vec(secret)
            .map_err(|error| StoreError::Damaged(format!("a secret cannot be written: {error}")))?;
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(id), &mut sealed)
            .map_err(damaged)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    pub(crate) fn open<T: DeserializeOwned>(&self, id: &str, sealed: &[u8]) -> Result<T, Locked> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN).ok_or(Locked)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Locked)?;
        let mut sealed = sealed.to_vec();
        let opened = self.key.open_in_place(nonce, Aad::from(id), &mut sealed).map_err(|_| Locked)?;
        serde_json::from_slice(opened).map_err(|_| Locked)
    }
}

/// Whole or not at all: half a key would lock the secrets in.
fn write(folder: &Path, path: &Path, key: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("key.new");
    let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(key)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access() -> Vec<String> {
        vec!["https://hooks.example/T0/secret".to_owned(), "0123456789abcdef".to_owned()]
    }

    #[test]
    fn what_is_sealed_opens_again_after_a_restart_and_for_its_own_target_alone() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::of(folder.path()).unwrap();
        let sealed = vault.seal("a", &access()).unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        assert_ne!(sealed, vault.seal("a", &access()).unwrap());
        let again = Vault::of(folder.path()).unwrap();
        assert_eq!(again.open::<Vec<String>>("a", &sealed).unwrap(), access());
        assert!(again.open::<Vec<String>>("b", &sealed).is_err());
        assert!(again.open::<Vec<String>>("a", &[0; 5]).is_err());
        let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn another_key_opens_nothing_and_half_a_key_is_refused() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let sealed = Vault::of(one.path()).unwrap().seal("a", &access()).unwrap();
        assert!(Vault::of(other.path()).unwrap().open::<Vec<String>>("a", &sealed).is_err());
        fs::write(one.path().join(FILE), [1; 7]).unwrap();
        assert!(matches!(Vault::of(one.path()), Err(VaultError::Length { .. })));
    }
}
