use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::{accounts::AccountId, store::StoreError};

/// What a secret opens. The prefix tells people, and scanners of leaked text, what they have found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    ApiKey,
    Session,
    JoinToken,
    SensorCredential,
    /// Signs what a webhook is sent; kept sealed, since both sides need it.
    Webhook,
}

impl SecretKind {
    const fn prefix(self) -> &'static str {
        match self {
            Self::ApiKey => "pck_",
            Self::Session => "pcs_",
            Self::JoinToken => "pcj_",
            Self::SensorCredential => "pcc_",
            Self::Webhook => "pcw_",
        }
    }
}

/// 256 random bits in hexadecimal after a prefix, which also names the account where that is not the operator's:
/// `pck_<bits>`, `pck_acme_<bits>`. Shown once. But for webhooks, only its digest is kept.
pub struct Secret(String);

impl Secret {
    pub fn generate(kind: SecretKind, account: Option<&AccountId>) -> Result<Self, StoreError> {
        let mut bits = [0; 32];
        getrandom::fill(&mut bits).map_err(StoreError::Random)?;
        let account = account.map(|account| format!("{account}_")).unwrap_or_default();
        Ok(Self(format!("{}{account}{}", kind.prefix(), hex::encode(bits))))
    }

    /// The one way to the text: every place that shows a secret says so.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub fn digest(&self) -> [u8; 32] {
        digest(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// Whose secret it says it is; `None` for the operator's, and for what is no secret of ours. No more than a sign where to
/// look: the digest is of all of it, so another name in it makes it another secret.
pub fn account_of(secret: &str) -> Option<AccountId> {
    let (_, rest) = secret.split_once('_')?;
    let (account, _) = rest.rsplit_once('_')?;
    AccountId::parse(account).ok()
}

/// What is stored of a secret. A plain hash is enough: nobody tries 2^256 secrets, so the slowness that passwords
/// need would only cost every request.
pub fn digest(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

/// Compares in a time that does not tell where two digests differ.
pub fn same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    a.ct_eq(b).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_says_whose_it_is() {
        let acme = AccountId::parse("acme").unwrap();
        let secret = Secret::generate(SecretKind::ApiKey, Some(&acme)).unwrap();
        assert!(secret.reveal().starts_with("pck_acme_"));
        assert_eq!(account_of(secret.reveal()), Some(acme));
        let own = Secret::generate(SecretKind::ApiKey, None).unwrap();
        for other in [own.reveal(), "", "pck_", "pck__", "pck_../.._00", "pck_A_00"] {
            assert_eq!(account_of(other), None, "{other}");
        }
    }

    #[test]
    fn two_secrets_differ_and_debug_hides_them() {
        let (a, b) = (
            Secret::generate(SecretKind::ApiKey, None).unwrap(),
            Secret::generate(SecretKind::ApiKey, None).unwrap(),
        );
        assert_ne!(a.reveal(), b.reveal());
        assert!(a.reveal().starts_with("pck_") && a.reveal().len() == 4 + 64);
        assert!(!format!("{a:?}").contains(a.reveal()));
        assert!(same(&a.digest(), &digest(a.reveal())) && !same(&a.digest(), &b.digest()));
    }
}
