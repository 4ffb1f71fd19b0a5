use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    SqliteStore, audit, codes,
    rows::{time, time_or_none},
    sessions,
};
use crate::{
    clock::EpochMillis,
    store::{
        Act, ExternalUser, NewUser, Result, Role, StoreError, UserChange, UserError, UserRecord, UserStore,
    },
};

/// Lists show all of them.
const MAX_USERS: u64 = 10_000;

const COLUMNS: &str =
    "u.id, u.name, u.role, u.password, u.created_at, u.password_changed_at, u.last_log_in_at,
    u.disabled_at, (SELECT count(*) FROM session s WHERE s.user_id = u.id AND s.expires_at > ?1), u.subject";

impl UserStore for SqliteStore {
    fn create_user(&self, act: &Act, user: NewUser) -> Result<(), UserError> {
        let act = act.clone();
        self.write(move |connection| create(connection, &act, user))?
    }

    fn users(&self, now: EpochMillis) -> Result<Vec<UserRecord>> {
        self.read(|view| {
            let sql = format!("SELECT {COLUMNS} FROM user u ORDER BY u.name");
            let mut statement = view.prepare_cached(&sql)?;
            let mut found = statement.query([now.millis()])?;
            let mut users = Vec::new();
            while let Some(row) = found.next()? {
                users.push(user(row)?);
            }
            Ok(users)
        })
    }

    fn user(&self, name: &str, now: EpochMillis) -> Result<Option<UserRecord>> {
        self.read(|view| find(view, name, now))
    }

    fn change_user(
        &self,
        act: &Act,
        name: &str,
        wanted: UserChange,
        now: EpochMillis,
    ) -> Result<UserRecord, UserError> {
        let (act, name) = (act.clone(), name.to_owned());
        self.write(move |connection| change(connection, &act, &name, wanted, now))?
    }

    fn external_user(
        &self,
        act: &Act,
        user: ExternalUser,
        now: EpochMillis,
    ) -> Result<UserRecord, UserError> {
        let act = act.clone();
        self.write(move |connection| external(connection, &act, user, now))?
    }

    fn remove_user(&self, act: &Act, name: &str) -> Result<(), UserError> {
        let (act, name) = (act.clone(), name.to_owned());
        self.write(move |connection| remove(connection, &act, &name))?
    }
}

// What is refused is an `Ok` for the writer: nothing was written that would have to be taken back.
type Answer<T> = Result<Result<T, UserError>>;

