//! WebSocket (RFC 6455) after its handshake: frames are counted, nothing of them is kept.

mod frame;

use self::frame::Frames;
use super::HttpCounters;
use crate::{
    counters::Counters,
    flow::{Chunk, Side},
};

/// One connection, or one stream of HTTP/2 (RFC 8441), that speaks WebSocket.
pub struct WebSocket {
    client: Side,
    from_client: Frames,
    from_server: Frames,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WebSocketCounters {
    pub(super) opened: u64,
    from_client: Tally,
    from_server: Tally,
}

/// What one direction sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Tally {
    frames: u64,
    /// Payload, as sent: masked, and compressed where that was agreed on.
    bytes: u64,
    /// Close, ping and pong (section 5.5).
    control_frames: u64,
    /// Frames that are not the last one of their message (section 5.4).
    fragments: u64,
    /// Masked by a server or unmasked by a client (section 5.1), or of a form that the protocol does not know.
    invalid_frames: u64,
    /// Bytes that were lost, or passed over because frames could not be found in them.
    unread_bytes: u64,
}

impl WebSocket {
    pub(super) fn new(client: Side, counters: &mut HttpCounters) -> Self {
        counters.websocket.opened += 1;
        Self { client, from_client: Frames::new(true), from_server: Frames::new(false) }
    }

    pub(super) fn data(&mut self, chunk: Chunk<'_>, counters: &mut HttpCounters) {
        self.bytes(chunk.side == self.client, chunk.bytes, counters);
    }

    pub(super) fn bytes(&mut self, is_client: bool, bytes: &[u8], counters: &mut HttpCounters) {
        let (frames, tally) = self.direction(is_client, counters);
        frames.push(bytes, tally);
    }

    pub(super) fn gap(&mut self, is_client: bool, missing: u64, counters: &mut HttpCounters) {
        let (frames, tally) = self.direction(is_client, counters);
        frames.gap(missing, tally);
    }

    pub(super) fn client(&self) -> Side {
        self.client
    }

    /// Nothing is known of the bytes that come next.
    pub(super) fn lose(&mut self, is_client: bool) {
        let frames = if is_client { &mut self.from_client } else { &mut self.from_server };
        frames.lose();
    }

    fn direction<'c>(
        &mut self,
        is_client: bool,
        counters: &'c mut HttpCounters,
    ) -> (&mut Frames, &'c mut Tally) {
        let tallies = &mut counters.websocket;
        if is_client {
            (&mut self.from_client, &mut tallies.from_client)
        } else {
            (&mut self.from_server, &mut tallies.from_server)
        }
    }
}

impl WebSocketCounters {
    pub(super) fn named(&self) -> Counters {
        let (client, server) = (&self.from_client, &self.from_server);
        Counters::from_iter([
            ("http_websocket_opened_total", self.opened),
            ("http_websocket_frames_from_client_total", client.frames),
            ("http_websocket_frames_from_server_total", server.frames),
            ("http_websocket_bytes_from_client_total", client.bytes),
            ("http_websocket_bytes_from_server_total", server.bytes),
            ("http_websocket_control_frames_from_client_total", client.control_frames),
            ("http_websocket_control_frames_from_server_total", server.control_frames),
            ("http_websocket_fragments_from_client_total", client.fragments),
            ("http_websocket_fragments_from_server_total", server.fragments),
            ("http_websocket_invalid_frames_from_client_total", client.invalid_frames),
            ("http_websocket_invalid_frames_from_server_total", server.invalid_frames),
            ("http_websocket_unread_bytes_from_client_total", client.unread_bytes),
            ("http_websocket_unread_bytes_from_server_total", server.unread_bytes),
        ])
    }
}
