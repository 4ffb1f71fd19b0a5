use std::collections::BTreeMap;

use super::stream::Stream;
use crate::http::websocket::WebSocket;

/// The open streams of a connection, under a limit of their own.
#[derive(Default)]
pub(super) struct Streams {
    open: BTreeMap<u32, Slot>,
    /// What the slots were charged with, all together.
    held: usize,
    /// The first and the highest stream since which no request was missed.
    seen: Option<(u32, u32)>,
}

struct Slot {
    open: Open,
    charged: usize,
}

/// What a stream carries.
pub(super) enum Open {
    Exchange(Box<Stream>),
    /// RFC 8441.
    WebSocket(Box<WebSocket>),
    /// CONNECT: nothing of it is read.
    Tunnel,
}

/// Open streams that are kept. Servers allow 100 to 1000 (SETTINGS_MAX_CONCURRENT_STREAMS).
const MAX_STREAMS: usize = 1024;
/// Bytes that the open streams of one connection may take, so that one that never ends its streams does not evict the
/// others.
const MAX_HELD: usize = 16 << 20;
/// Share of the tree in a slot, at its worst fill.
const SLOT_COST: usize = 2 * (size_of::<Slot>() + size_of::<u32>());

impl Streams {
    pub(super) fn get(&mut self, stream: u32) -> Option<&mut Open> {
        self.open.get_mut(&stream).map(|slot| &mut slot.open)
    }

    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn insert(&mut self, stream: u32, open: Open) {
        self.remove(stream);
        self.open.insert(stream, Slot { open, charged: 0 });
        self.account(stream);
    }

    pub(super) fn remove(&mut self, stream: u32) -> Option<Open> {
        let slot = self.open.remove(&stream)?;
        self.held = self.held.saturating_sub(slot.charged);
        Some(slot.open)
    }

    pub(super) fn pop_oldest(&mut self) -> Option<Open> {
        let (_, slot) = self.open.pop_first()?;
        self.held = self.held.saturating_sub(slot.charged);
        Some(slot.open)
    }

    /// Takes out what is no tunnel, oldest first.
    pub(super) fn take_exchanges(&mut self) -> Vec<Open> {
        let is_exchange = |slot: &Slot| matches!(slot.open, Open::Exchange(_));
        let streams: Vec<u32> =
            self.open.iter().filter(|(_, slot)| is_exchange(slot)).map(|(stream, _)| *stream).collect();
        streams.into_iter().filter_map(|stream| self.remove(stream)).collect()
    }

    /// Takes out a stream whose request is over and which has no response yet.
    pub(super) fn pop_unanswered(&mut self) -> Option<Open> {
        let is_unanswered = |open: &Open| matches!(open, Open::Exchange(open) if open.request.is_whole && !open.has_response());
        let stream =
            self.open.iter().find(|(_, slot)| is_unanswered(&slot.open)).map(|(stream, _)| *stream)?;
        self.remove(stream)
    }

    /// Charges a stream with what it holds now.
    pub(super) fn account(&mut self, stream: u32) {
        if let Some(slot) = self.open.get_mut(&stream) {
            let cost = SLOT_COST + slot.open.memory();
            self.held = self.held.saturating_sub(slot.charged).saturating_add(cost);
            slot.charged = cost;
        }
    }

    pub(super) fn memory(&self) -> usize {
        self.held
    }

    pub(super) fn is_over_limit(&self) -> bool {
        self.open.len() > MAX_STREAMS || self.held > MAX_HELD
    }

    pub(super) fn note_request(&mut self, stream: u32) {
        let (first, highest) = self.seen.unwrap_or((stream, stream));
        self.seen = Some((first, highest.max(stream)));
    }

    /// Whether a request on this stream would have been seen: where it is not open, it is over.
    pub(super) fn was_seen(&self, stream: u32) -> bool {
        self.seen.is_some_and(|(first, highest)| (first..=highest).contains(&stream))
    }

    /// Frames of one direction were lost.
    pub(super) fn lose(&mut self, is_client: bool) {
        if is_client {
            self.seen = None;
        }
        for slot in self.open.values_mut() {
            match &mut slot.open {
                Open::Exchange(open) => open.lose(is_client),
                Open::WebSocket(socket) => socket.lose(is_client),
                Open::Tunnel => {}
            }
        }
    }

    /// One direction is over: what it had begun is cut off. Gives the streams that are over with it.
    pub(super) fn close(&mut self, is_client: bool) -> Vec<Stream> {
        let mut over = Vec::new();
        for (stream, slot) in &mut self.open {
            if let Open::Exchange(open) = &mut slot.open {
                open.close(is_client);
                if open.is_over() {
                    over.push(*stream);
                }
            }
        }
        let removed = over.into_iter().filter_map(|stream| self.remove(stream));
        removed.filter_map(|open| if let Open::Exchange(open) = open { Some(*open) } else { None }).collect()
    }
}

impl Open {
    fn memory(&self) -> usize {
        match self {
            Self::Exchange(stream) => stream.memory(),
            Self::WebSocket(_) => size_of::<WebSocket>(),
            Self::Tunnel => 0,
        }
    }
}
