use uuid::Uuid;

use super::{Caller, Secret, SecretKind, digest, same};
use crate::{
    clock::EpochMillis,
    store::{AccessStore, NewKey, Role, StoreError},
};

/// Last use is for people who tidy up: a minute is exact enough, and spares a write per request.
const TOUCH_EVERY_MILLIS: i64 = 60_000;

/// Makes a key and keeps its digest.
pub fn create_key<S: AccessStore + ?Sized>(store: &S, name: &str, role: Role) -> Result<Secret, StoreError> {
    let key = Secret::generate(SecretKind::ApiKey)?;
    store.create_key(NewKey {
        id: Uuid::now_v7().to_string(),
        name: name.to_owned(),
        role,
        hash: key.digest(),
        created_at: EpochMillis::now(),
    })?;
    Ok(key)
}

/// Whose key this is; `None` where it is nobody's.
pub fn by_key<S: AccessStore + ?Sized>(store: &S, key: &str) -> Result<Option<Caller>, StoreError> {
    let hash = digest(key);
    let Some(record) = store.key_by_hash(&hash)?.filter(|record| same(&record.hash, &hash)) else {
        return Ok(None);
    };
    let now = EpochMillis::now();
    if record.last_used_at.is_none_or(|last| now.millis() - last.millis() >= TOUCH_EVERY_MILLIS) {
        store.touch_key(&record.id, now)?;
    }
    Ok(Some(record.into()))
}
