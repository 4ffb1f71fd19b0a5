//! The captures: each wants the sensor to hold more than it may.

use std::{
    io::{BufWriter, Write as _},
    process::ChildStdin,
};

use fastrand::Rng;
use flate2::{Compression, write::GzEncoder};

use super::packets::{ACK, Packets, SYN, Segment};

type Out = Packets<BufWriter<ChildStdin>>;

pub(super) struct Attack {
    pub(super) name: &'static str,
    pub(super) what: &'static str,
    pub(super) make: fn(&mut Out, &mut Rng) -> anyhow::Result<()>,
}

pub(super) const ATTACKS: [Attack; 13] = [
    Attack { name: "syn_flood", what: "1,000,000 SYNs", make: syn_flood },
    Attack {
        name: "half_requests",
        what: "1,000,000 connections with half a request line",
        make: half_requests,
    },
    Attack {
        name: "half_requests_after_answers",
        what: "400,000 connections that had an exchange, each with half a request",
        make: half_requests_after_answers,
    },
    Attack {
        name: "single_bytes",
        what: "every other byte, in 4,000 connections in turn, in any order",
        make: single_bytes,
    },
    Attack { name: "endless_heads", what: "2,000 heads that do not end", make: endless_heads },
    Attack { name: "endless_chunks", what: "5,000 chunked bodies that do not end", make: endless_chunks },
    Attack { name: "gzip_bombs", what: "3,000 bodies, gzip in gzip in gzip", make: gzip_bombs },
    Attack { name: "brotli_windows", what: "600 bodies with windows of 16 MiB", make: brotli_windows },
    Attack { name: "zstd_windows", what: "600 bodies that fill windows of 8 MiB", make: zstd_windows },
    Attack { name: "pipelined", what: "100,000 requests of one connection, none answered", make: pipelined },
    Attack {
        name: "pipelined_by_many",
        what: "5,000 connections with 200 such each",
        make: pipelined_by_many,
    },
    Attack {
        name: "http2_endless_blocks",
        what: "3,000 header blocks that do not end",
        make: http2_endless_blocks,
    },
    Attack { name: "http2_streams", what: "1,000,000 streams of 1,000 connections", make: http2_streams },
];

const MSS: usize = 1448;

/// Sends bytes of one client as full segments; gives the sequence number after them.
fn stream(out: &mut Out, client: u32, sequence: u32, bytes: &[u8]) -> anyhow::Result<u32> {
    let mut next = sequence;
    for payload in bytes.chunks(MSS) {
        let (is_client, acknowledgement) = (true, 1);
        out.send(Segment { client, is_client, sequence: next, acknowledgement, flags: ACK, payload })?;
        next = next.wrapping_add(u32::try_from(payload.len())?);
    }
    Ok(next)
}

fn open(out: &mut Out, client: u32) -> anyhow::Result<()> {
    let syn = Segment { client, is_client: true, sequence: 0, acknowledgement: 0, flags: SYN, payload: b"" };
    out.send(syn)?;
    out.send(Segment { is_client: false, acknowledgement: 1, flags: SYN | ACK, ..syn })
}

/// The same head and then the same pieces, all connections in turn, so that all of them are alive at once.
fn in_turn(
    out: &mut Out,
    clients: u32,
    head: &[u8],
    pieces: impl Iterator<Item = Vec<u8>>,
) -> anyhow::Result<()> {
    let mut next = 1;
    for client in 0..clients {
        open(out, client)?;
    }
    for piece in std::iter::once(head.to_vec()).chain(pieces) {
        let start = next;
        for client in 0..clients {
            next = stream(out, client, start, &piece)?;
        }
    }
    Ok(())
}

fn syn_flood(out: &mut Out, rng: &mut Rng) -> anyhow::Result<()> {
    for client in 0..1_000_000 {
        let (sequence, acknowledgement) = (rng.u32(..), 0);
        out.send(Segment { client, is_client: true, sequence, acknowledgement, flags: SYN, payload: b"" })?;
    }
    Ok(())
}

fn half_requests(out: &mut Out, _: &mut Rng) -> anyhow::Result<()> {
    for client in 0..1_000_000 {
        stream(out, client, 1, b"GET /index.html HTTP/1.1\r\nHost: exam")?;
    }
    Ok(())
}

fn half_requests_after_answers(out: &mut Out, _: &mut Rng) -> anyhow::Result<()> {
    let request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    for client in 0..400_000 {
        open(out, client)?;
        let sequence = stream(out, client, 1, request)?;
        let acknowledgement = sequence;
        let flags = ACK;
        out.send(Segment {
            client,
            is_client: false,
            sequence: 1,
            acknowledgement,
            flags,
            payload: response,
        })?;
        let payload = b"POST /upload HTTP/1.1\r\nHost: exam";
        let acknowledgement = 1 + u32::try_from(response.len())?;
        out.send(Segment { client, is_client: true, sequence, acknowledgement, flags, payload })?;
    }
    Ok(())
}

fn single_bytes(out: &mut Out, rng: &mut Rng) -> anyhow::Result<()> {
    const CLIENTS: u32 = 4000;
    for client in 0..CLIENTS {
        open(out, client)?;
    }
    let mut places: Vec<u32> = (1..600).map(|place| 2 * place).collect();
    rng.shuffle(&mut places);
    for place in places {
        for client in 0..CLIENTS {
            stream(out, client, place, b"x")?;
        }
    }
    Ok(())
}

