//! The tap (TCX or clsact, both directions): finds the HTTP flows and copies nothing else.

use aya_ebpf::{
    bindings::TC_ACT_UNSPEC,
    btf_maps::PerCpuArray,
    helpers::bpf_ktime_get_boot_ns,
    macros::{btf_map, classifier},
    programs::TcContext,
};
use portcullis_sensor_common::tap::{
    BODIES_UNWANTED, COUNTERS, Counter, MODE_HEADERS, MODE_OFF, RecordHeader,
};

use crate::{
    answer::{self, Head},
    copy, counter,
    flow::{self, Asked, Direction, Flow, FlowKey, Opening, Side, Verdict},
    frame::{self, Segment},
    http_start::{self, Expected, Start},
    pressure,
    question::{self, Question},
    rules, skip,
};

pub(crate) const FIN: u8 = 0x01;
pub(crate) const SYN: u8 = 0x02;
pub(crate) const RST: u8 = 0x04;
const ACK: u8 = 0x10;

#[btf_map]
static TAP_COUNTERS: PerCpuArray<u64, { COUNTERS.len() }> = PerCpuArray::new();

/// Segments that overtook a connection's first one are copied before it is known whether they are HTTP: so many
/// bytes of a flow, and no farther ahead than this.
const HELD_BYTES: u32 = 64 * 1024;

/// Bytes of an answer's body that are copied where its end is known, set by the loader.
#[unsafe(no_mangle)]
static ANSWER_KEEP: u32 = u32::MAX;

/// A server that fills a segment (of 1,460 bytes on most links) may send more than is kept.
const BULKY: u32 = 1400;

/// Too large for the stack. Nothing else runs at these hooks on this processor meanwhile.
#[repr(C)]
struct Scratch {
    segment: Segment,
    key: FlowKey,
    opening: RecordHeader,
    start: Start,
    head: Head,
    question: Question,
}

#[btf_map]
static SCRATCH: PerCpuArray<Scratch, 1> = PerCpuArray::new();

/// Returns `TC_ACT_UNSPEC`, which TCX calls `TCX_NEXT`: the packet goes on to whoever else is attached.
#[classifier]
pub fn portcullis_tap(ctx: TcContext) -> i32 {
    count(Counter::Frames, 1);
    if let Some(scratch) = SCRATCH.get_ptr_mut(0) {
        // SAFETY: a pointer to this processor's own slot; integers, for which any bytes are a value.
        let scratch = unsafe { &mut *scratch };
        match frame::read(&ctx, &mut scratch.segment) {
            Ok(()) => look(&ctx, scratch),
            Err(Some(counter)) => counter::add(&TAP_COUNTERS, counter, 1),
            Err(None) => {}
        }
    }
    TC_ACT_UNSPEC
}

