use std::{
    hash::{Hash, Hasher},
    net::{IpAddr, Ipv6Addr, SocketAddr},
};

use super::{Peers, Side};
use crate::segment::{Segment, Vlans};

/// Addresses and ports in a fixed order, so that both directions find the same flow. A third of what two
/// `SocketAddr` take: a flood's flows are little more than their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    low: Endpoint,
    high: Endpoint,
    vni: Option<u32>,
    /// `None` for the first connection of these addresses; for another one at the same time, the VLANs it is in.
    lane: Option<Vlans>,
    /// An IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2) in a packet is not the IPv4 host.
    is_ipv4: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Endpoint {
    address: [u8; 16],
    port: u16,
}

impl Key {
    pub(super) fn of(segment: &Segment<'_>) -> (Self, Side) {
        let (source, destination) = (Endpoint::of(segment.source), Endpoint::of(segment.destination));
        let (low, high, side) = if source.rank() <= destination.rank() {
            (source, destination, Side::Low)
        } else {
            (destination, source, Side::High)
        };
        let key = Self { low, high, vni: segment.vni, lane: None, is_ipv4: segment.source.is_ipv4() };
        (key, side)
    }

    pub(super) fn in_lane(self, vlans: Vlans) -> Self {
        Self { lane: Some(vlans), ..self }
    }

    pub(super) fn is_in_lane(&self) -> bool {
        self.lane.is_some()
    }

    pub(super) fn peers(&self) -> Peers {
        let address = |end: Endpoint| {
            let address = Ipv6Addr::from(end.address);
            let address = match address.to_ipv4_mapped() {
                Some(ipv4) if self.is_ipv4 => IpAddr::V4(ipv4),
                _ => IpAddr::V6(address),
            };
            SocketAddr::new(address, end.port)
        };
        Peers::new(address(self.low), address(self.high), self.vni)
    }
}

impl Endpoint {
    fn of(address: SocketAddr) -> Self {
        let bytes = match address.ip() {
            IpAddr::V4(ipv4) => ipv4.to_ipv6_mapped(),
            IpAddr::V6(ipv6) => ipv6,
        };
        Self { address: bytes.octets(), port: address.port() }
    }

    /// Sorts as addresses and ports do.
    fn rank(&self) -> (u128, u16) {
        (u128::from_be_bytes(self.address), self.port)
    }
}

/// Five integers instead of forty bytes: every segment is hashed.
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u128(u128::from_ne_bytes(self.low.address));
        state.write_u128(u128::from_ne_bytes(self.high.address));
        let ports = u32::from(self.low.port) << 16 | u32::from(self.high.port);
        state.write_u64(u64::from(ports) << 32 | u64::from(self.vni.unwrap_or(u32::MAX)));
        if let Some(lane) = self.lane {
            lane.hash(state);
        }
    }
}
