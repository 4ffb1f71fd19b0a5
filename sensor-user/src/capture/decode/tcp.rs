use etherparse::TcpHeaderSlice;

use crate::segment::TcpFlags;

/// Where the control bits stand in the header (RFC 9293 section 3.1).
const FLAGS: usize = 13;

/// A TCP header and what follows it.
pub(super) struct Header<'a> {
    pub(super) source_port: u16,
    pub(super) destination_port: u16,
    pub(super) sequence: u32,
    pub(super) acknowledgement: u32,
    pub(super) flags: TcpFlags,
    pub(super) payload: &'a [u8],
}

pub(super) fn header(bytes: &[u8]) -> Option<Header<'_>> {
    let header = TcpHeaderSlice::from_slice(bytes).ok()?;
    Some(Header {
        source_port: header.source_port(),
        destination_port: header.destination_port(),
        sequence: header.sequence_number(),
        acknowledgement: header.acknowledgment_number(),
        flags: TcpFlags(*header.slice().get(FLAGS)?),
        payload: bytes.get(header.slice().len()..)?,
    })
}
