//! The gate (XDP, or TCX where XDP would copy every packet): allow before block, longest prefix first, expiry in here
//! so that a block ends with no agent.
//!
//! Ahead of each trie stands a bitmap that says for most sources that it has nothing for them, and ahead of the
//! block tries a hash table of single addresses, of which most lists consist.

use aya_ebpf::{
    bindings::{BPF_F_MMAPABLE, BPF_F_NO_PREALLOC, BPF_NOEXIST, TC_ACT_SHOT, TC_ACT_UNSPEC, xdp_action},
    btf_maps::{Array, HashMap, LpmTrie, PerCpuArray, PerCpuHashMap, lpm_trie::Key},
    helpers::{bpf_get_prandom_u32, bpf_jiffies64, bpf_ktime_get_boot_ns, bpf_xdp_get_buff_len},
    macros::{btf_map, classifier, xdp},
    programs::{TcContext, XdpContext},
};
use portcullis_sensor_common::gate::{
    AllowEntry, BlockEntry, COUNTER_ELEMENTS, Counter, Hits, MAX_ALLOWED, MAX_ENTRIES, MODE_MONITOR,
    RECENT_SLOTS, Recent,
    filter::{self, ALLOW_BITS, BLOCK_BITS},
};

use crate::{
    bound::{distance, load_u16, load_u32, load_u64},
    counter,
};

type Filter<const WORDS: usize> = Array<u64, WORDS, { BPF_F_MMAPABLE as usize }>;
const ALLOW_WORDS: usize = filter::words(ALLOW_BITS);
const BLOCK_WORDS: usize = filter::words(BLOCK_BITS);

/// Addresses stay in the registers that the packet was loaded into: as words that hold their bytes in network order.
type V4 = u32;
type V6 = [u64; 2];
/// Key of a trie: a word in the middle of a structure of words has to be one of 32 bits.
type V6Key = [u32; 4];
/// As [`AddressKey`](portcullis_sensor_common::gate::AddressKey).
type Alone = [u64; 2];

#[btf_map]
static ALLOW_V4: LpmTrie<V4, AllowEntry, MAX_ALLOWED> = LpmTrie::new();
#[btf_map]
static ALLOW_V6: LpmTrie<V6Key, AllowEntry, MAX_ALLOWED> = LpmTrie::new();
#[btf_map]
static ALLOW_FILTER_V4: Filter<ALLOW_WORDS> = Array::new();
#[btf_map]
static ALLOW_FILTER_V6: Filter<ALLOW_WORDS> = Array::new();
/// Blocks of single addresses.
#[btf_map]
static BLOCK_ADDRESSES: HashMap<Alone, BlockEntry, MAX_ENTRIES, { BPF_F_NO_PREALLOC as usize }> =
    HashMap::new();
/// Blocks of prefixes.
#[btf_map]
static BLOCK_V4: LpmTrie<V4, BlockEntry, MAX_ENTRIES> = LpmTrie::new();
#[btf_map]
static BLOCK_V6: LpmTrie<V6Key, BlockEntry, MAX_ENTRIES> = LpmTrie::new();
/// Covers single addresses and prefixes.
#[btf_map]
static BLOCK_FILTER_V4: Filter<BLOCK_WORDS> = Array::new();
#[btf_map]
static BLOCK_FILTER_V6: Filter<BLOCK_WORDS> = Array::new();
/// Apart from the blocks, because neither tries nor a million prefixes can hold a value per processor. Filled as
/// blocks are hit, which of a long list few ever are.
#[btf_map]
static BLOCK_HITS: PerCpuHashMap<u64, Hits, MAX_ENTRIES, { BPF_F_NO_PREALLOC as usize }> =
    PerCpuHashMap::new();
#[btf_map]
static BLOCK_RECENT: PerCpuArray<Recent, RECENT_SLOTS> = PerCpuArray::new();
/// One element, which the agent changes after each change of the blocks.
#[btf_map]
static BLOCK_CHANGES: Array<u64, 1> = Array::new();
#[btf_map]
static GATE_COUNTERS: PerCpuArray<u64, COUNTER_ELEMENTS> = PerCpuArray::new();
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
/// All of them, with IPv6 the longest.
const HEADERS: u32 = (ETHERNET_LEN + VLAN_TAGS * VLAN_LEN + 40) as u32;

