//! From a frame to the TCP segment in it: VLAN tags, IPv4 and IPv6 with what may stand between, one VXLAN tunnel.

use aya_ebpf::{
    bindings::{__sk_buff, bpf_hdr_start_off::BPF_HDR_START_NET},
    helpers::bpf_skb_load_bytes_relative,
    programs::TcContext,
};
use portcullis_sensor_common::tap::{Counter, NO_VNI, RecordHeader, VXLAN_PORTS};

/// A segment: what its record will say, and where its payload is.
///
/// Filled in place, because 512 bytes of stack are all that a program has.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Segment {
    /// `payload_len` is what the frame holds. Time and interface are left to whoever needs them.
    pub(crate) record: RecordHeader,
    pub(crate) payload_offset: u32,
    /// Bytes behind `record.payload_len` that are left out.
    pub(crate) left_out: u32,
}

/// Why a frame gives no segment.
enum Other {
    /// Not TCP, nothing to say.
    NotTcp,
    Counted(Counter),
}

/// Ports of VXLAN, set by the loader.
#[unsafe(no_mangle)]
static VXLAN: [u16; 2] = VXLAN_PORTS;

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ETHERNET_LEN: u32 = 14;
const VLAN_TAGS: usize = 3;
/// More than any sender has use for (RFC 8200 section 4.1 lists five that may precede TCP).
const EXTENSION_HEADERS: usize = 6;

/// What [`portcullis_frame`] says of a segment, and of a frame that has none; the numbers from [`COUNTED`] on say which
/// counter tells of it.
const READ: u32 = 0;
const NOT_TCP: u32 = 1;
const COUNTED: u32 = 2;

/// `Err` names the counter that tells of it, where one does.
#[inline(always)]
pub(crate) fn read(ctx: &TcContext, segment: &mut Segment) -> Result<(), Option<u32>> {
    match portcullis_frame(ctx.skb.skb, segment) {
        READ => Ok(()),
        NOT_TCP => Err(None),
        said => Err(Some(said - COUNTED)),
    }
}

/// Global, so that the verifier walks it once, and what follows once and not for every shape of frame.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn portcullis_frame(ctx: *mut __sk_buff, segment: *mut Segment) -> u32 {
    // SAFETY: null, or the caller's own.
    let Some(segment) = (unsafe { segment.as_mut() }) else { return NOT_TCP };
    match segment_of(&TcContext::new(ctx), segment) {
        Ok(()) => READ,
        Err(Other::NotTcp) => NOT_TCP,
        Err(Other::Counted(counter)) => COUNTED + counter as u32,
    }
}

#[inline(always)]
fn segment_of(ctx: &TcContext, segment: &mut Segment) -> Result<(), Other> {
    segment.record.vni = NO_VNI;
    let mut packet = match bare_ip(ctx) {
        Some(ethertype) => ip(ctx, ethertype, 0, &mut segment.record)?,
        None => packet(ctx, 0, &mut segment.record)?,
    };
    if packet.protocol == UDP {
        let (vni, inner) = vxlan(ctx, packet.payload)?;
        segment.record.vni = vni;
        packet = self::packet(ctx, inner, &mut segment.record)?;
    }
    if packet.protocol != TCP {
        return Err(Other::NotTcp);
    }
    tcp(ctx, &packet, segment)
}

/// What an IP packet carries, and from where to where.
struct Packet {
    protocol: u8,
    payload: u32,
    end: u32,
}

#[inline(always)]
fn packet(ctx: &TcContext, start: u32, record: &mut RecordHeader) -> Result<Packet, Other> {
    let ethernet: [u8; 2] = load(ctx, start + ETHERNET_LEN - 2)?;
    let mut ethertype = u16::from_be_bytes(ethernet);
    let mut offset = start + ETHERNET_LEN;
    for _ in 0..VLAN_TAGS {
        if !is_tag(ethertype) {
            break;
        }
        ethertype = u16::from_be_bytes(load(ctx, offset + 2)?);
        offset += 4;
    }
    if is_tag(ethertype) {
        return Err(Other::Counted(Counter::Malformed));
    }
    ip(ctx, ethertype, offset, record)
}

