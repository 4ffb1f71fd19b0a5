//! One more layer around an Ethernet frame, after which the decoder must find what it found without.

use portcullis_exchange::Timestamp;
use sensor_user::capture::decode::{Decoder, Frame, LinkType};

use super::{Found, decode};

const VXLAN_PORT: u16 = 4789;
const GENEVE_PORT: u16 = 6081;
const PROTOCOL_GRE: u8 = 47;
const PROTOCOL_UDP: u8 = 17;

/// `how` says by which layer.
pub(super) fn assert_transparent(how: usize, frame: &[u8]) {
    let vxlan = || udp(VXLAN_PORT, &[8, 0, 0, 0, 0, 0, 42, 0], frame);
    let wrapped = match how % 5 {
        // More tags than any network stacks are not followed.
        0 if !matches!(frame.get(12..14), Some([0x08, 0x00] | [0x86, 0xdd])) => return,
        0 => vec![tagged(frame)],
        1 => vec![ethernet(&ipv4(PROTOCOL_UDP, &vxlan(), 0, false))],
        // Version 0, no options, Trans Ether Bridging (RFC 8926 section 3.4).
        2 => {
            let geneve = udp(GENEVE_PORT, &[0, 0, 0x65, 0x58, 0, 0, 42, 0], frame);
            vec![ethernet(&ipv4(PROTOCOL_UDP, &geneve, 0, false))]
        }
        3 => {
            let gre = [&[0, 0, 0x65, 0x58], frame].concat();
            vec![ethernet(&ipv4(PROTOCOL_GRE, &gre, 0, false))]
        }
        _ => fragments(PROTOCOL_UDP, &vxlan()),
    };
    // A fragment is whole only with the frames before it, which neither of both has.
    if let (Some(bare), Some(found)) = (alone(&[frame.to_vec()]), alone(&wrapped)) {
        assert_eq!(found, bare);
    }
}

/// What a new decoder finds, unless the nesting is deeper than it goes.
fn alone(frames: &[Vec<u8>]) -> Option<Option<Found>> {
    let mut decoder = Decoder::default();
    let mut found = None;
    for bytes in frames {
        let frame =
            Frame { time: Timestamp::default(), link: LinkType::ETHERNET, bytes, wire_len: bytes.len() };
        found = decode(&mut decoder, frame).or(found);
    }
    (decoder.counters().value("capture_too_deep_total") == 0).then_some(found)
}

fn tagged(frame: &[u8]) -> Vec<u8> {
    let (addresses, rest) = frame.split_at(frame.len().min(12));
    [addresses, &[0x81, 0, 0, 7], rest].concat()
}

fn ethernet(datagram: &[u8]) -> Vec<u8> {
    [&[2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0], datagram].concat()
}

fn udp(port: u16, tunnel_header: &[u8], frame: &[u8]) -> Vec<u8> {
    let len = (8 + tunnel_header.len() + frame.len()) as u16;
    let header = [40_000, port, len, 0].map(u16::to_be_bytes).concat();
    [&header, tunnel_header, frame].concat()
}

fn ipv4(protocol: u8, payload: &[u8], offset: usize, more: bool) -> Vec<u8> {
    let len = (20 + payload.len()) as u16;
    let place = (offset / 8) as u16 | if more { 0x2000 } else { 0 };
    let words = [0x4500, len, 1, place, 64 << 8 | u16::from(protocol), 0, 0x0a00, 1, 0x0a00, 2];
    [&words.map(u16::to_be_bytes).concat(), payload].concat()
}

/// Three fragments, the last one first.
fn fragments(protocol: u8, payload: &[u8]) -> Vec<Vec<u8>> {
    let step = (payload.len() / 3).next_multiple_of(8).max(8);
    let parts: Vec<&[u8]> = payload.chunks(step).collect();
    let last = parts.len() - 1;
    parts
        .iter()
        .enumerate()
        .rev()
        .map(|(at, part)| ethernet(&ipv4(protocol, part, at * step, at < last)))
        .collect()
}
