//! The gate (XDP): allow before block, longest prefix first, expiry in here so that a block ends with no agent.

use aya_ebpf::{
    bindings::{BPF_F_NO_PREALLOC, xdp_action},
    btf_maps::{Array, LpmTrie, PerCpuArray, PerCpuHashMap, lpm_trie::Key},
    helpers::{bpf_ktime_get_boot_ns, bpf_xdp_get_buff_len},
    macros::{btf_map, xdp},
    programs::XdpContext,
};
use portcullis_sensor_common::gate::{
    AllowEntry, BlockEntry, COUNTERS, Counter, Hits, MAX_ENTRIES, MODE_MONITOR,
};

use crate::counter;

#[btf_map]
static ALLOW_V4: LpmTrie<[u8; 4], AllowEntry, MAX_ENTRIES> = LpmTrie::new();
#[btf_map]
static ALLOW_V6: LpmTrie<[u8; 16], AllowEntry, MAX_ENTRIES> = LpmTrie::new();
#[btf_map]
static BLOCK_V4: LpmTrie<[u8; 4], BlockEntry, MAX_ENTRIES> = LpmTrie::new();
#[btf_map]
static BLOCK_V6: LpmTrie<[u8; 16], BlockEntry, MAX_ENTRIES> = LpmTrie::new();
/// Apart from the tries, because those cannot hold a value per processor. Both tries' entries together.
#[btf_map]
static BLOCK_HITS: PerCpuHashMap<u32, Hits, { 2 * MAX_ENTRIES }, { BPF_F_NO_PREALLOC as usize }> =
    PerCpuHashMap::new();
#[btf_map]
static GATE_COUNTERS: PerCpuArray<u64, { COUNTERS.len() }> = PerCpuArray::new();

/// One element, [`MODE_MONITOR`] or not; set while the gate runs.
#[btf_map]
static GATE_MODE: Array<u32, 1> = Array::new();

const ETHERTYPE_IPV4: u16 = 0x0800;
const ETHERTYPE_IPV6: u16 = 0x86dd;
const ETHERTYPE_VLAN: u16 = 0x8100;
/// IEEE 802.1ad, the outer of two tags.
const ETHERTYPE_QINQ: u16 = 0x88a8;
const ETHERNET_LEN: usize = 14;
const VLAN_LEN: usize = 4;
const VLAN_TAGS: usize = 2;

/// How many expired entries around one address are looked past. The agent sweeps them within a second or two; with
/// no agent, deeper nesting than this lets the packet pass.
const EXPIRED_PREFIXES: usize = 8;

/// For drivers that hand over packets in pieces (jumbo frames, Linux 5.18).
#[xdp(frags)]
pub fn portcullis_gate_frags(ctx: XdpContext) -> u32 {
    // SAFETY: the context is the one this program was called with.
    let bytes = unsafe { bpf_xdp_get_buff_len(ctx.ctx) };
    decide(&ctx, bytes)
}

#[xdp]
pub fn portcullis_gate(ctx: XdpContext) -> u32 {
    let bytes = (ctx.data_end() - ctx.data()) as u64;
    decide(&ctx, bytes)
}

#[inline(always)]
fn decide(ctx: &XdpContext, bytes: u64) -> u32 {
    let (outcome, action) = match source(ctx) {
        Ok(Source::V4(address)) => judge(address, &ALLOW_V4, &BLOCK_V4, IPV4, bytes),
        Ok(Source::V6(address)) => judge(address, &ALLOW_V6, &BLOCK_V6, IPV6, bytes),
        Err(unjudged) => (unjudged, xdp_action::XDP_PASS),
    };
    count(outcome);
    action
}

/// What a packet that a block meets counts as: dropped, or passed in monitor mode.
struct Met {
    dropped: Counter,
    would_drop: Counter,
}

const IPV4: Met = Met { dropped: Counter::DroppedV4, would_drop: Counter::WouldDropV4 };
const IPV6: Met = Met { dropped: Counter::DroppedV6, would_drop: Counter::WouldDropV6 };