/// IEEE 802.1Q, 802.1ad, and the number that QinQ had before. The outermost tag is mostly not here: the kernel keeps it
/// beside the packet.
#[inline(always)]
fn is_tag(ethertype: u16) -> bool {
    ethertype == 0x8100 || ethertype == 0x88a8 || ethertype == 0x9100
}

#[inline(always)]
fn ip(ctx: &TcContext, ethertype: u16, start: u32, record: &mut RecordHeader) -> Result<Packet, Other> {
    match ethertype {
        IPV4 => ipv4(ctx, start, record),
        IPV6 => ipv6(ctx, start, record),
        _ => Err(Other::NotTcp),
    }
}

/// The ethertype of a packet that comes without its Ethernet header.
///
/// At ingress behind generic XDP it does: that copies the frames of a veth, the copy's `mac_len` is 0, and traffic
/// control puts that many bytes back in front of the IP header (seen in Linux 6.18). So do devices without a link
/// layer. The network header is where it always was, which tells.
#[inline(always)]
pub(crate) fn bare_ip(ctx: &TcContext) -> Option<u16> {
    // SAFETY: the context is the one this program was called with. A 16-bit value in network order in 32 bits.
    let ethertype = u16::from_be(unsafe { (*ctx.skb.skb).protocol } as u16);
    if ethertype != IPV4 && ethertype != IPV6 {
        return None;
    }
    let first: [u64; 2] = ctx.load(0).ok()?;
    let mut network = [0_u64; 2];
    // SAFETY: writes the 16 bytes of `network`.
    let read = unsafe {
        let into = network.as_mut_ptr();
        bpf_skb_load_bytes_relative(ctx.skb.skb.cast(), 0, into.cast(), 16, BPF_HDR_START_NET)
    };
    (read == 0 && first[0] == network[0] && first[1] == network[1]).then_some(ethertype)
}

#[inline(always)]
fn ipv4(ctx: &TcContext, start: u32, record: &mut RecordHeader) -> Result<Packet, Other> {
    let header: [u8; 20] = load(ctx, start)?;
    let header_len = u32::from(header[0] & 0x0f) * 4;
    if header[0] >> 4 != 4 || header_len < 20 {
        return Err(Other::Counted(Counter::Malformed));
    }
    // More fragments, or not the first: RFC 791 section 3.1.
    if u16::from_be_bytes([header[6], header[7]]) & 0x3fff != 0 {
        return Err(Other::Counted(Counter::Fragments));
    }
    let total_len = u32::from(u16::from_be_bytes([header[2], header[3]]));
    record.ip_version = 4;
    (record.source, record.destination) = ([0; 16], [0; 16]);
    record.source[..4].copy_from_slice(&header[12..16]);
    record.destination[..4].copy_from_slice(&header[16..20]);
    Ok(Packet { protocol: header[9], payload: start + header_len, end: end(ctx, start, total_len) })
}

