use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use openidconnect::{Nonce, PkceCodeVerifier};

use super::OidcError;
use crate::auth::{digest, same};

const MOST: usize = 4_096;
const LIFETIME: Duration = Duration::from_secs(600);

/// Log-ins that were begun and have not come back, by their state.
#[derive(Default)]
pub(super) struct Pending(Mutex<HashMap<String, One>>);

struct One {
    browser: [u8; 32],
    nonce: Nonce,
    verifier: PkceCodeVerifier,
    until: Instant,
}

impl Pending {
    pub(super) fn add(
        &self,
        state: String,
        browser: &str,
        nonce: Nonce,
        verifier: PkceCodeVerifier,
    ) -> Result<(), OidcError> {
        let now = Instant::now();
        let mut all = self.lock();
        if all.len() >= MOST {
            all.retain(|_, one| one.until > now);
        }
        if all.len() >= MOST {
            return Err(OidcError::Busy);
        }
        all.insert(state, One { browser: digest(browser), nonce, verifier, until: now + LIFETIME });
        Ok(())
    }

    /// Once: whoever comes with the same state again is not known.
    pub(super) fn take(&self, state: &str, browser: &str) -> Result<(Nonce, PkceCodeVerifier), OidcError> {
        let one = self.lock().remove(state).ok_or(OidcError::Unknown)?;
        match one.until > Instant::now() && same(&one.browser, &digest(browser)) {
            true => Ok((one.nonce, one.verifier)),
            false => Err(OidcError::Unknown),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, One>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
