//! Ends the connections that the agent names (TCX or clsact, after the tap): each of their packets becomes a RST to the
//! end that it was for, and a second one goes back to the end that it came from.
//!
//! A single packet tells all that this takes. Its sequence number is what its receiver expects next, and its
//! acknowledgement number what its sender does, so both resets are of exactly the number that RFC 9293 section
//! 3.10.7.4 (and RFC 5961 section 3) asks for. Where one is not, because bytes are under way, the receiver answers with a
//! challenge ACK: the next packet, with the right numbers.

use aya_ebpf::{
    bindings::{
        BPF_F_INGRESS, BPF_F_RECOMPUTE_CSUM, TC_ACT_SHOT, TC_ACT_UNSPEC, bpf_hdr_start_off::BPF_HDR_START_MAC,
    },
    btf_maps::{Array, LruHashMap, PerCpuArray},
    helpers::{
        bpf_clone_redirect, bpf_ktime_get_boot_ns, bpf_l3_csum_replace, bpf_l4_csum_replace,
        bpf_skb_change_head, bpf_skb_change_tail, bpf_skb_load_bytes_relative,
    },
    macros::{btf_map, classifier},
    programs::TcContext,
};
use portcullis_sensor_common::cut::{COUNTERS, Counter, CutEntry, CutKey, Endpoint, MAX_FLOWS};

use crate::{
    counter,
    frame::bare_ip,
    tap::{RST, SYN},
};

#[btf_map]
static CUT_FLOWS: LruHashMap<CutKey, CutEntry, MAX_FLOWS> = LruHashMap::new();
/// When the last cut ends; 0 while there was none.
#[btf_map]
static CUT_UNTIL: Array<u64, 1> = Array::new();
#[btf_map]
static CUT_COUNTERS: PerCpuArray<u64, { COUNTERS.len() }> = PerCpuArray::new();

const ACK: u8 = 0x10;
const TCP: u8 = 6;
const TCP_LEN: u32 = 20;
const ETHERNET_LEN: u32 = 14;
const VLAN_TAGS: usize = 3;
const EXTENSION_HEADERS: usize = 4;
/// Whichever way a packet came, its answer may have to go as far as any.
const HOPS: u8 = 64;
/// Loopback's index in every network namespace.
const LOOPBACK: u32 = 1;

/// Which way a packet goes at this hook.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    In,
    Out,
}

#[classifier]
pub fn portcullis_cut_ingress(ctx: TcContext) -> i32 {
    judge(&ctx, Way::In)
}

#[classifier]
pub fn portcullis_cut_egress(ctx: TcContext) -> i32 {
    judge(&ctx, Way::Out)
}

#[inline(always)]
fn judge(ctx: &TcContext, way: Way) -> i32 {
    let until = CUT_UNTIL.get(0).copied().unwrap_or(0);
    // SAFETY: a helper without arguments.
    let now = if until == 0 { 0 } else { unsafe { bpf_ktime_get_boot_ns() } };
    if now >= until {
        return TC_ACT_UNSPEC;
    }
    match Packet::read(ctx) {
        Ok(packet) => act(ctx, packet, way, now),
        Err(Other::NotTcp) => TC_ACT_UNSPEC,
        Err(Other::Malformed) => {
            count(Counter::Malformed);
            TC_ACT_UNSPEC
        }
    }
}

#[inline(always)]
fn act(ctx: &TcContext, packet: Packet, way: Way, now: u64) -> i32 {
    let key = CutKey::between(packet.source, packet.destination);
    // SAFETY: read at once; the agent replaces entries whole.
    let Some(expires) = (unsafe { CUT_FLOWS.get(key) }).map(|entry| entry.expires) else {
        return TC_ACT_UNSPEC;
    };
    if packet.flags & SYN != 0 || now >= expires {
        if now < expires {
            count(Counter::Reused);
        }
        // Gone already, where another processor was first.
        let _gone = CUT_FLOWS.remove(key);
        return TC_ACT_UNSPEC;
    }
    // Ours, or the end's own: it carries nothing and ends the connection.
    if packet.flags & RST != 0 {
        return TC_ACT_UNSPEC;
    }
    if reset(ctx, packet, way).is_ok() {
        count(Counter::Resets);
        TC_ACT_UNSPEC
    } else {
        count(Counter::Dropped);
        TC_ACT_SHOT
    }
}

