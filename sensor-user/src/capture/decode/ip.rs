//! IPv4 and IPv6 headers. etherparse reads the fixed ones; IPv6 extension headers are walked here, because etherparse
//! 0.21 walks those of a truncated packet past the slice's end.

use std::net::IpAddr;

use etherparse::{Ipv4HeaderSlice, Ipv6HeaderSlice};

use super::bytes::{be16, be32};

/// Protocol numbers (IANA) of what may hold TCP.
pub(super) mod protocol {
    pub(in super::super) const IPV4: u8 = 4;
    pub(in super::super) const TCP: u8 = 6;
    pub(in super::super) const UDP: u8 = 17;
    pub(in super::super) const IPV6: u8 = 41;
    pub(in super::super) const GRE: u8 = 47;
}

/// An IP packet without its headers.
pub(super) struct Datagram<'a> {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    /// What the payload is; of a fragment, what the whole payload would be.
    pub(super) protocol: u8,
    pub(super) payload: &'a [u8],
    /// Payload bytes that the snap length cut off.
    pub(super) cut: usize,
    pub(super) fragment: Option<Fragment>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fragment {
    pub(super) identification: u32,
    /// In bytes.
    pub(super) offset: usize,
    pub(super) more: bool,
}

/// Reads IPv4 with options or IPv6 with extension headers; `frame_cut` is what the snap length cut off the frame.
pub(super) fn datagram(bytes: &[u8], frame_cut: usize) -> Option<Datagram<'_>> {
    match bytes.first()? >> 4 {
        4 => version_4(bytes, frame_cut),
        6 => version_6(bytes, frame_cut),
        _ => None,
    }
}

/// RFC 791 section 3.1.
fn version_4(bytes: &[u8], frame_cut: usize) -> Option<Datagram<'_>> {
    let header = Ipv4HeaderSlice::from_slice(bytes).ok()?;
    let (packet, cut) = bounded(bytes, usize::from(header.total_len()), frame_cut);
    let fragment = Fragment {
        identification: u32::from(header.identification()),
        offset: usize::from(header.fragments_offset().value()) * 8,
        more: header.more_fragments(),
    };
    let payload = packet.get(header.slice().len()..)?;
    let upper = if header.is_fragmenting_payload() {
        Upper { protocol: header.protocol().0, payload, fragment: Some(fragment) }
    } else {
        upper(Version::V4, header.protocol().0, payload)?
    };
    Some(Datagram {
        source: IpAddr::V4(header.source_addr()),
        destination: IpAddr::V4(header.destination_addr()),
        protocol: upper.protocol,
        payload: upper.payload,
        cut,
        fragment: upper.fragment,
    })
}

/// RFC 8200 section 3.
fn version_6(bytes: &[u8], frame_cut: usize) -> Option<Datagram<'_>> {
    let header = Ipv6HeaderSlice::from_slice(bytes).ok()?;
    let header_len = header.slice().len();
    let payload_len = usize::from(header.payload_length());
    let total = if payload_len == 0 { 0 } else { payload_len + header_len };
    let (packet, cut) = bounded(bytes, total, frame_cut);
    let upper = upper(Version::V6, header.next_header().0, packet.get(header_len..)?)?;
    Some(Datagram {
        source: IpAddr::V6(header.source_addr()),
        destination: IpAddr::V6(header.destination_addr()),
        protocol: upper.protocol,
        payload: upper.payload,
        cut,
        fragment: upper.fragment,
    })
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V4,
    V6,
}

/// What the headers between IP and the transport lead to.
pub(super) struct Upper<'a> {
    pub(super) protocol: u8,
    pub(super) payload: &'a [u8],
    pub(super) fragment: Option<Fragment>,
}

/// Reads over the extension headers of RFC 8200 section 4 and the authentication header, which IPv4 has too. However
/// many there are: a receiver follows them to the end, and each is eight bytes at least.
pub(super) fn upper(version: Version, mut protocol: u8, mut payload: &[u8]) -> Option<Upper<'_>> {
    const HOP_BY_HOP: u8 = 0;
    const ROUTING: u8 = 43;
    const FRAGMENT: u8 = 44;
    const AUTHENTICATION: u8 = 51;
    const DESTINATION_OPTIONS: u8 = 60;
    const MOBILITY: u8 = 135;
    const HOST_IDENTITY: u8 = 139;
    const SHIM: u8 = 140;
    let mut fragment = None;
    while fragment.is_none() {
        let len = match protocol {
            AUTHENTICATION => (usize::from(*payload.get(1)?) + 2) * 4,
            _ if version == Version::V4 => break,
            HOP_BY_HOP | ROUTING | DESTINATION_OPTIONS | MOBILITY | HOST_IDENTITY | SHIM => {
                (usize::from(*payload.get(1)?) + 1) * 8
            }
            FRAGMENT => 8,
            _ => break,
        };
        if protocol == FRAGMENT {
            let place = be16(payload, 2)?;
            let (offset, more) = (usize::from(place & 0xfff8), place & 1 != 0);
            // An atomic fragment is a whole packet (RFC 6946).
            if more || offset > 0 {
                fragment = Some(Fragment { identification: be32(payload, 4)?, offset, more });
            }
        }
        protocol = *payload.first()?;
        payload = payload.get(len..)?;
    }
    Some(Upper { protocol, payload, fragment })
}

/// The packet without what pads the frame, and how much of it the snap length cut off. A length of zero is what
/// segmentation offload leaves in packets captured before it: the frame's end then decides.
fn bounded(bytes: &[u8], total: usize, frame_cut: usize) -> (&[u8], usize) {
    if total == 0 {
        return (bytes, frame_cut);
    }
    (bytes.get(..total).unwrap_or(bytes), total.saturating_sub(bytes.len()).min(frame_cut))
}
