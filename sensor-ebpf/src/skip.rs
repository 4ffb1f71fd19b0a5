//! What is left out of a direction: a stretch of sequence numbers, exactly.
//!
//! Two parties set it: the tap for answers whose head it can read beyond doubt ([`crate::answer`]), the agent for whatever
//! its readers know ([`crate::advice`]). It ends at its last number, with whatever comes from behind it, and as soon as the
//! other side says something that does not go with it: whoever awaits the rest of an answer does not ask on, and whoever
//! awaits the rest of a request does not answer. So neither a forged head nor one that two programs read in two ways can
//! hide more than the message it is about.

use aya_ebpf::{helpers::bpf_skb_load_bytes, programs::TcContext};
use portcullis_sensor_common::tap::{Counter, TAIL_LEFT_OUT};

use crate::{
    copy,
    flow::{Direction, Flow, Side},
    frame::Segment,
    tap::{self, SYN},
};

/// Less is sooner copied.
const LEAST: u32 = 1024;

impl Direction {
    #[inline(always)]
    pub(crate) fn skip(&mut self, from: u32, to: u32) {
        if to.wrapping_sub(from).cast_signed() >= LEAST.cast_signed() {
            (self.skip_from, self.skip_to) = (from, to);
            self.is_skipping = true;
        }
    }
}

/// Ends what the other side's payload contradicts.
#[inline(always)]
pub(crate) fn heed(ctx: &TcContext, segment: &Segment, flow: &mut Flow, side: Side) {
    let is_server = flow.is_server(side);
    let other = flow.direction(side.other());
    if other.is_skipping && !(is_server && is_interim(ctx, segment)) {
        other.is_skipping = false;
    }
}

/// `HTTP/1.1 100 Continue` asks for the request's body, RFC 9110 section 15.2.1.
#[inline(always)]
fn is_interim(ctx: &TcContext, segment: &Segment) -> bool {
    let mut start = [0_u8; 10];
    // SAFETY: writes the 10 bytes of `start`.
    let read = unsafe {
        bpf_skb_load_bytes(ctx.skb.skb.cast(), segment.payload_offset, start.as_mut_ptr().cast(), 10)
    };
    read == 0 && start[..7] == *b"HTTP/1." && start[8..] == *b" 1"
}

/// Copies a segment but for what is to be left out, of which a record tells the length. False where the ring had no room
/// for all of it.
#[inline(always)]
pub(crate) fn copy(ctx: &TcContext, segment: &mut Segment, direction: &mut Direction, shard: u32) -> bool {
    let record = &segment.record;
    let (len, flags) = (record.payload_len, record.flags);
    let first = record.sequence.wrapping_add(u32::from(flags & SYN != 0));
    let until = direction.skip_to.wrapping_sub(first).cast_signed();
    if !direction.is_skipping || until <= 0 {
        direction.is_skipping = false;
        return copy::payload(ctx, segment, shard);
    }
    let from = direction.skip_from.wrapping_sub(first).cast_signed();
    let before = if from > 0 { from.cast_unsigned() } else { 0 };
    if before >= len {
        return copy::payload(ctx, segment, shard);
    }
    let until = until.cast_unsigned();
    let rest = len.saturating_sub(until);
    let left_out = len - before - rest;
    tap::count(Counter::LeftOutSegments, 1);
    tap::count(Counter::LeftOutBytes, u64::from(left_out));
    let offset = segment.payload_offset;
    segment.record.left_out |= TAIL_LEFT_OUT;
    segment.record.payload_len = before;
    segment.left_out = left_out;
    let mut whole = true;
    for part in 0..2 {
        if part == 1 {
            if rest == 0 {
                break;
            }
            direction.is_skipping = false;
            segment.left_out = 0;
            segment.payload_offset = offset + until;
            segment.record.left_out &= !TAIL_LEFT_OUT;
            segment.record.payload_len = rest;
            segment.record.sequence = direction.skip_to;
            segment.record.flags = flags & !SYN;
        } else if rest > 0 {
            segment.record.flags = flags & !(tap::FIN | tap::RST);
        }
        whole &= copy::payload(ctx, segment, shard);
    }
    whole
}
