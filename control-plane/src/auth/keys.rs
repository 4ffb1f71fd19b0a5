use std::time::Duration;

use uuid::Uuid;

use super::{Caller, Secret, SecretKind, digest, same};
use crate::{
    clock::EpochMillis,
    store::{AccessStore, Act, NewKey, Role, StoreError},
};

/// Last use is for people who tidy up: a minute is exact enough, and spares a write per request.
pub(super) const TOUCH_EVERY_MILLIS: i64 = 60_000;

const MAX_NAME: usize = 100;
const MAX_TTL: Duration = Duration::from_secs(10 * 366 * 24 * 3600);

/// What a key is for.
#[derive(Clone, Debug)]
pub struct KeyTerms {
    pub name: String,
    pub role: Role,
    /// `None`: until somebody revokes it.
    pub expires_at: Option<EpochMillis>,
}

/// Why a key is not made so: the field, and what is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKeyTerms {
    #[error("says whose key it is, on one line of at most {MAX_NAME} characters")]
    Name,
    #[error("is from 1 second to 10 years; without it a key has no end")]
    Lifetime,
}

impl KeyTerms {
    /// Ends after that time, counted from now, or never.
    pub fn new(name: &str, role: Role, ttl: Option<Duration>) -> Result<Self, BadKeyTerms> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
            return Err(BadKeyTerms::Name);
        }
        if ttl.is_some_and(|ttl| ttl.is_zero() || ttl > MAX_TTL) {
            return Err(BadKeyTerms::Lifetime);
        }
        let expires_at = ttl.map(|ttl| EpochMillis::now().plus(ttl));
        Ok(Self { name: name.to_owned(), role, expires_at })
    }
}

/// Makes a key and keeps its digest. Gives its id and the key itself.
pub fn create_key<S: AccessStore + ?Sized>(
    store: &S,
    act: &Act,
    terms: KeyTerms,
) -> Result<(String, Secret), StoreError> {
    let key = Secret::generate(SecretKind::ApiKey, store.account())?;
    let id = Uuid::now_v7().to_string();
    store.create_key(
        act,
        NewKey {
            id: id.clone(),
            name: terms.name,
            role: terms.role,
            hash: key.digest(),
            created_at: EpochMillis::now(),
            expires_at: terms.expires_at,
        },
    )?;
    Ok((id, key))
}

/// Whose key this is; `None` where it is nobody's, or was revoked, or is over.
pub fn by_key<S: AccessStore + ?Sized>(store: &S, key: &str) -> Result<Option<Caller>, StoreError> {
    let hash = digest(key);
    let now = EpochMillis::now();
    let Some(record) = store.key_by_hash(&hash, now)?.filter(|record| same(&record.hash, &hash)) else {
        return Ok(None);
    };
    if record.last_used_at.is_none_or(|last| now.millis() - last.millis() >= TOUCH_EVERY_MILLIS) {
        store.touch_key(&record.id, now)?;
    }
    Ok(Some(record.into()))
}
