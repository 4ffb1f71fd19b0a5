//! How the two sides know each other over TLS.

use std::{fmt, str::FromStr};

use sha2::{Digest as _, Sha256};

/// The name in the control plane's certificate, whatever address it is dialled at: its authority signs for no other
/// service, so an address would prove nothing more and would have to be configured.
pub const CONTROL_PLANE_NAME: &str = "control-plane.portcullis.internal";

/// SHA-256 of an authority's certificate in DER, written `sha256:<64 hexadecimal digits>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

#[derive(Debug, thiserror::Error)]
#[error("{0:?} is no fingerprint: it is written sha256: and 64 hexadecimal digits")]
pub struct NoFingerprint(String);

impl Fingerprint {
    pub fn of(certificate: &[u8]) -> Self {
        Self(Sha256::digest(certificate).into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "sha256:{}", hex::encode(self.0))
    }
}

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let none = || NoFingerprint(text.chars().take(80).collect());
        let digits = text.strip_prefix("sha256:").ok_or_else(none)?;
        let mut bytes = [0; 32];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| none())?;
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_read_as_it_is_written_and_nothing_else_is_one() {
        let written = Fingerprint::of(b"certificate").to_string();
        assert_eq!(written.parse::<Fingerprint>().unwrap(), Fingerprint::of(b"certificate"));
        for bad in ["", "sha256:", &written["sha256:".len()..], &written[..written.len() - 2], "sha1:00"] {
            assert!(bad.parse::<Fingerprint>().is_err(), "{bad}");
        }
    }
}
