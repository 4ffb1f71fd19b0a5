//! From the maps of an older layout to ours. The old program goes on dropping by the old ones until the new one has
//! taken its place.

use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr},
    path::{Path, PathBuf},
};

use aya::{
    Pod,
    maps::{MapData, lpm_trie::Key},
};
use ipnet::IpNet;
use portcullis_sensor_common::gate::{COUNTERS, Hits};

use super::{
    blocks::{Blocks, hits},
    broken,
    pins::Pins,
    unusable,
};
use crate::{enforce::EnforceError, kernel::map::KernelMap};

/// The first layout: tries alone, ids of 32 bits, a place for hits with every entry.
const FIRST: u32 = 1;

/// `BlockEntry` of the first layout.
#[repr(C, packed(4))]
#[derive(Clone, Copy)]
struct FirstEntry {
    expires: u64,
    id: u32,
    prefix_len: u32,
}

// SAFETY: `repr(C)`, only integers, no padding.
unsafe impl Pod for FirstEntry {}

/// What an older agent left: its maps, until [`Older::forget`].
pub(super) struct Older {
    /// Those that can be read.
    first: Option<PathBuf>,
    all: Vec<PathBuf>,
}

impl Older {
    pub(super) fn find(pins: &Pins) -> Result<Self, EnforceError> {
        let found = pins.other_layouts()?;
        for (number, path) in found.iter().filter(|(number, _)| *number != FIRST) {
            tracing::warn!(layout = number, path = %path.display(),
                "blocks in maps of a layout that this version does not know are put in force from the kept orders");
        }
        let first = found.iter().find(|(number, _)| *number == FIRST).map(|(_, path)| path.clone());
        Ok(Self { first, all: found.into_iter().map(|(_, path)| path).collect() })
    }

    /// Before the new program is attached: the same blocks, with their ends.
    pub(super) fn move_blocks(&self, blocks: &mut Blocks) -> Result<(), EnforceError> {
        let Some(folder) = &self.first else { return Ok(()) };
        let mut entries = Vec::new();
        let v4: KernelMap<Key<[u8; 4]>, FirstEntry> = map(folder, "BLOCK_V4")?;
        let v6: KernelMap<Key<[u8; 16]>, FirstEntry> = map(folder, "BLOCK_V6")?;
        let mut add = |address: std::net::IpAddr, len: u32, values: &[FirstEntry]| {
            let net = u8::try_from(len).ok().and_then(|len| IpNet::new(address, len).ok());
            if let (Some(net), Some(entry)) = (net, values.first()) {
                entries.push((net, u64::from(entry.id), entry.expires));
            }
        };
        v4.read(|key, values| add(Ipv4Addr::from(key.data()).into(), key.prefix_len(), values))
            .map_err(broken)?;
        v6.read(|key, values| add(Ipv6Addr::from(key.data()).into(), key.prefix_len(), values))
            .map_err(broken)?;
        tracing::info!(
            blocks = entries.len(),
            layout = FIRST,
            "taking blocks over from maps of an older layout"
        );
        blocks.become_these(&entries)
    }

    /// After it was: what the old program counted to its end.
    pub(super) fn move_counts(
        &self,
        blocks: &mut Blocks,
        counters: &mut KernelMap<u32, u64>,
    ) -> Result<(), EnforceError> {
        let Some(folder) = &self.first else { return Ok(()) };
        let mut counted = Vec::new();
        per_processor::<u32, Hits>(folder, "BLOCK_HITS")?
            .read(|id, values| {
                let mut sum = Hits::default();
                hits::add(&mut sum, values);
                if sum.packets > 0 {
                    counted.push((u64::from(id), sum));
                }
            })
            .map_err(broken)?;
        blocks.carry_hits(&counted)?;
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        per_processor::<u32, u64>(folder, "GATE_COUNTERS")?
            .read(|index, each| {
                keys.push(index + COUNTERS.len() as u32);
                values.push(each.iter().sum());
                values.extend(each.iter().skip(1).map(|_| 0));
            })
            .map_err(broken)?;
        counters.insert(&keys, &values).map_err(broken)
    }

    /// Takes the older maps away.
    pub(super) fn forget(self) -> io::Result<()> {
        self.all.iter().try_for_each(fs_err::remove_dir_all)
    }
}

fn map<K: Pod, V: Pod>(folder: &Path, name: &str) -> Result<KernelMap<K, V>, EnforceError> {
    KernelMap::new(pinned(folder, name)?).map_err(|lack| EnforceError::lack("XDP gate", lack))
}

fn per_processor<K: Pod, V: Pod>(folder: &Path, name: &str) -> Result<KernelMap<K, V>, EnforceError> {
    KernelMap::per_processor(pinned(folder, name)?).map_err(|lack| EnforceError::lack("XDP gate", lack))
}

fn pinned(folder: &Path, name: &str) -> Result<MapData, EnforceError> {
    MapData::from_pin(folder.join(name)).map_err(|error| unusable(&error))
}
