use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use ipnet::IpNet;
use portcullis_detection::Suppression;
use portcullis_exchange::Timestamp;
use serde::{Deserialize, Serialize};

use crate::state_dir;

const VERSION: u32 = 1;

#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("{path} is damaged: {error}; remove it, and the control plane sends everything again")]
    Damaged { path: PathBuf, error: serde_json::Error },
    #[error(
        "{path} is of version {version}, which this sensor cannot read; start the newer sensor, or remove it"
    )]
    Version { path: PathBuf, version: u32 },
}

#[derive(Default)]
pub(super) struct Kept {
    pub(super) revision: u64,
    pub(super) blocks: BTreeMap<IpNet, Option<SystemTime>>,
    pub(super) suppressions: Vec<Suppression>,
}

/// The file. Ends are wall-clock times, because neither the control plane's «time left» nor the kernel's clock since
/// boot means anything to the next start.
#[derive(Serialize, Deserialize)]
struct File {
    version: u32,
    revision: u64,
    blocks: Vec<KeptBlock>,
    suppressions: Vec<KeptSuppression>,
}

#[derive(Serialize, Deserialize)]
struct KeptBlock {
    cidr: IpNet,
    ends_at_ms: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct KeptSuppression {
    id: String,
    actor: String,
    policy_id: String,
    method: String,
    url: String,
    host: String,
    ends_at_ns: Option<u64>,
}

/// Nothing where there is no file yet.
pub(super) fn read(path: &Path) -> Result<Kept, KeptError> {
    let text = match fs_err::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Kept::default()),
        Err(error) => return Err(error.into()),
    };
    let damaged = |error| KeptError::Damaged { path: path.to_owned(), error };
    let file: File = serde_json::from_slice(&text).map_err(damaged)?;
    if file.version != VERSION {
        return Err(KeptError::Version { path: path.to_owned(), version: file.version });
    }
    let end = |ms: u64| SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(ms));
    Ok(Kept {
        revision: file.revision,
        blocks: file.blocks.into_iter().map(|block| (block.cidr, block.ends_at_ms.and_then(end))).collect(),
        suppressions: file.suppressions.into_iter().map(Into::into).collect(),
    })
}

pub(super) fn write<'a>(
    path: &Path,
    revision: u64,
    blocks: &BTreeMap<IpNet, Option<SystemTime>>,
    suppressions: impl Iterator<Item = &'a Suppression>,
) -> io::Result<()> {
    let file = File {
        version: VERSION,
        revision,
        blocks: blocks
            .iter()
            .map(|(net, end)| KeptBlock { cidr: *net, ends_at_ms: end.map(since_epoch_ms) })
            .collect(),
        suppressions: suppressions.map(Into::into).collect(),
    };
    state_dir::replace(path, &serde_json::to_vec(&file)?)
}

fn since_epoch_ms(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl From<KeptSuppression> for Suppression {
    fn from(kept: KeptSuppression) -> Self {
        let KeptSuppression { id, actor, policy_id, method, url, host, ends_at_ns } = kept;
        Self { id, actor, policy_id, method, url, host, until: ends_at_ns.map(Timestamp::from_nanos) }
    }
}

impl From<&Suppression> for KeptSuppression {
    fn from(suppression: &Suppression) -> Self {
        let Suppression { id, actor, policy_id, method, url, host, until } = suppression.clone();
        Self { id, actor, policy_id, method, url, host, ends_at_ns: until.map(Timestamp::nanos) }
    }
}
