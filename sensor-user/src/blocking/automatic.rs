use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use ipnet::IpNet;
use portcullis_proto::v1;
use serde::{Deserialize, Serialize};

use crate::state_dir;

const VERSION: u32 = 1;

/// So many automatic blocks are kept for the control plane. At the default rate they last for over an hour of its
/// absence in which the limits never trip.
const MAX_KEPT: usize = 4096;

#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("{path} is damaged: {error}; remove it, and the automatic blocks in it are over")]
    Damaged { path: PathBuf, error: serde_json::Error },
    #[error(
        "{path} is of version {version}, which this sensor cannot read; start the newer sensor, or remove it"
    )]
    Version { path: PathBuf, version: u32 },
}

/// The automatic blocks that are no ordered ones yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Automatic(BTreeMap<IpNet, Entry>);

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) net: IpNet,
    pub(super) event_id: String,
    pub(super) policy_id: String,
    made_at_ms: u64,
    ends_at_ms: u64,
    /// The control plane has stored it; what it orders counts from here on.
    acknowledged: bool,
    /// The control plane orders it, too: perhaps another sensor was first.
    #[serde(default)]
    ordered: bool,
}

/// Times of day, because nothing else means anything to the next start.
#[derive(Serialize, Deserialize)]
struct File {
    version: u32,
    blocks: Vec<Entry>,
}

impl Automatic {
    /// Nothing where there is no file yet. What has ended meanwhile is left out.
    pub(super) fn read(path: &Path) -> Result<Self, KeptError> {
        let text = match fs_err::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(error.into()),
        };
        let damaged = |error| KeptError::Damaged { path: path.to_owned(), error };
        let file: File = serde_json::from_slice(&text).map_err(damaged)?;
        if file.version != VERSION {
            return Err(KeptError::Version { path: path.to_owned(), version: file.version });
        }
        let mut kept = Self(file.blocks.into_iter().map(|entry| (entry.net, entry)).collect());
        kept.expire(SystemTime::now());
        Ok(kept)
    }

    pub(super) fn write(&self, path: &Path) -> io::Result<()> {
        let file = File { version: VERSION, blocks: self.0.values().cloned().collect() };
        state_dir::replace(path, &serde_json::to_vec(&file)?)
    }

    /// The other one, where there was no room for both: it stays in force, but the control plane never hears of it.
    pub(super) fn insert(&mut self, entry: Entry) -> Option<Entry> {
        self.0.insert(entry.net, entry);
        if self.0.len() <= MAX_KEPT {
            return None;
        }
        let oldest = self.0.values().min_by_key(|entry| entry.made_at_ms)?.net;
        self.0.remove(&oldest)
    }

    pub(super) fn remove(&mut self, net: IpNet) -> Option<Entry> {
        self.0.remove(&net)
    }

    pub(super) fn contains(&self, net: IpNet) -> bool {
        self.0.contains_key(&net)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn by_event(&self, event_id: &str) -> Option<IpNet> {
        self.0.values().find(|entry| entry.event_id == event_id).map(|entry| entry.net)
    }

    pub(super) fn acknowledge(&mut self, net: IpNet) {
        match self.0.get_mut(&net) {
            Some(entry) if entry.ordered => drop(self.0.remove(&net)),
            Some(entry) => entry.acknowledged = true,
            None => {}
        }
    }

    /// An order names this prefix: from here on it is the order's, as soon as the control plane knows of ours.
    pub(super) fn hand_over(&mut self, net: IpNet) -> bool {
        let Some(entry) = self.0.get_mut(&net) else { return false };
        entry.ordered = true;
        if entry.acknowledged {
            self.0.remove(&net);
        }
        true
    }

    /// Everything is ordered anew: what the control plane has stored is among it, or was lifted.
    pub(super) fn forget_acknowledged(&mut self) -> bool {
        let before = self.0.len();
        self.0.retain(|_, entry| !entry.acknowledged);
        self.0.len() != before
    }

    /// What is in force, and how long yet.
    pub(super) fn in_force(&self, now: SystemTime) -> impl Iterator<Item = (IpNet, Duration)> + '_ {
        self.0.values().filter_map(move |entry| Some((entry.net, entry.remaining(now)?)))
    }

    /// What the control plane has not acknowledged.
    pub(super) fn unacknowledged(&self, now: SystemTime) -> Vec<v1::AutomaticBlock> {
        let message = |entry: &Entry| {
            Some(v1::AutomaticBlock {
                event_id: entry.event_id.clone(),
                policy_id: entry.policy_id.clone(),
                cidr: entry.net.to_string(),
                remaining_ms: u64::try_from(entry.remaining(now)?.as_millis()).unwrap_or(u64::MAX).max(1),
                age_ms: epoch_ms(now).saturating_sub(entry.made_at_ms),
            })
        };
        self.0.values().filter(|entry| !entry.acknowledged).filter_map(message).collect()
    }

    pub(super) fn waiting(&self) -> usize {
        self.0.values().filter(|entry| !entry.acknowledged).count()
    }

    pub(super) fn expire(&mut self, now: SystemTime) -> bool {
        let before = self.0.len();
        self.0.retain(|_, entry| entry.remaining(now).is_some());
        self.0.len() != before
    }
}

impl Entry {
    pub(super) fn new(
        net: IpNet,
        event_id: String,
        policy_id: String,
        now: SystemTime,
        ttl: Duration,
    ) -> Self {
        let made_at_ms = epoch_ms(now);
        let ttl = u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        let ends_at_ms = made_at_ms.saturating_add(ttl);
        Self { net, event_id, policy_id, made_at_ms, ends_at_ms, acknowledged: false, ordered: false }
    }

    fn remaining(&self, now: SystemTime) -> Option<Duration> {
        let left = self.ends_at_ms.checked_sub(epoch_ms(now))?;
        (left > 0).then(|| Duration::from_millis(left))
    }
}

fn epoch_ms(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(last: u8, ttl: u64) -> Entry {
        let net = IpNet::from(std::net::IpAddr::from([203, 0, 113, last]));
        Entry::new(net, format!("event-{last}"), "P".into(), SystemTime::now(), Duration::from_secs(ttl))
    }

    #[test]
    fn what_is_kept_comes_back_and_what_has_ended_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("automatic-blocks.json");
        assert!(Automatic::read(&file).unwrap().is_empty());
        let mut automatic = Automatic::default();
        automatic.insert(entry(1, 60));
        automatic.insert(entry(2, 0));
        automatic.write(&file).unwrap();
        let read = Automatic::read(&file).unwrap();
        let waiting = read.unacknowledged(SystemTime::now());
        assert_eq!(waiting.iter().map(|block| block.cidr.as_str()).collect::<Vec<_>>(), ["203.0.113.1/32"]);
        fs_err::write(&file, "{").unwrap();
        assert!(Automatic::read(&file).unwrap_err().to_string().contains("automatic-blocks.json"));
    }

    #[test]
    fn more_than_can_be_kept_push_out_the_oldest() {
        let mut automatic = Automatic::default();
        let address = |n: u32| IpNet::from(std::net::IpAddr::from(n.to_be_bytes()));
        for n in 0..=u32::try_from(MAX_KEPT).unwrap() {
            let mut one = Entry { net: address(n), ..entry(1, 60) };
            one.made_at_ms += u64::from(n);
            let pushed_out = automatic.insert(one).map(|entry| entry.net);
            assert_eq!(pushed_out, (n as usize == MAX_KEPT).then(|| address(0)));
        }
    }
}
