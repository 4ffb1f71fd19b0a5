//! The gate's maps: who may pass, who may not, until when, and how often it happened.

pub mod filter;

/// Part of the pin path. Raised with every change of a pinned map's layout, so that an agent never adopts maps that
/// it would misread; it moves the entries of older ones over.
pub const LAYOUT: u32 = 2;

/// Value of the blocks; the key is the prefix, or the address alone.
///
/// Aligned to 4, because the kernel's trie stores a value right behind its key, and an IPv4 key is 4 bytes long.
#[repr(C, packed(4))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlockEntry {
    /// `CLOCK_BOOTTIME` in nanoseconds (`bpf_ktime_get_boot_ns`, Linux 5.8), because it goes on while the machine
    /// sleeps; 0 is permanent.
    pub expires: u64,
    /// Key of this entry's [`Hits`]. Never used again while the maps live; below [`CARRIED`].
    pub id: u64,
    /// Length of this entry's own prefix: where it has expired, the search goes on with shorter ones.
    pub prefix_len: u32,
}

/// Key of the blocks of one address: it as IPv6, IPv4 mapped (RFC 4291 section 2.5.5.2). One hash table for both
/// families, since its buckets take 16 MiB however few entries there are.
pub type AddressKey = [u8; 16];

/// Added to an entry's id: the key of the hits that it brought along from maps of an older layout. Only the agent
/// writes these, so that it never writes what the gate is counting.
pub const CARRIED: u64 = 1 << 63;

/// Whom a block met last on this processor: the next packet of the same source need not look through maps that no
/// cache holds. Believed for some ticks of the kernel's clock and until the next change of the blocks; blocks about to
/// end are not put here.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recent {
    /// An [`AddressKey`], as two numbers.
    pub address: [u64; 2],
    pub id: u64,
    /// Of that change and those ticks.
    pub stamp: u64,
    /// Of this id, not yet in [`Hits`].
    pub pending: Hits,
    /// To fill a cache line.
    pub reserved: [u64; 2],
}

/// Of [`Recent`] on each processor; a power of two.
pub const RECENT_SLOTS: usize = 4096;

/// Value of the allow tries. The kernel wants a value; that the key is there says it all.
pub type AllowEntry = u32;

/// Per processor and block entry that was hit.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    pub packets: u64,
    /// With the link-layer header.
    pub bytes: u64,
}

/// Blocks in all maps together. Memory for them is taken as they come.
pub const MAX_ENTRIES: usize = 1 << 20;

/// Of each allow trie.
pub const MAX_ALLOWED: usize = 1 << 16;

/// Index into the gate's per-processor counters.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    Passed,
    /// Passed because the source is on the allow list.
    Allowed,
    DroppedV4,
    DroppedV6,
    /// Packets that met an entry whose time was up; they went on to shorter prefixes.
    Expired,
    /// Neither IPv4 nor IPv6: passed.
    NotIp,
    /// Headers cut short or contradicting themselves: passed, because the gate fails open.
    Malformed,
    /// A block met it, and monitor mode let it pass.
    WouldDropV4,
    WouldDropV6,
    /// Hits that the kernel had no memory to count by entry at that moment; in all they are counted.
    HitsUncounted,
}

/// The one element of `GATE_MODE`: whether what a block meets is dropped.
pub const MODE_ENFORCE: u32 = 0;
/// Counted as if it were dropped, and passed.
pub const MODE_MONITOR: u32 = 1;

/// The gate's maps by name, all of which are pinned.
pub const MAPS: [&str; 14] = [
    "ALLOW_V4",
    "ALLOW_V6",
    "ALLOW_FILTER_V4",
    "ALLOW_FILTER_V6",
    "BLOCK_ADDRESSES",
    "BLOCK_V4",
    "BLOCK_V6",
    "BLOCK_FILTER_V4",
    "BLOCK_FILTER_V6",
    "BLOCK_HITS",
    "BLOCK_RECENT",
    "BLOCK_CHANGES",
    "GATE_MODE",
    "GATE_COUNTERS",
];

/// Names for operators, in the order of [`Counter`].
pub const COUNTERS: [&str; 10] = [
    "gate_passed_total",
    "gate_allowed_total",
    "gate_dropped_ipv4_total",
    "gate_dropped_ipv6_total",
    "gate_expired_entry_hits_total",
    "gate_not_ip_total",
    "gate_malformed_total",
    "gate_would_drop_ipv4_total",
    "gate_would_drop_ipv6_total",
    "gate_hits_uncounted_total",
];

/// Elements of `GATE_COUNTERS`: behind those that the gate counts stand, in the same order, those that were brought
/// along from maps of an older layout.
pub const COUNTER_ELEMENTS: usize = 2 * COUNTERS.len();

#[cfg(feature = "user")]
// SAFETY: `repr(C)`, only integers, no padding (asserted below).
unsafe impl aya::Pod for BlockEntry {}
#[cfg(feature = "user")]
// SAFETY: as above.
unsafe impl aya::Pod for Hits {}
#[cfg(feature = "user")]
// SAFETY: as above.
unsafe impl aya::Pod for Recent {}

const _: () = assert!(size_of::<BlockEntry>() == 8 + 8 + 4);
const _: () = assert!(align_of::<BlockEntry>() == 4);
const _: () = assert!(size_of::<Hits>() == 8 + 8);
const _: () = assert!(size_of::<Recent>() == 64);
const _: () = assert!(Counter::HitsUncounted as usize + 1 == COUNTERS.len());
