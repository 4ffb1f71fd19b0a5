use std::{io, sync::Arc};

use ahash::{HashMap, HashMapExt as _};
use portcullis_sensor_common::gate::{CARRIED, Hits, Recent};

use crate::{
    enforce::hits::{Counted, Met},
    kernel::map::KernelMap,
};

/// What the gate counted, by an entry's id. It makes a place at the first hit.
pub(in crate::enforce::xdp) struct HitMap {
    map: KernelMap<u64, Hits>,
    reader: Arc<Reader>,
}

/// Reads while others change the blocks.
pub(in crate::enforce::xdp) struct Reader {
    map: KernelMap<u64, Hits>,
    recent: KernelMap<u32, Recent>,
}

/// With more to be removed than this, it is cheaper to ask first which are there.
const FEW: usize = 64;

impl HitMap {
    pub(in crate::enforce::xdp) fn new(map: KernelMap<u64, Hits>, recent: KernelMap<u32, Recent>) -> Self {
        let reader = Arc::new(Reader { map: map.share(), recent });
        Self { map, reader }
    }

    pub(super) fn reader(&self) -> Arc<Reader> {
        Arc::clone(&self.reader)
    }

    pub(super) fn remove(&mut self, ids: &[u64]) -> io::Result<()> {
        let mut keys: Vec<u64> = ids.iter().flat_map(|id| [*id, id | CARRIED]).collect();
        if ids.len() > FEW {
            let mut there = Vec::new();
            self.map.read(|key, _| there.push(key))?;
            there.sort_unstable();
            keys.retain(|key| there.binary_search(key).is_ok());
        }
        self.map.remove(&keys)
    }

    /// Takes over what maps of an older layout counted. Doing it again changes nothing.
    pub(super) fn carry(&mut self, counted: &[(u64, Hits)]) -> io::Result<()> {
        let keys: Vec<u64> = counted.iter().map(|(id, _)| id | CARRIED).collect();
        let mut values = vec![Hits::default(); counted.len() * self.map.values_each()];
        for (first, (_, hits)) in values.iter_mut().step_by(self.map.values_each()).zip(counted) {
            *first = *hits;
        }
        self.map.insert(&keys, &values)
    }
}

impl Reader {
    /// Sums over the processors, and with what was carried over. What the gate moves meanwhile from pending to counted
    /// may be missing until the next time, and nothing is there twice.
    pub(in crate::enforce::xdp) fn read(&self) -> io::Result<Counted> {
        let mut sums: HashMap<u64, Hits> = HashMap::new();
        self.map.read(|key, values| add(sums.entry(key & !CARRIED).or_default(), values))?;
        self.recent.read(|_, values| {
            for recent in values.iter().filter(|recent| recent.pending.packets > 0) {
                add(sums.entry(recent.id).or_default(), &[recent.pending]);
            }
        })?;
        let met = |(id, hits): (u64, Hits)| (id, Met { packets: hits.packets, bytes: hits.bytes });
        Ok(Counted { by_entry: sums.into_iter().map(met).collect(), ..Counted::default() })
    }
}

/// Adds every processor's to the sum.
pub(in crate::enforce::xdp) fn add(sum: &mut Hits, values: &[Hits]) {
    for hits in values {
        sum.packets += hits.packets;
        sum.bytes += hits.bytes;
    }
}
