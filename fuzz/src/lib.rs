//! What the targets share: a fuzzer's bytes read as TCP segments and as the two streams of a connection.

use std::net::SocketAddr;

use portcullis_exchange::{Exchange, Timestamp};
use sensor_user::{
    counters::Counters,
    segment::{Segment, TcpFlags, Vlans},
    wire::{Wire, WireConfig},
};

/// A fuzzer's bytes, read from the front; past the end come zeros.
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        self.part(1).first().copied().unwrap_or_default()
    }

    pub fn number(&mut self) -> u32 {
        u32::from(self.byte()) << 8 | u32::from(self.byte())
    }

    pub fn part(&mut self, len: usize) -> &'a [u8] {
        let (part, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        part
    }
}

/// One end of the connection `192.0.2.1:PORT` to `192.0.2.2:80`.
#[derive(Clone, Copy)]
pub struct End {
    pub is_client: bool,
    pub port: u16,
}

/// Feeds a segment from this end, as far as the numbers that the caller has no use for can be left out.
pub struct Sent<'a> {
    pub from: End,
    pub nanos: u64,
    pub sequence: u32,
    pub acknowledgement: u32,
    pub flags: u8,
    pub payload: &'a [u8],
    /// Payload bytes that the capture cut off.
    pub cut: u32,
}

impl Sent<'_> {
    pub fn feed(&self, wire: &mut Wire, completed: &mut Vec<Exchange>) {
        let client = SocketAddr::from(([192, 0, 2, 1], self.from.port));
        let server = SocketAddr::from(([192, 0, 2, 2], 80));
        let (source, destination) = if self.from.is_client { (client, server) } else { (server, client) };
        let segment = Segment {
            time: Timestamp::from_nanos(self.nanos),
            source,
            destination,
            vni: None,
vlans: Vlans::NONE,
            sequence: self.sequence,
            acknowledgement: self.acknowledgement,
            flags: TcpFlags(self.flags),
            payload: self.payload,
            wire_len: self.payload.len() as u32 + self.cut,
        };
        wire.segment(&segment, completed);
    }
}

/// The exchanges of a connection whose client sent `client` and then heard `server`, in segments of `cuts` bytes
/// each (in a circle), all at one time; and what was counted.
pub fn exchanges(client: &[u8], server: &[u8], cuts: &[u8], config: WireConfig) -> (Vec<Exchange>, Counters) {
    const CLIENT: u32 = 1000;
    const SERVER: u32 = 2000;
    let mut wire = Wire::new(config);
    let mut completed = Vec::new();
    let mut sent = |is_client, sequence, acknowledgement, flags, payload: &[u8]| {
        let from = End { is_client, port: 40_000 };
        let nanos = 1_000_000_000;
        Sent { from, nanos, sequence, acknowledgement, flags, payload, cut: 0 }
            .feed(&mut wire, &mut completed);
    };
    sent(true, CLIENT - 1, 0, TcpFlags::SYN, b"");
    sent(false, SERVER - 1, CLIENT, TcpFlags::SYN | TcpFlags::ACK, b"");
    let mut lengths = cuts.iter().map(|cut| usize::from(*cut).max(1)).cycle();
    let client_end = CLIENT + client.len() as u32;
    for (is_client, stream, start, acknowledgement) in
        [(true, client, CLIENT, SERVER), (false, server, SERVER, client_end)]
    {
        let mut rest = Input(stream);
        while !rest.is_empty() {
            let sequence = start + (stream.len() - rest.0.len()) as u32;
            let piece = rest.part(lengths.next().unwrap_or(usize::MAX));
            sent(is_client, sequence, acknowledgement, TcpFlags::ACK, piece);
        }
    }
    let server_end = SERVER + server.len() as u32;
    sent(false, server_end, client_end, TcpFlags::ACK | TcpFlags::FIN, b"");
    sent(true, client_end, server_end + 1, TcpFlags::ACK | TcpFlags::FIN, b"");
    wire.finish(&mut completed);
    (completed, wire.counters())
}

/// `CLIENT\0SERVER`: two streams in one text that can be written by hand.
pub fn streams(text: &[u8]) -> (&[u8], &[u8]) {
    match text.iter().position(|byte| *byte == 0) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &[]),
    }
}
