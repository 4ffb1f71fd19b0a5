//! One connection of the made traffic, frame by frame.

use std::collections::VecDeque;

use etherparse::PacketBuilder;
use fastrand::Rng;

use super::{
    bodies::Bodies,
    message::{self, Profile},
};

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
    pub(super) fn new(rng: &mut Rng, profile: Profile, number: u32) -> Self {
        let is_noise = profile == Profile::Mixed && rng.u8(..10) == 0;
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
    pub(super) fn next(
        &mut self,
        rng: &mut Rng,
        bodies: &Bodies,
        profile: Profile,
        goes_on: bool,
    ) -> Option<Vec<u8>> {
        if self.frames.is_empty() && self.exchanges_left > 0 && goes_on {
            self.exchanges_left -= 1;
            self.exchange(rng, bodies, profile);
        } else if self.frames.is_empty() && !self.is_closed {
            self.is_closed = true;
            self.send(true, Control::Fin, b"");
            self.send(false, Control::Fin, b"");
            self.send(true, Control::Ack, b"");
        }
        self.frames.pop_front()
    }

    fn exchange(&mut self, rng: &mut Rng, bodies: &Bodies, profile: Profile) {
        let is_http = self.server.port == 8080;
        let (request, response) = if is_http {
            (message::request(rng, bodies, profile), message::response(rng, bodies, profile))
        } else {
            (message::noise(rng, bodies), message::noise(rng, bodies))
        };
        self.transactions += u64::from(is_http);
        self.stream(rng, true, &request);
        self.stream(rng, false, &response);
    }

    /// Full segments, and the peer's acknowledgement of every second one. A few come twice or change places, as on any
    /// network.
    fn stream(&mut self, rng: &mut Rng, is_client: bool, bytes: &[u8]) {
        for (at, piece) in bytes.chunks(SEGMENT).enumerate() {
            self.send(is_client, Control::Ack, piece);
            let last = self.frames.len().saturating_sub(1);
            match rng.u16(..) {
                ..=65 => self.frames.extend(self.frames.back().cloned()),
                66..=131 if at > 0 && at % 2 == 1 => self.frames.swap(last, last.saturating_sub(1)),
                _ => {}
            }
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