/// A TCP segment, and where its headers are.
#[derive(Clone, Copy)]
struct Packet {
    source: Endpoint,
    destination: Endpoint,
    sequence: u32,
    acknowledgement: u32,
    payload_len: u32,
    /// Offset of the IP header.
    ip: u32,
    /// Offset of the TCP header.
    tcp: u32,
    is_v4: bool,
    /// It came without its Ethernet header.
    is_bare: bool,
    flags: u8,
}

enum Other {
    NotTcp,
    Malformed,
}

/// The helper would not.
struct Refused;

impl Packet {
    #[inline(always)]
    fn read(ctx: &TcContext) -> Result<Self, Other> {
        let (ethertype, ip, is_bare) = match bare_ip(ctx) {
            Some(ethertype) => (ethertype, 0, true),
            None => {
                let mut ethertype = u16::from_be_bytes(load(ctx, ETHERNET_LEN - 2)?);
                let mut offset = ETHERNET_LEN;
                for _ in 0..VLAN_TAGS {
                    if ethertype != 0x8100 && ethertype != 0x88a8 && ethertype != 0x9100 {
                        break;
                    }
                    ethertype = u16::from_be_bytes(load(ctx, offset + 2)?);
                    offset += 4;
                }
                (ethertype, offset, false)
            }
        };
        match ethertype {
            0x0800 => Self::v4(ctx, ip, is_bare),
            0x86dd => Self::v6(ctx, ip, is_bare),
            _ => Err(Other::NotTcp),
        }
    }

    #[inline(always)]
    fn v4(ctx: &TcContext, ip: u32, is_bare: bool) -> Result<Self, Other> {
        let header: [u8; 20] = load(ctx, ip)?;
        let header_len = u32::from(header[0] & 0x0f) * 4;
        if header[0] >> 4 != 4 || header_len < 20 {
            return Err(Other::Malformed);
        }
        // A fragment has no ports, or not all of its segment; the tap sees none either.
        if header[9] != TCP || u16::from_be_bytes([header[6], header[7]]) & 0x3fff != 0 {
            return Err(Other::NotTcp);
        }
        let total_len = u32::from(u16::from_be_bytes([header[2], header[3]]));
        let source = [header[12], header[13], header[14], header[15]];
        let destination = [header[16], header[17], header[18], header[19]];
        let end = if total_len == 0 { ctx.len() } else { ip + total_len };
        let packet = Self::tcp(ctx, ip, ip + header_len, end)?;
        Ok(Self {
            source: Endpoint::v4(source, packet.source.version_and_port as u16),
            destination: Endpoint::v4(destination, packet.destination.version_and_port as u16),
            is_v4: true,
            is_bare,
            ..packet
        })
    }

    #[inline(always)]
    fn v6(ctx: &TcContext, ip: u32, is_bare: bool) -> Result<Self, Other> {
        let start: [u8; 8] = load(ctx, ip)?;
        let source: [u32; 4] = load(ctx, ip + 8)?;
        let destination: [u32; 4] = load(ctx, ip + 24)?;
        if start[0] >> 4 != 6 {
            return Err(Other::Malformed);
        }
        let payload_len = u32::from(u16::from_be_bytes([start[4], start[5]]));
        let mut protocol = start[6];
        let mut offset = ip + 40;
        for _ in 0..EXTENSION_HEADERS {
            // Hop-by-hop options, routing, destination options.
            if protocol != 0 && protocol != 43 && protocol != 60 {
                break;
            }
            let extension: [u8; 2] = load(ctx, offset)?;
            protocol = extension[0];
            offset += (u32::from(extension[1]) + 1) * 8;
        }
        if protocol != TCP {
            return Err(Other::NotTcp);
        }
        let end = if payload_len == 0 { ctx.len() } else { ip + 40 + payload_len };
        let packet = Self::tcp(ctx, ip, offset, end)?;
        Ok(Self {
            source: Endpoint::v6(source, packet.source.version_and_port as u16),
            destination: Endpoint::v6(destination, packet.destination.version_and_port as u16),
            is_v4: false,
            is_bare,
            ..packet
        })
    }

