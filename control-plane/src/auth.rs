//! Who may do what: users with passwords, API keys for programs, sessions for the console, credentials for sensors.

mod attempts;
mod keys;
mod password;
mod secret;
mod session;
mod users;

pub use attempts::{Attempts, FailuresNoted, Wait};
pub use keys::{BadKeyTerms, KeyTerms, by_key, create_key};
pub use password::{Password, PasswordError, Passwords};
pub use secret::{Secret, SecretKind, account_of, digest, same};
pub use session::{COOKIE, SESSION_LIFETIME, by_session, idle_since, open_session};
pub use users::{by_password, create_user, user_name};

use std::os::unix::fs::MetadataExt;

use crate::store::{Act, KeyRecord, Principal, PrincipalKind, Role};

/// Who is asking, once that is known.
#[derive(Clone, Debug)]
pub struct Caller {
    pub by: Principal,
    pub role: Role,
    /// The session that they came with.
    pub session: Option<[u8; 32]>,
}

impl From<KeyRecord> for Caller {
    fn from(key: KeyRecord) -> Self {
        let by = Principal { kind: PrincipalKind::Key, id: key.id, name: key.name };
        Self { by, role: key.role, session: None }
    }
}

/// What is done by `control-plane` on the machine itself. Whoever may write the data folder may do it.
pub fn command_line(action: &str) -> Act {
    // `/proc/self` belongs to the effective user; where it is not mounted, nobody knows.
    let id =
        std::fs::metadata("/proc/self").map_or_else(|_| "unknown".to_owned(), |own| own.uid().to_string());
    let name = format!("uid {id}");
    let by = Principal { kind: PrincipalKind::CommandLine, id, name };
    Act { by, from: None, action: action.to_owned() }
}
