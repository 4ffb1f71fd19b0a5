//! A TCP connection written down by hand.

use std::net::SocketAddr;

use portcullis_exchange::{Exchange, Timestamp};
use sensor_user::{
    counters::Counters,
    segment::{Segment, TcpFlags, Vlans},
    wire::{Wire, WireConfig},
};

pub(crate) const GET: &str = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
pub(crate) const CLIENT: &str = "192.0.2.1";
pub(crate) const SERVER: &str = "192.0.2.2:80";
/// Near the end of the sequence space, so that every longer test wraps.
const CLIENT_ISN: u32 = u32::MAX - 20;
const SERVER_ISN: u32 = u32::MAX - 90;

/// A segment that owns its bytes, so that tests can reorder, repeat and drop it.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) time: u64,
    pub(crate) client_port: u16,
    pub(crate) is_client: bool,
    pub(crate) sequence: u32,
    pub(crate) acknowledgement: u32,
    pub(crate) flags: u8,
    pub(crate) payload: Vec<u8>,
    pub(crate) cut: u32,
}

impl Sent {
    pub(crate) fn feed(&self, wire: &mut Wire, completed: &mut Vec<Exchange>) {
        let (client, server): (SocketAddr, SocketAddr) =
            (SocketAddr::new(CLIENT.parse().unwrap(), self.client_port), SERVER.parse().unwrap());
        let (source, destination) = if self.is_client { (client, server) } else { (server, client) };
        let segment = Segment {
            time: Timestamp::from_nanos(self.time),
            source,
            destination,
            vni: None,
            vlans: Vlans::NONE,
            left_out: sensor_user::segment::LeftOut::NOTHING,
            sequence: self.sequence,
            acknowledgement: self.acknowledgement,
            flags: TcpFlags(self.flags),
            payload: &self.payload,
            wire_len: u32::try_from(self.payload.len()).unwrap() + self.cut,
        };
        wire.segment(&segment, completed);
    }
}

/// Segments of a connection in the order in which both ends sent them.
pub(crate) struct Conversation {
    pub(crate) sent: Vec<Sent>,
    client_next: u32,
    server_next: u32,
    time: u64,
}

impl Conversation {
    pub(crate) fn opened() -> Self {
        let mut this = Self::midstream();
        this.push(true, TcpFlags::SYN, b"");
        this.push(false, TcpFlags::SYN | TcpFlags::ACK, b"");
        this.push(true, TcpFlags::ACK, b"");
        this
    }

    /// As a capture sees it that begins after the handshake.
    pub(crate) fn midstream() -> Self {
        Self { sent: Vec::new(), client_next: CLIENT_ISN, server_next: SERVER_ISN, time: 1_000_000_000 }
    }

    pub(crate) fn client(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.push(true, TcpFlags::ACK, bytes.as_ref());
        self
    }

    pub(crate) fn server(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.push(false, TcpFlags::ACK, bytes.as_ref());
        self
    }

    /// Bytes that were sent and received, and that the capture missed.
    pub(crate) fn client_lost(mut self, len: u32) -> Self {
        self.client_next = self.client_next.wrapping_add(len);
        self
    }

    pub(crate) fn server_lost(mut self, len: u32) -> Self {
        self.server_next = self.server_next.wrapping_add(len);
        self
    }

    pub(crate) fn client_flags(mut self, flags: u8) -> Self {
        self.push(true, flags | TcpFlags::ACK, b"");
        self
    }

    pub(crate) fn server_flags(mut self, flags: u8) -> Self {
        self.push(false, flags | TcpFlags::ACK, b"");
        self
    }

    pub(crate) fn closed(self) -> Self {
        self.client_flags(TcpFlags::FIN).server_flags(TcpFlags::FIN)
    }

    pub(crate) fn push(&mut self, is_client: bool, flags: u8, payload: &[u8]) {
        self.time += 1000;
        let (next, acknowledgement) = if is_client {
            (&mut self.client_next, self.server_next)
        } else {
            (&mut self.server_next, self.client_next)
        };
        let sent = Sent {
            time: self.time,
            client_port: 40_000,
            is_client,
            sequence: *next,
            acknowledgement,
            flags,
            payload: payload.to_vec(),
            cut: 0,
        };
        let control = u32::from(flags & (TcpFlags::SYN | TcpFlags::FIN) != 0);
        *next = next.wrapping_add(u32::try_from(payload.len()).unwrap() + control);
        self.sent.push(sent);
    }

    /// What the wire makes of it, up to the capture's end.
    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        replay(&self.sent)
    }

    /// What the wire counted on the way.
    pub(crate) fn counters(&self) -> Counters {
        let mut wire = Wire::new(WireConfig::default());
        for segment in &self.sent {
            segment.feed(&mut wire, &mut Vec::new());
        }
        wire.finish(&mut Vec::new());
        wire.counters()
    }

    /// The same in one line an exchange: `METHOD target status request-body response-body [incomplete]`.
    pub(crate) fn summary(&self) -> Vec<String> {
        self.exchanges().iter().map(summary).collect()
    }
}

pub(crate) fn replay(sent: &[Sent]) -> Vec<Exchange> {
    let mut wire = Wire::new(WireConfig::default());
    let mut completed = Vec::new();
    for segment in sent {
        segment.feed(&mut wire, &mut completed);
    }
    wire.finish(&mut completed);
    completed
}

pub(crate) fn summary(exchange: &Exchange) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let request = exchange.request.as_ref().map_or("-".to_owned(), |request| {
        format!("{} {} {:?}", request.method, text(&request.target), text(&request.body.bytes))
    });
    let response = exchange
        .response
        .as_ref()
        .map_or("-".to_owned(), |response| format!("{} {:?}", response.status, text(&response.body.bytes)));
    let incomplete =
        exchange.incomplete.map_or(String::new(), |incomplete| format!(" {}", incomplete.name()));
    format!("{request} > {response}{incomplete}")
}
