use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use aya::{
    maps::{MapData, MapError, PerCpuHashMap, PerCpuValues},
    util::nr_cpus,
};
use ipnet::IpNet;
use portcullis_sensor_common::gate::{BlockEntry, Hits, MAX_ENTRIES};

use super::{broken, trie::DualTrie};
use crate::{
    enforce::{BlockHits, EnforceError, Refusal},
    kernel::{Lack, clock::BootTime},
};

/// A repeated block whose end differs by less than this is the same block: revisions carry the time left, and that
/// took its time to get here.
const SAME_END: Duration = Duration::from_secs(2);

/// The block tries and the hits of their entries, with a copy of what is in them.
pub(super) struct Blocks {
    tries: DualTrie<BlockEntry>,
    hits: PerCpuHashMap<MapData, u32, Hits>,
    entries: BTreeMap<IpNet, BlockEntry>,
    next_id: u32,
    expired: u64,
}

impl Blocks {
    /// Takes over what is in the maps.
    pub(super) fn adopt(
        tries: DualTrie<BlockEntry>,
        hits: PerCpuHashMap<MapData, u32, Hits>,
    ) -> Result<Self, EnforceError> {
        let entries: BTreeMap<_, _> = tries.entries().map_err(broken)?.into_iter().collect();
        let known: BTreeSet<u32> = entries.values().map(|entry| entry.id).collect();
        let counted: Vec<u32> = hits.keys().collect::<Result<_, _>>().map_err(broken)?;
        let next_id = known.iter().chain(&counted).max().map_or(0, |id| id.wrapping_add(1));
        let mut blocks = Self { tries, hits, entries, next_id, expired: 0 };
        for orphan in counted.into_iter().filter(|id| !known.contains(id)) {
            blocks.hits.remove(&orphan).map_err(broken)?;
        }
        Ok(blocks)
    }

    pub(super) fn nets(&self) -> Vec<IpNet> {
        self.entries.keys().copied().collect()
    }

    pub(super) fn set(
        &mut self,
        net: IpNet,
        remaining: Option<Duration>,
    ) -> Result<Option<Refusal>, EnforceError> {
        let expires = match remaining {
            None => 0,
            Some(Duration::ZERO) => return self.remove(net).map(|()| None),
            Some(remaining) => BootTime::now().after(remaining).0,
        };
        if let Some(entry) = self.entries.get(&net).copied() {
            if !same_end(entry.expires, expires) {
                self.write(net, BlockEntry { expires, ..entry })?;
            }
            return Ok(None);
        }
        if self.entries.len() >= MAX_ENTRIES {
            let reason = format!("this node holds {MAX_ENTRIES} blocks already, which is all it can");
            return Ok(Some(Refusal { net, reason }));
        }
        let id = self.next_id;
        self.next_id = id.wrapping_add(1);
        // First where to count: the gate counts no hit of an entry that has no place for it.
        self.hits.insert(id, none()?, 0).map_err(broken)?;
        self.write(net, BlockEntry { expires, id, prefix_len: net.prefix_len().into() })?;
        Ok(None)
    }

    pub(super) fn remove(&mut self, net: IpNet) -> Result<(), EnforceError> {
        let Some(entry) = self.entries.remove(&net) else { return Ok(()) };
        absent_is_fine(self.tries.remove(net)).map_err(broken)?;
        absent_is_fine(self.hits.remove(&{ entry.id })).map_err(broken)
    }

    pub(super) fn sweep(&mut self) -> Result<(), EnforceError> {
        let now = BootTime::now().0;
        let over: Vec<IpNet> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.expires != 0 && entry.expires <= now)
            .map(|(net, _)| *net)
            .collect();
        for net in over {
            self.remove(net)?;
            self.expired += 1;
        }
        Ok(())
    }

    pub(super) fn expired(&self) -> u64 {
        self.expired
    }

    pub(super) fn hits(&self) -> Result<Vec<BlockHits>, EnforceError> {
        let mut all = Vec::with_capacity(self.entries.len());
        for (net, entry) in &self.entries {
            let per_cpu = self.hits.get(&{ entry.id }, 0).map_err(broken)?;
            all.push(BlockHits {
                net: *net,
                packets: per_cpu.iter().map(|hits| hits.packets).sum(),
                bytes: per_cpu.iter().map(|hits| hits.bytes).sum(),
            });
        }
        Ok(all)
    }

    fn write(&mut self, net: IpNet, entry: BlockEntry) -> Result<(), EnforceError> {
        self.tries.insert(net, entry).map_err(broken)?;
        self.entries.insert(net, entry);
        Ok(())
    }
}

fn same_end(one: u64, other: u64) -> bool {
    one == other || (one != 0 && other != 0 && Duration::from_nanos(one.abs_diff(other)) < SAME_END)
}

fn absent_is_fine(result: Result<(), MapError>) -> Result<(), MapError> {
    match result {
        Err(MapError::KeyNotFound) => Ok(()),
        Err(MapError::SyscallError(error)) if error.io_error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// No hits yet, on every processor.
fn none() -> Result<PerCpuValues<Hits>, EnforceError> {
    let failed =
        |what: String| EnforceError::lack("XDP gate", Lack::new(what, "look at /sys/devices/system/cpu"));
    let cpus = nr_cpus().map_err(|(path, error)| failed(format!("{path}: {error}")))?;
    PerCpuValues::try_from(vec![Hits::default(); cpus]).map_err(|error| failed(error.to_string()))
}
