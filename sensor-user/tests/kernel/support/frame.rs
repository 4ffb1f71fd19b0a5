//! Frames byte by byte, as no well-behaved stack would send them.

use std::net::{IpAddr, SocketAddr};

use etherparse::{PacketBuilder, PacketBuilderStep, VlanId, ip_number};

/// One TCP segment, still without its frame.
#[derive(Clone)]
pub(crate) struct Tcp<'a> {
    pub(crate) from: SocketAddr,
    pub(crate) to: SocketAddr,
    pub(crate) sequence: u32,
    pub(crate) flags: &'a str,
    pub(crate) payload: &'a [u8],
}

impl<'a> Tcp<'a> {
    pub(crate) fn new(from: &str, to: &str, sequence: u32, flags: &'a str, payload: &'a [u8]) -> Self {
        Self { from: from.parse().unwrap(), to: to.parse().unwrap(), sequence, flags, payload }
    }

    pub(crate) fn frame(&self) -> Vec<u8> {
        let ethernet = PacketBuilder::ethernet2([2; 6], [4; 6]);
        match (self.from.ip(), self.to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => self.end(ethernet.ipv4(from.octets(), to.octets(), 64)),
            (IpAddr::V6(from), IpAddr::V6(to)) => self.end(ethernet.ipv6(from.octets(), to.octets(), 64)),
            _ => panic!("both ends must be of one family"),
        }
    }

    fn end(&self, step: PacketBuilderStep<etherparse::IpHeaders>) -> Vec<u8> {
        let mut tcp = step.tcp(self.from.port(), self.to.port(), self.sequence, 64_000);
        for flag in self.flags.chars() {
            tcp = match flag {
                'S' => tcp.syn(),
                'F' => tcp.fin(),
                'R' => tcp.rst(),
                'A' => tcp.ack(1),
                other => panic!("no flag {other}"),
            };
        }
        let mut frame = Vec::new();
        tcp.write(&mut frame, self.payload).unwrap();
        frame
    }
}

/// A UDP datagram from `from` to port 9 of `to`, behind VLAN tags.
pub(crate) fn tagged(from: &str, to: &str, tags: &[u16]) -> Vec<u8> {
    let (from, to): (IpAddr, IpAddr) = (from.parse().unwrap(), to.parse().unwrap());
    let ethernet = PacketBuilder::ethernet2([2; 6], [4; 6]);
    let id = |tag: u16| VlanId::try_new(tag).unwrap();
    let step = match (tags, from, to) {
        ([], IpAddr::V4(from), IpAddr::V4(to)) => ethernet.ipv4(from.octets(), to.octets(), 64),
        ([], IpAddr::V6(from), IpAddr::V6(to)) => ethernet.ipv6(from.octets(), to.octets(), 64),
        ([tag], IpAddr::V4(from), IpAddr::V4(to)) => {
            ethernet.single_vlan(id(*tag)).ipv4(from.octets(), to.octets(), 64)
        }
        ([tag], IpAddr::V6(from), IpAddr::V6(to)) => {
            ethernet.single_vlan(id(*tag)).ipv6(from.octets(), to.octets(), 64)
        }
        ([outer, inner], IpAddr::V4(from), IpAddr::V4(to)) => {
            ethernet.double_vlan(id(*outer), id(*inner)).ipv4(from.octets(), to.octets(), 64)
        }
        _ => panic!("no such frame"),
    };
    let mut frame = Vec::new();
    step.udp(9, 9).write(&mut frame, b"knock").unwrap();
    frame
}

pub(crate) fn udp(from: &str, to: &str) -> Vec<u8> {
    tagged(from, to, &[])
}

/// The frame as the payload of a VXLAN tunnel (RFC 7348 section 5).
pub(crate) fn vxlan(inner: &[u8], vni: u32, port: u16) -> Vec<u8> {
    let mut payload = vec![0x08, 0, 0, 0];
    payload.extend((vni << 8).to_be_bytes());
    payload.extend(inner);
    let mut frame = Vec::new();
    PacketBuilder::ethernet2([6; 6], [8; 6])
        .ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
        .udp(40_000, port)
        .write(&mut frame, &payload)
        .unwrap();
    frame
}

/// An IPv6 segment behind a hop-by-hop and a destination options header.
pub(crate) fn with_extension_headers(tcp: &Tcp<'_>) -> Vec<u8> {
    let plain = tcp.frame();
    let (before, after) = plain.split_at(14 + 40);
    let mut frame = before.to_vec();
    // Next header, length 0 (8 octets in all), PadN of 4.
    frame.extend([ip_number::IPV6_DEST_OPTIONS.0, 0, 1, 4, 0, 0, 0, 0]);
    frame.extend([ip_number::TCP.0, 0, 1, 4, 0, 0, 0, 0]);
    frame.extend(after);
    frame[14 + 6] = 0;
    let payload_len = u16::try_from(frame.len() - 54).unwrap();
    frame[18..20].copy_from_slice(&payload_len.to_be_bytes());
    frame
}
