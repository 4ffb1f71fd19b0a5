//! Interfaces of the network namespace that this thread is in. By netlink and not by sysfs, which shows the namespace
//! it was mounted in.

use std::{io, net::IpAddr};

use ipnet::IpNet;
use nix::{ifaddrs::getifaddrs, sys::socket::SockaddrStorage};

use super::netlink;

const RTM_GETLINK: u16 = 18;
/// `struct ifinfomsg`.
const IFINFOMSG: usize = 16;

/// What packets come through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    pub name: String,
    /// The kernel's number. Another interface gets it only where somebody asks for just this number.
    pub index: u32,
    /// `ARPHRD_*` of linux/if_arp.h.
    pub hardware: u16,
    /// As `ip link add type` calls it (`veth`, `bridge`); empty for network cards and loopback.
    pub kind: String,
}

impl Interface {
    pub fn is_loopback(&self) -> bool {
        self.hardware == libc::ARPHRD_LOOPBACK
    }

    /// Whether its frames have an Ethernet header, which gate and tap read: loopback's have, too.
    pub fn has_ethernet_header(&self) -> bool {
        self.is_loopback() || self.hardware == libc::ARPHRD_ETHER
    }
}

/// Every interface, up or not.
pub(crate) fn list() -> io::Result<Vec<Interface>> {
    const IFLA_EXT_MASK: u16 = 29;
    const RTEXT_FILTER_SKIP_STATS: u32 = 1 << 3;
    let mut body = vec![0; IFINFOMSG];
    body.extend(netlink::attribute(IFLA_EXT_MASK, &RTEXT_FILTER_SKIP_STATS.to_ne_bytes()));
    Ok(netlink::dump(RTM_GETLINK, &body)?.iter().filter_map(|message| read(message)).collect())
}

fn read(message: &[u8]) -> Option<Interface> {
    const IFLA_IFNAME: u16 = 3;
    const IFLA_LINKINFO: u16 = 18;
    const IFLA_INFO_KIND: u16 = 1;
    let mut interface = Interface {
        name: String::new(),
        index: netlink::u32_at(message, 4)?,
        hardware: netlink::u16_at(message, 2)?,
        kind: String::new(),
    };
    for (attribute, value) in netlink::attributes(message, IFINFOMSG) {
        match attribute {
            IFLA_IFNAME => interface.name = netlink::text(value),
            IFLA_LINKINFO => {
                let mut info = netlink::attributes(value, 0);
                interface.kind = info
                    .find(|(kind, _)| *kind == IFLA_INFO_KIND)
                    .map(|(_, kind)| netlink::text(kind))
                    .unwrap_or_default();
            }
            _ => {}
        }
    }
    (!interface.name.is_empty()).then_some(interface)
}

/// Identifiers of the XDP programs on an interface, whoever attached them. More than one where native and generic are
/// there side by side.
pub(crate) fn xdp_programs(index: u32) -> io::Result<Vec<u32>> {
    const IFLA_XDP: u16 = 43;
    /// `IFLA_XDP_PROG_ID` to `IFLA_XDP_HW_PROG_ID`.
    const PROGRAMS: std::ops::RangeInclusive<u16> = 4..=7;
    let mut body = vec![0; IFINFOMSG];
    body.splice(4..8, index.to_ne_bytes());
    let Some(message) = netlink::get(RTM_GETLINK, &body)? else { return Ok(Vec::new()) };
    let mut programs: Vec<u32> = netlink::attributes(&message, IFINFOMSG)
        .filter(|(kind, _)| *kind == IFLA_XDP)
        .flat_map(|(_, xdp)| netlink::attributes(xdp, 0))
        .filter(|(kind, _)| PROGRAMS.contains(kind))
        .filter_map(|(_, id)| netlink::u32_at(id, 0))
        .filter(|id| *id != 0)
        .collect();
    programs.sort_unstable();
    programs.dedup();
    Ok(programs)
}

/// Every address of this node, one by one.
pub(crate) fn own_addresses() -> Vec<IpNet> {
    let Ok(addresses) = getifaddrs() else { return Vec::new() };
    let mut own: Vec<IpNet> = addresses
        .filter_map(|entry| {
            let address = entry.address?;
            let v4 = address.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
            v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
        })
        .map(IpNet::from)
        .collect();
    own.sort_unstable();
    own.dedup();
    own
}

/// Networks that this node shares with others, by its addresses' masks; loopback's are none.
pub(crate) fn own_networks() -> Vec<IpNet> {
    let Ok(addresses) = getifaddrs() else { return Vec::new() };
    let ip = |storage: Option<SockaddrStorage>| {
        let storage = storage?;
        let v4 = storage.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
        v4.or_else(|| storage.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
    };
    let mut networks: Vec<IpNet> = addresses
        .filter_map(|entry| IpNet::with_netmask(ip(entry.address)?, ip(entry.netmask)?).ok())
        // Two addresses are a link to one peer, and one is nobody's but ours.
        .filter(|net| net.max_prefix_len() - net.prefix_len() > 1 && !net.addr().is_loopback())
        .map(|net| net.trunc())
        .collect();
    networks.sort_unstable();
    networks.dedup();
    networks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_listed_with_its_header_and_without_a_program() {
        let all = list().unwrap();
        let lo = all.iter().find(|interface| interface.name == "lo").unwrap();
        assert!(lo.is_loopback() && lo.has_ethernet_header() && lo.kind.is_empty());
        assert!(xdp_programs(lo.index).is_ok());
    }
}
