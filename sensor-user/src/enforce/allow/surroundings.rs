//! Who is around the node: its gateways and resolvers, the control plane, and the networks that it is in.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::Read as _,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs as _},
};

use ipnet::IpNet;

use super::AllowedAs;
use crate::{enforce::canonical, kernel::interface};

/// Of this thread's network namespace, unlike `/proc/net`.
const ROUTES_V4: &str = "/proc/thread-self/net/route";
const ROUTES_V6: &str = "/proc/thread-self/net/ipv6_route";
/// The second is systemd-resolved's, whose own stub the first names.
const RESOLVERS: [&str; 2] = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];
/// Routers hold a million routes; their gateways stand in the first of them.
const MAX_READ: u64 = 4 << 20;
/// `RTF_GATEWAY` of linux/route.h.
const RTF_GATEWAY: u32 = 0x2;

/// What is around the node at a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    pub(crate) allowed: BTreeMap<IpNet, AllowedAs>,
    /// Networks with neighbours in them.
    pub(crate) networks: Vec<IpNet>,
}

/// Looks around from time to time.
pub struct Lookout {
    control_plane: Option<String>,
    /// As it was last resolved: where names cannot be resolved any more, it must stay reachable all the same.
    resolved: BTreeSet<IpAddr>,
}

impl Lookout {
    /// `url` is the control plane's, as `http://host:port`.
    pub fn new(url: &str) -> Self {
        let authority = url.split_once("://").map_or(url, |(_, rest)| rest).trim_end_matches('/');
        Self {
            control_plane: (!authority.is_empty()).then(|| authority.to_owned()),
            resolved: BTreeSet::new(),
        }
    }

    /// Reads files and asks the resolver, which may take seconds.
    pub fn look(&mut self) -> Surroundings {
        match self.control_plane.as_deref().map(|authority| authority.to_socket_addrs()) {
            Some(Ok(addresses)) => self.resolved = addresses.map(|address| address.ip()).collect(),
            Some(Err(error)) => tracing::debug!(%error, "the control plane's name is not resolved now"),
            None => {}
        }
        let (v4, v6) = (read(ROUTES_V4), read(ROUTES_V6));
        let gateways = gateways_v4(&v4).chain(gateways_v6(&v6));
        let mut all: Vec<_> = gateways.map(|address| (address, AllowedAs::Gateway)).collect();
        for file in RESOLVERS {
            all.extend(resolvers(&read(file)).map(|address| (address, AllowedAs::Resolver)));
        }
        all.extend(self.resolved.iter().map(|address| (*address, AllowedAs::ControlPlane)));
        let is_far = |(address, _): &(IpAddr, AllowedAs)| !address.is_loopback() && !address.is_unspecified();
        Surroundings {
            allowed: all
                .into_iter()
                .filter(is_far)
                .map(|(address, why)| (canonical(address.into()), why))
                .collect(),
            networks: interface::own_networks(),
        }
    }
}

/// Empty where it is not there: not every node has IPv6 or a resolver.
fn read(path: &str) -> String {
    let mut text = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_READ).read_to_end(&mut text));
    if let Err(error) = read {
        tracing::debug!(%error, path, "not read");
    }
    String::from_utf8_lossy(&text).into_owned()
}

/// Third column, in hexadecimal and in the byte order of memory; the fourth says whether it means something.
fn gateways_v4(routes: &str) -> impl Iterator<Item = IpAddr> {
    routes.lines().skip(1).filter_map(|line| {
        let mut columns = line.split_ascii_whitespace().skip(2);
        let (gateway, flags) = (columns.next()?, columns.next()?);
        let is_gateway = u32::from_str_radix(flags, 16).ok()? & RTF_GATEWAY != 0;
        let address = u32::from_str_radix(gateway, 16).ok()?.to_ne_bytes();
        is_gateway.then(|| IpAddr::V4(Ipv4Addr::from(address)))
    })
}

/// Fifth column, in hexadecimal and in network order; the ninth holds the flags.
fn gateways_v6(routes: &str) -> impl Iterator<Item = IpAddr> {
    routes.lines().filter_map(|line| {
        let mut columns = line.split_ascii_whitespace().skip(4);
        let gateway = u128::from_str_radix(columns.next()?, 16).ok()?;
        let is_gateway = u32::from_str_radix(columns.nth(3)?, 16).ok()? & RTF_GATEWAY != 0;
        is_gateway.then(|| IpAddr::V6(Ipv6Addr::from(gateway)))
    })
}

/// `nameserver` lines of resolv.conf(5), where a link-local address may carry its interface.
fn resolvers(text: &str) -> impl Iterator<Item = IpAddr> {
    text.lines().filter_map(|line| {
        let mut words = line.split_ascii_whitespace();
        let address = (words.next()? == "nameserver").then(|| words.next())??;
        address.split('%').next()?.parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(addresses: impl Iterator<Item = IpAddr>) -> Vec<String> {
        addresses.map(|address| address.to_string()).collect()
    }

    #[test]
    fn gateways_are_read_as_the_kernel_writes_them() {
        let gateway = u32::from_ne_bytes([10, 0, 2, 1]);
        let v4 = format!(
            "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\n\
             eth0\t00000000\t{gateway:08X}\t0003\t0\t0\t0\t00000000\n\
             eth0\t0002000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\ncut off"
        );
        assert_eq!(texts(gateways_v4(&v4)), ["10.0.2.1"]);
        let zeros = "0".repeat(32);
        let v6 = format!(
            "{zeros} 00 {zeros} 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003 eth0\n\
             fe80{} 40 {zeros} 00 {zeros} 00000100 00000001 00000000 00000001 eth0\n",
            "0".repeat(28)
        );
        assert_eq!(texts(gateways_v6(&v6)), ["fe80::1"]);
    }

    #[test]
    fn resolvers_are_read_with_their_scope_and_without_comments() {
        let text = "# nameserver 192.0.2.9\nsearch example.org\nnameserver 192.0.2.1\n nameserver fe80::1%eth0\nnameserver x\n";
        assert_eq!(texts(resolvers(text)), ["192.0.2.1", "fe80::1"]);
    }

    #[test]
    fn the_control_plane_stays_allowed_while_its_name_cannot_be_resolved() {
        let mut lookout = Lookout::new("http://192.0.2.77:9090");
        let net: IpNet = "192.0.2.77/32".parse().unwrap();
        assert_eq!(lookout.look().allowed.get(&net), Some(&AllowedAs::ControlPlane));
        lookout.control_plane = Some("no-such-host.invalid:9090".to_owned());
        assert_eq!(lookout.look().allowed.get(&net), Some(&AllowedAs::ControlPlane));
    }
}