    /// Everything but the addresses.
    #[inline(always)]
    fn tcp(ctx: &TcContext, ip: u32, tcp: u32, end: u32) -> Result<Self, Other> {
        let header: [u8; 20] = load(ctx, tcp)?;
        let payload = tcp + u32::from(header[12] >> 4) * 4;
        let port = |at: usize| Endpoint {
            address: [0; 4],
            version_and_port: u32::from(u16::from_be_bytes([header[at], header[at + 1]])),
        };
        Ok(Self {
            source: port(0),
            destination: port(2),
            sequence: u32::from_be_bytes([header[4], header[5], header[6], header[7]]),
            acknowledgement: u32::from_be_bytes([header[8], header[9], header[10], header[11]]),
            payload_len: end.saturating_sub(payload),
            ip,
            tcp,
            is_v4: true,
            is_bare: false,
            flags: header[13],
        })
    }
}

/// Makes the packet a RST to its receiver, and sends another one to its sender.
#[inline(always)]
fn reset(ctx: &TcContext, mut packet: Packet, way: Way) -> Result<(), Refused> {
    let skb = ctx.skb.skb;
    // Without it the sender's numbers are not known. RFC 9293 section 3.10.7.4: such a segment is dropped.
    if packet.flags & ACK == 0 {
        return Err(Refused);
    }
    if packet.is_bare {
        dress(ctx)?;
        packet.ip += ETHERNET_LEN;
        packet.tcp += ETHERNET_LEN;
    }
    // SAFETY: the context is the one this program was called with.
    allowed(unsafe { bpf_skb_change_tail(skb, packet.tcp + TCP_LEN, 0) })?;
    shorten_ip(ctx, &packet)?;

    turn(ctx, &packet)?;
    let (port, other) = (packet.source.version_and_port as u16, packet.destination.version_and_port as u16);
    let received = packet.sequence.wrapping_add(packet.payload_len);
    write_tcp(ctx, &packet, [other, port], [packet.acknowledgement, received])?;
    // SAFETY: as above.
    let interface = unsafe { (*skb).ifindex };
    // What loopback sends it receives, and a local route comes with the packet, which at ingress it would lack.
    let flags = if way == Way::Out && interface != LOOPBACK { u64::from(BPF_F_INGRESS) } else { 0 };
    // SAFETY: as above. Where it cannot be sent, the other end's is still worth sending, and the next packet tries anew.
    let _best_effort = unsafe { bpf_clone_redirect(skb, interface, flags) };

    turn(ctx, &packet)?;
    write_tcp(ctx, &packet, [port, other], [packet.sequence, packet.acknowledgement])
}

/// Puts the Ethernet header back in front: a packet is sent with it.
#[inline(always)]
fn dress(ctx: &TcContext) -> Result<(), Refused> {
    let mut ethernet = [0_u8; ETHERNET_LEN as usize];
    let into = ethernet.as_mut_ptr().cast();
    // SAFETY: writes the 14 bytes of `ethernet`; the context is the one this program was called with.
    allowed(unsafe {
        bpf_skb_load_bytes_relative(ctx.skb.skb.cast(), 0, into, ETHERNET_LEN, BPF_HDR_START_MAC)
    })?;
    // SAFETY: as above.
    allowed(unsafe { bpf_skb_change_head(ctx.skb.skb, ETHERNET_LEN, 0) })?;
    ctx.store(0, &ethernet, 0).map_err(|_| Refused)
}

/// The IP header of a packet that ends with the TCP header. Its options stay.
#[inline(always)]
fn shorten_ip(ctx: &TcContext, packet: &Packet) -> Result<(), Refused> {
    let len = packet.tcp - packet.ip + TCP_LEN;
    if !packet.is_v4 {
        store(ctx, packet.ip + 4, &((len - 40) as u16).to_be_bytes())?;
        return store(ctx, packet.ip + 7, &[HOPS]);
    }
    let old_len: u16 = loaded(ctx, packet.ip + 2)?;
    let old_hops: [u8; 2] = loaded(ctx, packet.ip + 8)?;
    let (new_len, new_hops) = ((len as u16).to_be(), [HOPS, old_hops[1]]);
    store(ctx, packet.ip + 2, &new_len)?;
    store(ctx, packet.ip + 8, &new_hops)?;
    let skb = ctx.skb.skb;
    let (old_hops, new_hops) = (u16::from_ne_bytes(old_hops), u16::from_ne_bytes(new_hops));
    // SAFETY: the context is the one this program was called with.
    unsafe {
        allowed(bpf_l3_csum_replace(skb, packet.ip + 10, old_len.into(), new_len.into(), 2))?;
        allowed(bpf_l3_csum_replace(skb, packet.ip + 10, old_hops.into(), new_hops.into(), 2))
    }
}

