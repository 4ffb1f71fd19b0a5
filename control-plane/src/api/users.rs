//! Who logs in with name and password.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    ApiError,
    endpoint::{Call, Reply},
    names,
};
use crate::{
    auth::{self, Password},
    blocking::blocking,
    clock::EpochMillis,
    store::{PrincipalKind, Role, UserChange, UserError, UserRecord},
};

#[derive(Serialize, ToSchema)]
pub(super) struct Users {
    users: Vec<UserRow>,
    total: usize,
}

/// Somebody who logs in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
pub(crate) struct UserRow {
    name: String,
    role: names::Role,
    created_at: i64,
    password_changed_at: i64,
    last_log_in_at: Option<i64>,
    disabled_at: Option<i64>,
    /// Open ones.
    sessions: u64,
    /// Whether the identity provider vouches for them: they have no password here.
    external: bool,
}

#[derive(Serialize, ToSchema)]
pub(super) struct One {
    user: UserRow,
}

/// `fetchUsers`: by name.
pub(super) fn list(call: &Call) -> Reply<Users> {
    let users: Vec<_> = call.api.store.users(EpochMillis::now())?.iter().map(UserRow::from).collect();
    Ok(Users { total: users.len(), users })
}

#[derive(Deserialize, ToSchema)]
pub(super) struct Add {
    name: String,
    role: String,
    password: String,
}

/// `addUser`.
pub(super) async fn add(call: Call) -> Reply<One> {
    let Add { name, role, password } = call.keys()?;
    let name = auth::user_name(&name).map_err(|problem| ApiError::invalid("name", problem))?;
    let role = role_of(&role)?;
    let hash = hashed(&call, "password", password, &name).await?;
    let (api, act) = (call.api.clone(), call.act());
    let made = blocking(move || {
        auth::create_user(&*api.store, &act, &name, role, hash)?;
        api.store.user(&name, EpochMillis::now())?.ok_or(UserError::Unknown(name))
    });
    Ok(One { user: UserRow::from(&made.await?) })
}

#[derive(Deserialize, ToSchema)]
pub(super) struct Modify {
    name: String,
    role: Option<String>,
    disabled: Option<bool>,
    password: Option<String>,
}

/// `modifyUser`: role, whether they may log in, a new password. What is not named stays.
pub(super) async fn modify(call: Call) -> Reply<One> {
    let Modify { name, role, disabled, password } = call.keys()?;
    if role.is_none() && disabled.is_none() && password.is_none() {
        return Err(ApiError::invalid("name", "goes with role, disabled or password: nothing is to change"));
    }
    let role = role.as_deref().map(role_of).transpose()?;
    let password = match password {
        Some(password) => Some(hashed(&call, "password", password, &name).await?),
        None => None,
    };
    let change = UserChange { role, disabled, password, keep_session: call.caller.session };
    let (api, act) = (call.api.clone(), call.act());
    let changed = blocking(move || api.store.change_user(&act, name.trim(), change, EpochMillis::now()));
    Ok(One { user: UserRow::from(&changed.await?) })
}

#[derive(Deserialize, ToSchema)]
pub(super) struct Named {
    name: String,
}

#[derive(Serialize, ToSchema)]
pub(super) struct Removed {
    name: String,
}

/// `removeUser`: their sessions end; what they did stays in the audit log under their name.
pub(super) fn remove(call: &Call) -> Reply<Removed> {
    let Named { name } = call.keys()?;
    call.api.store.remove_user(&call.act(), name.trim())?;
    Ok(Removed { name })
}

#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Own {
    current_password: String,
    new_password: String,
}

/// `changePassword`: one's own. All other sessions of the user end.
pub(super) async fn change_password(call: Call) -> Reply<One> {
    if call.caller.by.kind != PrincipalKind::User {
        return Err(ApiError::invalid(
            "currentPassword",
            "only who logged in with a password has one to change",
        ));
    }
    let Own { current_password, new_password } = call.keys()?;
    let name = call.caller.by.name.clone();
    // Whoever finds an open page must not guess here what the log-in slows down.
    let attempt =
        call.api.attempts.begin(call.from, Some(&call.api.at_log_in(&name)), std::time::Instant::now())?;
    let known = auth::by_password(&call.api.store, &call.api.passwords, &name, current_password).await;
    if matches!(known, Ok(None)) {
        return Err(ApiError::invalid("currentPassword", "is not your password"));
    }
    attempt.forget();
    known?;
    let hash = hashed(&call, "newPassword", new_password, &name).await?;
    let change =
        UserChange { password: Some(hash), keep_session: call.caller.session, ..UserChange::default() };
    let (api, act) = (call.api.clone(), call.act());
    let changed = blocking(move || api.store.change_user(&act, &name, change, EpochMillis::now()));
    Ok(One { user: UserRow::from(&changed.await?) })
}

async fn hashed(call: &Call, field: &str, password: String, user: &str) -> Result<String, ApiError> {
    let password = Password::new(password, user).map_err(|problem| ApiError::invalid(field, problem))?;
    Ok(call.api.passwords.hash(password).await?)
}

pub(super) fn role_of(name: &str) -> Result<Role, ApiError> {
    Role::parse(name).ok_or_else(|| {
        ApiError::invalid("role", format_args!("{name:?} is none of viewer, analyst and admin"))
    })
}

impl From<&UserRecord> for UserRow {
    fn from(user: &UserRecord) -> Self {
        Self {
            name: user.name.clone(),
            role: user.role.into(),
            created_at: user.created_at.seconds(),
            password_changed_at: user.password_changed_at.seconds(),
            last_log_in_at: user.last_log_in_at.map(EpochMillis::seconds),
            disabled_at: user.disabled_at.map(EpochMillis::seconds),
            sessions: user.sessions,
            external: user.subject.is_some(),
        }
    }
}
