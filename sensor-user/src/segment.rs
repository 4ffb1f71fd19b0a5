use std::net::SocketAddr;

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
    pub sequence: u32,
    pub acknowledgement: u32,
    pub flags: TcpFlags,
    pub payload: &'a [u8],
    /// Payload bytes on the wire: more than `payload` holds where the snap length or the tap cut it.
    pub wire_len: u32,
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