/// Swaps source and destination of frame and packet, which no checksum notices.
#[inline(always)]
fn turn(ctx: &TcContext, packet: &Packet) -> Result<(), Refused> {
    let [destination, source]: [[u8; 6]; 2] = loaded(ctx, 0)?;
    ctx.store(0, &[source, destination], 0).map_err(|_| Refused)?;
    if packet.is_v4 {
        let [source, destination]: [[u8; 4]; 2] = loaded(ctx, packet.ip + 12)?;
        store(ctx, packet.ip + 12, &[destination, source])
    } else {
        let [source, destination]: [[u32; 4]; 2] = loaded(ctx, packet.ip + 8)?;
        store(ctx, packet.ip + 8, &[destination, source])
    }
}

#[inline(always)]
fn write_tcp(ctx: &TcContext, packet: &Packet, ports: [u16; 2], numbers: [u32; 2]) -> Result<(), Refused> {
    const CHECKSUM: u32 = 16;
    const DATA_OFFSET: u8 = 5 << 4;
    let is_left_to_device = is_left_to_device(ctx, packet.tcp + CHECKSUM)?;
    let flags = u16::from_be_bytes([DATA_OFFSET, RST | ACK]);
    let addresses = sum(&packet.source.address) + sum(&packet.destination.address);
    let pseudo = fold(addresses + u32::from(TCP) + TCP_LEN);
    let header = sum_of_two(numbers[0])
        + sum_of_two(numbers[1])
        + u32::from(ports[0])
        + u32::from(ports[1])
        + u32::from(flags);
    // What the device adds up begins with this: the pseudo-header alone.
    let checksum = if is_left_to_device { pseudo } else { !fold(u32::from(pseudo) + header) };
    let words: [u32; 5] = [
        u32::from(ports[0]) << 16 | u32::from(ports[1]),
        numbers[0],
        numbers[1],
        // A window of nothing.
        u32::from(flags) << 16,
        u32::from(checksum) << 16,
    ];
    store(ctx, packet.tcp, &words.map(u32::to_be))
}

/// Whether the checksum is unfinished, as in packets that never saw a wire (`CHECKSUM_PARTIAL`). Nothing tells a program,
/// but the helper that keeps a checksum up to date leaves an unfinished one alone.
#[inline(always)]
fn is_left_to_device(ctx: &TcContext, at: u32) -> Result<bool, Refused> {
    const PROBE: u16 = 0x1234;
    store(ctx, at, &PROBE)?;
    // SAFETY: the context is the one this program was called with.
    allowed(unsafe { bpf_l4_csum_replace(ctx.skb.skb, at, 0, 1, 2) })?;
    let after: u16 = loaded(ctx, at)?;
    // As before, and unnoticed, because so was the change.
    ctx.store(at as usize, &PROBE, 0).map_err(|_| Refused)?;
    Ok(after == PROBE)
}

#[inline(always)]
fn sum(words: &[u32; 4]) -> u32 {
    let mut sum = 0;
    for word in words {
        sum += sum_of_two(u32::from_be(*word));
    }
    sum
}

#[inline(always)]
fn sum_of_two(word: u32) -> u32 {
    (word >> 16) + (word & 0xffff)
}

#[inline(always)]
fn fold(sum: u32) -> u16 {
    sum_of_two(sum_of_two(sum)) as u16
}

/// Keeps the sum over the whole packet right where the card made one (`CHECKSUM_COMPLETE`).
#[inline(always)]
fn store<T>(ctx: &TcContext, offset: u32, value: &T) -> Result<(), Refused> {
    ctx.store(offset as usize, value, u64::from(BPF_F_RECOMPUTE_CSUM)).map_err(|_| Refused)
}

#[inline(always)]
fn loaded<T>(ctx: &TcContext, offset: u32) -> Result<T, Refused> {
    ctx.load(offset as usize).map_err(|_| Refused)
}

#[inline(always)]
fn load<T>(ctx: &TcContext, offset: u32) -> Result<T, Other> {
    ctx.load(offset as usize).map_err(|_| Other::Malformed)
}

#[inline(always)]
fn allowed(result: i64) -> Result<(), Refused> {
    if result == 0 { Ok(()) } else { Err(Refused) }
}

#[inline(always)]
fn count(counter: Counter) {
    counter::add(&CUT_COUNTERS, counter as u32, 1);
}