#[inline(always)]
fn look(ctx: &TcContext, scratch: &mut Scratch) {
    count(Counter::Segments, 1);
    let record = &mut scratch.segment.record;
    let opens = record.flags & SYN != 0;
    let carries = record.payload_len > 0;
    if !opens && !carries && record.flags & (FIN | RST) == 0 {
        return;
    }
    let side = scratch.key.set(record);
    let found =
        if opens || carries { flow::entry(&scratch.key, opens) } else { flow::existing(&scratch.key) };
    let Some(flow) = found else {
        if opens || carries {
            count(Counter::FlowTableFull, 1);
        }
        return;
    };
    if opens {
        let opening = if record.flags & ACK == 0 { Opening::Client } else { Opening::Server };
        flow.open(side, record.sequence.wrapping_add(1), opening);
        if !carries {
            return;
        }
    }
    if !carries && !flow.verdict.is_followed() {
        return;
    }
    // SAFETY: a helper without arguments; the context is the one this program was called with.
    (record.time, record.interface) = unsafe { (bpf_ktime_get_boot_ns(), (*ctx.skb.skb).ifindex) };
    if !flow.direction(side).claim(record.interface, record.time) {
        count(Counter::DuplicateSegments, 1);
        return;
    }
    if carries {
        count(Counter::PayloadSegments, 1);
    }
    match rules::mode(flow, record, side) {
        MODE_OFF => {
            leave_off(flow, record.payload_len);
            return;
        }
        MODE_HEADERS => record.left_out = BODIES_UNWANTED,
        _ => {}
    }
    let shard = copy::shard(scratch.key.hash());
    if !carries {
        announce(ctx, scratch, flow, side, shard);
        copy::bare(ctx, &scratch.segment.record, shard);
        return;
    }
    let left_alone = match fate(ctx, scratch, flow, side, shard) {
        Fate::Copied => None,
        Fate::Skipped => Some((Counter::SkippedSegments, Counter::SkippedBytes)),
        Fate::Shed => Some((Counter::ShedSegments, Counter::ShedBytes)),
        Fate::Interrupted => Some((Counter::InterruptedSegments, Counter::InterruptedBytes)),
    };
    if let Some((segments, bytes)) = left_alone {
        count(segments, 1);
        count(bytes, u64::from(scratch.segment.record.payload_len));
        return;
    }
    announce(ctx, scratch, flow, side, shard);
    if flow.verdict == Verdict::Http {
        follow(ctx, scratch, flow, side);
    }
    let is_whole = skip::copy(ctx, &mut scratch.segment, flow.direction(side), shard);
    if !is_whole && flow.verdict == Verdict::Http {
        // The message is torn already; the room goes to flows that are whole.
        flow.verdict = Verdict::Interrupted;
        count(Counter::InterruptedFlows, 1);
    }
}

/// A rule says not to look. Should that change, the flow is taken up in its middle, and its reader must not wait for what
/// came before.
#[inline(always)]
fn leave_off(flow: &mut Flow, payload_len: u32) {
    (flow.low.announced, flow.high.announced) = (true, true);
    if payload_len > 0 {
        count(Counter::OffSegments, 1);
        count(Counter::OffBytes, u64::from(payload_len));
    }
}

/// Finds out what need not be copied of an HTTP flow.
#[inline(always)]
fn follow(ctx: &TcContext, scratch: &mut Scratch, flow: &mut Flow, side: Side) {
    let segment = &scratch.segment;
    skip::heed(ctx, segment, flow, side);
    if flow.is_client(side) {
        let is_single = flow.is_bulky
            && flow.asked == Asked::Nothing
            && question::is_single(ctx, segment, &mut scratch.question);
        flow.asked = if is_single { Asked::Once } else { Asked::Otherwise };
        flow.answer_at = segment.record.acknowledgement;
    } else if flow.is_server(side) {
        let is_answer = flow.asked == Asked::Once && flow.answer_at == segment.record.sequence;
        flow.asked = Asked::Nothing;
        flow.is_bulky |= segment.record.payload_len >= BULKY;
        if is_answer {
            measure(ctx, scratch, flow, side);
        }
    }
}

/// Leaves out what nobody keeps of the answer that begins here.
#[inline(always)]
fn measure(ctx: &TcContext, scratch: &mut Scratch, flow: &mut Flow, side: Side) {
    let record = &scratch.segment.record;
    let keeps_body = record.left_out & BODIES_UNWANTED == 0;
    // SAFETY: read-only to this program; volatile, because the loader sets it after compilation.
    let keep = if keeps_body { unsafe { core::ptr::read_volatile(&raw const ANSWER_KEEP) } } else { 0 };
    let Some(lengths) = answer::lengths(ctx, &scratch.segment, &mut scratch.head, keeps_body) else { return };
    if lengths.body > keep {
        let body_at = record.sequence.wrapping_add(lengths.head);
        flow.direction(side).skip(body_at.wrapping_add(keep), body_at.wrapping_add(lengths.body));
    }
}

/// What becomes of a segment with payload.
enum Fate {
    Copied,
    /// Not HTTP.
    Skipped,
    /// Of a flow that is shed.
    Shed,
    /// Of a flow that is interrupted.
    Interrupted,
}

