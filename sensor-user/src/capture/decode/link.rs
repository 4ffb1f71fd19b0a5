use super::bytes::be16;
use crate::segment::Vlans;

/// How a capture's frames begin, by the numbers of the tcpdump project's link-layer header types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkType(pub i32);

impl LinkType {
    /// BSD loopback: four bytes of address family.
    pub const NULL: Self = Self(0);
    pub const ETHERNET: Self = Self(1);
    /// ARCNET; this one without the offset that Linux writes.
    pub const ARCNET_BSD: Self = Self(7);
    pub const PPP: Self = Self(9);
    pub const PPP_HDLC: Self = Self(50);
    /// PPPoE without the Ethernet header before it.
    pub const PPPOE: Self = Self(51);
    /// `DLT_RAW` as live capture on Linux and OpenBSD names it.
    pub const RAW_LINUX: Self = Self(12);
    pub const RAW_OPENBSD: Self = Self(14);
    pub const RAW: Self = Self(101);
    pub const CISCO_HDLC: Self = Self(104);
    pub const LOOP: Self = Self(108);
    pub const LINUX_SLL: Self = Self(113);
    pub const ARCNET_LINUX: Self = Self(129);
    pub const IPV4: Self = Self(228);
    pub const IPV6: Self = Self(229);
    pub const NFLOG: Self = Self(239);
    pub const LINUX_SLL2: Self = Self(276);
}

/// What a frame or a tunnel's payload begins with.
#[derive(Clone, Copy)]
pub(super) enum Layer {
    Link(LinkType),
    EtherType(u16),
}

/// EtherTypes (IEEE 802 numbers, IANA).
pub(super) mod ethertype {
    pub(in super::super) const IPV4: u16 = 0x0800;
    pub(in super::super) const IPV6: u16 = 0x86dd;
    pub(in super::super) const ETHERNET_BRIDGING: u16 = 0x6558;
    pub(in super::super) const MPLS: u16 = 0x8847;
    pub(in super::super) const NSH: u16 = 0x894f;
}

/// What a frame holds.
pub(super) enum Network<'a> {
    /// An IPv4 or IPv6 packet.
    Ip(&'a [u8]),
    Other,
    Malformed,
}

/// Takes off the link layer and the tags after it; the VLANs among them are noted.
pub(super) fn network<'a>(layer: Layer, bytes: &'a [u8], vlans: &mut Vlans) -> Network<'a> {
    let found = match layer {
        Layer::EtherType(ethertype) => Some(tagged(ethertype, bytes, vlans)),
        Layer::Link(link) => after_link(link, bytes, vlans),
    };
    found.unwrap_or(Network::Malformed)
}

fn after_link<'a>(link: LinkType, bytes: &'a [u8], vlans: &mut Vlans) -> Option<Network<'a>> {
    match link {
        LinkType::ETHERNET => after_ethertype(skip(bytes, 12)?, vlans),
        LinkType::LINUX_SLL => after_ethertype(skip(bytes, 14)?, vlans),
        LinkType::LINUX_SLL2 => Some(tagged(be16(bytes, 0)?, skip(bytes, 20)?, vlans)),
        LinkType::CISCO_HDLC => after_ethertype(skip(bytes, 2)?, vlans),
        // The family is in the capturing host's byte order and numbered by its system: the packet says what it is.
        LinkType::NULL | LinkType::LOOP => skip(bytes, 4).map(Network::Ip),
        LinkType::RAW | LinkType::RAW_LINUX | LinkType::RAW_OPENBSD | LinkType::IPV4 | LinkType::IPV6 => {
            Some(Network::Ip(bytes))
        }
        LinkType::PPP | LinkType::PPP_HDLC => point_to_point(bytes),
        LinkType::PPPOE => point_to_point(skip(bytes, 6)?),
        LinkType::NFLOG => nflog(bytes),
        LinkType::ARCNET_BSD => arcnet(skip(bytes, 2)?),
        LinkType::ARCNET_LINUX => arcnet(skip(bytes, 4)?),
        _ => Some(Network::Other),
    }
}

fn skip(bytes: &[u8], len: usize) -> Option<&[u8]> {
    bytes.get(len..)
}

fn after_ethertype<'a>(bytes: &'a [u8], vlans: &mut Vlans) -> Option<Network<'a>> {
    Some(tagged(be16(bytes, 0)?, skip(bytes, 2)?, vlans))
}

/// How many tags may be stacked; real frames have three at most.
const MAX_TAGS: usize = 8;

