//! Is this segment one request, whole, to which the answer brings a body?
//!
//! What the tap knows of an answer's length hangs on it: an answer to HEAD has none, and of several requests in one segment
//! nobody knows which is answered first.

use aya_ebpf::{bindings::__sk_buff, helpers::bpf_skb_load_bytes, programs::TcContext};

use crate::{bound::within, frame::Segment};

/// The longest that is looked at.
const MOST: usize = 2048;
/// `GET / HTTP/1.1` and the empty line.
const LEAST: u32 = 18;
/// A word may be read at the last byte.
const ROOM: usize = MOST + 8;

const METHOD: [u8; 4] = *b"GET ";
const END: [u8; 4] = *b"\r\n\r\n";

/// The segment's bytes.
#[repr(C)]
pub(crate) struct Question {
    bytes: [u8; ROOM],
}

#[inline(always)]
pub(crate) fn is_single(ctx: &TcContext, segment: &Segment, question: &mut Question) -> bool {
    portcullis_is_single(ctx.skb.skb, question, segment.payload_offset, segment.record.payload_len) != 0
}

/// Global, so that the verifier walks it once and not from every place that leads here.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn portcullis_is_single(
    ctx: *mut __sk_buff,
    question: *mut Question,
    offset: u32,
    len: u32,
) -> u32 {
    // SAFETY: null, or the caller's own.
    let Some(question) = (unsafe { question.as_mut() }) else { return 0 };
    u32::from(read(ctx, &mut question.bytes, offset, len))
}

#[inline(always)]
fn read(ctx: *mut __sk_buff, buffer: &mut [u8; ROOM], offset: u32, len: u32) -> bool {
    if len < LEAST {
        return false;
    }
    let Some(len) = within(len, MOST as u64) else { return false };
    // SAFETY: at most `MOST` bytes, which the buffer has.
    let read = unsafe { bpf_skb_load_bytes(ctx.cast(), offset, buffer.as_mut_ptr().cast(), len as u32) };
    let len = len as usize;
    if read != 0 || len < LEAST as usize || buffer[..4] != METHOD || buffer[len - 4..len] != END {
        return false;
    }
    // The empty line at the end is the one that may be there.
    (buffer[len - 2], buffer[len - 1]) = (0, 0);
    let mut at = 4;
    // Eight bytes hold six places where an empty line may begin.
    for _ in 0..MOST / 6 {
        if at >= len - 2 {
            return true;
        }
        if at > MOST || holds_empty_line(word(buffer, at)) {
            return false;
        }
        at += 6;
    }
    at >= len - 2
}

#[inline(always)]
fn word(buffer: &[u8; ROOM], at: usize) -> u64 {
    // SAFETY: `at` is at most `MOST`, and the buffer goes on for a word behind it.
    unsafe { buffer.as_ptr().add(at).cast::<u64>().read_unaligned() }
}

/// LF LF, or LF CR LF. May hold one that is none, never misses one.
#[inline(always)]
fn holds_empty_line(word: u64) -> bool {
    let (feeds, returns) = (bytes_equal(word, b'\n'), bytes_equal(word, b'\r'));
    feeds & (feeds >> 8) != 0 || feeds & (returns >> 8) & (feeds >> 16) != 0
}

/// The highest bit of each byte that is equal, and now and then of one that is one more.
#[inline(always)]
fn bytes_equal(word: u64, byte: u8) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let differs = word ^ (ONES * byte as u64);
    differs.wrapping_sub(ONES) & !differs & (ONES << 7)
}
