//! Connections to cut: which, until when, and what became of their packets.

use core::net::{IpAddr, SocketAddr};

/// One end of a connection.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// As on the wire; IPv4 in the first word, the others 0.
    pub address: [u32; 4],
    /// The IP version in the upper half, since IPv4 and IPv6 may read alike; the port in the lower one.
    pub version_and_port: u32,
}

/// Key of [`CutEntry`]: the same for both directions.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CutKey {
    pub low: Endpoint,
    pub high: Endpoint,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CutEntry {
    /// `CLOCK_BOOTTIME` in nanoseconds, never 0.
    pub expires: u64,
}

/// Connections that can be cut at a time. The least recently used make room.
pub const MAX_FLOWS: usize = 16_384;

/// The maps by name: the connections, and in an array of one the time when the last of them ends, so that a packet
/// costs one look while there is none.
pub const FLOWS: &str = "CUT_FLOWS";
pub const UNTIL: &str = "CUT_UNTIL";
pub const COUNTER_MAP: &str = "CUT_COUNTERS";

/// Index into the per-processor counters.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// Packets of cut connections that became a RST to either end.
    Resets,
    /// Packets of cut connections that could not become one, and were dropped.
    Dropped,
    /// Cuts that ended because a new connection took the same addresses and ports.
    Reused,
    /// Packets whose headers could not be read while there was something to cut: they passed.
    Malformed,
}

/// Names for operators, in the order of [`Counter`].
pub const COUNTERS: [&str; 4] =
    ["cut_resets_total", "cut_discarded_total", "cut_ended_by_reuse_total", "cut_malformed_total"];

impl Endpoint {
    #[inline(always)]
    #[must_use]
    pub const fn v4(address: [u8; 4], port: u16) -> Self {
        Self { address: [u32::from_ne_bytes(address), 0, 0, 0], version_and_port: 4 << 16 | port as u32 }
    }

    #[inline(always)]
    #[must_use]
    pub const fn v6(address: [u32; 4], port: u16) -> Self {
        Self { address, version_and_port: 6 << 16 | port as u32 }
    }

    /// Any order will do, as long as it is the same from both ends. By hand: the kernel's programs have no `memcmp`.
    #[inline(always)]
    fn precedes(&self, other: &Self) -> bool {
        for (one, other) in self.address.iter().zip(&other.address) {
            if one != other {
                return one < other;
            }
        }
        self.version_and_port <= other.version_and_port
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(socket: SocketAddr) -> Self {
        match socket.ip() {
            IpAddr::V4(v4) => Self::v4(v4.octets(), socket.port()),
            IpAddr::V6(v6) => {
                let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = v6.octets();
                let words = [[a, b, c, d], [e, f, g, h], [i, j, k, l], [m, n, o, p]];
                Self::v6(words.map(u32::from_ne_bytes), socket.port())
            }
        }
    }
}

impl CutKey {
    #[inline(always)]
    #[must_use]
    pub fn between(one: Endpoint, other: Endpoint) -> Self {
        if one.precedes(&other) { Self { low: one, high: other } } else { Self { low: other, high: one } }
    }
}

#[cfg(feature = "user")]
// SAFETY: `repr(C)`, only integers, no padding (asserted below).
unsafe impl aya::Pod for CutKey {}
#[cfg(feature = "user")]
// SAFETY: as above.
unsafe impl aya::Pod for CutEntry {}

const _: () = assert!(size_of::<CutKey>() == 2 * (4 * 4 + 4));
const _: () = assert!(size_of::<CutEntry>() == 8);
const _: () = assert!(Counter::Malformed as usize + 1 == COUNTERS.len());

#[cfg(test)]
mod tests {
    use super::*;

    fn end(text: &str) -> Endpoint {
        text.parse::<SocketAddr>().unwrap().into()
    }

    #[test]
    fn both_directions_have_the_same_key() {
        for (one, other) in [
            ("192.0.2.1:80", "192.0.2.2:80"),
            ("192.0.2.1:80", "192.0.2.1:4711"),
            ("[2001:db8::1]:80", "[2001:db8::2]:4711"),
        ] {
            assert_eq!(CutKey::between(end(one), end(other)), CutKey::between(end(other), end(one)));
        }
    }

    #[test]
    fn a_port_or_a_version_makes_another_connection() {
        let key = |one, other| CutKey::between(end(one), end(other));
        let known = key("192.0.2.1:80", "192.0.2.2:4711");
        assert_ne!(known, key("192.0.2.1:80", "192.0.2.2:4712"));
        assert_ne!(known, key("192.0.2.1:4711", "192.0.2.2:80"));
        assert_ne!(end("192.0.2.1:80"), end("[c000:201::]:80"));
    }
}
