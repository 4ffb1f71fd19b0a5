//! Where notifications and tickets may go: public addresses, and what the operator allows besides. It is the address that the
//! connection is made to that counts, so a name is judged by what it resolves to when it is used.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

#[derive(Clone, Debug)]
pub(crate) struct Gate {
    allowed: Arc<[IpNet]>,
}

#[derive(Debug, thiserror::Error)]
#[error("{0} is not a public address: `control-plane --notify-allow` can allow it")]
pub(crate) struct NotPublic(pub(crate) IpAddr);

impl Gate {
    pub(crate) fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed: allowed.into() }
    }

    pub(crate) fn check(&self, address: IpAddr) -> Result<(), NotPublic> {
        if self.names(address) || is_public(address.to_canonical()) {
            Ok(())
        } else {
            Err(NotPublic(address))
        }
    }

    /// The operator has named it.
    pub(crate) fn names(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allowed.iter().any(|net| net.contains(&address))
    }

    /// The addresses of a host that may be connected to.
    pub(crate) async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let mut refused = None;
        let mut found = Vec::new();
        for address in tokio::net::lookup_host((host, port)).await? {
            match self.check(address.ip()) {
                Ok(()) => found.push(address),
                Err(error) => refused = Some(error),
            }
        }
        match (found.is_empty(), refused) {
            (true, Some(error)) => Err(io::Error::new(io::ErrorKind::PermissionDenied, error)),
            (true, None) => Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address")),
            (false, _) => Ok(found),
        }
    }
}

/// The HTTP client connects to what this gives and to nothing else. Hosts that are addresses do not come here.
impl Resolve for Gate {
    fn resolve(&self, name: Name) -> Resolving {
        let gate = self.clone();
        Box::pin(async move {
            let addresses = Self::resolve(&gate, name.as_str(), 0).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// IANA's registries of special-purpose addresses (RFC 6890), as of 2025: what is not reachable from everywhere, and what
/// embeds another address.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(a == 0
        || address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_documentation()
        // 100.64.0.0/10, shared by carriers (RFC 6598).
        || (a == 100 && b & 0xc0 == 64)
        // Protocol assignments; 6to4 relays (RFC 7526).
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        // Benchmarks (RFC 2544).
        || (a == 198 && b & 0xfe == 18)
        // Multicast, reserved, broadcast.
        || a >= 224)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    // Global unicast is 2000::/3 alone; NAT64 (64:ff9b::/96) would reach IPv4 addresses of any kind.
    a & 0xe000 == 0x2000
        // Protocol assignments with Teredo; documentation; 6to4; documentation (RFC 9637).
        && !(a == 0x2001 && b < 0x0200)
        && !(a == 0x2001 && b == 0x0db8)
        && a != 0x2002
        && !(a == 0x3fff && b < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_pass() {
        let gate = Gate::new(Vec::new());
        for refused in [
            "127.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "203.0.113.7",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fd00::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "fec0::1",
        ] {
            assert!(gate.check(refused.parse().unwrap()).is_err(), "{refused} passed");
        }
        for public in
            ["1.1.1.1", "100.128.0.1", "172.32.0.1", "192.0.1.1", "198.20.0.1", "2606:4700::1111", "2a00::1"]
        {
            assert!(gate.check(public.parse().unwrap()).is_ok(), "{public} was refused");
        }
    }

    #[test]
    fn what_the_operator_names_passes_and_nothing_beside_it() {
        let gate = Gate::new(vec!["10.1.0.0/16".parse().unwrap()]);
        assert!(gate.check("10.1.2.3".parse().unwrap()).is_ok());
        assert!(gate.check("::ffff:10.1.2.3".parse().unwrap()).is_ok());
        assert!(gate.check("10.2.0.1".parse().unwrap()).is_err());
    }

    #[tokio::test]
    async fn a_name_is_judged_by_what_it_resolves_to() {
        let refused = Gate::new(Vec::new()).resolve("localhost", 80).await.unwrap_err();
        assert!(refused.to_string().contains("is not a public address"), "{refused}");
        let allowed = Gate::new(vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()]);
        assert!(!allowed.resolve("localhost", 80).await.unwrap().is_empty());
    }
}