fn endless_heads(out: &mut Out, rng: &mut Rng) -> anyhow::Result<()> {
    let field = |rng: &mut Rng| format!("X-{:08x}: {:0100}\r\n", rng.u32(..), 0);
    let pieces: Vec<Vec<u8>> =
        (0..200).map(|_| (0..12).map(|_| field(rng)).collect::<String>().into_bytes()).collect();
    in_turn(out, 2000, b"GET / HTTP/1.1\r\nHost: x\r\n", pieces.into_iter())
}

fn endless_chunks(out: &mut Out, rng: &mut Rng) -> anyhow::Result<()> {
    let head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = [b"400\r\n", noise(rng, 1024).as_slice(), b"\r\n"].concat();
    in_turn(out, 5000, head, std::iter::repeat_n(chunk, 100))
}

fn gzip_bombs(out: &mut Out, _: &mut Rng) -> anyhow::Result<()> {
    let bomb = gzip(&gzip(&gzip(&vec![0; 64 << 20])?)?)?;
    let head = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip, gzip, gzip\r\nContent-Length: {}\r\n\r\n",
        bomb.len()
    );
    let message = [head.as_bytes(), &bomb].concat();
    let half = message.len() / 2;
    let (first, second) = message.split_at(half);
    in_turn(out, 3000, first, std::iter::once(second.to_vec()))
}

fn brotli_windows(out: &mut Out, rng: &mut Rng) -> anyhow::Result<()> {
    let head =
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: br\r\nContent-Length: 99999999\r\n\r\n".as_slice();
    // RFC 7932 section 9: the window of 16 MiB is four set bits; then uncompressed meta-blocks of 64 KiB.
    let body = noise(rng, 1 << 16);
    let first = [head, &meta_block(0b1111, 4), &body].concat();
    let next = [meta_block(0, 0).as_slice(), &body].concat();
    in_turn(out, 600, &first, std::iter::repeat_n(next, 8))
}

/// The header of an uncompressed meta-block of 64 KiB that is not the last, after some bits (RFC 7932 section 9.2).
fn meta_block(before: u32, bits: u32) -> [u8; 3] {
    const FOUR_NIBBLES: u32 = 0;
    let header = (FOUR_NIBBLES << 1) | (0xffff << 3) | (1 << 19);
    let [low, middle, high, _] = (before | header << bits).to_le_bytes();
    [low, middle, high]
}

fn zstd_windows(out: &mut Out, rng: &mut Rng) -> anyhow::Result<()> {
    let head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: zstd\r\nContent-Length: 99999999\r\n\r\n";
    // RFC 8878 section 3.1.1: a window of 8 MiB; then blocks that repeat a byte 128 KiB, with enough raw bytes between
    // them that their ratio looks like text's.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 13 << 3];
    let raw = noise(rng, 1000);
    let raw_block = [&(1000_u32 << 3).to_le_bytes()[..3], &raw].concat();
    let run_block = [&((131_072_u32 << 3) | (1 << 1)).to_le_bytes()[..3], b"a"].concat();
    let first = [head.as_slice(), &frame].concat();
    in_turn(out, 600, &first, std::iter::repeat_n([raw_block, run_block].concat(), 80))
}

fn pipelined(out: &mut Out, _: &mut Rng) -> anyhow::Result<()> {
    open(out, 0)?;
    stream(out, 0, 1, &b"GET /pipelined HTTP/1.1\r\nHost: x\r\n\r\n".repeat(100_000))?;
    Ok(())
}

fn pipelined_by_many(out: &mut Out, _: &mut Rng) -> anyhow::Result<()> {
    let requests = b"GET /pipelined HTTP/1.1\r\nHost: x\r\n\r\n".repeat(40);
    in_turn(out, 5000, b"", std::iter::repeat_n(requests, 5))
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];

fn http2_endless_blocks(out: &mut Out, rng: &mut Rng) -> anyhow::Result<()> {
    const HEADERS: u8 = 1;
    const CONTINUATION: u8 = 9;
    // Literal fields that are not indexed (RFC 7541 section 6.2.2), with names of their own.
    let mut fields = |count: usize| -> Vec<u8> {
        (0..count).flat_map(|_| [&[0, 8], noise(rng, 8).as_slice(), &[100], &[b'v'; 100]].concat()).collect()
    };
    let first = [PREFACE, &SETTINGS, &frame(HEADERS, 0, 1, &fields(10))].concat();
    let pieces: Vec<Vec<u8>> = (0..120).map(|_| frame(CONTINUATION, 0, 1, &fields(12))).collect();
    in_turn(out, 3000, &first, pieces.into_iter())
}

fn http2_streams(out: &mut Out, _: &mut Rng) -> anyhow::Result<()> {
    const HEADERS: u8 = 1;
    const END_STREAM_AND_HEADERS: u8 = 0x5;
    // GET, http, /, and a literal authority (RFC 7541 appendix A).
    let block = [&[0x82, 0x86, 0x84, 0x01, 11], b"example.com".as_slice()].concat();
    let first = [PREFACE, &SETTINGS].concat();
    let pieces: Vec<Vec<u8>> = (0..20)
        .map(|piece| {
            let streams = (0..50).map(|stream| 1 + 2 * (piece * 50 + stream));
            streams.flat_map(|stream| frame(HEADERS, END_STREAM_AND_HEADERS, stream, &block)).collect()
        })
        .collect();
    in_turn(out, 1000, &first, pieces.into_iter())
}

/// RFC 9113 section 4.1.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let [_, high, middle, low] = u32::try_from(payload.len()).unwrap_or_default().to_be_bytes();
    [&[high, middle, low, kind, flags], stream.to_be_bytes().as_slice(), payload].concat()
}

fn noise(rng: &mut Rng, len: usize) -> Vec<u8> {
    (0..len).map(|_| rng.u8(..)).collect()
}

fn gzip(bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?)
}
