use std::{collections::BTreeSet, io};

use ipnet::IpNet;
use portcullis_sensor_common::gate::{AllowEntry, MAX_ALLOWED};

use super::{broken, filter::Filter, trie::DualTrie};
use crate::{enforce::EnforceError, kernel::Lack};

/// The allow list in the kernel.
pub(super) struct Allowed {
    trie: DualTrie<AllowEntry>,
    filter: Filter,
    there: BTreeSet<IpNet>,
}

impl Allowed {
    /// Takes over what is in the maps.
    pub(super) fn adopt(trie: DualTrie<AllowEntry>, filter: Filter) -> io::Result<Self> {
        let mut there = BTreeSet::new();
        trie.read(|net, _| {
            there.insert(net);
        })?;
        filter.rebuild(there.iter().copied());
        Ok(Self { trie, filter, there })
    }

    /// Whoever is on both lists passes throughout.
    /// These, and all that are there.
    pub(super) fn with(&self, nets: BTreeSet<IpNet>) -> BTreeSet<IpNet> {
        nets.into_iter().chain(self.there.iter().copied()).collect()
    }

    pub(super) fn become_these(&mut self, wanted: BTreeSet<IpNet>) -> Result<(), EnforceError> {
        if wanted == self.there {
            return Ok(());
        }
        if wanted.len() > MAX_ALLOWED {
            let what = format!("{} prefixes are allowed, and this gate can hold {MAX_ALLOWED}", wanted.len());
            return Err(EnforceError::lack("XDP gate", Lack::new(what, "allow shorter prefixes instead")));
        }
        let fresh: Vec<_> = wanted.difference(&self.there).map(|net| (*net, 1)).collect();
        fresh.iter().for_each(|(net, _)| self.filter.admit(*net));
        self.trie.insert(&fresh).map_err(broken)?;
        self.there.extend(fresh.iter().map(|(net, _)| *net));
        let over: Vec<_> = self.there.difference(&wanted).copied().collect();
        self.trie.remove(&over).map_err(broken)?;
        self.there = wanted;
        self.filter.rebuild(self.there.iter().copied());
        Ok(())
    }
}
