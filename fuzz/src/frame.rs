//! LINK, then frames with their length in two bytes before them, of which the highest bit says that one byte was cut off:
//! the decoder claims no byte that a frame does not have, and finds the same segment through one more tunnel, tag or
//! fragmentation.

mod wrap;

use std::net::SocketAddr;

use portcullis_exchange::Timestamp;
use sensor_user::{
    capture::decode::{Decoder, Frame, LinkType},
    segment::{Segment, TcpFlags},
};

use crate::{heap, input::Input};

pub const LINKS: [LinkType; 12] = [
    LinkType::ETHERNET,
    LinkType::NULL,
    LinkType::RAW,
    LinkType::LINUX_SLL,
    LinkType::LINUX_SLL2,
    LinkType::NFLOG,
    LinkType::PPP,
    LinkType::CISCO_HDLC,
    LinkType::IPV6,
    LinkType::LOOP,
    LinkType::ARCNET_BSD,
    LinkType::ARCNET_LINUX,
];

/// The largest payload of IP, which reassembly of fragments may give.
const MAX_DATAGRAM: usize = 65_535;

/// Heap bytes of a decoder's tables, which are charged by what they hold and not by their capacity.
const UNCHARGED: usize = 16 << 10;

pub fn run(bytes: &[u8]) {
    let mut input = Input(bytes);
    let how = usize::from(input.byte());
    let link = LINKS[how % LINKS.len()];
    let elsewhere = heap::held();
    let mut decoder = Decoder::default();
    let mut given = 0;
    while !input.is_empty() {
        let len = input.number() as usize;
        let (cut, bytes) = (len >> 15, input.part(len & 0x7fff));
        given += bytes.len();
        let frame = Frame { time: Timestamp::default(), link, bytes, wire_len: bytes.len() + cut };
        if let Some(found) = decode(&mut decoder, frame) {
            assert!(found.payload.len() <= found.wire_len);
            let is_reassembled = || decoder.counters().value("capture_fragments_reassembled_total") > 0;
            if found.wire_len > bytes.len() + cut {
                assert!(is_reassembled() && found.wire_len <= given.min(MAX_DATAGRAM));
            }
        }
        let held = usize::try_from(heap::held() - elsewhere).unwrap_or(0);
        if held > UNCHARGED {
            let charged = decoder.counters().value("capture_held_bytes") as usize;
            assert!(held <= UNCHARGED + 3 * charged, "{held} bytes held, {charged} charged");
        }
        if link == LinkType::ETHERNET && cut == 0 {
            wrap::assert_transparent(how / LINKS.len(), bytes);
        }
    }
}

/// A segment with bytes of its own.
#[derive(Debug, PartialEq)]
struct Found {
    ends: [SocketAddr; 2],
    sequence: u32,
    acknowledgement: u32,
    flags: TcpFlags,
    payload: Vec<u8>,
    wire_len: usize,
}

/// What the decoder finds in a frame, which is one segment at most.
fn decode(decoder: &mut Decoder, frame: Frame<'_>) -> Option<Found> {
    let mut found = None;
    decoder.frame(frame, &mut |segment| {
        assert!(found.is_none(), "two segments in one frame");
        let Segment { source, destination, sequence, acknowledgement, flags, .. } = *segment;
        found = Some(Found {
            ends: [source, destination],
            sequence,
            acknowledgement,
            flags,
            payload: segment.payload.to_vec(),
            wire_len: segment.wire_len as usize,
        });
    });
    found
}
