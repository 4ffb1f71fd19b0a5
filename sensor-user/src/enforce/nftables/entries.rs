use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use crate::kernel::clock::BootTime;

/// The blocks that we know to stand, in order, and in the order of their ends.
#[derive(Debug, Default)]
pub(super) struct Entries {
    /// `None` is permanent.
    by_net: BTreeMap<IpNet, Option<BootTime>>,
    by_end: BTreeSet<(BootTime, IpNet)>,
}

impl Entries {
    pub(super) fn insert(&mut self, net: IpNet, end: Option<BootTime>) {
        self.remove(net);
        self.by_net.insert(net, end);
        self.by_end.extend(end.map(|end| (end, net)));
    }

    pub(super) fn remove(&mut self, net: IpNet) {
        if let Some(Some(end)) = self.by_net.remove(&net) {
            self.by_end.remove(&(end, net));
        }
    }

    pub(super) fn end(&self, net: IpNet) -> Option<Option<BootTime>> {
        self.by_net.get(&net).copied()
    }

    pub(super) fn len(&self) -> usize {
        self.by_net.len()
    }

    pub(super) fn contains(&self, net: IpNet) -> bool {
        self.by_net.contains_key(&net)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (IpNet, Option<BootTime>)> + '_ {
        self.by_net.iter().map(|(net, end)| (*net, *end))
    }

    /// Those from `start` on.
    pub(super) fn from(&self, start: IpNet) -> impl Iterator<Item = (IpNet, Option<BootTime>)> + '_ {
        self.by_net.range(start..).map(|(net, end)| (*net, *end))
    }

    /// Takes out those whose time is up.
    pub(super) fn take_over(&mut self, now: BootTime) -> Vec<IpNet> {
        let mut over = Vec::new();
        while let Some((end, net)) = self.by_end.first().copied().filter(|(end, _)| *end <= now) {
            self.by_end.remove(&(end, net));
            self.by_net.remove(&net);
            over.push(net);
        }
        over
    }
}
