use super::bytes::{be16, be32};
use crate::segment::TcpFlags;

/// A TCP header (RFC 9293 section 3.1) and what follows it.
pub(super) struct Header<'a> {
    pub(super) source_port: u16,
    pub(super) destination_port: u16,
    pub(super) sequence: u32,
    pub(super) acknowledgement: u32,
    pub(super) flags: TcpFlags,
    pub(super) payload: &'a [u8],
}

pub(super) fn header(bytes: &[u8]) -> Option<Header<'_>> {
    let len = usize::from(bytes.get(12)? >> 4) * 4;
    if len < 20 {
        return None;
    }
    Some(Header {
        source_port: be16(bytes, 0)?,
        destination_port: be16(bytes, 2)?,
        sequence: be32(bytes, 4)?,
        acknowledgement: be32(bytes, 8)?,
        flags: TcpFlags(*bytes.get(13)?),
        payload: bytes.get(len..)?,
    })
}