#[inline(always)]
fn fate(ctx: &TcContext, scratch: &mut Scratch, flow: &mut Flow, side: Side, shard: u32) -> Fate {
    let verdict = flow.verdict;
    match verdict {
        Verdict::Http => Fate::Copied,
        Verdict::Interrupted if pressure::has_room(shard) => {
            flow.verdict = Verdict::Http;
            Fate::Copied
        }
        Verdict::Interrupted => Fate::Interrupted,
        Verdict::GivenUp => Fate::Skipped,
        // To go on with an answer would pair it with nothing.
        Verdict::Shed if flow.direction(side).opening == Opening::Server || !pressure::has_room(shard) => {
            Fate::Shed
        }
        Verdict::Unknown | Verdict::Other | Verdict::Shed => {
            let promise = judge(ctx, scratch, flow, side);
            if promise == Promise::Nothing {
                return if flow.verdict == Verdict::Shed { Fate::Shed } else { Fate::Skipped };
            }
            if flow.verdict != Verdict::Shed && !pressure::has_room(shard) {
                flow.shed();
                return Fate::Shed;
            }
            if promise == Promise::Message {
                flow.verdict = Verdict::Http;
                count(Counter::Flows, 1);
            }
            Fate::Copied
        }
    }
}

/// What a segment says of a flow that is not known to be HTTP.
#[derive(PartialEq, Eq)]
enum Promise {
    Nothing,
    /// It overtook the first one, which will tell.
    Perhaps,
    /// A message begins here.
    Message,
}

#[inline(always)]
fn judge(ctx: &TcContext, scratch: &mut Scratch, flow: &mut Flow, side: Side) -> Promise {
    let record = &scratch.segment.record;
    let first_byte = record.sequence.wrapping_add(u32::from(record.flags & SYN != 0));
    let direction = flow.direction(side);
    let (opening, opened_at) = (direction.opening, direction.start);
    let at_start = opening != Opening::Unseen && first_byte == opened_at;
    let fresh = flow.verdict == Verdict::Unknown;
    let expected = match opening {
        Opening::Client if at_start && !flow.server_first => Expected::Request,
        Opening::Server if at_start => Expected::Response,
        Opening::Unseen if fresh => Expected::Either,
        _ => Expected::Surely,
    };
    let Some(is_message) = http_start::begins(ctx, &scratch.segment, &mut scratch.start, expected) else {
        count(Counter::Unreadable, 1);
        return Promise::Nothing;
    };
    if is_message {
        return Promise::Message;
    }
    if fresh && opening != Opening::Unseen && !at_start {
        let ahead = first_byte.wrapping_sub(opened_at);
        if ahead >= HELD_BYTES || flow.held >= HELD_BYTES {
            return Promise::Nothing;
        }
        flow.held += record.payload_len;
        return Promise::Perhaps;
    }
    if fresh {
        flow.server_first = opening == Opening::Server;
        flow.verdict = Verdict::Other;
    }
    Promise::Nothing
}

/// Reports the openings of both directions ahead of the first payload: a SYN says where a stream begins, and only
/// now is it known that this one counts.
#[inline(always)]
fn announce(ctx: &TcContext, scratch: &mut Scratch, flow: &mut Flow, sender: Side, shard: u32) {
    let (from, opening) = (&scratch.segment.record, &mut scratch.opening);
    *opening = *from;
    (opening.payload_len, opening.wire_len, opening.acknowledgement) = (0, 0, 0);
    announce_direction(ctx, opening, flow.direction(sender), shard);
    (opening.source, opening.source_port) = (from.destination, from.destination_port);
    (opening.destination, opening.destination_port) = (from.source, from.source_port);
    announce_direction(ctx, opening, flow.direction(sender.other()), shard);
}

#[inline(always)]
fn announce_direction(ctx: &TcContext, record: &mut RecordHeader, direction: &mut Direction, shard: u32) {
    if direction.announced || direction.opening == Opening::Unseen {
        return;
    }
    direction.announced = true;
    record.sequence = direction.start.wrapping_sub(1);
    record.flags = if direction.opening == Opening::Client { SYN } else { SYN | ACK };
    copy::bare(ctx, record, shard);
}

#[inline(always)]
pub(crate) fn count(counter: Counter, amount: u64) {
    counter::add(&TAP_COUNTERS, counter as u32, amount);
}
