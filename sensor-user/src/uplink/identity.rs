use std::{
    io::{self, Read},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use portcullis_proto::{authority::Fingerprint, v1};
use rcgen::{CertificateParams, KeyPair};
use serde::{Deserialize, Serialize};
use tonic::metadata::{Ascii, MetadataValue};

use crate::state_dir;

const MAX_TOKEN: u64 = 4 << 10;

/// Lets one sensor in. No `Debug`: it is a secret.
#[derive(Clone)]
pub struct JoinToken {
    secret: String,
    /// Of the control plane that it is for; tokens made by older versions do not say.
    authority: Option<Fingerprint>,
}

#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    #[error("cannot read the join token: {0}")]
    Io(#[from] io::Error),
    #[error(
        "{0} holds no join token; write one there with `control-plane join-token create --data-dir DIR > FILE`"
    )]
    NoToken(PathBuf),
    #[error("what the join token in {0} has after its @ is damaged: {1}; copy it again, all of it")]
    Authority(PathBuf, portcullis_proto::authority::NoFingerprint),
}

impl JoinToken {
    pub fn read(path: &Path) -> Result<Self, TokenError> {
        let mut text = String::new();
        fs_err::File::open(path)?.take(MAX_TOKEN).read_to_string(&mut text)?;
        let token = text.trim();
        if token.is_empty() || token.contains(char::is_whitespace) {
            return Err(TokenError::NoToken(path.to_owned()));
        }
        let (secret, authority) = match token.split_once('@') {
            Some((secret, authority)) => (
                secret,
                Some(authority.parse().map_err(|error| TokenError::Authority(path.to_owned(), error))?),
            ),
            None => (token, None),
        };
        Ok(Self { secret: secret.to_owned(), authority })
    }

    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    pub(super) fn authority(&self) -> Option<Fingerprint> {
        self.authority
    }
}

/// Who this sensor is to its control plane. No `Debug`: it holds secrets.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Identity {
    pub(super) sensor_id: String,
    #[serde(flatten)]
    pub(super) proof: Proof,
}

/// What it shows for that.
#[derive(Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Proof {
    Certificate(Box<Certificate>),
    Credential(Credential),
}

/// In plaintext, and once to get a certificate for.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Credential {
    credential: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Certificate {
    /// In DER.
    #[serde(rename = "certificate", with = "base64_text")]
    pub(super) leaf: Vec<u8>,
    /// PKCS #8 in DER.
    #[serde(with = "base64_text")]
    pub(super) key: Vec<u8>,
    /// Of the control plane's authority.
    #[serde(with = "fingerprint_text")]
    pub(super) authority: Fingerprint,
    /// By this node's clock.
    received_at_ms: u64,
    lifetime_ms: u64,
}

/// A key of its own, and the request for a certificate for it.
pub(super) struct Wanted {
    key: KeyPair,
    pub(super) request: Vec<u8>,
}

impl Wanted {
    pub(super) fn new() -> Result<Self, rcgen::Error> {
        let key = KeyPair::generate()?;
        let request = CertificateParams::default().serialize_request(&key)?.der().to_vec();
        Ok(Self { key, request })
    }

    /// With what the control plane answered.
    pub(super) fn granted(self, granted: v1::Certificate, authority: Fingerprint) -> Certificate {
        Certificate {
            leaf: granted.leaf,
            key: self.key.serialize_der(),
            authority,
            received_at_ms: now_ms(),
            lifetime_ms: granted.lifetime_ms,
        }
    }
}

impl Certificate {
    /// How long until two thirds of its life are over.
    pub(super) fn due_in(&self) -> Duration {
        let due = self.lifetime_ms / 3 * 2;
        // A clock that was set back does not make it live longer.
        Duration::from_millis(self.received_at_ms.saturating_add(due).saturating_sub(now_ms()).min(due))
    }

    /// Between tries to renew it.
    pub(super) fn patience(&self) -> Duration {
        Duration::from_millis(self.lifetime_ms / 30).clamp(Duration::from_secs(1), Duration::from_secs(3_600))
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Credential {
    pub(super) fn new(credential: String) -> Self {
        Self { credential }
    }

    /// The `authorization` metadata; `None` where the control plane gave what no header can carry.
    pub(super) fn bearer(&self) -> Option<MetadataValue<Ascii>> {
        let mut value = MetadataValue::try_from(format!("Bearer {}", self.credential)).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

mod base64_text {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

mod fingerprint_text {
    use portcullis_proto::authority::Fingerprint;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(
        fingerprint: &Fingerprint,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(fingerprint)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Fingerprint, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
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
        let identity = Identity {
            sensor_id: "s-1".into(),
            proof: Proof::Certificate(Box::new(Wanted::new().unwrap().granted(
                v1::Certificate { leaf: vec![1, 2, 3], lifetime_ms: 3_000_000 },
                Fingerprint::of(b"authority"),
            ))),
        };
        IdentityFile::open(path.clone()).unwrap().store(identity).unwrap();
        assert_eq!(fs_err::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let file = IdentityFile::open(path).unwrap();
        let identity = file.current().unwrap();
        assert_eq!(identity.sensor_id, "s-1");
        let Proof::Certificate(certificate) = &identity.proof else { panic!("no certificate") };
        assert_eq!(certificate.leaf, [1, 2, 3]);
        assert_eq!(certificate.authority, Fingerprint::of(b"authority"));
        let due = certificate.due_in().as_secs();
        assert!((1_990..=2_000).contains(&due), "after two thirds: {due}");
    }

    #[test]
    fn a_credential_of_before_certificates_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("identity.json");
        fs_err::write(&path, r#"{"sensor_id":"s-0","credential":"pcc_1"}"#).unwrap();
        let file = IdentityFile::open(path).unwrap();
        assert!(matches!(file.current().unwrap().proof, Proof::Credential(_)));
    }

    #[test]
    fn a_token_names_the_authority_after_an_at() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let authority = Fingerprint::of(b"authority");
        fs_err::write(&path, format!("pcj_1@{authority}\n")).unwrap();
        let token = JoinToken::read(&path).unwrap();
        assert_eq!((token.secret(), token.authority()), ("pcj_1", Some(authority)));
        fs_err::write(&path, "pcj_1@sha256:12").unwrap();
        assert!(matches!(JoinToken::read(&path), Err(TokenError::Authority(..))));
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
