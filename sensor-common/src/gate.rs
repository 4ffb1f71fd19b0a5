//! The gate's maps: who may pass, who may not, until when, and how often it happened.

/// Value of the block tries; the key is the prefix.
///
/// Aligned to 4, because the kernel's trie stores a value right behind its key, and an IPv4 key is 4 bytes long.
#[repr(C, packed(4))]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlockEntry {
    /// `CLOCK_BOOTTIME` in nanoseconds (`bpf_ktime_get_boot_ns`, Linux 5.8), because it goes on while the machine
    /// sleeps; 0 is permanent.
    pub expires: u64,
    /// Key of this entry's [`Hits`]. Never used again while the maps live.
    pub id: u32,
    /// Length of this entry's own prefix: where it has expired, the search goes on with shorter ones.
    pub prefix_len: u32,
}

/// Value of the allow tries. The kernel wants a value; that the key is there says it all.
pub type AllowEntry = u32;

/// Per processor and block entry.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hits {
    pub packets: u64,
    /// With the link-layer header.
    pub bytes: u64,
}

/// Entries of each trie. The tries allocate as they fill, so this is a promise to refuse and not memory.
pub const MAX_ENTRIES: usize = 131_072;

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
}

/// The one element of `GATE_MODE`: whether what a block meets is dropped.
pub const MODE_ENFORCE: u32 = 0;
/// Counted as if it were dropped, and passed.
pub const MODE_MONITOR: u32 = 1;

/// The gate's maps by name.
pub const MAPS: [&str; 6] = ["ALLOW_V4", "ALLOW_V6", "BLOCK_V4", "BLOCK_V6", "BLOCK_HITS", "GATE_MODE"];

/// Names for operators, in the order of [`Counter`].
pub const COUNTERS: [&str; 9] = [
    "gate_passed_total",
    "gate_allowed_total",
    "gate_dropped_ipv4_total",
    "gate_dropped_ipv6_total",
    "gate_expired_entry_hits_total",
    "gate_not_ip_total",
    "gate_malformed_total",
    "gate_would_drop_ipv4_total",
    "gate_would_drop_ipv6_total",
];

#[cfg(feature = "user")]
// SAFETY: `repr(C)`, only integers, no padding (asserted below).
unsafe impl aya::Pod for BlockEntry {}
#[cfg(feature = "user")]
// SAFETY: as above.
unsafe impl aya::Pod for Hits {}

const _: () = assert!(size_of::<BlockEntry>() == 8 + 4 + 4);
const _: () = assert!(align_of::<BlockEntry>() == 4);
const _: () = assert!(size_of::<Hits>() == 8 + 8);
const _: () = assert!(Counter::WouldDropV6 as usize + 1 == COUNTERS.len());
