use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What a special-purpose address is (RFC 6890, IANA's registries); `None` for one that somebody has a country for.
pub(crate) fn network(address: IpAddr) -> Option<&'static str> {
    match address.to_canonical() {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => v6(address),
    }
}

fn v4(address: Ipv4Addr) -> Option<&'static str> {
    let [a, b, c, _] = address.octets();
    Some(match (a, b, c) {
        (0, ..) => "this network",
        (10, ..) | (172, 16..=31, _) | (192, 168, _) => "private",
        (127, ..) => "loopback",
        (169, 254, _) => "link-local",
        // RFC 6598.
        (100, 64..=127, _) => "shared (CGNAT)",
        (192, 0, 2) | (198, 51, 100) | (203, 0, 113) => "documentation",
        (192, 0, 0) => "protocol assignments",
        // RFC 2544.
        (198, 18..=19, _) => "benchmarking",
        (224..=239, ..) => "multicast",
        (240..=255, ..) => "reserved",
        _ => return None,
    })
}

fn v6(address: Ipv6Addr) -> Option<&'static str> {
    let [a, b, ..] = address.segments();
    Some(match (a, b) {
        _ if address.is_unspecified() => "this network",
        _ if address.is_loopback() => "loopback",
        (0xfc00..=0xfdff, _) => "private",
        (0xfe80..=0xfebf, _) => "link-local",
        // RFC 3849, RFC 9637.
        (0x2001, 0x0db8) | (0x3fff, 0..=0x0fff) => "documentation",
        // RFC 5180.
        (0x2001, 0x0002) => "benchmarking",
        (0xff00..=0xffff, _) => "multicast",
        _ => return None,
    })
}
