use uuid::Uuid;

use super::{Caller, Secret, SecretKind, digest, same};
use crate::{
    clock::EpochMillis,
    store::{AccessStore, Act, NewKey, Role, StoreError},
};

/// Last use is for people who tidy up: a minute is exact enough, and spares a write per request.
pub(super) const TOUCH_EVERY_MILLIS: i64 = 60_000;

/// What a key is for.
#[derive(Clone, Debug)]
pub struct KeyTerms {
    pub name: String,
    pub role: Role,
    /// `None`: until somebody revokes it.
    pub expires_at: Option<EpochMillis>,
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
