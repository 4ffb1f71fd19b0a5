//! Two streams whose segments come in any order, repeat and contradict each other, without an acknowledgement that could
//! declare a hole lost: what a reader gets is, at each place, the byte that was captured there first.
//!
//! Where each stream starts, then operations of four bytes: whose, where, how long, whether with other bytes.

use sensor_user::{flow::Side, segment::TcpFlags};

use super::recorder::{Seen, seen, side};
use crate::{connection::Sent, input::Input};

/// What waits behind a hole is bounded; past the bound the hole counts as lost, which is not tried here.
const MAX_OPERATIONS: usize = 1000;
const SPAN: usize = 4 << 10;

pub(super) fn run(mut input: Input<'_>) {
    let start = [wrapping(input.byte()), wrapping(input.byte())];
    let mut segments = vec![handshake(start, true), handshake(start, false)];
    let mut expected: [Vec<Option<u8>>; 2] = [Vec::new(), Vec::new()];
    // A side whose stream began is told apart from one that is only guessed at.
    let mut add = |is_client: bool, offset: usize, payload: Vec<u8>| {
        let stream = &mut expected[usize::from(is_client)];
        stream.resize(stream.len().max(offset + payload.len()), None);
        for (place, byte) in stream[offset..].iter_mut().zip(&payload) {
            place.get_or_insert(*byte);
        }
        let sequence = start[usize::from(is_client)].wrapping_add(1 + offset as u32);
        segments.push((is_client, sequence, 0, payload));
    };
    for _ in 0..MAX_OPERATIONS {
        if input.is_empty() {
            break;
        }
        let (who, offset, len) = (input.byte(), input.number() as usize % SPAN, usize::from(input.byte()));
        let is_client = who & 1 == 0;
        let other = if who & 2 == 0 { 0 } else { 0x80 };
        let len = (len << (who >> 2 & 3)).max(1);
        add(is_client, offset, (offset..offset + len).map(|at| byte_at(is_client, at) ^ other).collect());
    }
    // What is missing by now comes last.
    for is_client in [true, false] {
        add(is_client, 0, (0..SPAN).map(|at| byte_at(is_client, at)).collect());
    }
    let ends = expected.clone().map(|stream| stream.len());
    for is_client in [true, false] {
        let end = start[usize::from(is_client)].wrapping_add(1 + ends[usize::from(is_client)] as u32);
        segments.push((is_client, end, TcpFlags::FIN, Vec::new()));
    }
    let seen = seen(segments.iter().map(|(is_client, sequence, flags, payload)| Sent {
        is_client: *is_client,
        port: 40_000,
        nanos: 1_000_000_000,
        sequence: *sequence,
        acknowledgement: if *flags & TcpFlags::ACK != 0 { start[1].wrapping_add(1) } else { 0 },
        flags: *flags,
        payload,
        cut: 0,
    }));
    for is_client in [true, false] {
        let expected: Option<Vec<u8>> = expected[usize::from(is_client)].iter().copied().collect();
        assert_eq!(Some(bytes(&seen, side(is_client))), expected);
    }
    assert!(!seen.iter().any(|seen| matches!(seen, Seen::Gap(..))), "nothing was lost");
}

/// Sequence numbers just before and after the end of their space.
fn wrapping(byte: u8) -> u32 {
    (u32::from(byte) << 5).wrapping_sub(SPAN as u32)
}

fn handshake(start: [u32; 2], is_client: bool) -> (bool, u32, u8, Vec<u8>) {
    let flags = if is_client { TcpFlags::SYN } else { TcpFlags::SYN | TcpFlags::ACK };
    (is_client, start[usize::from(is_client)], flags, Vec::new())
}

fn byte_at(is_client: bool, offset: usize) -> u8 {
    (offset as u8).wrapping_mul(31) ^ (offset >> 8) as u8 ^ u8::from(is_client)
}

fn bytes(seen: &[Seen], side: Side) -> Vec<u8> {
    let mut all = Vec::new();
    for seen in seen {
        if let Seen::Bytes(of, bytes) = seen
            && *of == side
        {
            all.extend_from_slice(bytes);
        }
    }
    all
}
