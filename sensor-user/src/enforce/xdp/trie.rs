use std::net::{Ipv4Addr, Ipv6Addr};

use aya::{
    Pod,
    maps::{LpmTrie, MapData, MapError, lpm_trie::Key},
};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// One trie per address family, as one.
pub(super) struct DualTrie<V: Pod> {
    v4: LpmTrie<MapData, [u8; 4], V>,
    v6: LpmTrie<MapData, [u8; 16], V>,
}

impl<V: Pod> DualTrie<V> {
    pub(super) fn new(v4: LpmTrie<MapData, [u8; 4], V>, v6: LpmTrie<MapData, [u8; 16], V>) -> Self {
        Self { v4, v6 }
    }

    /// Adds or changes one entry; a packet meets the old value or the new one, never none.
    pub(super) fn insert(&mut self, net: IpNet, value: V) -> Result<(), MapError> {
        match net {
            IpNet::V4(net) => self.v4.insert(&v4_key(net), value, 0),
            IpNet::V6(net) => self.v6.insert(&v6_key(net), value, 0),
        }
    }

    pub(super) fn remove(&mut self, net: IpNet) -> Result<(), MapError> {
        match net {
            IpNet::V4(net) => self.v4.remove(&v4_key(net)),
            IpNet::V6(net) => self.v6.remove(&v6_key(net)),
        }
    }

    pub(super) fn entries(&self) -> Result<Vec<(IpNet, V)>, MapError> {
        let v4 = self.v4.iter().map(|entry| {
            let (key, value) = entry?;
            Ok(Ipv4Net::new(Ipv4Addr::from(key.data()), prefix_len(key.prefix_len()))
                .ok()
                .map(|net| (net.into(), value)))
        });
        let v6 = self.v6.iter().map(|entry| {
            let (key, value) = entry?;
            Ok(Ipv6Net::new(Ipv6Addr::from(key.data()), prefix_len(key.prefix_len()))
                .ok()
                .map(|net| (net.into(), value)))
        });
        v4.chain(v6).filter_map(Result::transpose).collect()
    }
}

fn v4_key(net: Ipv4Net) -> Key<[u8; 4]> {
    Key::new(net.prefix_len().into(), net.network().octets())
}

fn v6_key(net: Ipv6Net) -> Key<[u8; 16]> {
    Key::new(net.prefix_len().into(), net.network().octets())
}

/// The kernel refuses keys longer than the address, so this loses nothing.
fn prefix_len(len: u32) -> u8 {
    u8::try_from(len).unwrap_or(u8::MAX)
}
