use std::{collections::HashSet, fmt, time::Duration};

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version,
    password_hash::SaltString,
};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::store::StoreError;

/// NIST SP 800-63B-4, section 3.1.1.2: where a password is the only factor.
const MIN_LENGTH: usize = 15;
/// The same asks for at least 64. Longer ones only cost time.
const MAX_LENGTH: usize = 256;
/// Fewer different characters are a pattern.
const MIN_DIFFERENT: usize = 6;

/// RFC 9106, section 4, second recommended option: 64 MiB, 3 passes, 4 lanes, 128 bits of salt, 256 of hash.
const MEMORY_KIB: u32 = 65_536;
const PASSES: u32 = 3;
const LANES: u32 = 4;
const SALT: usize = 16;
const HASH: usize = 32;

/// As many at once as memory (64 MiB each) and processors are spent on log-ins.
const AT_ONCE: usize = 2;
/// Whoever has not got their turn by then is told to come again.
const PATIENCE: Duration = Duration::from_secs(10);

/// A password that may be used. It shows itself nowhere.
pub struct Password(String);

impl Password {
    /// Refuses what is guessed first. Any characters go, and none are asked for: length is what counts.
    pub fn new(text: String, user: &str) -> Result<Self, String> {
        let length = text.chars().count();
        if length < MIN_LENGTH {
            return Err(format!(
                "a password has at least {MIN_LENGTH} characters: several words are easy to keep"
            ));
        }
        if text.len() > MAX_LENGTH {
            return Err(format!("a password has at most {MAX_LENGTH} bytes"));
        }
        let lower = text.to_lowercase();
        if lower.chars().collect::<HashSet<_>>().len() < MIN_DIFFERENT {
            return Err("this password repeats itself too much".to_owned());
        }
        let rest = lower.replace(&user.to_lowercase(), "").replace("portcullis", "").replace("password", "");
        if rest.chars().count() < MIN_LENGTH / 2 {
            return Err("this password is little more than a name".to_owned());
        }
        Ok(Self(text))
    }

    /// A PHC string for the store.
    pub fn hash(&self) -> Result<String, PasswordError> {
        let mut salt = [0; SALT];
        getrandom::fill(&mut salt).map_err(StoreError::Random)?;
        let salt = SaltString::encode_b64(&salt)?;
        Ok(hasher()?.hash_password(self.0.as_bytes(), &salt)?.to_string())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(…)")
    }
}

#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    #[error("the password cannot be hashed: {0}")]
    Hash(#[from] argon2::password_hash::Error),
    #[error("too many passwords are being checked: try again in a moment")]
    Busy,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Hashes and checks passwords, a few at a time.
pub struct Passwords {
    turns: Semaphore,
    /// What is checked where there is no such user, so that it takes as long.
    nobody: String,
}

impl Passwords {
    pub fn new() -> Result<Self, PasswordError> {
        let mut random = [0; SALT];
        getrandom::fill(&mut random).map_err(StoreError::Random)?;
        let nobody = Password(hex::encode(random)).hash()?;
        Ok(Self { turns: Semaphore::new(AT_ONCE), nobody })
    }

    pub async fn hash(&self, password: Password) -> Result<String, PasswordError> {
        let _turn = self.turn().await?;
        crate::blocking::blocking(move || password.hash()).await
    }

    /// Whether this is the password behind the PHC string; with `None` never, and no sooner.
    pub async fn is(&self, given: String, stored: Option<String>) -> Result<bool, PasswordError> {
        let _turn = self.turn().await?;
        let is_known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.nobody.clone());
        let is_right = crate::blocking::blocking(move || verify(&given, &stored)).await?;
        Ok(is_right && is_known)
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>, PasswordError> {
        match tokio::time::timeout(PATIENCE, self.turns.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(PasswordError::Busy),
        }
    }
}

/// By the parameters that the hash was made with.
fn verify(given: &str, stored: &str) -> Result<bool, PasswordError> {
    let stored = PasswordHash::new(stored)?;
    // Longer than any password there is, and hashing takes time.
    let given = given.get(..given.floor_char_boundary(MAX_LENGTH + 4)).unwrap_or_default();
    match hasher()?.verify_password(given.as_bytes(), &stored) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::Password) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn hasher() -> Result<Argon2<'static>, PasswordError> {
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, Some(HASH)).map_err(argon2::password_hash::Error::from)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_first_is_refused_with_the_reason() {
        for (text, reason) in [
            ("short", "15 characters"),
            ("aaaaaaaaaaaaaaaaaaaa", "repeats"),
            ("ababababababababab", "repeats"),
            ("Portcullis-ada-1234", "little more"),
            ("PasswordPassword12", "little more"),
        ] {
            let error = Password::new(text.to_owned(), "ada").unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
        assert!(Password::new("x".repeat(300) + "abcdefg", "ada").is_err());
        for good in ["correct horse battery staple", "пароль из многих слов", "éèàç üöä ñß œæø"]
        {
            assert!(Password::new(good.to_owned(), "ada").is_ok(), "{good}");
        }
    }

    #[test]
    fn a_hash_names_its_parameters_and_opens_with_its_password_alone() {
        let password = Password::new("correct horse battery staple".to_owned(), "ada").unwrap();
        let (one, other) = (password.hash().unwrap(), password.hash().unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=65536,t=3,p=4$"), "{one}");
        assert_ne!(one, other);
        assert!(verify("correct horse battery staple", &one).unwrap());
        assert!(!verify("correct horse battery stapler", &one).unwrap());
        assert!(!format!("{password:?}").contains("horse"));
    }

    #[tokio::test]
    async fn nobody_takes_as_long_as_somebody() {
        let passwords = Passwords::new().unwrap();
        let mine = Password::new("correct horse battery staple".to_owned(), "ada").unwrap().hash().unwrap();
        let took = async |stored: Option<String>| {
            let start = std::time::Instant::now();
            assert!(!passwords.is("wrong".to_owned(), stored).await.unwrap());
            start.elapsed().as_secs_f64()
        };
        // The least of several: what else this machine does only ever makes it longer.
        let (mut known, mut unknown) = (f64::MAX, f64::MAX);
        for _ in 0..4 {
            known = known.min(took(Some(mine.clone())).await);
            unknown = unknown.min(took(None).await);
        }
        assert!(unknown > known * 0.5, "unknown {unknown} s, known {known} s");
    }
}