/// How many expired entries around one address are looked past. The agent sweeps them within a second or two; with
/// no agent, deeper nesting than this lets the packet pass.
const EXPIRED_PREFIXES: usize = 8;

/// For drivers that hand over packets in pieces (jumbo frames, Linux 5.18).
#[xdp(frags)]
pub fn portcullis_gate_frags(ctx: XdpContext) -> u32 {
    // SAFETY: the context is the one this program was called with.
    decide(source(ctx.data(), ctx.data_end()), || unsafe { bpf_xdp_get_buff_len(ctx.ctx) })
}

#[xdp]
pub fn portcullis_gate(ctx: XdpContext) -> u32 {
    decide(source(ctx.data(), ctx.data_end()), || distance(ctx.data(), ctx.data_end()))
}

/// At the ingress of TCX. Returns `TC_ACT_UNSPEC`, which TCX calls `TCX_NEXT`: what it does not drop goes on to
/// whoever else is attached.
#[classifier]
pub fn portcullis_gate_tc(ctx: TcContext) -> i32 {
    let mut judged = source(ctx.data(), ctx.data_end());
    // The headers may be in another piece of memory than the frame's beginning.
    if matches!(judged, Err(Counter::Malformed)) && ctx.pull_data(ctx.len().min(HEADERS)).is_ok() {
        judged = source(ctx.data(), ctx.data_end());
    }
    match decide(judged, || ctx.len().into()) {
        xdp_action::XDP_DROP => TC_ACT_SHOT,
        _ => TC_ACT_UNSPEC,
    }
}

#[inline(always)]
fn decide(judged: Result<Source, Counter>, length: impl Fn() -> u64) -> u32 {
    let (outcome, action) = match judged {
        Ok(Source::V4(address)) => v4(address, length),
        Ok(Source::V6(address)) => v6(address, length),
        Err(unjudged) => (unjudged, xdp_action::XDP_PASS),
    };
    count(outcome);
    action
}

enum Source {
    V4(V4),
    V6(V6),
}

#[inline(always)]
fn v4(address: V4, length: impl Fn() -> u64) -> (Counter, u32) {
    let number = u32::from_be(address);
    if may_hold(&ALLOW_FILTER_V4, filter::v4_word(number, ALLOW_BITS))
        && ALLOW_V4.get(&Key::new(32, address)).is_some()
    {
        return (Counter::Allowed, xdp_action::XDP_PASS);
    }
    if !may_hold(&BLOCK_FILTER_V4, filter::v4_word(number, BLOCK_BITS)) {
        return (Counter::Passed, xdp_action::XDP_PASS);
    }
    const MAPPED: u64 = 0xffff;
    let alone = [0, (MAPPED << u32::BITS | u64::from(number)).to_be()];
    if is_blocked(alone, address, &BLOCK_V4, length) {
        met(Counter::DroppedV4, Counter::WouldDropV4)
    } else {
        (Counter::Passed, xdp_action::XDP_PASS)
    }
}

#[inline(always)]
fn v6(address: V6, length: impl Fn() -> u64) -> (Counter, u32) {
    let head = (u64::from_be(address[0]) >> u32::BITS) as u32;
    if may_hold(&ALLOW_FILTER_V6, filter::v6_head(head, ALLOW_BITS))
        && ALLOW_V6.get(&Key::new(128, words(address))).is_some()
    {
        return (Counter::Allowed, xdp_action::XDP_PASS);
    }
    if !may_hold(&BLOCK_FILTER_V6, filter::v6_head(head, BLOCK_BITS)) {
        return (Counter::Passed, xdp_action::XDP_PASS);
    }
    if is_blocked(address, words(address), &BLOCK_V6, length) {
        met(Counter::DroppedV6, Counter::WouldDropV6)
    } else {
        (Counter::Passed, xdp_action::XDP_PASS)
    }
}

/// The kernel's processors count from the low end, whichever it is that a packet's bytes come in.
#[inline(always)]
fn words(address: V6) -> V6Key {
    let [a, b] = address.map(u64::to_le);
    [a as u32, (a >> u32::BITS) as u32, b as u32, (b >> u32::BITS) as u32].map(u32::from_le)
}

