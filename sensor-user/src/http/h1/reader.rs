use portcullis_exchange::{Body, Facts, Timestamp};

use super::{
    chunked::{self, Chunked},
    framing::Framing,
    head, start_line,
};
use crate::{flow::Chunk, http::body::BodyCollector};

/// Reads one direction's messages: head, body, head, …
pub(super) struct Reader {
    kind: Kind,
    state: State,
    /// A head that is not whole yet.
    held: Vec<u8>,
    /// How far `held` was searched for its end, so that a head in single bytes is not searched over and over.
    searched: usize,
    start: Start,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Requests,
    Responses,
}

/// Where a message begins.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Start {
    pub(super) time: Timestamp,
    pub(super) offset: i64,
    /// How far the sender had received the other direction.
    pub(super) acknowledged: Option<i64>,
}

enum State {
    Head,
    Body {
        remaining: Remaining,
        body: BodyCollector,
    },
    /// Lost: passing over bytes until a segment begins with a message.
    Lost,
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
    /// A head longer than any server takes; what was read of it.
    Oversized,
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
/// Servers take 8 KiB to 64 KiB, a few more.
const MAX_HEAD: usize = 256 << 10;

impl Reader {
    pub(super) fn new(kind: Kind, is_midstream: bool) -> Self {
        let state = if is_midstream { State::Lost } else { State::Head };
        Self { kind, state, held: Vec::new(), searched: 0, start: Start::default() }
    }

    /// Where the message at hand began.
    pub(super) fn start(&self) -> Start {
        self.start
    }

    /// Whether a body is being read of which nothing came yet.
    pub(super) fn is_before_body(&self) -> bool {
        matches!(&self.state, State::Body { body, .. } if body.is_empty())
    }