/// Follows EtherTypes through VLAN tags (IEEE 802.1Q, 802.1ad and the older QinQ numbers), 802.1BR and VN tags, LLC
/// with SNAP, PPPoE, MPLS and NSH.
fn tagged<'a>(mut ethertype: u16, mut bytes: &'a [u8], vlans: &mut Vlans) -> Network<'a> {
    const MOST_LLC: u16 = 1500;
    for _ in 0..MAX_TAGS {
        let tag_len = match ethertype {
            ethertype::IPV4 | ethertype::IPV6 => return Network::Ip(bytes),
            0x8100 | 0x88a8 | 0x9100 | 0x9200 | 0x9300 => {
                let Some(tag) = be16(bytes, 0) else { return Network::Malformed };
                *vlans = vlans.and(tag);
                2
            }
            0x8926 => 4,
            0x893f => 6,
            // A length (IEEE 802.3), and then a SNAP header with an EtherType (RFC 1042).
            ..=MOST_LLC if bytes.starts_with(&[0xaa, 0xaa, 0x03, 0, 0, 0]) => 6,
            0x8864 => return skip(bytes, 6).and_then(point_to_point).unwrap_or(Network::Malformed),
            ethertype::MPLS | 0x8848 => return label_stack(bytes, vlans).unwrap_or(Network::Malformed),
            ethertype::NSH => return service_header(bytes, vlans).unwrap_or(Network::Malformed),
            _ => return Network::Other,
        };
        let (Some(next), Some(rest)) = (be16(bytes, tag_len), bytes.get(tag_len + 2..)) else {
            return Network::Malformed;
        };
        (ethertype, bytes) = (next, rest);
    }
    Network::Malformed
}

/// MPLS (RFC 3032): labels until the bottom of the stack; what follows is not named, so its first nibble says.
fn label_stack<'a>(mut bytes: &'a [u8], vlans: &mut Vlans) -> Option<Network<'a>> {
    for _ in 0..MAX_TAGS {
        let is_bottom = bytes.get(2)? & 1 != 0;
        bytes = skip(bytes, 4)?;
        if is_bottom {
            return Some(match bytes.first()? >> 4 {
                4 | 6 => Network::Ip(bytes),
                // An Ethernet pseudowire's control word begins with a zero nibble (RFC 4385).
                0 => after_ethertype(skip(bytes, 4 + 12)?, vlans)?,
                _ => Network::Other,
            });
        }
    }
    None
}

/// PPP (RFC 1661), with or without the HDLC framing of RFC 1662.
fn point_to_point(bytes: &[u8]) -> Option<Network<'_>> {
    let bytes = bytes.strip_prefix(&[0xff, 0x03]).unwrap_or(bytes);
    Some(match be16(bytes, 0)? {
        0x0021 | 0x0057 => Network::Ip(skip(bytes, 2)?),
        _ => Network::Other,
    })
}

/// Network service header (RFC 8300 section 2).
fn service_header<'a>(bytes: &'a [u8], vlans: &mut Vlans) -> Option<Network<'a>> {
    let len = usize::from(bytes.get(1)? & 0x3f) * 4;
    let next = bytes.get(3)?;
    let inner = skip(bytes, len.max(8))?;
    Some(match next {
        1 | 2 => Network::Ip(inner),
        3 => after_ethertype(skip(inner, 12)?, vlans)?,
        5 => label_stack(inner, vlans)?,
        _ => Network::Other,
    })
}

/// ARCNET from its protocol number on. Drivers give whole packets and not their fragments (RFC 1201 section 3), so that
/// one that says to be a fragment cannot be read.
fn arcnet(bytes: &[u8]) -> Option<Network<'_>> {
    const WHOLE: u8 = 0;
    /// Comes before the true header, because frames of 253 to 255 bytes cannot be sent.
    const EXCEPTION: u8 = 0xff;
    let (protocol, split) = (*bytes.first()?, bytes.get(1).copied());
    Some(match (protocol, split) {
        // RFC 1051: no more header.
        (240, _) => Network::Ip(skip(bytes, 1)?),
        // RFC 1201 and, for IPv6, RFC 2497: the split flag and a sequence number.
        (212 | 196, Some(WHOLE)) => Network::Ip(skip(bytes, 4)?),
        (212 | 196, Some(EXCEPTION)) if bytes.get(5) == Some(&WHOLE) => Network::Ip(skip(bytes, 8)?),
        (212 | 196, _) => Network::Malformed,
        _ => Network::Other,
    })
}

/// Netfilter log: a header of four bytes, then attributes in the capturing host's byte order; type 9 is the packet.
fn nflog(bytes: &[u8]) -> Option<Network<'_>> {
    const PAYLOAD: u16 = 9;
    let mut attributes = skip(bytes, 4)?;
    while attributes.len() >= 4 {
        let len = usize::from(u16::from_le_bytes(attributes.get(0..2)?.try_into().ok()?));
        let kind = u16::from_le_bytes(attributes.get(2..4)?.try_into().ok()?);
        let body = attributes.get(4..len.min(attributes.len()))?;
        if kind == PAYLOAD {
            return Some(Network::Ip(body));
        }
        attributes = attributes.get(len.max(4).next_multiple_of(4)..)?;
    }
    Some(Network::Other)
}
