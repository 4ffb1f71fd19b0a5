//! Where the body of an answer ends, read from its head in the kernel.
//!
//! Most of what servers send are bodies of which nobody keeps more than the beginning, and the whole answer has passed
//! before the agent could say so. So the tap reads the length by itself, of answers that no two programs read differently:
//! one request waits for it, head and length are in one segment, every line ends as RFC 9112 wants it, one Content-Length,
//! no transfer or content coding. All others are copied as a whole.

use aya_ebpf::{bindings::__sk_buff, helpers::bpf_skb_load_bytes, programs::TcContext};
use portcullis_sensor_common::tap::MOST_LEFT_OUT;

use crate::{bound::within, frame::Segment};

/// The longest head that is read.
const MOST: usize = 1024;
/// Two words may be read at the last byte.
const ROOM: usize = MOST + 24;
/// `HTTP/1.1 200 OK` and the empty line.
const LEAST: u32 = 19;

/// Too large for the stack.
#[repr(C)]
pub(crate) struct Head {
    bytes: [u8; ROOM],
    found: Found,
}

#[repr(C)]
struct Found {
    /// Where the digits of Content-Length begin; 0 where there is none yet.
    length_at: Forgotten,
    /// Where the body begins.
    end: Forgotten,
    is_odd: Forgotten,
    padding: u32,
}

/// A number that is kept in memory, of which the verifier remembers nothing: of one in a register it does, and walks the
/// rest of a loop once for every value.
#[repr(transparent)]
struct Forgotten(u32);

impl Forgotten {
    #[inline(always)]
    fn get(&self) -> u32 {
        // SAFETY: a reference is readable.
        unsafe { core::ptr::read_volatile(&self.0) }
    }

    #[inline(always)]
    fn set(&mut self, value: u32) {
        // SAFETY: a reference is writable.
        unsafe { core::ptr::write_volatile(&mut self.0, value) }
    }
}

/// How the head and the body lie in the stream.
pub(crate) struct Lengths {
    pub(crate) head: u32,
    pub(crate) body: u32,
}

/// `keeps_body` false where a body is not wanted, in whatever coding.
#[inline(always)]
pub(crate) fn lengths(
    ctx: &TcContext,
    segment: &Segment,
    head: &mut Head,
    keeps_body: bool,
) -> Option<Lengths> {
    let (offset, available) = (segment.payload_offset, segment.record.payload_len);
    let lengths = portcullis_lengths(ctx.skb.skb, head, offset, available, u32::from(keeps_body));
    (lengths != 0).then_some(Lengths { head: (lengths >> 32) as u32, body: lengths as u32 })
}

/// The head's length and the body's, or 0. Global, so that the verifier walks it once and not from every place that leads
/// here.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn portcullis_lengths(
    ctx: *mut __sk_buff,
    head: *mut Head,
    offset: u32,
    available: u32,
    keeps_body: u32,
) -> u64 {
    // SAFETY: null, or the caller's own.
    let Some(head) = (unsafe { head.as_mut() }) else { return 0 };
    match read(ctx, head, offset, available, keeps_body != 0) {
        Some(Lengths { head, body }) => u64::from(head) << 32 | u64::from(body),
        None => 0,
    }
}

#[inline(always)]
fn read(
    ctx: *mut __sk_buff,
    head: &mut Head,
    offset: u32,
    available: u32,
    keeps_body: bool,
) -> Option<Lengths> {
    if available < LEAST {
        return None;
    }
    let len = if available > MOST as u32 { MOST as u32 } else { available };
    let len = within(len, MOST as u64)?;
    // SAFETY: at most `MOST` bytes, which the buffer has.
    let read = unsafe { bpf_skb_load_bytes(ctx.cast(), offset, head.bytes.as_mut_ptr().cast(), len as u32) };
    if read != 0 || !has_body(&head.bytes) {
        return None;
    }
    head.found.length_at.set(0);
    head.found.end.set(0);
    head.found.is_odd.set(0);
    // From behind the status, whatever stands there; a line feed has something in front of it then.
    for at in 12..MOST {
        if at >= len as usize {
            return None;
        }
        if head.bytes[at] == b'\n' {
            portcullis_line(head, at as u32 - 1, u32::from(keeps_body));
            if head.found.is_odd.get() != 0 {
                return None;
            }
            if head.found.end.get() != 0 {
                break;
            }
        }
    }
    let end = head.found.end.get();
    if end == 0 || end > len as u32 {
        return None;
    }
    Some(Lengths { head: end, body: number(head)? })
}