fn create(connection: &Connection, act: &Act, user: NewUser) -> Answer<()> {
    if find(connection, &user.name, user.created_at)?.is_some() {
        return Ok(Err(UserError::Exists(user.name)));
    }
    let count: i64 = connection.query_row("SELECT count(*) FROM user", [], |row| row.get(0))?;
    if codes::count(count) >= MAX_USERS {
        return Ok(Err(UserError::TooMany(MAX_USERS)));
    }
    let now = user.created_at.millis();
    connection
        .prepare_cached(
            "INSERT INTO user (id, name, role, password, created_at, password_changed_at)
             VALUES (?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![user.id, user.name, user.role.name(), user.password, now, now])?;
    let after = json!({ "role": user.role.name() });
    audit::append(connection, act, &object(&user.name), None, Some(&after))?;
    Ok(Ok(()))
}

fn external(connection: &Connection, act: &Act, user: ExternalUser, now: EpochMillis) -> Answer<UserRecord> {
    let ExternalUser { subject, name, role, password } = user;
    let known: Option<String> = connection
        .prepare_cached("SELECT name FROM user WHERE subject = ?")?
        .query_row([&subject], |row| row.get(0))
        .optional()?;
    let Some(name) = known else {
        if find(connection, &name, now)?.is_some() {
            return Ok(Err(UserError::Taken(name)));
        }
        let id = Uuid::now_v7().to_string();
        let new = NewUser { id, name: name.clone(), role, password, created_at: now };
        if let Err(refused) = create(connection, act, new)? {
            return Ok(Err(refused));
        }
        connection
            .prepare_cached("UPDATE user SET subject = ? WHERE name = ?")?
            .execute(params![subject, name])?;
        return found(connection, &name, now).map(Ok);
    };
    let before = found(connection, &name, now)?;
    if before.disabled_at.is_some() {
        return Ok(Err(UserError::Disabled(name)));
    }
    if before.role == role {
        return Ok(Ok(before));
    }
    // What the provider says counts, also of the last admin: the command line makes another.
    connection
        .prepare_cached("UPDATE user SET role = ? WHERE id = ?")?
        .execute(params![role.name(), before.id])?;
    let after = found(connection, &name, now)?;
    audit::append(connection, act, &object(&name), Some(&state(&before)), Some(&state(&after)))?;
    Ok(Ok(after))
}

fn found(connection: &Connection, name: &str, now: EpochMillis) -> Result<UserRecord> {
    let gone = || StoreError::Damaged(format!("user {name:?} is gone while it is changed"));
    find(connection, name, now)?.ok_or_else(gone)
}

fn change(
    connection: &Connection,
    act: &Act,
    name: &str,
    wanted: UserChange,
    now: EpochMillis,
) -> Answer<UserRecord> {
    let Some(before) = find(connection, name, now)? else {
        return Ok(Err(UserError::Unknown(name.to_owned())));
    };
    if before.subject.is_some() && wanted.password.is_some() {
        return Ok(Err(UserError::External(before.name)));
    }
    let role = wanted.role.unwrap_or(before.role);
    let is_disabled = wanted.disabled.unwrap_or(before.disabled_at.is_some());
    if (role != Role::Admin || is_disabled) && is_last_admin(connection, &before)? {
        return Ok(Err(UserError::LastAdmin(before.name)));
    }
    let disabled_at = is_disabled.then(|| before.disabled_at.unwrap_or(now).millis());
    let has_new_password = wanted.password.is_some();
    let changed_at = if has_new_password { now } else { before.password_changed_at };
    connection
        .prepare_cached(
            "UPDATE user SET role = ?, disabled_at = ?, password = ?, password_changed_at = ? WHERE id = ?",
        )?
        .execute(params![
            role.name(),
            disabled_at,
            wanted.password.as_ref().unwrap_or(&before.password),
            changed_at.millis(),
            before.id,
        ])?;
    if has_new_password || is_disabled {
        sessions::end_all_of(connection, &before.id, wanted.keep_session.filter(|_| !is_disabled))?;
    }
    let after = found(connection, name, now)?;
    let mut told = state(&after);
    if has_new_password && let Some(told) = told.as_object_mut() {
        told.insert("password".into(), json!("changed"));
    }
    audit::append(connection, act, &object(&after.name), Some(&state(&before)), Some(&told))?;
    Ok(Ok(after))
}

fn remove(connection: &Connection, act: &Act, name: &str) -> Answer<()> {
    let Some(user) = find(connection, name, EpochMillis::now())? else {
        return Ok(Err(UserError::Unknown(name.to_owned())));
    };
    if is_last_admin(connection, &user)? {
        return Ok(Err(UserError::LastAdmin(user.name)));
    }
    sessions::end_all_of(connection, &user.id, None)?;
    connection.prepare_cached("DELETE FROM user WHERE id = ?")?.execute([&user.id])?;
    audit::append(connection, act, &object(&user.name), Some(&state(&user)), None)?;
    Ok(Ok(()))
}

/// Whether nobody else could make users any more.
fn is_last_admin(connection: &Connection, user: &UserRecord) -> Result<bool> {
    if user.role != Role::Admin || user.disabled_at.is_some() {
        return Ok(false);
    }
    let sql = "SELECT count(*) FROM user WHERE role = ? AND disabled_at IS NULL AND id <> ?";
    let others: i64 =
        connection.prepare_cached(sql)?.query_row(params![Role::Admin.name(), user.id], |row| row.get(0))?;
    Ok(others == 0)
}

fn find(view: &Connection, name: &str, now: EpochMillis) -> Result<Option<UserRecord>> {
    let sql = format!("SELECT {COLUMNS} FROM user u WHERE u.name = ?2");
    let mut statement = view.prepare_cached(&sql)?;
    let mut found = statement.query(params![now.millis(), name])?;
    found.next()?.map(user).transpose()
}

fn state(user: &UserRecord) -> Value {
    json!({ "role": user.role.name(), "disabled": user.disabled_at.is_some() })
}

fn object(name: &str) -> String {
    format!("user {name}")
}

/// Reads [`COLUMNS`].
fn user(row: &Row<'_>) -> Result<UserRecord> {
    Ok(UserRecord {
        id: row.get(0)?,
        name: row.get(1)?,
        role: codes::role_of(&row.get::<_, String>(2)?)?,
        password: row.get(3)?,
        created_at: time(row, 4)?,
        password_changed_at: time(row, 5)?,
        last_log_in_at: time_or_none(row, 6)?,
        disabled_at: time_or_none(row, 7)?,
        sessions: codes::count(row.get(8)?),
        subject: row.get(9)?,
    })
}
