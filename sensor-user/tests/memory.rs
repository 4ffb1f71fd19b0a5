//! What the wire says it holds against what it has allocated, where somebody wants it to hold more than it may.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    net::SocketAddr,
};

use portcullis_exchange::Timestamp;
use sensor_user::{
    segment::{Segment, TcpFlags, Vlans},
    wire::{Wire, WireConfig},
};

/// Counts what each thread has allocated: tests run side by side.
struct Counting;

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    // Memory is also freed while a thread ends, when there is nobody left to count for.
    LIVE.try_with(|live| {
        live.set(live.get() + bytes);
        PEAK.try_with(|peak| peak.set(peak.get().max(live.get()))).ok();
    })
    .ok();
}

// SAFETY: everything is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        // SAFETY: the caller keeps the contract, which is the same.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const BUDGET: usize = 8 << 20;
/// The segment at hand, the exchanges it completes, and the round sizes of vectors.
const BESIDES: isize = 1 << 20;

struct Attacked {
    wire: Wire,
    before: isize,
    packets: u64,
}

impl Attacked {
    fn new() -> Self {
        let before = LIVE.get();
        let wire = Wire::new(WireConfig { memory_budget: BUDGET, ..WireConfig::default() });
        Self { wire, before, packets: 0 }
    }

    /// Sequence numbers count from 0 for each side.
    fn send(&mut self, client: u32, is_client: bool, sequence: u32, flags: u8, payload: &[u8]) {
        if self.packets == 0 {
            PEAK.set(LIVE.get());
        }
        self.packets += 1;
        let [_, high, middle, low] = client.to_be_bytes();
        let client = SocketAddr::from(([10, high, middle, low], 40_000));
        let server = SocketAddr::from(([192, 0, 2, 1], 80));
        let (source, destination) = if is_client { (client, server) } else { (server, client) };
        let segment = Segment {
            time: Timestamp::from_nanos(1_000_000_000 + 1000 * self.packets),
            source,
            destination,
            vni: None,
            vlans: Vlans::NONE,
            left_out: sensor_user::segment::LeftOut::NOTHING,
            sequence,
            acknowledgement: 1,
            flags: TcpFlags(flags),
            payload,
            wire_len: u32::try_from(payload.len()).unwrap(),
        };
        self.wire.segment(&segment, &mut Vec::new());
    }

    fn stream(&mut self, client: u32, sequence: u32, payload: &[u8]) {
        self.send(client, true, sequence, TcpFlags::ACK, payload);
    }

    /// The same first segment for all, then the same piece over and over.
    fn stream_in_turn(&mut self, clients: u32, head: &[u8], piece: &[u8], pieces: u32) {
        for client in 0..clients {
            self.send(client, true, 0, TcpFlags::SYN, b"");
            self.send(client, false, 0, TcpFlags::SYN | TcpFlags::ACK, b"");
            self.stream(client, 1, head);
        }
        let start = 1 + u32::try_from(head.len()).unwrap();
        for number in 0..pieces {
            for client in 0..clients {
                self.stream(client, start + number * u32::try_from(piece.len()).unwrap(), piece);
            }
        }
    }

    /// To the end of the capture.
    fn holds_its_promise(mut self) {
        let counters = self.wire.counters();
        let mut completed = Vec::new();
        while self.wire.finish_some(&mut completed) {
            completed.clear();
        }
        let taken = PEAK.get() - self.before;
        let charged = counters.value("flow_memory_peak_bytes");
        assert!(counters.value("flow_evicted_total") > 0, "the budget was not reached: {charged} bytes");
        assert!(taken < BUDGET.cast_signed() + BESIDES, "{taken} bytes were allocated, {charged} charged");
    }
}

#[test]
fn syn_floods_take_what_is_charged() {
    let mut attacked = Attacked::new();
    for client in 0..200_000 {
        attacked.send(client, true, 7, TcpFlags::SYN, b"");
    }
    attacked.holds_its_promise();
}

#[test]
fn half_request_lines_take_what_is_charged() {
    let mut attacked = Attacked::new();
    for client in 0..60_000 {
        attacked.stream(client, 1, b"GET /index.html HTTP/1.1\r\nHost: exam");
    }
    attacked.holds_its_promise();
}