#[inline(always)]
fn ipv6(ctx: &TcContext, start: u32, record: &mut RecordHeader) -> Result<Packet, Other> {
    let header: [u8; 40] = load(ctx, start)?;
    if header[0] >> 4 != 6 {
        return Err(Other::Counted(Counter::Malformed));
    }
    let payload_len = u32::from(u16::from_be_bytes([header[4], header[5]]));
    let total_len = if payload_len == 0 { 0 } else { payload_len + 40 };
    record.ip_version = 6;
    record.source.copy_from_slice(&header[8..24]);
    record.destination.copy_from_slice(&header[24..40]);
    let mut protocol = header[6];
    let mut offset = start + 40;
    for _ in 0..EXTENSION_HEADERS {
        let unit = match protocol {
            // Hop-by-hop options, routing, destination options.
            0 | 43 | 60 => 8,
            // Authentication counts in words, less two (RFC 4302 section 2.2).
            51 => 4,
            44 => {
                let fragment: [u8; 4] = load(ctx, offset)?;
                // An atomic fragment is whole (RFC 6946).
                if u16::from_be_bytes([fragment[2], fragment[3]]) & 0xfff9 != 0 {
                    return Err(Other::Counted(Counter::Fragments));
                }
                protocol = fragment[0];
                offset += 8;
                continue;
            }
            _ => break,
        };
        let extension: [u8; 2] = load(ctx, offset)?;
        protocol = extension[0];
        offset +=
            if unit == 4 { (u32::from(extension[1]) + 2) * 4 } else { (u32::from(extension[1]) + 1) * 8 };
    }
    if matches!(protocol, 0 | 43 | 44 | 51 | 60) {
        return Err(Other::Counted(Counter::Malformed));
    }
    Ok(Packet { protocol, payload: offset, end: end(ctx, start, total_len) })
}

/// Where the IP packet ends: before the padding of a short frame, and at the frame's end where the length is 0, as
/// it is in segments of more than 64 KiB that the kernel has not cut yet.
#[inline(always)]
fn end(ctx: &TcContext, start: u32, total_len: u32) -> u32 {
    let frame = ctx.len();
    if total_len == 0 || start + total_len > frame { frame } else { start + total_len }
}

/// The VNI, and where the inner Ethernet frame begins: RFC 7348 section 5.
#[inline(always)]
fn vxlan(ctx: &TcContext, start: u32) -> Result<(u32, u32), Other> {
    const UDP_LEN: u32 = 8;
    const VXLAN_LEN: u32 = 8;
    let udp: [u8; 4] = load(ctx, start)?;
    let port = u16::from_be_bytes([udp[2], udp[3]]);
    // SAFETY: read-only to this program; volatile, because the loader sets it after compilation.
    let ports = unsafe { core::ptr::read_volatile(&raw const VXLAN) };
    if port != ports[0] && port != ports[1] {
        return Err(Other::NotTcp);
    }
    let header: [u8; 8] = load(ctx, start + UDP_LEN)?;
    if header[0] & 0x08 == 0 {
        return Err(Other::NotTcp);
    }
    let vni = u32::from_be_bytes([0, header[4], header[5], header[6]]);
    Ok((vni, start + UDP_LEN + VXLAN_LEN))
}

#[inline(always)]
fn tcp(ctx: &TcContext, packet: &Packet, segment: &mut Segment) -> Result<(), Other> {
    let header: [u8; 20] = load(ctx, packet.payload)?;
    let header_len = u32::from(header[12] >> 4) * 4;
    let payload_offset = packet.payload + header_len;
    if header_len < 20 || payload_offset > packet.end {
        return Err(Other::Counted(Counter::Malformed));
    }
    segment.payload_offset = payload_offset;
    segment.left_out = 0;
    let record = &mut segment.record;
    record.source_port = u16::from_be_bytes([header[0], header[1]]);
    record.destination_port = u16::from_be_bytes([header[2], header[3]]);
    record.sequence = u32::from_be_bytes([header[4], header[5], header[6], header[7]]);
    record.acknowledgement = u32::from_be_bytes([header[8], header[9], header[10], header[11]]);
    record.flags = header[13];
    (record.left_out, record.padding) = (0, 0);
    record.payload_len = packet.end - payload_offset;
    record.wire_len = record.payload_len;
    Ok(())
}

/// By helper and not by pointer: payload, and behind a tunnel the headers too, are often outside the linear part.
#[inline(always)]
fn load<T>(ctx: &TcContext, offset: u32) -> Result<T, Other> {
    ctx.load(offset as usize).map_err(|_| Other::Counted(Counter::Malformed))
}
