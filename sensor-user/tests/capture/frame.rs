//! Headers written down by hand, so that no library's opinion of them is tested against itself.

use std::net::SocketAddr;

use portcullis_exchange::Timestamp;
use sensor_user::{
    capture::decode::{Decoder, Frame, LinkType},
    counters::Counters,
    segment::{Segment, Vlans},
};

pub(crate) const REQUEST: &[u8] = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
pub(crate) const SOURCE: [u8; 4] = [192, 0, 2, 1];
pub(crate) const DESTINATION: [u8; 4] = [192, 0, 2, 2];
pub(crate) const TCP: u8 = 6;
pub(crate) const UDP: u8 = 17;
pub(crate) const GRE: u8 = 47;
pub(crate) const IPV4: u16 = 0x0800;
pub(crate) const IPV6: u16 = 0x86dd;

/// A segment that owns its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) source: SocketAddr,
    pub(crate) destination: SocketAddr,
    pub(crate) vni: Option<u32>,
    pub(crate) vlans: Vlans,
    pub(crate) payload: Vec<u8>,
    pub(crate) wire_len: u32,
}

impl Seen {
    pub(crate) fn of(segment: &Segment<'_>) -> Self {
        Self {
            source: segment.source,
            destination: segment.destination,
            vni: segment.vni,
            vlans: segment.vlans,
            payload: segment.payload.to_vec(),
            wire_len: segment.wire_len,
        }
    }
}

/// Shows frames to one decoder, a second apart.
pub(crate) struct Bench {
    pub(crate) decoder: Decoder,
    pub(crate) second: u64,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { decoder: Decoder::default(), second: 1 }
    }

    pub(crate) fn show(&mut self, link: LinkType, bytes: &[u8]) -> Vec<Seen> {
        self.show_cut(link, bytes, bytes.len())
    }

    pub(crate) fn show_cut(&mut self, link: LinkType, bytes: &[u8], wire_len: usize) -> Vec<Seen> {
        self.second += 1;
        let time = Timestamp::from_nanos(self.second * 1_000_000_000);
        let mut seen = Vec::new();
        self.decoder
            .frame(Frame { time, link, bytes, wire_len }, &mut |segment| seen.push(Seen::of(segment)));
        seen
    }

    pub(crate) fn counters(&self) -> Counters {
        self.decoder.counters()
    }
}

/// What one frame gives.
pub(crate) fn decode(link: LinkType, bytes: &[u8]) -> Vec<Seen> {
    Bench::new().show(link, bytes)
}

/// The one segment of a frame that must hold [`REQUEST`].
pub(crate) fn request_in(link: LinkType, bytes: &[u8]) -> Seen {
    let mut seen = decode(link, bytes);
    assert_eq!(seen.len(), 1, "{link:?} {bytes:02x?}");
    let seen = seen.remove(0);
    assert_eq!(seen.payload, REQUEST);
    assert_eq!(seen.wire_len as usize, REQUEST.len());
    seen
}

pub(crate) fn be16(value: usize) -> [u8; 2] {
    u16::try_from(value).unwrap().to_be_bytes()
}

pub(crate) fn tcp(payload: &[u8]) -> Vec<u8> {
    let mut bytes = [40_000_u16.to_be_bytes(), 80_u16.to_be_bytes()].concat();
    bytes.extend([1_u32.to_be_bytes(), 1_u32.to_be_bytes()].concat());
    bytes.extend([0x50, 0x18, 0xff, 0xff, 0, 0, 0, 0]);
    bytes.extend(payload);
    bytes
}

pub(crate) fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let mut bytes = [50_000_u16.to_be_bytes(), port.to_be_bytes()].concat();
    bytes.extend(be16(payload.len() + 8));
    bytes.extend([0, 0]);
    bytes.extend(payload);
    bytes
}

pub(crate) fn ipv4(protocol: u8, payload: &[u8]) -> Vec<u8> {
    ipv4_fragment(protocol, 0, 0, false, payload)
}

/// `offset` in bytes.
pub(crate) fn ipv4_fragment(protocol: u8, id: u16, offset: usize, more: bool, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x45, 0];
    bytes.extend(be16(payload.len() + 20));
    bytes.extend(id.to_be_bytes());
    bytes.extend(be16((offset / 8) | (usize::from(more) << 13)));
    bytes.extend([64, protocol, 0, 0]);
    bytes.extend([SOURCE, DESTINATION].concat());
    bytes.extend(payload);
    bytes
}

pub(crate) fn ipv6(next_header: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x60, 0, 0, 0];
    bytes.extend(be16(payload.len()));
    bytes.extend([next_header, 64]);
    for last in [1, 2] {
        bytes.extend([0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    }
    bytes.extend(payload);
    bytes
}

pub(crate) fn ipv6_fragment(next_header: u8, id: u32, offset: usize, more: bool, payload: &[u8]) -> Vec<u8> {
    let mut fragment = vec![next_header, 0];
    fragment.extend(be16(offset | usize::from(more)));
    fragment.extend(id.to_be_bytes());
    fragment.extend(payload);
    ipv6(44, &fragment)
}

pub(crate) fn ethernet(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    [&[2; 6], &[4; 6], ethertype.to_be_bytes().as_slice(), payload].concat()
}

/// What stands after the EtherType `kind` of a tag.
pub(crate) fn tag(id: u16, ethertype: u16, payload: &[u8]) -> Vec<u8> {
    [id.to_be_bytes().as_slice(), &ethertype.to_be_bytes(), payload].concat()
}

/// [`REQUEST`] in an IPv4 packet.
pub(crate) fn request() -> Vec<u8> {
    ipv4(TCP, &tcp(REQUEST))
}

/// [`REQUEST`] in an Ethernet frame.
pub(crate) fn request_frame() -> Vec<u8> {
    ethernet(IPV4, &request())
}
