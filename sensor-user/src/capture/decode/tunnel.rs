use super::{
    bytes::{be16, be24},
    link::{Layer, LinkType, ethertype},
};

const ETHERNET: Layer = Layer::Link(LinkType::ETHERNET);
const IP: Layer = Layer::Link(LinkType::RAW);

/// An IP packet in an IP packet (RFC 2003, RFC 4213).
pub(super) fn in_ip(bytes: &[u8]) -> Inner<'_> {
    Inner { layer: IP, vni: None, bytes }
}

/// What a tunnel carries.
pub(super) struct Inner<'a> {
    pub(super) layer: Layer,
    /// The network identifier of VXLAN or Geneve.
    pub(super) vni: Option<u32>,
    pub(super) bytes: &'a [u8],
}

/// VXLAN (RFC 7348) on its own port and on the one Linux used before, VXLAN-GPE, Geneve (RFC 8926), GRE (RFC 8086),
/// GTP-U.
pub(super) fn in_udp(bytes: &[u8]) -> Option<Inner<'_>> {
    let payload = bytes.get(8..)?;
    match be16(bytes, 2)? {
        4789 | 8472 | 4790 => vxlan(payload),
        6081 => geneve(payload),
        4754 => in_gre(payload),
        2152 => gtp(payload),
        _ => None,
    }
}

/// GRE (RFC 2784, RFC 2890) carrying what an EtherType names, Ethernet or ERSPAN.
pub(super) fn in_gre(bytes: &[u8]) -> Option<Inner<'_>> {
    const CHECKSUM: u16 = 0x8000;
    /// Source routes of RFC 1701, which RFC 2784 took back.
    const ROUTING: u16 = 0x4000;
    const KEY: u16 = 0x2000;
    const SEQUENCE: u16 = 0x1000;
    const VERSION: u16 = 0x0007;
    let flags = be16(bytes, 0)?;
    if flags & (VERSION | ROUTING) != 0 {
        return None;
    }
    let optional = [CHECKSUM, KEY, SEQUENCE].into_iter().filter(|flag| flags & flag != 0).count() * 4;
    let payload = bytes.get(4 + optional..)?;
    let (layer, bytes) = match be16(bytes, 2)? {
        ethertype::ETHERNET_BRIDGING => (ETHERNET, payload),
        // ERSPAN type I has no header of its own, and no sequence number in GRE's.
        0x88be if flags & SEQUENCE == 0 => (ETHERNET, payload),
        0x88be => (ETHERNET, payload.get(8..)?),
        0x22eb => erspan_3(payload)?,
        0x883e => (IP, wccp(payload)?),
        ethertype => (Layer::EtherType(ethertype), payload),
    };
    Some(Inner { layer, vni: None, bytes })
}

/// WCCP redirects IP packets, with or without a header of four bytes before them.
fn wccp(payload: &[u8]) -> Option<&[u8]> {
    let is_ip = payload.first()? >> 4 == 4;
    payload.get(if is_ip { 0 } else { 4 }..)
}

/// ERSPAN type III: twelve bytes, and eight more where the lowest bit says so. The frame type before that bit tells
/// whole Ethernet frames from IP packets without them.
fn erspan_3(payload: &[u8]) -> Option<(Layer, &[u8])> {
    const IP_FRAMES: u8 = 2;
    let layer = if payload.get(10)? >> 2 & 0x1f == IP_FRAMES { IP } else { ETHERNET };
    let has_platform_header = payload.get(11)? & 1 != 0;
    Some((layer, payload.get(if has_platform_header { 20 } else { 12 }..)?))
}

fn vxlan(payload: &[u8]) -> Option<Inner<'_>> {
    const HAS_VNI: u8 = 0x08;
    const HAS_NEXT_PROTOCOL: u8 = 0x04;
    let flags = *payload.first()?;
    if flags & HAS_VNI == 0 {
        return None;
    }
    let layer = match payload.get(3)? {
        _ if flags & HAS_NEXT_PROTOCOL == 0 => ETHERNET,
        1 | 2 => IP,
        4 => Layer::EtherType(ethertype::NSH),
        5 => Layer::EtherType(ethertype::MPLS),
        // Reserved bits that are set say nothing.
        _ => ETHERNET,
    };
    Some(Inner { layer, vni: be24(payload, 4), bytes: payload.get(8..)? })
}

/// GTP-U (3GPP TS 29.281 section 5): user packets of mobile networks.
fn gtp(payload: &[u8]) -> Option<Inner<'_>> {
    const VERSION_1: u8 = 0x30;
    const HAS_OPTIONAL: u8 = 0x07;
    const HAS_EXTENSION: u8 = 0x04;
    const USER_PACKET: u8 = 0xff;
    let flags = *payload.first()?;
    if flags & 0xf0 != VERSION_1 || *payload.get(1)? != USER_PACKET {
        return None;
    }
    let mut at = if flags & HAS_OPTIONAL == 0 { 8 } else { 12 };
    let mut extension = if flags & HAS_EXTENSION == 0 { 0 } else { *payload.get(11)? };
    while extension != 0 {
        let len = usize::from(*payload.get(at)?) * 4;
        if len == 0 {
            return None;
        }
        at += len;
        extension = *payload.get(at - 1)?;
    }
    Some(Inner { layer: IP, vni: None, bytes: payload.get(at..)? })
}

fn geneve(payload: &[u8]) -> Option<Inner<'_>> {
    let first = *payload.first()?;
    if first >> 6 != 0 {
        return None;
    }
    let options = usize::from(first & 0x3f) * 4;
    let layer = match be16(payload, 2)? {
        ethertype::ETHERNET_BRIDGING => ETHERNET,
        ethertype => Layer::EtherType(ethertype),
    };
    Some(Inner { layer, vni: be24(payload, 4), bytes: payload.get(8 + options..)? })
}