#[inline(always)]
fn may_hold<const WORDS: usize>(filter: &Filter<WORDS>, bit: u32) -> bool {
    filter.get(bit / u64::BITS).is_none_or(|word| word >> (bit % u64::BITS) & 1 == 1)
}

/// Whether a block holds the address, which then has one hit more.
#[inline(always)]
fn is_blocked<K: Copy>(
    alone: Alone,
    address: K,
    prefixes: &LpmTrie<K, BlockEntry, MAX_ENTRIES>,
    length: impl Fn() -> u64,
) -> bool {
    let address_words = alone.map(u64::from_be);
    let now = stamp();
    // 2^64 by the golden ratio: neighbours come far apart.
    let home = ((address_words[0] ^ address_words[1]).wrapping_mul(0x9e37_79b9_7f4a_7c15)
        >> (u64::BITS - RECENT_SLOTS.ilog2())) as u32;
    let mut stale = None;
    for way in 0..RECENT_WAYS {
        let Some(recent) = recent(home ^ way) else { return false };
        if recent.stamp == now {
            if recent.address == address_words {
                meet(recent, length());
                return true;
            }
        } else if stale.is_none() || recent.address == address_words {
            stale = Some(way);
        }
    }
    let Some((id, lasting)) = block_of(alone, address, prefixes) else { return false };
    // Any of them, where all are in use: in turn, a botnet of one more than there is room for would find none of itself.
    // SAFETY: a helper without arguments.
    let way = stale.unwrap_or_else(|| unsafe { bpf_get_prandom_u32() } % RECENT_WAYS);
    let Some(recent) = recent(home ^ way) else { return false };
    if recent.id != id {
        add_hits(recent.id, recent.pending);
        recent.id = id;
        recent.pending = Hits { packets: 0, bytes: 0 };
    }
    recent.address = address_words;
    recent.stamp = if lasting { now } else { NEVER };
    meet(recent, length());
    true
}

/// Where an address may be remembered; with one place each, a thousand sources would push out a fifth of each other.
const RECENT_WAYS: u32 = 4;

#[inline(always)]
fn recent(slot: u32) -> Option<&'static mut Recent> {
    let slot = BLOCK_RECENT.get_ptr_mut(slot)?;
    // SAFETY: this processor's own slot, and no other program runs on it before this one has ended.
    Some(unsafe { &mut *slot })
}

#[inline(always)]
fn meet(recent: &mut Recent, bytes: u64) {
    recent.pending.packets = recent.pending.packets.wrapping_add(1);
    recent.pending.bytes = recent.pending.bytes.wrapping_add(bytes);
}

/// No stamp is this one: they all have their highest bit set.
const NEVER: u64 = 0;
/// 64 ticks, of which a second has 100 to 1,000, are at most 0.64 s.
const TICKS: u32 = 6;
/// What a block has to last from now to be believed for so long.
const LASTING: u64 = 1_000_000_000;

/// Another one with each change of the blocks and every 64 ticks.
#[inline(always)]
fn stamp() -> u64 {
    /// Ticks enough for a century.
    const TICK_BITS: u32 = 42;
    let changes = BLOCK_CHANGES.get(0).copied().unwrap_or_default();
    // SAFETY: a helper without arguments.
    (changes << TICK_BITS ^ unsafe { bpf_jiffies64() } >> TICKS) | 1 << (u64::BITS - 1)
}

/// The id of the block that holds the address, and whether it lasts for some time.
#[inline(always)]
fn block_of<K: Copy>(
    alone: Alone,
    address: K,
    prefixes: &LpmTrie<K, BlockEntry, MAX_ENTRIES>,
) -> Option<(u64, bool)> {
    // SAFETY: read at once, and entries that are freed keep their bytes until no program can hold them.
    if let Some(entry) = unsafe { BLOCK_ADDRESSES.get(alone) } {
        let (expires, id) = (entry.expires, entry.id);
        if let Some(lasting) = in_force(expires) {
            return Some((id, lasting));
        }
    }
    let mut key = Key::new(8 * size_of::<K>() as u32, address);
    for _ in 0..EXPIRED_PREFIXES {
        let entry = prefixes.get(&key)?;
        let (expires, id, prefix_len) = (entry.expires, entry.id, entry.prefix_len);
        if let Some(lasting) = in_force(expires) {
            return Some((id, lasting));
        }
        // A short ban inside a longer one of the whole prefix must not end the longer one.
        if prefix_len == 0 || prefix_len > key.prefix_len {
            break;
        }
        key.prefix_len = prefix_len - 1;
    }
    None
}

