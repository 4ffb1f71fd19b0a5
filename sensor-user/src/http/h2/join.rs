//! Recognises HTTP/2 where its preface was not captured.

use super::{
    block::Block,
    frame::{self, ACK, END_HEADERS, FrameHeader, HEADER_LEN, Kind},
    hpack::Decoder,
    payload::{Payload, Taken},
    reader::begins_frames,
};

/// What bytes look like that may begin with a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Look {
    /// No frames.
    Other,
    /// Frames perhaps, or for certain; who sends them is not clear yet.
    Undecided,
    OfClient,
    OfServer,
}

/// Judges bytes from within a connection by the headers of the frames in them, which must all be right, and by the first
/// header block, which must be decodable and have pseudo-header fields: these say who sends it.
pub(in crate::http) fn look(bytes: &[u8]) -> Look {
    if bytes.len() >= HEADER_LEN && !begins_frames(bytes) { Look::Other } else { look_from_start(bytes) }
}

/// The same for the first bytes that somebody sends. What comes after the header block makes no difference, so that none is
/// made by how many bytes are there.
pub(in crate::http) fn look_from_start(bytes: &[u8]) -> Look {
    match frame::first(bytes) {
        None if may_begin_frame(bytes) => return Look::Undecided,
        Some(first) if first.is_plausible() => {}
        _ => return Look::Other,
    }
    let mut rest = bytes;
    let mut block = Vec::new();
    while let Some(header) = frame::first(rest) {
        let end = HEADER_LEN + header.len as usize;
        if !header.is_valid() {
            return Look::Other;
        }
        let Some(payload) = rest.get(HEADER_LEN..end) else { break };
        if matches!(header.kind, Kind::Headers | Kind::Continuation) {
            let Some(fragment) = fragment(header, payload) else { return Look::Other };
            block.extend_from_slice(fragment);
            if header.has(END_HEADERS) {
                match sender(&block) {
                    Look::Undecided => block.clear(),
                    decided => return decided,
                }
            }
        }
        rest = rest.get(end..).unwrap_or_default();
    }
    Look::Undecided
}

/// Whether the bytes may be the SETTINGS that a server begins with, before the client's preface has come perhaps.
pub(in crate::http) fn is_settings(bytes: &[u8]) -> bool {
    match frame::first(bytes) {
        Some(header) => header.kind == Kind::Settings && header.is_plausible() && !header.has(ACK),
        None => may_begin_frame(bytes) && bytes.get(3).is_none_or(|kind| *kind == 4),
    }
}

/// The first bytes of a length below 16 KiB, and of a known type.
fn may_begin_frame(bytes: &[u8]) -> bool {
    const KINDS: u8 = 10;
    let is_short =
        bytes.first().is_none_or(|high| *high == 0) && bytes.get(1).is_none_or(|middle| *middle <= 0x40);
    is_short && bytes.get(3).is_none_or(|kind| *kind < KINDS)
}

/// The part of a header block in a frame; `None` where the frame has no room for what its flags say.
fn fragment(header: FrameHeader, mut bytes: &[u8]) -> Option<&[u8]> {
    let mut payload = Payload::of(header);
    loop {
        let (taken, used) = payload.take(bytes);
        bytes = bytes.get(used..).unwrap_or_default();
        match taken {
            Taken::Fragment { bytes, .. } => return Some(bytes),
            Taken::Passed => {}
            _ => return None,
        }
    }
}

fn sender(block: &[u8]) -> Look {
    let (block, outcome) = Block::decode(&mut Decoder::joining(), block);
    match (outcome, block.pseudo.is_request(), block.pseudo.is_response()) {
        (Ok(()), true, false) => Look::OfClient,
        (Ok(()), false, true) => Look::OfServer,
        (Ok(()), false, false) => Look::Undecided,
        _ => Look::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_block_says_who_sends_it() {
        assert_eq!(look(b"\0\0\x01\x01\x05\0\0\0\x07\x82"), Look::OfClient);
        assert_eq!(look(b"\0\0\0\x04\x01\0\0\0\0\0\0\x01\x01\x05\0\0\0\x07\x88"), Look::OfServer);
        assert_eq!(look(b"\0\0\x02\x01\x05\0\0\0\x07\xc0\xc1"), Look::Undecided);
        assert_eq!(look(b"\0\0\x01\x01\x01\0\0\0\x07\xc0\0\0\x01\x09\x04\0\0\0\x07\x82"), Look::OfClient);
        assert_eq!(look(b"\0\0\x08\x06\0\0\0\0\0"), Look::Undecided);
        assert_eq!(look(b"\0\0"), Look::Undecided);
    }

    #[test]
    fn what_is_not_frames_all_the_way_is_none() {
        for bytes in [
            &b"GET / HTTP/1.1"[..],
            b"\x16\x03\x01",
            b"\0\0\x01\x01\x05\0\0\0\x07\xff",
            b"\0\0\x01\x01\x05\0\0\0\x07\x82\xff\xff\xff\x01\0\0\0\0\0",
        ] {
            assert_eq!(look(bytes), Look::Other, "{bytes:?}");
        }
    }
}
