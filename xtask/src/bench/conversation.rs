//! One connection of the made traffic, frame by frame.

use std::{collections::VecDeque, io::Write as _};

use etherparse::PacketBuilder;
use fastrand::Rng;
use flate2::{Compression, write::GzEncoder};

/// Payload of a full segment: 1500 bytes less the IPv4 and TCP headers with the timestamps that hosts send.
const SEGMENT: usize = 1448;
const NOISE_PORTS: [u16; 4] = [443, 5432, 6379, 9092];

pub(super) struct Conversation {
    /// Requests that were answered in full.
    pub(super) transactions: u64,
    client: Peer,
    server: Peer,
    exchanges_left: u32,
    frames: VecDeque<Vec<u8>>,
    is_closed: bool,
}

struct Peer {
    address: [u8; 4],
    port: u16,
    next: u32,
}

impl Conversation {
    /// The `number`th of a capture: no two have the same addresses and ports.
    pub(super) fn new(rng: &mut Rng, number: u32) -> Self {
        let is_noise = rng.u8(..10) == 0;
        let port = if is_noise { *rng.choice(&NOISE_PORTS).unwrap_or(&443) } else { 8080 };
        let [_, high, middle, low] = (number / 50_000).to_be_bytes();
        let client_port = 10_000 + u16::try_from(number % 50_000).unwrap_or_default();
        let mut this = Self {
            transactions: 0,
            client: Peer { address: [10, high, middle, low], port: client_port, next: rng.u32(..) },
            server: Peer { address: [192, 0, 2, rng.u8(1..20)], port, next: rng.u32(..) },
            exchanges_left: rng.u32(1..40),
            frames: VecDeque::new(),
            is_closed: false,
        };
        this.send(true, Control::Syn, b"");
        this.send(false, Control::Syn, b"");
        this.send(true, Control::Ack, b"");
        this
    }

    /// The next frame; `None` once both sides have closed, which is soon where it is not to go on.
    pub(super) fn next(&mut self, rng: &mut Rng, goes_on: bool) -> Option<Vec<u8>> {
        if self.frames.is_empty() && self.exchanges_left > 0 && goes_on {
            self.exchanges_left -= 1;
            self.exchange(rng);
        } else if self.frames.is_empty() && !self.is_closed {
            self.is_closed = true;
            self.send(true, Control::Fin, b"");
            self.send(false, Control::Fin, b"");
            self.send(true, Control::Ack, b"");
        }
        self.frames.pop_front()
    }

    fn exchange(&mut self, rng: &mut Rng) {
        let is_http = self.server.port == 8080;
        let (request, response) =
            if is_http { (request(rng), response(rng)) } else { (noise(rng), noise(rng)) };
        self.transactions += u64::from(is_http);
        self.stream(true, &request);
        self.stream(false, &response);
    }

    /// Full segments, and the peer's acknowledgement of every second one.
    fn stream(&mut self, is_client: bool, bytes: &[u8]) {
        for (at, piece) in bytes.chunks(SEGMENT).enumerate() {
            self.send(is_client, Control::Ack, piece);
            if at % 2 == 1 {
                self.send(!is_client, Control::Ack, b"");
            }
        }
    }

    fn send(&mut self, is_client: bool, control: Control, payload: &[u8]) {
        let (from, to) =
            if is_client { (&mut self.client, &self.server) } else { (&mut self.server, &self.client) };
        let mut packet = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
            .ipv4(from.address, to.address, 64)
            .tcp(from.port, to.port, from.next, 64_240);
        packet = match control {
            Control::Syn => packet.syn(),
            Control::Ack => packet,
            Control::Fin => packet.fin(),
        };
        // Only the client's SYN acknowledges nothing.
        if !(is_client && control == Control::Syn) {
            packet = packet.ack(to.next);
        }
        let mut frame = Vec::with_capacity(packet.size(payload.len()));
        // Writing into memory fails only where a payload is larger than a packet: segments are not.
        if packet.write(&mut frame, payload).is_ok() {
            self.frames.push_back(frame);
        }
        let sequence_len = payload.len() + usize::from(control != Control::Ack);
        from.next = from.next.wrapping_add(u32::try_from(sequence_len).unwrap_or_default());
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Control {
    Syn,
    Ack,
    Fin,
}

fn request(rng: &mut Rng) -> Vec<u8> {
    let (user, page) = (rng.u32(..100_000), rng.u32(..50));
    let common = format!(
        "Host: api.example\r\nUser-Agent: client/{}.{}\r\nAccept: application/json\r\nAccept-Encoding: gzip\r\n\
         Authorization: Bearer {:032x}\r\nX-Request-Id: {:016x}\r\n",
        rng.u8(1..9),
        rng.u8(..30),
        rng.u128(..),
        rng.u64(..),
    );
    if rng.u8(..3) > 0 {
        return format!("GET /v1/users/{user}/orders?page={page}&sort=-created HTTP/1.1\r\n{common}\r\n")
            .into();
    }
    let rows = rng.usize(1..8);
    let body = json(rng, rows);
    let len = body.len();
    format!(
        "POST /v1/users/{user}/orders HTTP/1.1\r\n{common}Content-Type: application/json\r\n\
         Content-Length: {len}\r\n\r\n{body}"
    )
    .into()
}

/// A third each: gzip, chunked, and as it is.
fn response(rng: &mut Rng) -> Vec<u8> {
    let rows = if rng.u8(..20) == 0 { rng.usize(200..1500) } else { rng.usize(1..40) };
    let body = json(rng, rows).into_bytes();
    let head =
        "HTTP/1.1 200 OK\r\nServer: api\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n";
    let (field, body) = match rng.u8(..3) {
        0 => {
            let body = gzip(&body);
            (format!("Content-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len()), body)
        }
        1 => ("Transfer-Encoding: chunked\r\n\r\n".to_owned(), chunked(&body)),
        _ => (format!("Content-Length: {}\r\n\r\n", body.len()), body),
    };
    [head.as_bytes(), field.as_bytes(), &body].concat()
}

fn json(rng: &mut Rng, rows: usize) -> String {
    const STATES: [&str; 4] = ["open", "paid", "shipped", "returned"];
    let row = |rng: &mut Rng| {
        let (id, cents) = (rng.u64(..1 << 40), rng.u32(..100_000));
        let state = rng.choice(STATES).unwrap_or_default();
        format!("{{\"id\":\"{id:010x}\",\"state\":\"{state}\",\"cents\":{cents},\"note\":null}}")
    };
    let rows: Vec<String> = (0..rows).map(|_| row(rng)).collect();
    format!("{{\"items\":[{}]}}", rows.join(","))
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Memory takes whatever is written.
    encoder.write_all(bytes).ok();
    encoder.finish().unwrap_or_default()
}

fn chunked(bytes: &[u8]) -> Vec<u8> {
    let mut coded = Vec::new();
    for chunk in bytes.chunks(4096) {
        coded.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        coded.extend_from_slice(chunk);
        coded.extend_from_slice(b"\r\n");
    }
    coded.extend_from_slice(b"0\r\n\r\n");
    coded
}

/// What is no HTTP: bytes without a pattern.
fn noise(rng: &mut Rng) -> Vec<u8> {
    (0..rng.usize(20..6000)).map(|_| rng.u8(..)).collect()
}
