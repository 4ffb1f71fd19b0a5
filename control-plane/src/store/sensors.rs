use super::{Act, Owned, Result, StoreError};
use crate::clock::EpochMillis;

pub struct JoinToken {
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    pub created_at: EpochMillis,
    pub expires_at: EpochMillis,
    pub uses: u32,
}

pub struct NewSensor {
    pub id: String,
    /// SHA-256 of the credential; `None` where it gets a certificate instead.
    pub credential_hash: Option<[u8; 32]>,
    pub node: String,
    pub version: String,
    pub enrolled_at: EpochMillis,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SensorRecord {
    pub id: String,
    pub credential_hash: Option<[u8; 32]>,
    /// Empty. `None`: it enrolled before sensors were bound to accounts, and names the account itself.
    pub account_id: Option<String>,
    pub node: String,
    pub version: String,
    pub enrolled_at: EpochMillis,
    pub revoked_at: Option<EpochMillis>,
    pub last_seen: Option<EpochMillis>,
    pub applied_revision: u64,
    /// The last report, protobuf-encoded; empty before the first.
    pub report: Vec<u8>,
}

#[derive(Debug, thiserror::Error)]
pub enum EnrollError {
    #[error("the join token is unknown, expired or used up")]
    Token,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Join tokens and the sensors that came with them.
pub trait SensorStore: Owned {
    fn create_join_token(&self, act: &Act, token: JoinToken) -> Result<()>;
    /// Spends one use of the token and adds the sensor, both or neither.
    fn enroll(&self, act: &Act, token_hash: &[u8; 32], sensor: NewSensor) -> Result<(), EnrollError>;
    fn sensor_by_credential(&self, hash: &[u8; 32]) -> Result<Option<SensorRecord>>;
    fn sensor(&self, id: &str) -> Result<Option<SensorRecord>>;
    /// From now on it comes with its certificate alone.
    fn spend_credential(&self, act: &Act, id: &str) -> Result<()>;
    /// False where there is no such sensor, or it was revoked before.
    fn revoke_sensor(&self, act: &Act, id: &str, now: EpochMillis) -> Result<bool>;
    /// By node, then by enrolment.
    fn sensors(&self) -> Result<Vec<SensorRecord>>;
    /// Keeps what a restart of the control plane should not forget of a sensor.
    /// `held_back`: by each suppression, since the last time.
    fn record_sensors(&self, sensors: Vec<SensorRecord>, held_back: Vec<(String, u64)>) -> Result<()>;
    /// Join tokens that ran out are of no use to anybody.
    fn expire_join_tokens(&self, now: EpochMillis) -> Result<u64>;
}
