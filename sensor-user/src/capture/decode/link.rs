use super::bytes::be16;

/// How a capture's frames begin, by the numbers of the tcpdump project's link-layer header types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkType(pub i32);

impl LinkType {
    /// BSD loopback: four bytes of address family.
    pub const NULL: Self = Self(0);
    pub const ETHERNET: Self = Self(1);
    pub const PPP: Self = Self(9);
    /// `DLT_RAW` as live capture on Linux and OpenBSD names it.
    pub const RAW_LINUX: Self = Self(12);
    pub const RAW_OPENBSD: Self = Self(14);
    pub const RAW: Self = Self(101);
    pub const CISCO_HDLC: Self = Self(104);
    pub const LOOP: Self = Self(108);
    pub const LINUX_SLL: Self = Self(113);
    pub const IPV4: Self = Self(228);
    pub const IPV6: Self = Self(229);
    pub const NFLOG: Self = Self(239);
    pub const LINUX_SLL2: Self = Self(276);
    /// Not a capture's, but a tunnel's: a network service header (RFC 8300).
    pub(super) const NSH: Self = Self(-1);
}

/// What a frame holds.
pub(super) enum Network<'a> {
    /// An IPv4 or IPv6 packet.
    Ip(&'a [u8]),
    Other,
    Malformed,
}

/// Takes off the link layer and the tags after it.
pub(super) fn network(link: LinkType, bytes: &[u8]) -> Network<'_> {
    let found = match link {
        LinkType::ETHERNET => skip(bytes, 12).and_then(ethertype),
        LinkType::LINUX_SLL => skip(bytes, 14).and_then(ethertype),
        LinkType::LINUX_SLL2 => be16(bytes, 0).and_then(|protocol| Some(tagged(protocol, bytes.get(20..)?))),
        LinkType::CISCO_HDLC => skip(bytes, 2).and_then(ethertype),
        LinkType::NULL | LinkType::LOOP => skip(bytes, 4).map(Network::Ip),
        LinkType::RAW | LinkType::RAW_LINUX | LinkType::RAW_OPENBSD | LinkType::IPV4 | LinkType::IPV6 => {
            Some(Network::Ip(bytes))
        }
        LinkType::PPP => point_to_point(bytes),
        LinkType::NFLOG => nflog(bytes),
        LinkType::NSH => service_header(bytes),
        _ => Some(Network::Other),
    };
    found.unwrap_or(Network::Malformed)
}

fn skip(bytes: &[u8], len: usize) -> Option<&[u8]> {
    bytes.get(len..)
}

fn ethertype(bytes: &[u8]) -> Option<Network<'_>> {
    Some(tagged(be16(bytes, 0)?, skip(bytes, 2)?))
}

/// How many tags may be stacked; real frames have three at most.
const MAX_TAGS: usize = 8;

/// Follows EtherTypes through VLAN tags (IEEE 802.1Q, 802.1ad and the older QinQ numbers), 802.1BR and VN tags,
/// PPPoE, MPLS and NSH.
fn tagged(mut ethertype: u16, mut bytes: &[u8]) -> Network<'_> {
    for _ in 0..MAX_TAGS {
        let tag_len = match ethertype {
            0x0800 | 0x86dd => return Network::Ip(bytes),
            0x8100 | 0x88a8 | 0x9100 | 0x9200 | 0x9300 => 2,
            0x8926 => 4,
            0x893f => 6,
            0x8864 => return skip(bytes, 6).and_then(point_to_point).unwrap_or(Network::Malformed),
            0x8847 | 0x8848 => return label_stack(bytes).unwrap_or(Network::Malformed),
            0x894f => return service_header(bytes).unwrap_or(Network::Malformed),
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
fn label_stack(mut bytes: &[u8]) -> Option<Network<'_>> {
    for _ in 0..MAX_TAGS {
        let is_bottom = bytes.get(2)? & 1 != 0;
        bytes = skip(bytes, 4)?;
        if is_bottom {
            return Some(match bytes.first()? >> 4 {
                4 | 6 => Network::Ip(bytes),
                // An Ethernet pseudowire's control word begins with a zero nibble (RFC 4385).
                0 => network(LinkType::ETHERNET, skip(bytes, 4)?),
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
fn service_header(bytes: &[u8]) -> Option<Network<'_>> {
    let len = usize::from(bytes.get(1)? & 0x3f) * 4;
    let next = bytes.get(3)?;
    let inner = skip(bytes, len.max(8))?;
    Some(match next {
        1 | 2 => Network::Ip(inner),
        3 => skip(inner, 12).and_then(ethertype)?,
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
