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
    Some(Datagram {
        source: IpAddr::V4(header.source_addr()),
        destination: IpAddr::V4(header.destination_addr()),
        protocol: header.protocol().0,
        payload: packet.get(header.slice().len()..)?,
        cut,
        fragment: header.is_fragmenting_payload().then_some(fragment),
    })
}

/// Extension headers that are followed; RFC 8200 section 4.1 has seven kinds, each to occur once or twice.
const MAX_EXTENSIONS: usize = 16;

/// RFC 8200 section 3, and the extension headers of section 4.
fn version_6(bytes: &[u8], frame_cut: usize) -> Option<Datagram<'_>> {
    const HOP_BY_HOP: u8 = 0;
    const ROUTING: u8 = 43;
    const FRAGMENT: u8 = 44;
    const AUTHENTICATION: u8 = 51;
    const DESTINATION_OPTIONS: u8 = 60;
    const MOBILITY: u8 = 135;
    const HOST_IDENTITY: u8 = 139;
    const SHIM: u8 = 140;
    let header = Ipv6HeaderSlice::from_slice(bytes).ok()?;
    let header_len = header.slice().len();
    let payload_len = usize::from(header.payload_length());
    let total = if payload_len == 0 { 0 } else { payload_len + header_len };
    let (packet, cut) = bounded(bytes, total, frame_cut);
    let mut protocol = header.next_header().0;
    let mut payload = packet.get(header_len..)?;
    let mut fragment = None;
    for _ in 0..MAX_EXTENSIONS {
        let len = match protocol {
            HOP_BY_HOP | ROUTING | DESTINATION_OPTIONS | MOBILITY | HOST_IDENTITY | SHIM => {
                (usize::from(*payload.get(1)?) + 1) * 8
            }
            AUTHENTICATION => (usize::from(*payload.get(1)?) + 2) * 4,
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
        if fragment.is_some() {
            break;
        }
    }
    Some(Datagram {
        source: IpAddr::V6(header.source_addr()),
        destination: IpAddr::V6(header.destination_addr()),
        protocol,
        payload,
        cut,
        fragment,
    })
}

/// The packet without what pads the frame, and how much of it the snap length cut off. A length of zero is what
/// segmentation offload leaves in packets captured before it: the frame's end then decides.
fn bounded(bytes: &[u8], total: usize, frame_cut: usize) -> (&[u8], usize) {
    if total == 0 {
        return (bytes, frame_cut);
    }
    (bytes.get(..total).unwrap_or(bytes), total.saturating_sub(bytes.len()).min(frame_cut))
}