    pub(super) fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost)
    }

    /// Passes over what comes until a message begins.
    pub(super) fn lose(&mut self) {
        self.state = State::Lost;
    }

    /// Begins the body that the last head announced.
    pub(super) fn begin(&mut self, framing: Framing, body: BodyCollector) {
        let remaining = match framing {
            Framing::Empty | Framing::Length(0) => return,
            Framing::Length(len) => Remaining::Length(len),
            Framing::Chunked { length } => Remaining::Chunked(Chunked::new(), length),
            Framing::Close => Remaining::Close,
        };
        self.state = State::Body { remaining, body };
    }

    /// Reads on until something is complete; `None` once the chunk is used up.
    pub(super) fn next(&mut self, chunk: &mut Chunk<'_>, facts: &mut Facts) -> Option<Event> {
        while !chunk.bytes.is_empty() {
            let event = match self.state {
                State::Head => self.head(chunk),
                State::Body { .. } => self.body(chunk, facts),
                State::Lost => self.find_message(chunk),
            };
            if event.is_some() {
                return event;
            }
        }
        None
    }

    /// Gives up the body at hand, whatever it still lacks.
    pub(super) fn abandon_body(&mut self) -> Option<Body> {
        match std::mem::replace(&mut self.state, State::Head) {
            State::Body { body, .. } => Some(body.finish()),
            other => {
                self.state = other;
                None
            }
        }
    }

    /// The stream is over. Gives the body at hand, and whether the end of the stream is its end.
    pub(super) fn close(&mut self) -> Option<(Body, bool)> {
        let is_whole = matches!(&self.state, State::Body { remaining: Remaining::Close, .. });
        self.abandon_body().map(|body| (body, is_whole))
    }

    /// The stream is over inside a head: what its whole lines say.
    pub(super) fn close_head(&mut self) -> Option<Event> {
        if self.held.is_empty() { None } else { self.partial_head() }
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
                self.state = State::Lost;
            }
            return Loss::Body(body);
        }
        let was_in_head = matches!(self.state, State::Head) && !self.held.is_empty();
        self.state = State::Lost;
        if was_in_head { Loss::Head(self.partial_head()) } else { Loss::Between }
    }

    pub(super) fn memory(&self) -> usize {
        let body = match &self.state {
            State::Body { body, .. } => body.memory(),
            State::Head | State::Lost => 0,
        };
        self.held.capacity() + body
    }

    fn head(&mut self, chunk: &mut Chunk<'_>) -> Option<Event> {
        if self.held.is_empty() {
            let message = start_line::without_empty_lines(chunk.bytes);
            advance(chunk, chunk.bytes.len() - message.len());
            if chunk.bytes.is_empty() {
                return None;
            }
            self.start = Start { time: chunk.time, offset: chunk.offset, acknowledged: chunk.acknowledged };
            if let Some(end) = head::end(chunk.bytes, 0) {
                let head = chunk.bytes.get(..end).unwrap_or_default();
                // Passed over also where it is no message: it looked like one, and would again.
                advance(chunk, end);
                return Some(self.parse_or_lose(head));
            }
        }
        let before = self.held.len();
        self.held.extend_from_slice(chunk.bytes);
        let Some(end) = head::end(&self.held, self.searched) else {
            advance(chunk, chunk.bytes.len());
            return self.judge_partial();
        };
        let held = std::mem::take(&mut self.held);
        self.searched = 0;
        advance(chunk, end.saturating_sub(before));
        Some(self.parse_or_lose(held.get(..end).unwrap_or_default()))
    }

    fn parse_or_lose(&mut self, head: &[u8]) -> Event {
        self.parse(head).unwrap_or_else(|| {
            self.state = State::Lost;
            Event::NoMessage
        })
    }

    fn judge_partial(&mut self) -> Option<Event> {
        // The empty line may be split between this chunk and the next one.
        self.searched = self.held.len().saturating_sub(2);
        if self.begins_message(&self.held) == Some(false) {
            self.held = Vec::new();
            self.searched = 0;
            self.state = State::Lost;
            return Some(Event::NoMessage);
        }
        if self.held.len() > MAX_HEAD {
            self.state = State::Lost;
            return Some(self.partial_head().unwrap_or(Event::Oversized));
        }
        None
    }

    /// The whole lines of a head whose rest will not come.
    fn partial_head(&mut self) -> Option<Event> {
        let mut held = std::mem::take(&mut self.held);
        self.searched = 0;
        let last_line = memchr::memrchr(b'\n', &held)?;
        held.truncate(last_line + 1);
        held.extend_from_slice(b"\r\n");
        self.parse(&held)
    }

    fn parse(&self, bytes: &[u8]) -> Option<Event> {
        match self.kind {
            Kind::Requests => head::request(bytes).map(Event::Request),
            Kind::Responses => head::response(bytes).map(Event::Response),
        }
    }

    fn begins_message(&self, bytes: &[u8]) -> Option<bool> {
        match self.kind {
            Kind::Requests => start_line::is_request(bytes),
            Kind::Responses => start_line::is_response(bytes),
        }
    }

    /// Messages mostly begin with a segment, and seldom look so in the midst of a body.
    fn find_message(&mut self, chunk: &mut Chunk<'_>) -> Option<Event> {
        let begins = match self.begins_message(chunk.bytes) {
            Some(begins) => begins,
            // A head's first bytes come alone where a sender writes them so; long lines are text of a body.
            None => chunk.bytes.len() < SHORT_START,
        };
        if begins {
            self.state = State::Head;
            return None;
        }
        advance(chunk, chunk.bytes.len());
        None
    }

    fn body(&mut self, chunk: &mut Chunk<'_>, facts: &mut Facts) -> Option<Event> {
        let State::Body { remaining, body } = &mut self.state else { return None };
        let is_over = match remaining {
            Remaining::Length(left) => {
                let len = usize::try_from(*left).unwrap_or(usize::MAX).min(chunk.bytes.len());
                body.push(chunk.bytes.get(..len).unwrap_or_default());
                advance(chunk, len);
                *left -= len as u64;
                *left == 0
            }
            Remaining::Close => {
                body.push(chunk.bytes);
                advance(chunk, chunk.bytes.len());
                false
            }
            Remaining::Chunked(chunked, length) => match chunked.step(chunk.bytes, facts) {
                chunked::Step::Passed(len) => {
                    advance(chunk, len);
                    false
                }
                chunked::Step::Data(len) => {
                    body.push(chunk.bytes.get(..len).unwrap_or_default());
                    advance(chunk, len);
                    false
                }
                chunked::Step::Done(len) => {
                    advance(chunk, len);
                    true
                }
                chunked::Step::Broken => {
                    let unframed =
                        chunked.refuted().filter(|_| length.is_some() || self.kind == Kind::Responses);
                    if let Some(opening) = unframed {
                        body.push(&opening);
                        *remaining = match *length {
                            Some(length) => Remaining::Length(length.saturating_sub(opening.len() as u64)),
                            None => Remaining::Close,
                        };
                        return None;
                    }
                    let body = self.abandon_body().unwrap_or_default();
                    self.state = State::Lost;
                    return Some(Event::BrokenBody(body));
                }
            },
        };
        if is_over { self.abandon_body().map(Event::Body) } else { None }
    }
}

fn advance(chunk: &mut Chunk<'_>, len: usize) {
    chunk.bytes = chunk.bytes.get(len..).unwrap_or_default();
    chunk.offset += len as i64;
}
