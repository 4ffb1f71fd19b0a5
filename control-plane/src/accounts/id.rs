use std::fmt;

const MAX: usize = 32;

/// What an account is called in keys, certificates and folders.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(String);

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{0:?} is no account id: 1 to {MAX} lower-case letters, digits and hyphens, a letter or a digit first"
)]
pub struct BadAccountId(String);

impl AccountId {
    /// So few characters that an id is the same in a folder's name, a header and a certificate.
    pub fn parse(text: &str) -> Result<Self, BadAccountId> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        match text.as_bytes() {
            [first, ..] if *first != b'-' && text.len() <= MAX && text.bytes().all(fits) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(BadAccountId(text.chars().take(2 * MAX).collect())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::str::FromStr for AccountId {
    type Err = BadAccountId;

    fn from_str(text: &str) -> Result<Self, BadAccountId> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_safe_in_a_path_a_header_and_a_secret() {
        for good in ["acme", "1000000", "a", "north-2"] {
            assert_eq!(AccountId::parse(good).unwrap().as_str(), good);
        }
        let long = "a".repeat(33);
        for bad in ["", "-a", "..", "a/b", "a_b", "Acme", "ä", "a b", "a\0", long.as_str()] {
            assert!(AccountId::parse(bad).is_err(), "{bad:?}");
        }
    }
}
