use super::{Act, Result, Role, StoreError};
use crate::clock::EpochMillis;

pub struct NewUser {
    pub id: String,
    pub name: String,
    pub role: Role,
    /// A PHC string, never the password.
    pub password: String,
    pub created_at: EpochMillis,
}

#[derive(Clone, PartialEq, Eq)]
pub struct UserRecord {
    pub id: String,
    pub name: String,
    pub role: Role,
    /// A PHC string.
    pub password: String,
    pub created_at: EpochMillis,
    pub password_changed_at: EpochMillis,
    pub last_log_in_at: Option<EpochMillis>,
    pub disabled_at: Option<EpochMillis>,
    /// Sessions that have not run out.
    pub sessions: u64,
    /// Who an identity provider vouches for; `None` where a password does.
    pub subject: Option<String>,
}

/// Somebody whom an identity provider has just vouched for.
pub struct ExternalUser {
    /// Issuer and subject: what stays the same when the name changes.
    pub subject: String,
    pub name: String,
    pub role: Role,
    /// A PHC string of a secret that nobody has.
    pub password: String,
}

/// What becomes different; `None` stays as it is.
#[derive(Default)]
pub struct UserChange {
    pub role: Option<Role>,
    pub disabled: Option<bool>,
    /// A PHC string.
    pub password: Option<String>,
    /// The one session that outlives a new password: whoever set it goes on.
    pub keep_session: Option<[u8; 32]>,
}

#[derive(Debug, thiserror::Error)]
pub enum UserError {
    #[error("there is a user {0:?} already")]
    Exists(String),
    #[error("there is no user {0:?}")]
    Unknown(String),
    #[error("there is another user {0:?} here, with a password: one of the two has to be called differently")]
    Taken(String),
    #[error("{0:?} may not log in any more")]
    Disabled(String),
    #[error("{0:?} logs in by the identity provider, and has no password here")]
    External(String),
    #[error("{0:?} is the last admin who can log in: make another one first")]
    LastAdmin(String),
    #[error("these are {0} users, the most there can be")]
    TooMany(u64),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// People who log in with name and password. Names are told apart in any case of letters.
pub trait UserStore: Send + Sync {
    fn create_user(&self, act: &Act, user: NewUser) -> Result<(), UserError>;
    /// By name.
    fn users(&self, now: EpochMillis) -> Result<Vec<UserRecord>>;
    fn user(&self, name: &str, now: EpochMillis) -> Result<Option<UserRecord>>;
    /// Disabling and a new password end the user's sessions.
    fn change_user(
        &self,
        act: &Act,
        name: &str,
        change: UserChange,
        now: EpochMillis,
    ) -> Result<UserRecord, UserError>;
    /// Makes them at their first log-in, and takes over the role that the provider gives them now.
    fn external_user(&self, act: &Act, user: ExternalUser, now: EpochMillis)
    -> Result<UserRecord, UserError>;
    fn remove_user(&self, act: &Act, name: &str) -> Result<(), UserError>;
}
