use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Prefixes as feeds have them: mostly addresses, then /24, a few of every other length; a quarter is IPv6.
pub(crate) struct Blocklist {
    nets: Vec<IpNet>,
}

impl Blocklist {
    /// The same list every time.
    pub(crate) fn new(entries: usize) -> Self {
        let mut random = fastrand::Rng::with_seed(4);
        let mut nets = std::collections::BTreeSet::new();
        while nets.len() < entries {
            nets.insert(if random.u8(..4) == 0 { v6(&mut random) } else { v4(&mut random) });
        }
        let mut nets: Vec<_> = nets.into_iter().collect();
        random.shuffle(&mut nets);
        Self { nets }
    }

    pub(crate) fn nets(&self) -> &[IpNet] {
        &self.nets
    }

    /// Addresses, each of another entry.
    pub(crate) fn sources(&self, count: usize) -> Vec<IpAddr> {
        self.nets.iter().take(count).map(IpNet::broadcast).collect()
    }
}

fn v4(random: &mut fastrand::Rng) -> IpNet {
    // Neither loopback nor multicast, and not where the passing traffic comes from.
    let address = loop {
        let address = Ipv4Addr::from(random.u32(0x0100_0000..0xe000_0000));
        if !address.is_loopback() && address.octets()[0] != 192 && address.octets()[0] != 198 {
            break address;
        }
    };
    let len = match random.u8(..20) {
        0..14 => 32,
        14..18 => 24,
        18 => random.u8(25..32),
        _ => random.u8(19..24),
    };
    IpNet::new(address.into(), len).unwrap().trunc()
}

fn v6(random: &mut fastrand::Rng) -> IpNet {
    let address = Ipv6Addr::from(0x2a00u128 << 112 | random.u128(..) >> 16);
    let len = match random.u8(..4) {
        0..2 => 128,
        2 => 64,
        _ => 48,
    };
    IpNet::new(address.into(), len).unwrap().trunc()
}