/// `None` where its time is up, else whether it lasts for some time.
#[inline(always)]
fn in_force(expires: u64) -> Option<bool> {
    if expires == 0 {
        return Some(true);
    }
    // SAFETY: a helper without arguments.
    let now = unsafe { bpf_ktime_get_boot_ns() };
    if expires <= now {
        count(Counter::Expired);
        return None;
    }
    Some(expires - now > LASTING)
}

/// What becomes of a packet that a block met.
#[inline(always)]
fn met(dropped: Counter, would_drop: Counter) -> (Counter, u32) {
    if GATE_MODE.get(0) == Some(&MODE_MONITOR) {
        (would_drop, xdp_action::XDP_PASS)
    } else {
        (dropped, xdp_action::XDP_DROP)
    }
}

#[inline(always)]
fn source(start: usize, end: usize) -> Result<Source, Counter> {
    let ethernet = whole(start, ETHERNET_LEN, end)?;
    // SAFETY: as just asked; so with those below.
    let mut ethertype = u16::from_be(unsafe { load_u16(ethernet + ETHERNET_LEN - 2) });
    let mut offset = ETHERNET_LEN;
    for _ in 0..VLAN_TAGS {
        if ethertype != ETHERTYPE_VLAN && ethertype != ETHERTYPE_QINQ {
            break;
        }
        let tag = whole(start + offset, VLAN_LEN, end)?;
        // SAFETY: as above.
        ethertype = u16::from_be(unsafe { load_u16(tag + 2) });
        offset += VLAN_LEN;
    }
    match ethertype {
        ETHERTYPE_IPV4 => {
            let header = whole(start + offset, 20, end)?;
            // SAFETY: as above.
            let (first, source) = unsafe { (load_u16(header).to_le() as u8, load_u32(header + 12)) };
            if first >> 4 != 4 || first & 0x0f < 5 {
                return Err(Counter::Malformed);
            }
            Ok(Source::V4(source))
        }
        ETHERTYPE_IPV6 => {
            let header = whole(start + offset, 40, end)?;
            // SAFETY: as above.
            let (first, source) =
                unsafe { (load_u16(header).to_le() as u8, [load_u64(header + 8), load_u64(header + 16)]) };
            if first >> 4 != 6 {
                return Err(Counter::Malformed);
            }
            Ok(Source::V6(source))
        }
        _ => Err(Counter::NotIp),
    }
}

/// `from`, where so many bytes stand before the packet's end.
#[inline(always)]
fn whole(from: usize, len: usize, end: usize) -> Result<usize, Counter> {
    if from + len > end { Err(Counter::Malformed) } else { Ok(from) }
}

/// The first hits make the place to count at; where another processor was faster in this, it is there now.
#[inline(always)]
fn add_hits(id: u64, more: Hits) {
    if more.packets > 0
        && !add_to(id, more)
        && BLOCK_HITS.insert(id, more, BPF_NOEXIST.into()).is_err()
        && !add_to(id, more)
    {
        counter::add(&GATE_COUNTERS, Counter::HitsUncounted as u32, more.packets);
    }
}

#[inline(always)]
fn add_to(id: u64, more: Hits) -> bool {
    let Some(hits) = BLOCK_HITS.get_ptr_mut(id) else { return false };
    // SAFETY: a pointer to this processor's own slot.
    unsafe {
        (*hits).packets = (*hits).packets.wrapping_add(more.packets);
        (*hits).bytes = (*hits).bytes.wrapping_add(more.bytes);
    }
    true
}

#[inline(always)]
fn count(counter: Counter) {
    counter::add(&GATE_COUNTERS, counter as u32, 1);
}
