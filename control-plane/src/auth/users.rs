use std::sync::Arc;

use uuid::Uuid;

use super::{Caller, PasswordError, Passwords};
use crate::{
    blocking::blocking,
    clock::EpochMillis,
    store::{Act, NewUser, Principal, PrincipalKind, Role, Store, UserError, UserRecord, UserStore},
};

const MAX_NAME: usize = 64;

/// A name that lists and logs can show without doubt about whose it is: ASCII alone, no white space.
pub fn user_name(text: &str) -> Result<String, String> {
    let name = text.trim();
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "._-@+".contains(letter);
    let begins = name.starts_with(|letter: char| letter.is_ascii_alphanumeric());
    if name.len() > MAX_NAME || !begins || !name.chars().all(fits) {
        return Err(format!(
            "a user's name begins with a letter or a digit, has only those and . _ - @ + besides, \
             and at most {MAX_NAME} of them"
        ));
    }
    Ok(name.to_owned())
}

/// Keeps a new user. `hash` is what [`super::Password::hash`] gave.
pub fn create_user<S: UserStore + ?Sized>(
    store: &S,
    act: &Act,
    name: &str,
    role: Role,
    hash: String,
) -> Result<(), UserError> {
    let user = NewUser {
        id: Uuid::now_v7().to_string(),
        name: name.to_owned(),
        role,
        password: hash,
        created_at: EpochMillis::now(),
    };
    store.create_user(act, user)
}

/// Who has this name and this password; `None` where nobody does, or they are disabled. How long it takes does not tell
/// which of these it is.
pub async fn by_password(
    store: &Arc<dyn Store>,
    passwords: &Passwords,
    name: &str,
    password: String,
) -> Result<Option<Caller>, PasswordError> {
    let (store, name) = (store.clone(), name.trim().to_owned());
    let found = blocking(move || store.user(&name, EpochMillis::now())).await?;
    let stored = found.as_ref().map(|user| user.password.clone());
    let is_right = passwords.is(password, stored).await?;
    Ok(found.filter(|user| is_right && user.disabled_at.is_none()).map(Caller::from))
}

impl From<UserRecord> for Caller {
    fn from(user: UserRecord) -> Self {
        let by = Principal { kind: PrincipalKind::User, id: user.id, name: user.name };
        Self { by, role: user.role, session: None }
    }
}