enum Source {
    V4([u8; 4]),
    V6([u8; 16]),
}

#[inline(always)]
fn source(ctx: &XdpContext) -> Result<Source, Counter> {
    // One read each: the verifier knows no two reads of the context to be the same packet.
    let packet = Bytes { start: ctx.data(), end: ctx.data_end() };
    let mut ethertype = u16::from_be_bytes(packet.read(ETHERNET_LEN - 2)?);
    let mut offset = ETHERNET_LEN;
    for _ in 0..VLAN_TAGS {
        if ethertype != ETHERTYPE_VLAN && ethertype != ETHERTYPE_QINQ {
            break;
        }
        ethertype = u16::from_be_bytes(packet.read(offset + 2)?);
        offset += VLAN_LEN;
    }
    match ethertype {
        ETHERTYPE_IPV4 => {
            let header: [u8; 20] = packet.read(offset)?;
            if header[0] >> 4 != 4 || header[0] & 0x0f < 5 {
                return Err(Counter::Malformed);
            }
            Ok(Source::V4([header[12], header[13], header[14], header[15]]))
        }
        ETHERTYPE_IPV6 => {
            let version: [u8; 1] = packet.read(offset)?;
            if version[0] >> 4 != 6 {
                return Err(Counter::Malformed);
            }
            // The whole header has to be there, not only the source.
            let _: [u8; 16] = packet.read(offset + 24)?;
            Ok(Source::V6(packet.read(offset + 8)?))
        }
        _ => Err(Counter::NotIp),
    }
}

struct Bytes {
    start: usize,
    end: usize,
}

impl Bytes {
    #[inline(always)]
    fn read<const N: usize>(&self, offset: usize) -> Result<[u8; N], Counter> {
        if self.start + offset + N > self.end {
            return Err(Counter::Malformed);
        }
        // SAFETY: within the packet, as just checked; bytes have no alignment.
        Ok(unsafe { *((self.start + offset) as *const [u8; N]) })
    }
}

#[inline(always)]
fn judge<const N: usize>(
    address: [u8; N],
    allow: &LpmTrie<[u8; N], AllowEntry, MAX_ENTRIES>,
    block: &LpmTrie<[u8; N], BlockEntry, MAX_ENTRIES>,
    met: Met,
    bytes: u64,
) -> (Counter, u32) {
    let mut key = Key::new(8 * N as u32, address);
    if allow.get(&key).is_some() {
        return (Counter::Allowed, xdp_action::XDP_PASS);
    }
    for _ in 0..EXPIRED_PREFIXES {
        let Some(entry) = block.get(&key) else { break };
        let (expires, id, prefix_len) = (entry.expires, entry.id, entry.prefix_len);
        // SAFETY: a helper without arguments.
        if expires == 0 || unsafe { bpf_ktime_get_boot_ns() } < expires {
            count_hit(id, bytes);
            if GATE_MODE.get(0) == Some(&MODE_MONITOR) {
                return (met.would_drop, xdp_action::XDP_PASS);
            }
            return (met.dropped, xdp_action::XDP_DROP);
        }
        count(Counter::Expired);
        // A short ban inside a longer one of the whole prefix must not end the longer one.
        if prefix_len == 0 || prefix_len > key.prefix_len {
            break;
        }
        key.prefix_len = prefix_len - 1;
    }
    (Counter::Passed, xdp_action::XDP_PASS)
}

#[inline(always)]
fn count_hit(id: u32, bytes: u64) {
    if let Some(hits) = BLOCK_HITS.get_ptr_mut(id) {
        // SAFETY: a pointer to this processor's own slot.
        unsafe {
            (*hits).packets = (*hits).packets.wrapping_add(1);
            (*hits).bytes = (*hits).bytes.wrapping_add(bytes);
        }
    }
}

#[inline(always)]
fn count(counter: Counter) {
    counter::add(&GATE_COUNTERS, counter as u32, 1);
}
