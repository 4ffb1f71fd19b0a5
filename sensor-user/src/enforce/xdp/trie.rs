use std::{
    io,
    net::{Ipv4Addr, Ipv6Addr},
};

use aya::{Pod, maps::lpm_trie::Key};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::kernel::map::KernelMap;

/// One trie per address family, as one.
pub(super) struct DualTrie<V> {
    v4: KernelMap<Key<[u8; 4]>, V>,
    v6: KernelMap<Key<[u8; 16]>, V>,
}

impl<V: Pod> DualTrie<V> {
    pub(super) fn new(v4: KernelMap<Key<[u8; 4]>, V>, v6: KernelMap<Key<[u8; 16]>, V>) -> Self {
        Self { v4, v6 }
    }

    /// Adds or changes; a packet meets the old value or the new one, never none.
    pub(super) fn insert(&mut self, entries: &[(IpNet, V)]) -> io::Result<()> {
        let (mut v4, mut v6) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
        for (net, value) in entries {
            match net {
                IpNet::V4(net) => {
                    v4.0.push(v4_key(*net));
                    v4.1.push(*value);
                }
                IpNet::V6(net) => {
                    v6.0.push(v6_key(*net));
                    v6.1.push(*value);
                }
            }
        }
        self.v4.insert(&v4.0, &v4.1)?;
        self.v6.insert(&v6.0, &v6.1)
    }

    /// What is not there need not be removed.
    pub(super) fn remove(&mut self, nets: &[IpNet]) -> io::Result<()> {
        let (mut v4, mut v6) = (Vec::new(), Vec::new());
        for net in nets {
            match net {
                IpNet::V4(net) => v4.push(v4_key(*net)),
                IpNet::V6(net) => v6.push(v6_key(*net)),
            }
        }
        self.v4.remove(&v4)?;
        self.v6.remove(&v6)
    }

    pub(super) fn read(&self, mut entry: impl FnMut(IpNet, V)) -> io::Result<()> {
        // The kernel refuses keys longer than the address, so no entry is left out.
        self.v4.read(|key, values| {
            if let (Ok(net), Some(value)) =
                (Ipv4Net::new(Ipv4Addr::from(key.data()), prefix_len(key.prefix_len())), values.first())
            {
                entry(net.into(), *value);
            }
        })?;
        self.v6.read(|key, values| {
            if let (Ok(net), Some(value)) =
                (Ipv6Net::new(Ipv6Addr::from(key.data()), prefix_len(key.prefix_len())), values.first())
            {
                entry(net.into(), *value);
            }
        })
    }
}

fn v4_key(net: Ipv4Net) -> Key<[u8; 4]> {
    Key::new(net.prefix_len().into(), net.network().octets())
}

fn v6_key(net: Ipv6Net) -> Key<[u8; 16]> {
    Key::new(net.prefix_len().into(), net.network().octets())
}

fn prefix_len(len: u32) -> u8 {
    u8::try_from(len).unwrap_or(u8::MAX)
}
