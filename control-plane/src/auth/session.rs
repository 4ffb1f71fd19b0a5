use std::time::Duration;

use super::{Caller, Secret, SecretKind, digest, same};
use crate::{
    clock::EpochMillis,
    store::{AccessStore, NewSession, StoreError},
};

pub const COOKIE: &str = "portcullis_session";
pub const SESSION_LIFETIME: Duration = Duration::from_secs(12 * 3600);

/// Makes a session for whoever showed a key.
pub fn open_session<S: AccessStore + ?Sized>(store: &S, caller: &Caller) -> Result<Secret, StoreError> {
    let secret = Secret::generate(SecretKind::Session)?;
    let now = EpochMillis::now();
    store.create_session(NewSession {
        hash: secret.digest(),
        key_id: caller.key_id.clone(),
        created_at: now,
        expires_at: now.plus(SESSION_LIFETIME),
    })?;
    Ok(secret)
}

/// Whose session this is; `None` where it ended, or its key was revoked.
pub fn by_session<S: AccessStore + ?Sized>(store: &S, cookie: &str) -> Result<Option<Caller>, StoreError> {
    let hash = digest(cookie);
    let found = store.session(&hash, EpochMillis::now())?;
    Ok(found.filter(|(stored, _)| same(stored, &hash)).map(|(_, key)| key.into()))
}

pub fn end_session<S: AccessStore + ?Sized>(store: &S, cookie: &str) -> Result<(), StoreError> {
    store.end_session(&digest(cookie))
}
