//! Which set holds what. A set per prefix length, since that is what lets a short ban stand inside a longer one with
//! its own end and its own counter: interval sets refuse overlap, and merge what touches.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Family {
    V4,
    V6,
}

impl Family {
    pub(super) const BOTH: [Self; 2] = [Self::V4, Self::V6];

    pub(super) fn of(net: IpNet) -> Self {
        match net {
            IpNet::V4(_) => Self::V4,
            IpNet::V6(_) => Self::V6,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::V4 => "v4",
            Self::V6 => "v6",
        }
    }

    pub(super) fn bits(self) -> u8 {
        match self {
            Self::V4 => 32,
            Self::V6 => 128,
        }
    }
}

/// Prefixes of one family and one length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shape {
    pub(super) family: Family,
    pub(super) len: u8,
}

impl Shape {
    pub(super) fn of(net: IpNet) -> Self {
        Self { family: Family::of(net), len: net.prefix_len() }
    }

    /// `v4_24`
    pub(super) fn name(self) -> String {
        format!("{}_{}", self.family.name(), self.len)
    }

    /// What blocks of this shape met: an element with a counter for each, put there by the first packet. Apart from
    /// the blocks, so that a million of them without hits need not be read to find the ten that have any.
    pub(super) fn hits(self) -> String {
        format!("hits_{}", self.name())
    }

    /// The prefix that a key of such a set stands for.
    pub(super) fn net(self, key: &[u8]) -> Option<IpNet> {
        let address: IpAddr = match self.family {
            Family::V4 => Ipv4Addr::from(<[u8; 4]>::try_from(key).ok()?).into(),
            Family::V6 => Ipv6Addr::from(<[u8; 16]>::try_from(key).ok()?).into(),
        };
        IpNet::new(address, self.len).ok()
    }

    pub(super) fn netmask(self) -> Option<IpAddr> {
        let any: IpAddr = match self.family {
            Family::V4 => Ipv4Addr::UNSPECIFIED.into(),
            Family::V6 => Ipv6Addr::UNSPECIFIED.into(),
        };
        IpNet::new(any, self.len).ok().map(|net| net.netmask())
    }

    fn parse(name: &str) -> Option<Self> {
        let (family, len) = name.split_once('_')?;
        let family = Family::BOTH.into_iter().find(|known| known.name() == family)?;
        let len = len.parse().ok().filter(|len| *len <= family.bits())?;
        Some(Self { family, len })
    }
}

/// A set of blocks. Each agent that takes over fills sets of its own, so that it need not read what is in those of
/// the agent before it: the kernel takes half a minute to list a million elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct BlockSet {
    pub(super) shape: Shape,
    pub(super) generation: u32,
}

impl BlockSet {
    /// `block_v4_24_3`; the first version had no generations.
    pub(super) fn name(self) -> String {
        match self.generation {
            0 => format!("block_{}", self.shape.name()),
            generation => format!("block_{}_{generation}", self.shape.name()),
        }
    }

    /// Of any version's table.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let name = name.strip_prefix("block_")?;
        if let Some(shape) = Shape::parse(name) {
            return Some(Self { shape, generation: 0 });
        }
        let (shape, generation) = name.rsplit_once('_')?;
        let generation = generation.parse().ok().filter(|generation| *generation > 0)?;
        Some(Self { shape: Shape::parse(shape)?, generation })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sets_of_each_version_are_known_by_their_names() {
        let shape = Shape { family: Family::V6, len: 48 };
        for (name, generation) in [("block_v6_48", 0), ("block_v6_48_7", 7)] {
            let set = BlockSet { shape, generation };
            assert_eq!((BlockSet::parse(name), set.name()), (Some(set), name.to_owned()));
        }
        for other in ["block_v6_129", "block_v4_33_1", "hits_v4_32", "block_v5_1", "block_v4_32_x", "block_"]
        {
            assert_eq!(BlockSet::parse(other), None, "{other}");
        }
    }
}
