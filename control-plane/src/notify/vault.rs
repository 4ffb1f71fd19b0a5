//! Secrets of targets at rest: ChaCha20-Poly1305 (RFC 8439) under a key that lies beside the database, not in it. A copy of the
//! database alone opens nothing.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use super::{Access, BadTarget, NotifyError};
use crate::store::StoreError;

const FILE: &str = "notify.key";
const KEY_LEN: usize = 32;

pub(super) struct Vault {
    key: LessSafeKey,
}

impl Vault {
    /// Opens the key in the data folder, or makes it.
    pub(super) fn of(folder: &Path) -> Result<Self, NotifyError> {
        let path = folder.join(FILE);
        let unusable = |source| NotifyError::Key { path: path.clone(), source };
        let key = match fs::read(&path) {
            Ok(key) => key,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut key = vec![0; KEY_LEN];
                getrandom::fill(&mut key).map_err(|_| NotifyError::Random)?;
                write(folder, &path, &key).map_err(unusable)?;
                key
            }
            Err(error) => return Err(unusable(error)),
        };
        // A restored backup may have opened it to others.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(unusable)?;
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key).map_err(|_| NotifyError::KeyLength { path })?;
        Ok(Self { key: LessSafeKey::new(key) })
    }

    /// Bound to the target: what was sealed for one opens for no other.
    pub(super) fn seal(&self, id: &str, access: &Access) -> Result<Vec<u8>, BadTarget> {
        let damaged = |_| StoreError::Damaged("a secret could not be sealed".to_owned());
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(StoreError::Random)?;
        let mut sealed = serde_json::to_vec(access)
            .map_err(|error| StoreError::Damaged(format!("a secret cannot be written: {error}")))?;
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(id), &mut sealed)
            .map_err(damaged)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    pub(super) fn open(&self, id: &str, sealed: &[u8]) -> Result<Access, BadTarget> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN).ok_or(BadTarget::Sealed)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| BadTarget::Sealed)?;
        let mut sealed = sealed.to_vec();
        let opened =
            self.key.open_in_place(nonce, Aad::from(id), &mut sealed).map_err(|_| BadTarget::Sealed)?;
        serde_json::from_slice(opened).map_err(|_| BadTarget::Sealed)
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

    fn access() -> Access {
        Access { url: "https://hooks.example/T0/secret".to_owned(), secret: "0123456789abcdef".to_owned() }
    }

    #[test]
    fn what_is_sealed_opens_again_after_a_restart_and_for_its_own_target_alone() {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::of(folder.path()).unwrap();
        let sealed = vault.seal("a", &access()).unwrap();
        assert!(!sealed.windows(6).any(|part| part == b"secret"));
        assert_ne!(sealed, vault.seal("a", &access()).unwrap());
        let again = Vault::of(folder.path()).unwrap();
        assert_eq!(again.open("a", &sealed).unwrap().url, access().url);
        assert!(again.open("b", &sealed).is_err());
        assert!(again.open("a", &[0; 5]).is_err());
        let mode = fs::metadata(folder.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn another_key_opens_nothing_and_half_a_key_is_refused() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let sealed = Vault::of(one.path()).unwrap().seal("a", &access()).unwrap();
        assert!(Vault::of(other.path()).unwrap().open("a", &sealed).is_err());
        fs::write(one.path().join(FILE), [1; 7]).unwrap();
        assert!(matches!(Vault::of(one.path()), Err(NotifyError::KeyLength { .. })));
    }
}
