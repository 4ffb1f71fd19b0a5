//! The Packet Block of early pcapng, which the library leaves undecoded.

use super::{Packet, PacketTime};

/// In both byte orders: the library gives it as it stands in the file.
pub(super) const PACKET_BLOCK: [u32; 2] = [2, 2_u32.swap_bytes()];

/// Interface and drop count in 16 bits each, time, lengths, data (pcapng specification, appendix A).
pub(super) fn packet(body: &[u8], is_big_endian: bool) -> Option<Packet<'_>> {
    let (fields, data) = body.split_first_chunk::<20>()?;
    let word = |at: usize| {
        let bytes = fields.get(at..at + 4)?.try_into().ok()?;
        Some(if is_big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    };
    let both = word(0)?;
    let interface = if is_big_endian { both >> 16 } else { both & 0xffff };
    let time = PacketTime::Ticks(word(4)?, word(8)?);
    Some(Packet { interface, time, data, captured: word(12)?, wire_len: word(16)? })
}
