use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, pem::PemObject as _};
use uuid::Uuid;

use super::{Authority, AuthorityError};

/// Key and certificate in one file, so that there are both or neither.
const FILE: &str = "authority.pem";

impl Authority {
    /// That of this data folder, made where there is none yet.
    pub fn open(data_dir: &Path) -> Result<Self, AuthorityError> {
        let path = data_dir.join(FILE);
        let failed = |source| AuthorityError::File { path: path.clone(), source };
        if !path.try_exists().map_err(failed)? {
            make(data_dir, &path)?;
        }
        let text = std::fs::read(&path).map_err(failed)?;
        if path.metadata().map_err(failed)?.mode() & 0o077 != 0 {
            tracing::warn!(path = %path.display(), "the key of the certificate authority is open to other users: chmod 600 closes it");
        }
        let damaged = |why: String| AuthorityError::Damaged { path: path.clone(), why };
        let key = PrivatePkcs8KeyDer::from_pem_slice(&text).map_err(|error| damaged(error.to_string()))?;
        let certificate =
            CertificateDer::from_pem_slice(&text).map_err(|error| damaged(error.to_string()))?;
        Self::from_parts(&key, certificate).map_err(|error| damaged(error.to_string()))
    }
}

/// A link instead of a rename: where `join-token create` and the server make one at the same time, the first one stays.
fn make(data_dir: &Path, path: &Path) -> Result<(), AuthorityError> {
    let failed = |source| AuthorityError::File { path: path.to_owned(), source };
    let (key, certificate) = Authority::generate()?;
    let draft = data_dir.join(format!("{FILE}.{}", Uuid::now_v7()));
    let written = write(&draft, &[key.serialize_pem(), certificate.pem()].concat())
        .and_then(|()| std::fs::hard_link(&draft, path));
    let removed = std::fs::remove_file(&draft);
    match written {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(failed(error)),
        _ => removed.map_err(failed)?,
    }
    File::open(data_dir).and_then(|folder| folder.sync_all()).map_err(failed)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_made_once_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = std::thread::scope(|scope| {
            let open = || Authority::open(folder.path()).unwrap().fingerprint();
            let (a, b) = (scope.spawn(open), scope.spawn(open));
            (a.join().unwrap(), b.join().unwrap())
        });
        assert_eq!(a, b);
        let names: Vec<_> =
            folder.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [FILE]);
        assert_eq!(folder.path().join(FILE).metadata().unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_damaged_file_is_told_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(FILE), "no key").unwrap();
        assert!(matches!(Authority::open(folder.path()), Err(AuthorityError::Damaged { .. })));
        assert_eq!(std::fs::read_to_string(folder.path().join(FILE)).unwrap(), "no key");
    }
}
