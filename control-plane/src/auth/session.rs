use std::time::Duration;

use super::{Caller, Secret, SecretKind, digest, keys::TOUCH_EVERY_MILLIS, same};
use crate::{
    clock::EpochMillis,
    store::{AccessStore, Act, NewSession, Owner, PrincipalKind, StoreError},
};

pub const COOKIE: &str = "portcullis_session";
/// A working day, however busy.
pub const SESSION_LIFETIME: Duration = Duration::from_secs(12 * 3600);
/// A session that nobody uses ends sooner. An open page of the console asks all along.
pub(super) const SESSION_IDLE: Duration = Duration::from_secs(3600);

/// Makes a session for whoever showed a key or a password.
pub fn open_session<S: AccessStore + ?Sized>(
    store: &S,
    act: &Act,
    caller: &Caller,
) -> Result<Secret, StoreError> {
    let secret = Secret::generate(SecretKind::Session, store.account())?;
    let now = EpochMillis::now();
    let id = caller.by.id.clone();
    let owner = match caller.by.kind {
        PrincipalKind::User => Owner::User { id },
        _ => Owner::Key { id },
    };
    let expires_at = now.plus(SESSION_LIFETIME);
    store.create_session(act, NewSession { hash: secret.digest(), owner, created_at: now, expires_at })?;
    Ok(secret)
}

/// Whose session this is; `None` where it ended, or its owner may not come in any more.
pub fn by_session<S: AccessStore + ?Sized>(store: &S, cookie: &str) -> Result<Option<Caller>, StoreError> {
    let hash = digest(cookie);
    let now = EpochMillis::now();
    let Some(session) =
        store.session(&hash, now, idle_since(now))?.filter(|session| same(&session.hash, &hash))
    else {
        return Ok(None);
    };
    if now.millis() - session.last_used_at.millis() >= TOUCH_EVERY_MILLIS {
        store.touch_session(&hash, now)?;
    }
    Ok(Some(Caller { by: session.by, role: session.role, session: Some(hash) }))
}

/// Sessions last used before that have ended.
pub fn idle_since(now: EpochMillis) -> EpochMillis {
    let idle = i64::try_from(SESSION_IDLE.as_millis()).unwrap_or(i64::MAX);
    EpochMillis::from_millis(now.millis().saturating_sub(idle))
}