#[test]
fn single_bytes_take_what_is_charged() {
    let mut attacked = Attacked::new();
    for client in 0..500 {
        attacked.send(client, true, 0, TcpFlags::SYN, b"");
    }
    for place in (1..200_u32).rev() {
        for client in 0..500 {
            attacked.stream(client, 2 * place, b"x");
        }
    }
    attacked.holds_its_promise();
}

#[test]
fn heads_that_do_not_end_take_what_is_charged() {
    let mut attacked = Attacked::new();
    let fields = "X-Field: value value value value\r\n".repeat(40);
    attacked.stream_in_turn(200, b"GET / HTTP/1.1\r\n", fields.as_bytes(), 150);
    attacked.holds_its_promise();
}

#[test]
fn bodies_that_do_not_end_take_what_is_charged() {
    let mut attacked = Attacked::new();
    let chunk = format!("400\r\n{}\r\n", "x".repeat(1024));
    let head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    attacked.stream_in_turn(400, head, chunk.as_bytes(), 80);
    attacked.holds_its_promise();
}

#[test]
fn codings_that_were_begun_take_what_is_charged() {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    // Hardly compressible, or what arrives would be less than decoders are given at a time.
    let mut state = 1_u32;
    let noise = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_be_bytes()[0]
    });
    let noise: Vec<u8> = noise.take(20_000).collect();
    encoder.write_all(&noise).unwrap();
    let coded = encoder.finish().unwrap();
    let head =
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip, gzip\r\nContent-Length: 100000\r\n\r\n";
    let mut attacked = Attacked::new();
    let mut outer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    outer.write_all(&coded).unwrap();
    let twice = outer.finish().unwrap();
    attacked.stream_in_turn(800, head, &twice[..twice.len() / 2], 1);
    attacked.holds_its_promise();
}

#[test]
fn requests_that_nobody_answers_take_what_is_charged() {
    let mut attacked = Attacked::new();
    let requests = "GET /pipelined HTTP/1.1\r\nHost: x\r\n\r\n".repeat(40);
    attacked.stream_in_turn(400, b"", requests.as_bytes(), 5);
    attacked.holds_its_promise();
}

#[test]
fn streams_of_http2_that_nobody_answers_take_what_is_charged() {
    let mut attacked = Attacked::new();
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let preface = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &settings].concat();
    for client in 0..300 {
        attacked.send(client, true, 0, TcpFlags::SYN, b"");
        attacked.stream(client, 1, &preface);
    }
    let mut sequence = 1 + u32::try_from(preface.len()).unwrap();
    for number in 0..100_u32 {
        let stream = (1 + 2 * number).to_be_bytes();
        let headers =
            [&[0, 0, 7, 1, 5], stream.as_slice(), &[0x82, 0x86, 0x84, 0x01, 2, b'x', b'y']].concat();
        for client in 0..300 {
            attacked.stream(client, sequence, &headers);
        }
        sequence += u32::try_from(headers.len()).unwrap();
    }
    attacked.holds_its_promise();
}

#[test]
fn table_entries_and_header_blocks_of_http2_without_end_take_what_is_charged() {
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    // A block of many small entries for a table of 64 KiB, and one that never ends.
    let fill = [&b"\x3f\xe1\xff\x03"[..], &b"\x40\x01x\x01y".repeat(2500)].concat();
    let frame = |flags: u8, block: &[u8]| {
        let len = u32::try_from(block.len()).unwrap().to_be_bytes();
        [&len[1..], &[1, flags, 0, 0, 0, 1], block].concat()
    };
    let settings = b"\0\0\x06\x04\0\0\0\0\0\0\x01\0\x01\0\0";
    let mut attacked = Attacked::new();
    for client in 0..120 {
        attacked.send(client, true, 0, TcpFlags::SYN, b"");
        attacked.send(client, false, 0, TcpFlags::SYN | TcpFlags::ACK, b"");
        attacked.send(client, false, 1, TcpFlags::ACK, settings);
        let bytes = [PREFACE, &frame(4, &fill), &frame(0, &b"\x40\x01x\x01y".repeat(3000))].concat();
        let mut sequence = 1;
        for piece in bytes.chunks(1400) {
            attacked.stream(client, sequence, piece);
            sequence += u32::try_from(piece.len()).unwrap();
        }
    }
    attacked.holds_its_promise();
}
