//! Does a message of HTTP begin here? Decided from the first bytes of a segment, without reading on.

use aya_ebpf::{bindings::__sk_buff, helpers::bpf_skb_load_bytes, programs::TcContext};

use crate::{bound::within, frame::Segment};

/// How much of a segment is looked at.
const WINDOW: usize = 32;

/// The first bytes of a segment's payload; zeros beyond `len`.
#[repr(C)]
pub(crate) struct Start {
    bytes: [u8; WINDOW],
    len: u32,
}

/// What may begin here, as far as the connection tells.
#[repr(u32)]
#[derive(Clone, Copy)]
pub(crate) enum Expected {
    Request,
    Response,
    /// The first that is seen of a connection older than the tap.
    Either,
    /// In the middle of a connection that looked like something else.
    Surely,
}

const UNREADABLE: u32 = 0;
const SOMETHING_ELSE: u32 = 1;
const MESSAGE: u32 = 2;

/// Whether the payload begins so; `None` where its bytes could not be read.
#[inline(always)]
pub(crate) fn begins(
    ctx: &TcContext,
    segment: &Segment,
    start: &mut Start,
    expected: Expected,
) -> Option<bool> {
    let (offset, len) = (segment.payload_offset, segment.record.payload_len);
    match portcullis_http_start(ctx.skb.skb, start, offset, len, expected as u32) {
        UNREADABLE => None,
        said => Some(said == MESSAGE),
    }
}

/// Global, so that the verifier walks it once and not from every place that leads here.
#[unsafe(no_mangle)]
#[inline(never)]
pub extern "C" fn portcullis_http_start(
    ctx: *mut __sk_buff,
    start: *mut Start,
    offset: u32,
    len: u32,
    expected: u32,
) -> u32 {
    // SAFETY: null, or the caller's own.
    let Some(start) = (unsafe { start.as_mut() }) else { return UNREADABLE };
    if !start.load(ctx, offset, len) {
        return UNREADABLE;
    }
    let is_message = if expected == Expected::Request as u32 {
        start.may_be_request()
    } else if expected == Expected::Response as u32 {
        start.may_be_response()
    } else if expected == Expected::Either as u32 {
        start.may_be_request() || start.may_be_response() || start.is_http2_headers()
    } else {
        start.is_surely_message()
    };
    if is_message { MESSAGE } else { SOMETHING_ELSE }
}

impl Start {
    #[inline(always)]
    fn load(&mut self, ctx: *mut __sk_buff, offset: u32, len: u32) -> bool {
        *self = Self { bytes: [0; WINDOW], len };
        let Some(len) = within(len.min(WINDOW as u32), WINDOW as u64) else { return false };
        // SAFETY: at most `WINDOW` bytes.
        let read =
            unsafe { bpf_skb_load_bytes(ctx.cast(), offset, self.bytes.as_mut_ptr().cast(), len as u32) };
        read == 0
    }

    /// The first payload of a client. Any method that RFC 9110 section 9 allows: there are servers that answer an
    /// invented method like a GET, and an attacker may send one. Empty lines before it are to be ignored (RFC 9112
    /// section 2.2). Where the segment is too short to tell, or the method longer than the window, it may be one:
    /// sending byte by byte must hide nothing. HTTP/2's preface `PRI * HTTP/2.0` has the form of a request line.
    #[inline(always)]
    fn may_be_request(&self) -> bool {
        let mut in_method = false;
        for (index, &byte) in self.bytes.iter().enumerate() {
            if index as u32 >= self.len {
                return true;
            }
            if is_token(byte) {
                in_method = true;
            } else if in_method {
                return byte == b' ' || byte == b'\t';
            } else if byte != b'\r' && byte != b'\n' {
                return false;
            }
        }
        true
    }

    /// The first payload of a server, which speaks only when asked.
    #[inline(always)]
    fn may_be_response(&self) -> bool {
        for (index, expected) in b"HTTP/".iter().enumerate() {
            if index as u32 >= self.len {
                return true;
            }
            if self.bytes[index] != *expected {
                return false;
            }
        }
        true
    }

    /// In the middle of a connection, where any bytes may stand: three capital letters or more, a space, and the
    /// beginning of a request target; a status line; or HTTP/2. Random bytes look so once in 10 million segments.
    #[inline(always)]
    fn is_surely_message(&self) -> bool {
        if self.is_http2_headers() || (self.len > 5 && self.may_be_response()) {
            return true;
        }
        let mut letters = 0u32;
        for index in 0..WINDOW - 1 {
            let byte = self.bytes[index];
            if byte.is_ascii_uppercase() || (letters > 0 && byte == b'-') {
                letters += 1;
            } else {
                return letters >= 3 && byte == b' ' && matches!(self.bytes[index + 1], b'/' | b'*' | b'h');
            }
        }
        false
    }
}

impl Start {
    /// A HEADERS frame of RFC 9113 section 6.2 that ends its header block, as nearly all do: a length that peers take
    /// unasked, type 1, no undefined flag, and a stream's number with the reserved bit unset. It is how a connection
    /// older than the tap shows itself, whose preface went by unseen. Binary protocols that begin with a length of four
    /// bytes have a zero where END_HEADERS is wanted.
    #[inline(always)]
    fn is_http2_headers(&self) -> bool {
        const FRAME_HEADER_LEN: u32 = 9;
        const MOST: u32 = 16_384;
        const HEADERS: u8 = 1;
        const END_HEADERS: u8 = 0x04;
        /// END_STREAM, END_HEADERS, PADDED and PRIORITY.
        const DEFINED: u8 = 0x2d;
        let bytes = &self.bytes;
        let length = u32::from_be_bytes([0, bytes[0], bytes[1], bytes[2]]);
        let stream = u32::from_be_bytes([bytes[5], bytes[6], bytes[7], bytes[8]]);
        self.len > FRAME_HEADER_LEN
            && bytes[3] == HEADERS
            && (1..=MOST).contains(&length)
            && bytes[4] & END_HEADERS != 0
            && bytes[4] & !DEFINED == 0
            && (1..1 << 31).contains(&stream)
    }
}

/// `tchar` of RFC 9110 section 5.6.2, as two bit sets: a table would cost a map lookup.
#[inline(always)]
fn is_token(byte: u8) -> bool {
    const LOW: u64 = set(b"!#$%&'*+-.0123456789", 0);
    const HIGH: u64 = set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~", 64);
    match byte {
        0..64 => LOW >> byte & 1 == 1,
        64..128 => HIGH >> (byte - 64) & 1 == 1,
        _ => false,
    }
}

const fn set(bytes: &[u8], base: u8) -> u64 {
    let (mut bits, mut index) = (0, 0);
    while index < bytes.len() {
        bits |= 1 << (bytes[index] - base);
        index += 1;
    }
    bits
}
