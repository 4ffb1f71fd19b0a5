use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
};

use ipnet::IpNet;

use super::{Coverage, Fleet, Peer, Refusal};

/// What the fleet says of some blocks, taken in one look at the sensors.
#[derive(Default)]
pub struct View {
    /// Of every connected sensor, ascending.
    applied: Vec<u64>,
    hits: HashMap<IpNet, (u64, u64)>,
    refusals: HashMap<IpNet, Vec<(String, Refusal)>>,
    /// Of connected sensors: the revisions at which each refused a block.
    refused_at: HashMap<IpNet, Vec<u64>>,
}

impl View {
    pub fn coverage(&self, revision: u64) -> Coverage {
        let total = self.applied.len();
        let applied = total - self.applied.partition_point(|applied| *applied < revision);
        Coverage { total, applied, refused: 0 }
    }

    /// Of a block that came with this revision.
    pub fn coverage_of(&self, cidr: IpNet, revision: u64) -> Coverage {
        let Coverage { total, applied, .. } = self.coverage(revision);
        let at = self.refused_at.get(&cidr).map(Vec::as_slice).unwrap_or_default();
        let refused = at.iter().filter(|at| **at >= revision).count();
        Coverage { total, applied: applied.saturating_sub(refused), refused }
    }

    /// Packets and bytes dropped for a block, over all sensors' last reports.
    pub fn hits(&self, cidr: IpNet) -> (u64, u64) {
        self.hits.get(&cidr).copied().unwrap_or_default()
    }

    /// Sensors that would not do a block since this revision, by sensor id.
    pub fn refusals(&self, cidr: IpNet, revision: u64) -> impl Iterator<Item = &(String, Refusal)> {
        let known = self.refusals.get(&cidr).map(Vec::as_slice).unwrap_or_default();
        known.iter().filter(move |(_, refusal)| refusal.revision >= revision)
    }
}

impl Fleet {
    pub fn view(&self, cidrs: impl Iterator<Item = IpNet>) -> View {
        let wanted: HashSet<IpNet> = cidrs.collect();
        let mut view = View::default();
        let sensors = self.lock();
        for (id, live) in sensors.iter() {
            if live.is_connected() {
                view.applied.push(live.applied_revision);
            }
            for (cidr, (packets, bytes)) in live.hits.iter().filter(|(cidr, _)| wanted.contains(cidr)) {
                let sum = view.hits.entry(*cidr).or_default();
                *sum = (sum.0.saturating_add(*packets), sum.1.saturating_add(*bytes));
            }
            for (cidr, refusal) in live.refusals.iter().filter(|(cidr, _)| wanted.contains(cidr)) {
                if live.is_connected() {
                    view.refused_at.entry(*cidr).or_default().push(refusal.revision);
                }
                view.refusals.entry(*cidr).or_default().push((id.clone(), refusal.clone()));
            }
        }
        drop(sensors);
        view.applied.sort_unstable();
        view.refusals.values_mut().for_each(|some| some.sort_by(|(a, _), (b, _)| a.cmp(b)));
        view
    }

    /// Where connected sensors dial from, and by which of our addresses they reach us; loopback left out.
    pub fn peers(&self) -> Vec<(String, Peer)> {
        let is_far = |address: &IpAddr| !address.is_loopback();
        let sensors = self.lock();
        let connected = sensors.values().filter(|live| live.is_connected());
        connected
            .map(|live| {
                let Peer { sensor, us, .. } = live.peer;
                (
                    live.node.clone(),
                    Peer { sensor: sensor.filter(is_far), us: us.filter(is_far), ..live.peer },
                )
            })
            .collect()
    }
}
