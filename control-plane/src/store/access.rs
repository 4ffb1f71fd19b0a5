use serde::{Deserialize, Serialize};

use super::{Act, Owned, Principal, Result};
use crate::clock::EpochMillis;

/// What somebody may do. Each role may do what the one before it may.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Reads.
    Viewer,
    /// Moves events between states, blocks and unblocks.
    Analyst,
    /// Everything.
    Admin,
}

impl Role {
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Analyst, Self::Admin];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Analyst => "analyst",
            Self::Admin => "admin",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

pub struct NewKey {
    pub id: String,
    pub name: String,
    pub role: Role,
    /// SHA-256 of the key.
    pub hash: [u8; 32],
    pub created_at: EpochMillis,
    /// `None`: until somebody revokes it.
    pub expires_at: Option<EpochMillis>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    pub id: String,
    pub name: String,
    pub role: Role,
    pub hash: [u8; 32],
    pub created_at: EpochMillis,
    /// Empty where it was made before that was written down.
    pub created_by: String,
    pub last_used_at: Option<EpochMillis>,
    pub expires_at: Option<EpochMillis>,
    pub revoked_at: Option<EpochMillis>,
}

/// Whose a session is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    User { id: String },
    Key { id: String },
}

pub struct NewSession {
    /// SHA-256 of the cookie's value.
    pub hash: [u8; 32],
    pub owner: Owner,
    pub created_at: EpochMillis,
    pub expires_at: EpochMillis,
}

/// A session with who it is for, as they are now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRecord {
    pub hash: [u8; 32],
    pub by: Principal,
    pub role: Role,
    pub last_used_at: EpochMillis,
    pub expires_at: EpochMillis,
}

/// API keys, and the sessions of keys and users.
pub trait AccessStore: Owned {
    fn create_key(&self, act: &Act, key: NewKey) -> Result<()>;
    /// Oldest first, revoked ones too.
    fn keys(&self) -> Result<Vec<KeyRecord>>;
    /// A key that is neither revoked nor over.
    fn key_by_hash(&self, hash: &[u8; 32], now: EpochMillis) -> Result<Option<KeyRecord>>;
    /// False where there is no such key, or it was revoked before. Its sessions end with it.
    fn revoke_key(&self, act: &Act, id: &str, now: EpochMillis) -> Result<bool>;
    fn touch_key(&self, id: &str, now: EpochMillis) -> Result<()>;

    /// The owner's oldest session makes room where they have too many.
    fn create_session(&self, act: &Act, session: NewSession) -> Result<()>;
    /// A session that has not ended, was used since `idle_since`, and whose owner may still come in.
    fn session(
        &self,
        hash: &[u8; 32],
        now: EpochMillis,
        idle_since: EpochMillis,
    ) -> Result<Option<SessionRecord>>;
    fn touch_session(&self, hash: &[u8; 32], now: EpochMillis) -> Result<()>;
    fn end_session(&self, act: &Act, hash: &[u8; 32]) -> Result<()>;
    fn expire_sessions(&self, now: EpochMillis, idle_since: EpochMillis) -> Result<u64>;
}