/// A final answer other than 204 and 304, which have none (RFC 9112 section 6.3).
#[inline(always)]
fn has_body(bytes: &[u8; ROOM]) -> bool {
    let is_http = bytes[..7] == *b"HTTP/1." && bytes[8] == b' ' && bytes[12] == b' ';
    let status = [bytes[9], bytes[10], bytes[11]];
    is_http && matches!(status[0], b'2'..=b'5') && status != *b"204" && status != *b"304"
}

/// Looks at the line that begins behind the CR LF at `crlf`. Global, so that the verifier walks it once and not for every
/// byte that a line feed may be. 0, because such functions have to return something.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn portcullis_line(head: *mut Head, crlf: u32, keeps_body: u32) -> u32 {
    // SAFETY: null, or the caller's own.
    if let Some(head) = unsafe { head.as_mut() }
        && let Some(crlf) = within(crlf, MOST as u64 - 2)
    {
        line(head, crlf as usize, keeps_body != 0);
    }
    0
}

#[inline(always)]
fn line(head: &mut Head, crlf: usize, keeps_body: bool) {
    const LOWER: u64 = u64::from_ne_bytes([0x20; 8]);
    const CONTENT: u64 = u64::from_le_bytes(*b"content-");
    const TRANSFER: u64 = u64::from_le_bytes(*b"transfer");
    const LENGTH: u64 = u64::from_le_bytes(*b"length:\0");
    const ENCODING: u64 = u64::from_le_bytes(*b"encoding");
    const SEVEN: u64 = u64::MAX >> 8;
    let next = crlf + 2;
    let first = head.bytes[next];
    if head.bytes[crlf] != b'\r' || matches!(first, b'\n' | b' ' | b'\t') {
        head.found.is_odd.set(1);
        return;
    }
    if first == b'\r' {
        head.found.end.set(next as u32 + 2);
        head.found.is_odd.set(u32::from(head.bytes[next + 1] != b'\n'));
        return;
    }
    // SAFETY: `next` is at most `MOST`, and the buffer goes on for two words behind it.
    let (name, rest) = unsafe {
        let from = head.bytes.as_ptr().add(next);
        (from.cast::<u64>().read_unaligned(), from.add(8).cast::<u64>().read_unaligned())
    };
    let (name, rest) = (u64::from_le(name) | LOWER, u64::from_le(rest) | LOWER);
    if name == TRANSFER {
        head.found.is_odd.set(1);
    } else if name == CONTENT && rest & SEVEN == LENGTH {
        head.found.is_odd.set(u32::from(head.found.length_at.get() != 0));
        head.found.length_at.set(next as u32 + 15);
    } else if name == CONTENT && rest == ENCODING && keeps_body {
        head.found.is_odd.set(1);
    }
}

/// Decimal digits behind at most one space, up to the line's end.
#[inline(always)]
fn number(head: &Head) -> Option<u32> {
    let mut at = head.found.length_at.get() as usize;
    if at == 0 || at > MOST {
        return None;
    }
    if head.bytes[at] == b' ' {
        at += 1;
    }
    let first = at;
    let mut number = 0_u64;
    for _ in 0..10 {
        if at > MOST + 12 {
            return None;
        }
        let byte = head.bytes[at];
        if !byte.is_ascii_digit() {
            break;
        }
        number = number * 10 + u64::from(byte - b'0');
        at += 1;
    }
    let is_whole = at > first && at < ROOM && head.bytes[at] == b'\r';
    (is_whole && number < u64::from(MOST_LEFT_OUT)).then_some(number as u32)
}
