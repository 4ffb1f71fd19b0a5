//! Bitmaps ahead of the tries: a clear bit means that no entry can hold the address, a set one that one may.
//!
//! Most sources have a clear bit and cost one load; a trie costs one for each bit that it has to tell apart.

/// Of the block list: a bit for each of the `2^24` prefixes of IPv4 that long. IPv6 has as many, by a hash.
pub const BLOCK_BITS: u32 = 24;
/// Of the allow list, which is short, and looked at for every packet: fits the processor's nearest cache.
pub const ALLOW_BITS: u32 = 16;

/// Words of a bitmap for addresses of which `bits` bits count.
pub const fn words(bits: u32) -> usize {
    1 << (bits - 6)
}

/// IPv6 prefixes are looked at to this length, what registries give to one network at most.
pub const V6_HEAD: u32 = 32;

/// Where an IPv4 address has its bit.
#[inline(always)]
pub const fn v4(address: [u8; 4], bits: u32) -> u32 {
    v4_word(u32::from_be_bytes(address), bits)
}

/// The same, by the address as a number.
#[inline(always)]
pub const fn v4_word(address: u32, bits: u32) -> u32 {
    address >> (32 - bits)
}

/// Where an IPv6 address has its bit: its first 32 bits spread evenly, since real ones are close together.
#[inline(always)]
pub const fn v6(address: [u8; 16], bits: u32) -> u32 {
    let head = u32::from_be_bytes([address[0], address[1], address[2], address[3]]);
    v6_head(head, bits)
}

/// The same, by those 32 bits.
#[inline(always)]
pub const fn v6_head(head: u32, bits: u32) -> u32 {
    // 2^32 by the golden ratio: neighbours come far apart.
    head.wrapping_mul(0x9e37_79b1) >> (32 - bits)
}
