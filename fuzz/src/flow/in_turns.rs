//! Two ends that wait for each other, captured a little out of order and in part twice: a reader gets every byte, none
//! twice, and never an answer before its question.
//!
//! Operations of two bytes: who sends, how late it is captured, whether twice; and how long it is.

use sensor_user::segment::TcpFlags;

use super::recorder::{Seen, seen, side};
use crate::{connection::Sent, input::Input};

const MAX_OPERATIONS: usize = 1000;
const START: [u32; 2] = [u32::MAX - 2000, u32::MAX - 200];

struct Segment {
    is_client: bool,
    flags: u8,
    sequence: u32,
    acknowledgement: u32,
    payload: Vec<u8>,
}

pub(super) fn run(mut input: Input<'_>) {
    let mut next = START;
    let mut send = |is_client: bool, flags: u8, payload: Vec<u8>| {
        let mine = &mut next[usize::from(is_client)];
        let sequence = *mine;
        *mine = mine.wrapping_add(payload.len() as u32 + u32::from(flags & !TcpFlags::ACK != 0));
        Segment { is_client, flags, sequence, acknowledgement: next[usize::from(!is_client)], payload }
    };
    let handshake = [
        send(true, TcpFlags::SYN, Vec::new()),
        send(false, TcpFlags::SYN | TcpFlags::ACK, Vec::new()),
        send(true, TcpFlags::ACK, Vec::new()),
    ];
    let mut expected: Vec<Seen> = Vec::new();
    let mut captured: Vec<(usize, Segment)> = Vec::new();
    let mut twice = Vec::new();
    for at in 0..MAX_OPERATIONS {
        if input.is_empty() {
            break;
        }
        let (how, len) = (input.byte(), input.byte());
        let is_client = how & 1 == 0;
        let payload: Vec<u8> = (0..=len).map(|byte| byte ^ at as u8).collect();
        match expected.last_mut() {
            Some(Seen::Bytes(last, all)) if *last == side(is_client) => all.extend_from_slice(&payload),
            _ => expected.push(Seen::Bytes(side(is_client), payload.clone())),
        }
        let delay = usize::from(how >> 1 & 3).min(2);
        twice.push(how & 0x80 != 0);
        captured.push((at + delay, send(is_client, TcpFlags::ACK, payload)));
    }
    let mut captured: Vec<_> = captured.into_iter().zip(twice).collect();
    captured.sort_by_key(|((at, _), _)| *at);
    let end = [
        send(true, TcpFlags::FIN | TcpFlags::ACK, Vec::new()),
        send(false, TcpFlags::FIN | TcpFlags::ACK, Vec::new()),
    ];
    let between = captured
        .iter()
        .flat_map(|((_, segment), is_twice)| std::iter::repeat_n(segment, if *is_twice { 2 } else { 1 }));
    let mut found = seen(handshake.iter().chain(between).chain(&end).map(|segment| Sent {
        is_client: segment.is_client,
        port: 40_000,
        nanos: 1_000_000_000,
        sequence: segment.sequence,
        acknowledgement: segment.acknowledgement,
        flags: segment.flags,
        payload: &segment.payload,
        cut: 0,
    }));
    found.retain(|seen| matches!(seen, Seen::Bytes(..) | Seen::Gap(..)));
    assert_eq!(found, expected);
}
