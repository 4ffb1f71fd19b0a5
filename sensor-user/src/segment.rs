use std::{net::SocketAddr, num::NonZeroU32};

use portcullis_exchange::Timestamp;

/// One TCP segment as capture hands it to flow: headers parsed, tunnel taken off, payload still in the capture's
/// buffer.
///
/// The eBPF tap, live libpcap and capture files all end in this type; nothing after it knows which one it was.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    pub time: Timestamp,
    pub source: SocketAddr,
    pub destination: SocketAddr,
    /// VXLAN network identifier of the innermost tunnel; flows of two networks may share addresses.
    pub vni: Option<u32>,
    /// VLANs that it came in: inside the innermost VXLAN or Geneve tunnel, where there is one.
    pub vlans: Vlans,
    pub sequence: u32,
    pub acknowledgement: u32,
    pub flags: TcpFlags,
    pub payload: &'a [u8],
    /// Payload bytes on the wire: more than `payload` holds where the snap length or the tap cut it.
    pub wire_len: u32,
    pub left_out: LeftOut,
}

/// What the capture left out because nobody wants it, as opposed to what it lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// What `payload` lacks is of a body, past what is kept of it.
    pub tail: bool,
    /// A capture rule says that of this flow nobody looks at bodies.
    pub bodies: bool,
}

impl LeftOut {
    pub const NOTHING: Self = Self { tail: false, bodies: false };
}

/// The VLAN tags of a frame (IEEE 802.1Q section 9.6), for telling networks apart: exact for two tags, mixed for more.
///
/// A priority tag (VLAN 0) names no VLAN, so a frame with only such tags is in none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Vlans(NonZeroU32);

impl Vlans {
    /// The highest bit is always set.
    pub const NONE: Self = Self(Self::MARK);
    const MARK: NonZeroU32 = NonZeroU32::MIN.saturating_add((1 << 31) - 1);
    const ID_BITS: u32 = 12;

    /// With one more tag, inside of those that are known, by its tag control information.
    #[must_use]
    pub const fn and(self, tag: u16) -> Self {
        let id = tag as u32 & ((1 << Self::ID_BITS) - 1);
        if id == 0 {
            return self;
        }
        let mixed = self.0.get().wrapping_sub(Self::MARK.get()).rotate_left(Self::ID_BITS) ^ id;
        Self(Self::MARK.saturating_add(mixed & (Self::MARK.get() - 1)))
    }
}

impl Default for Vlans {
    fn default() -> Self {
        Self::NONE
    }
}

/// The control bits of RFC 9293 section 3.1 that reassembly needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    pub const FIN: u8 = 0x01;
    pub const SYN: u8 = 0x02;
    pub const RST: u8 = 0x04;
    pub const ACK: u8 = 0x10;

    pub const fn fin(self) -> bool {
        self.0 & Self::FIN != 0
    }

    pub const fn syn(self) -> bool {
        self.0 & Self::SYN != 0
    }

    pub const fn rst(self) -> bool {
        self.0 & Self::RST != 0
    }

    pub const fn ack(self) -> bool {
        self.0 & Self::ACK != 0
    }
}
