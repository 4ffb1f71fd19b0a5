use std::{
    io::{self, Read},
    path::{Path, PathBuf},
};

use portcullis_proto::v1::EnrollResponse;
use serde::{Deserialize, Serialize};
use tonic::metadata::{Ascii, MetadataValue};

use crate::state_dir;

const MAX_TOKEN: u64 = 4 << 10;

/// Lets one sensor in. No `Debug`: it is a secret.
#[derive(Clone)]
pub struct JoinToken(String);

#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error("cannot read the join token: {0}")]
    Io(#[from] io::Error),
    #[error(
        "{0} holds no join token; write one there with `control-plane join-token create --data-dir DIR > FILE`"
    )]
    NoToken(PathBuf),
}

impl JoinToken {
    pub fn read(path: &Path) -> Result<Self, TokenError> {
        let mut text = String::new();
        fs_err::File::open(path)?.take(MAX_TOKEN).read_to_string(&mut text)?;
        let token = text.trim();
        if token.is_empty() || token.contains(char::is_whitespace) {
            return Err(TokenError::NoToken(path.to_owned()));
        }
        Ok(Self(token.to_owned()))
    }

    pub(super) fn secret(&self) -> &str {
        &self.0
    }
}

/// Who this sensor is to its control plane. No `Debug`: it holds the credential.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Identity {
    sensor_id: String,
    credential: String,
}

impl Identity {
    pub(super) fn sensor_id(&self) -> &str {
        &self.sensor_id
    }

    /// The `authorization` metadata; `None` where the control plane gave what no header can carry.
    pub(super) fn bearer(&self) -> Option<MetadataValue<Ascii>> {
        let mut value = MetadataValue::try_from(format!("Bearer {}", self.credential)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

impl From<EnrollResponse> for Identity {
    fn from(response: EnrollResponse) -> Self {
        Self { sensor_id: response.sensor_id, credential: response.credential }
    }
}

pub(super) struct IdentityFile {
    path: PathBuf,
    current: Option<Identity>,
}

impl IdentityFile {
    pub(super) fn open(path: PathBuf) -> io::Result<Self> {
        let current = match fs_err::read(&path) {
            Ok(text) => Some(serde_json::from_slice(&text).map_err(|_| {
                let what =
                    format!("{} is damaged; remove it and enrol again with --join-token", path.display());
                io::Error::new(io::ErrorKind::InvalidData, what)
            })?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(Self { path, current })
    }

    pub(super) fn current(&self) -> Option<&Identity> {
        self.current.as_ref()
    }

    pub(super) fn store(&mut self, identity: Identity) -> io::Result<()> {
        state_dir::replace(&self.path, &serde_json::to_vec(&identity)?)?;
        self.current = Some(identity);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_credential_is_for_root_alone_and_survives() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity.json");
        let response = EnrollResponse { sensor_id: "s-1".into(), credential: "c".into() };
        IdentityFile::open(path.clone()).unwrap().store(response.into()).unwrap();
        assert_eq!(fs_err::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let file = IdentityFile::open(path).unwrap();
        assert_eq!(file.current().map(Identity::sensor_id), Some("s-1"));
    }

    #[test]
    fn a_token_file_holds_one_word() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs_err::write(&path, " abc\n").unwrap();
        assert_eq!(JoinToken::read(&path).unwrap().secret(), "abc");
        fs_err::write(&path, "\n").unwrap();
        assert!(matches!(JoinToken::read(&path), Err(TokenError::NoToken(_))));
    }
}
