//! From the packet into the ring buffer of the flow's shard.
//!
//! A record's size must be known when the program is verified, so there is a ladder of sizes; what is larger than
//! the largest goes in several records. Nothing is cut without being counted and told in the record.

use aya_ebpf::{
    bindings::__sk_buff,
    btf_maps::{ArrayOfMaps, RingBuf},
    helpers::bpf_skb_load_bytes,
    macros::btf_map,
    programs::TcContext,
};
use portcullis_sensor_common::tap::{Counter, HEADER_LEN, MAX_SHARDS, RecordHeader};

use crate::{
    bound::within,
    frame::Segment,
    tap::{self, FIN, RST, SYN},
};

/// The size is only the pattern's: the loader puts in rings of the size asked for.
pub(crate) type Ring = RingBuf<u8, 4096>;

#[btf_map]
static RINGS: ArrayOfMaps<Ring, MAX_SHARDS> = ArrayOfMaps::new();

/// How many of the rings are there, set by the loader.
#[unsafe(no_mangle)]
static SHARDS: u32 = 1;

/// The agent polls: a wake-up per record costs more than the copy (Linux 5.8).
const BPF_RB_NO_WAKEUP: u64 = 1;

/// The largest record takes a segment of 64 KiB whole, the most that segmentation offload makes without BIG TCP.
const LARGEST: usize = 65_536 + HEADER_LEN;
const MOST: u32 = (LARGEST - HEADER_LEN) as u32;
/// BIG TCP makes at most 512 KiB (Linux 5.19).
const PIECES: usize = 8;

#[inline(always)]
pub(crate) fn shard(hash: u32) -> u32 {
    // SAFETY: read-only to this program; volatile, because the loader sets it after compilation.
    let shards = unsafe { core::ptr::read_volatile(&raw const SHARDS) };
    if shards <= 1 { 0 } else { hash % shards }
}

#[inline(always)]
pub(crate) fn ring(shard: u32) -> Option<&'static Ring> {
    RINGS.get(shard)
}

/// A record without payload: the opening or the end of a direction.
#[inline(always)]
pub(crate) fn bare(ctx: &TcContext, header: &RecordHeader, shard: u32) {
    if let Some(ring) = ring(shard) {
        write::<HEADER_LEN>(ctx.skb.skb, ring, header, 0, 0);
    }
}

/// Uses up the segment: its record becomes that of the last piece. False where the ring had no room for all of it.
#[inline(always)]
pub(crate) fn payload(ctx: &TcContext, segment: &mut Segment, shard: u32) -> bool {
    portcullis_copy(ctx.skb.skb, segment, shard) != 0
}

/// Global, so that the verifier walks it once and not from every place that leads here.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn portcullis_copy(ctx: *mut __sk_buff, segment: *mut Segment, shard: u32) -> u32 {
    // SAFETY: null, or the caller's own.
    let Some(segment) = (unsafe { segment.as_mut() }) else { return 1 };
    let Some(ring) = ring(shard) else { return 1 };
    u32::from(pieces(ctx, ring, segment))
}

#[inline(always)]
#[expect(clippy::match_overlapping_arm, reason = "a ladder: the first rung that holds it")]
fn pieces(ctx: *mut __sk_buff, ring: &Ring, segment: &mut Segment) -> bool {
    let record = &mut segment.record;
    let (mut offset, mut left) = (segment.payload_offset, record.payload_len);
    let mut flags = record.flags;
    let mut whole = true;
    for _ in 0..PIECES {
        if left <= MOST {
            break;
        }
        // The end of the segment is the end of its last piece.
        record.flags = flags & !(FIN | RST);
        record.payload_len = MOST;
        record.wire_len = MOST;
        whole &= write::<LARGEST>(ctx, ring, record, offset, MOST);
        // A SYN takes up a number of its own, RFC 9293 section 3.4.
        record.sequence = record.sequence.wrapping_add(MOST + u32::from(flags & SYN != 0));
        flags &= !SYN;
        offset += MOST;
        left -= MOST;
    }
    record.flags = flags;
    record.wire_len = left + segment.left_out;
    if left > MOST {
        tap::count(Counter::OversizeBytes, u64::from(left - MOST));
        left = MOST;
    }
    record.payload_len = left;
    whole
        & match left as usize + HEADER_LEN {
            HEADER_LEN => write::<HEADER_LEN>(ctx, ring, record, 0, 0),
            ..=256 => write::<256>(ctx, ring, record, offset, left),
            ..=512 => write::<512>(ctx, ring, record, offset, left),
            ..=1024 => write::<1024>(ctx, ring, record, offset, left),
            ..=2048 => write::<2048>(ctx, ring, record, offset, left),
            ..=4096 => write::<4096>(ctx, ring, record, offset, left),
            ..=8192 => write::<8192>(ctx, ring, record, offset, left),
            ..=16_384 => write::<16_384>(ctx, ring, record, offset, left),
            ..=32_768 => write::<32_768>(ctx, ring, record, offset, left),
            _ => write::<LARGEST>(ctx, ring, record, offset, left),
        }
}

/// False where the ring was full.
#[inline(always)]
fn write<const SIZE: usize>(
    ctx: *mut __sk_buff,
    ring: &Ring,
    header: &RecordHeader,
    offset: u32,
    len: u32,
) -> bool {
    let Some(mut record) = ring.reserve_bytes(SIZE, 0) else {
        tap::count(Counter::RingFull, 1);
        tap::count(Counter::RingFullBytes, u64::from(header.wire_len));
        return false;
    };
    let start = record.as_mut_ptr();
    // SAFETY: `SIZE` is at least the header's, and ring-buffer records are aligned to 8.
    unsafe { start.cast::<RecordHeader>().write(*header) }
    if SIZE > HEADER_LEN {
        let Some(len) = within(len, (SIZE - HEADER_LEN) as u64) else {
            record.discard(BPF_RB_NO_WAKEUP);
            tap::count(Counter::Unreadable, 1);
            return true;
        };
        // SAFETY: `len` bytes behind the header are within the record.
        let read =
            unsafe { bpf_skb_load_bytes(ctx.cast(), offset, start.add(HEADER_LEN).cast(), len as u32) };
        if read != 0 {
            record.discard(BPF_RB_NO_WAKEUP);
            tap::count(Counter::Unreadable, 1);
            return true;
        }
        tap::count(Counter::CopiedBytes, len);
    }
    record.submit(BPF_RB_NO_WAKEUP);
    tap::count(Counter::Records, 1);
    true
}
