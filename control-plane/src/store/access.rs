use serde::{Deserialize, Serialize};

use super::Result;
use crate::clock::EpochMillis;

/// What a key may do. Each role may do what the one before it may.
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
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    pub id: String,
    pub name: String,
    pub role: Role,
    pub hash: [u8; 32],
    pub created_at: EpochMillis,
    pub last_used_at: Option<EpochMillis>,
    pub revoked_at: Option<EpochMillis>,
}

pub struct NewSession {
    /// SHA-256 of the cookie's value.
    pub hash: [u8; 32],
    pub key_id: String,
    pub created_at: EpochMillis,
    pub expires_at: EpochMillis,
}

/// API keys and the sessions opened with them.
pub trait AccessStore: Send + Sync {
    fn create_key(&self, key: NewKey) -> Result<()>;
    /// Oldest first, revoked ones too.
    fn keys(&self) -> Result<Vec<KeyRecord>>;
    /// A key that is not revoked.
    fn key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<KeyRecord>>;
    /// False where there is no such key, or it was revoked before. Its sessions end with it.
    fn revoke_key(&self, id: &str, now: EpochMillis) -> Result<bool>;
    fn touch_key(&self, id: &str, now: EpochMillis) -> Result<()>;

    fn create_session(&self, session: NewSession) -> Result<()>;
    /// The key behind a session that has not ended, with the session's hash for comparison.
    fn session(&self, hash: &[u8; 32], now: EpochMillis) -> Result<Option<([u8; 32], KeyRecord)>>;
    fn end_session(&self, hash: &[u8; 32]) -> Result<()>;
    fn expire_sessions(&self, now: EpochMillis) -> Result<u64>;
}
