mod in_body;
mod in_head;
mod lost;

use portcullis_exchange::{Body, Facts, Headers, Timestamp};

use super::{chunked::Chunked, head, start_line};
use crate::{flow::Chunk, http::body::BodyCollector};

/// Reads one direction's messages: head, body, head, …
pub(super) struct Reader {
    kind: Kind,
    state: State,
    /// A head that is not whole yet.
    held: Vec<u8>,
    /// How far `held` was searched for its end, so that a head in single bytes is not searched over and over.
    searched: usize,
    /// The held bytes begin a message.
    is_confirmed: bool,
    /// Bytes were missing, and no message was found since.
    has_gap: bool,
    start: Start,
    /// Of the chunked body that ended last.
    trailers: Headers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Requests,
    Responses,
}

/// Where the first message is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Begin {
    /// At the first byte.
    Start,
    /// At the first line of what is left, where other bytes came before; `true` where a line begins.
    Line(bool),
    /// Capture began in mid-stream.
    Midstream,
}

/// Where a message begins.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Start {
    pub(super) time: Timestamp,
    pub(super) offset: i64,
    /// How far the sender had received the other direction.
    pub(super) acknowledged: Option<i64>,
}

impl Start {
    pub(super) fn of(chunk: &Chunk<'_>) -> Self {
        Self { time: chunk.time, offset: chunk.offset, acknowledged: chunk.acknowledged }
    }

    /// White space alone begins nothing yet: what comes after it may be sent much later.
    pub(super) fn after(self, held: &[u8], chunk: &Chunk<'_>) -> Self {
        if held.trim_ascii_start().is_empty() {
            Self { offset: self.offset, ..Self::of(chunk) }
        } else {
            self
        }
    }
}

enum State {
    Head,
    Body {
        remaining: Remaining,
        body: BodyCollector,
    },
    /// Lost: passing over bytes until a message begins.
    Lost(Search),
}

/// What may be a message's beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Search {
    /// After lost bytes: a segment's. Messages mostly begin with one, and a body before seldom ends with a line.
    Segment,
    /// Where no byte is missing: a line's, so that the place does not depend on how segments are cut.
    Line { is_at_start: bool },
}

enum Remaining {
    Length(u64),
    /// And what ends the body should it turn out not to be chunked.
    Chunked(Chunked, Option<u64>),
    Close,
}

/// What came next in the stream.
pub(super) enum Event {
    Request(head::RequestHead),
    Response(head::ResponseHead),
    Body(Body),
    /// The body is broken, and with it the place of the next message.
    BrokenBody(Body),
    /// These bytes are no message.
    NoMessage,
    /// A head longer than any server takes; what was read of it, where its first line fits.
    Oversized(Option<Box<Event>>),
}

/// What lost bytes did.
pub(super) enum Loss {
    /// They lay within a body, whose end is still known.
    InBody,
    /// They took a body's end with them.
    Body(Body),
    /// They took a head's end with them; the first lines may be readable.
    Head(Option<Event>),
    /// They may hold any number of messages.
    Between,
}

/// A beginning of a first line that is worth waiting for the rest.
const SHORT_START: usize = 2 << 10;
/// A first line past this is none.
const MAX_LINE: usize = 64 << 10;
/// Servers take 8 KiB to 64 KiB, a few more.
const MAX_HEAD: usize = 256 << 10;

impl Reader {
    pub(super) fn new(kind: Kind, begin: Begin) -> Self {
        let state = match begin {
            Begin::Start => State::Head,
            Begin::Line(is_at_start) => State::Lost(Search::Line { is_at_start }),
            Begin::Midstream => State::Lost(Search::Segment),
        };
        let (start, trailers) = (Start::default(), Headers::default());
        let has_gap = begin == Begin::Midstream;
        Self { kind, state, held: Vec::new(), searched: 0, is_confirmed: false, has_gap, start, trailers }
    }

    /// Where the message at hand began.
    pub(super) fn start(&self) -> Start {
        self.start
    }

    /// Where a message begins next, and nothing came of it.
    pub(super) fn is_fresh(&self) -> bool {
        matches!(self.state, State::Head) && self.held.is_empty()
    }

    /// Reads on until something is complete; `None` once the chunk is used up.
    pub(super) fn next(&mut self, chunk: &mut Chunk<'_>, facts: &mut Facts) -> Option<Event> {
        while !chunk.bytes.is_empty() {
            let event = match self.state {
                State::Head => self.head(chunk),
                State::Body { .. } => self.body(chunk, facts),
                State::Lost(Search::Segment) => self.find_segment(chunk),
                State::Lost(Search::Line { is_at_start }) => self.find_line(chunk, is_at_start),
            };
            if event.is_some() {
                return event;
            }
        }
        None
    }

    pub(super) fn gap(&mut self, missing: u64) -> Loss {
        if let State::Body { remaining, body } = &mut self.state {
            let fits = match remaining {
                Remaining::Length(left) if missing <= *left => {
                    *left -= missing;
                    true
                }
                Remaining::Length(_) => false,
                Remaining::Chunked(chunked, _) => chunked.skip(missing),
                Remaining::Close => true,
            };
            let is_over = matches!(remaining, Remaining::Length(0));
            if fits {
                body.gap(missing);
            }
            if fits && !is_over {
                return Loss::InBody;
            }
            let body = self.abandon_body().unwrap_or_default();
            if !fits {
                self.lose(true);
            }
            return Loss::Body(body);
        }
        let was_in_head = matches!(self.state, State::Head) && !self.held.is_empty();
        let head = if was_in_head { self.partial_head() } else { None };
        self.take_held();
        self.lose(true);
        if was_in_head { Loss::Head(head) } else { Loss::Between }
    }

    pub(super) fn memory(&self) -> usize {
        let body = match &self.state {
            State::Body { body, remaining: Remaining::Chunked(chunked, _) } => {
                body.memory() + chunked.memory()
            }
            State::Body { body, .. } => body.memory(),
            State::Head | State::Lost(_) => 0,
        };
        self.held.capacity() + body
    }

    fn take_held(&mut self) -> Vec<u8> {
        (self.searched, self.is_confirmed) = (0, false);
        std::mem::take(&mut self.held)
    }

    /// Whether the bytes begin with a message; `None` where more are needed to tell.
    pub(super) fn begins_message(&self, bytes: &[u8]) -> Option<bool> {
        match self.kind {
            Kind::Requests => start_line::is_request(bytes),
            Kind::Responses => start_line::is_response(bytes),
        }
    }
}

fn advance(chunk: &mut Chunk<'_>, len: usize) {
    chunk.bytes = chunk.bytes.get(len..).unwrap_or_default();
    chunk.offset += len as i64;
}
