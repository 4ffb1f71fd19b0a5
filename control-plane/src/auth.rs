//! Who may do what: API keys for programs, sessions for the console, credentials for sensors.

mod attempts;
mod keys;
mod secret;
mod session;

pub use attempts::Attempts;
pub use keys::{by_key, create_key};
pub use secret::{Secret, SecretKind, digest, same};
pub use session::{COOKIE, SESSION_LIFETIME, by_session, end_session, open_session};

use crate::store::{KeyRecord, Role};

/// Who is asking, once that is known.
#[derive(Clone, Debug)]
pub struct Caller {
    pub key_id: String,
    pub name: String,
    pub role: Role,
}

impl From<KeyRecord> for Caller {
    fn from(key: KeyRecord) -> Self {
        Self { key_id: key.id, name: key.name, role: key.role }
    }
}
