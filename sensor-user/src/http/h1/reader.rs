use portcullis_exchange::{Body, Fact, Facts, Headers, Timestamp};

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

    /// Whether a body is being read of which nothing came yet.
    pub(super) fn is_before_body(&self) -> bool {
        matches!(&self.state, State::Body { body, .. } if body.is_empty())
    }

    /// Where a message begins next, and nothing came of it.
    pub(super) fn is_fresh(&self) -> bool {
        matches!(self.state, State::Head) && self.held.is_empty()
    }

    pub(super) fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost(_))
    }

    /// Passes over what comes until a message begins; `is_gap` where bytes are missing.
    pub(super) fn lose(&mut self, is_gap: bool) {
        self.has_gap |= is_gap;
        self.search(false);
    }

    /// The first line of a head is whole and has no version: HTTP/0.9 sends no more.
    pub(super) fn holds_simple_request(&self) -> bool {
        let line_end = memchr::memchr(b'\n', &self.held);
        matches!(self.state, State::Head)
            && line_end
                .and_then(|end| self.held.get(..end))
                .and_then(start_line::request_line)
                .is_some_and(|line| line.version.is_none())
    }

    /// What came does not show yet whether a head begins with it.
    pub(super) fn is_undecided(&self) -> bool {
        matches!(self.state, State::Head) && !self.held.is_empty() && !self.is_confirmed
    }

    /// Takes what no head begins with for a body: a response of HTTP/0.9.
    pub(super) fn begin_bare(&mut self, mut body: BodyCollector) {
        body.push(&self.take_held());
        self.state = State::Body { remaining: Remaining::Close, body };
    }

    /// The trailers of the body that ended last.
    pub(super) fn take_trailers(&mut self) -> Headers {
        std::mem::take(&mut self.trailers)
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
                State::Lost(Search::Segment) => self.find_segment(chunk),
                State::Lost(Search::Line { is_at_start }) => self.find_line(chunk, is_at_start),
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
    pub(super) fn close(&mut self, facts: &mut Facts) -> Option<(Body, bool)> {
        let is_whole = match &self.state {
            State::Body { remaining: Remaining::Close, .. } => true,
            State::Body { remaining: Remaining::Chunked(chunked, _), .. } if chunked.lacks_final_line() => {
                facts.insert(Fact::MissingFinalLine);
                self.trailers = head::trailers(chunked.trailer(), facts);
                true
            }
            _ => false,
        };
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

    /// Passes over bytes of the body at hand that were left out, and gives it where they were its last. `None`, and
    /// nothing is done, where they cannot all be of it.
    pub(super) fn leave_out(&mut self, bytes: u64) -> Option<Option<Body>> {
        let State::Body { remaining, body } = &mut self.state else { return None };
        let is_over = match remaining {
            Remaining::Length(left) => {
                *left = left.checked_sub(bytes)?;
                *left == 0
            }
            Remaining::Chunked(chunked, _) => chunked.skip(bytes).then_some(false)?,
            Remaining::Close => false,
        };
        body.leave_out(bytes);
        Some(if is_over { self.abandon_body() } else { None })
    }

    /// How many of the next bytes are of a body, where those change nothing but its length.
    pub(super) fn unwanted(&self) -> u64 {
        match &self.state {
            State::Body { remaining, body } if body.only_counts() => match remaining {
                Remaining::Length(left) => *left,
                Remaining::Chunked(chunked, _) => chunked.data_left(),
                Remaining::Close => 0,
            },
            _ => 0,
        }
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

    fn head(&mut self, chunk: &mut Chunk<'_>) -> Option<Event> {
        if self.held.is_empty() {
            let message = start_line::without_empty_lines(chunk.bytes);
            advance(chunk, chunk.bytes.len() - message.len());
            if chunk.bytes.is_empty() {
                return None;
            }
            self.start = Start::of(chunk);
            match self.begins_message(chunk.bytes) {
                Some(false) => {
                    self.search(false);
                    return Some(Event::NoMessage);
                }
                Some(true) => {
                    advance(chunk, self.lead(chunk.bytes));
                    if let Some(end) = head::end(chunk.bytes, 0).filter(|end| *end <= MAX_HEAD) {
                        let head = chunk.bytes.get(..end).unwrap_or_default();
                        // Passed over also where it is no message: it looked like one, and would again.
                        advance(chunk, end);
                        return Some(self.parse_or_lose(head));
                    }
                }
                None => {}
            }
        }
        if !self.held.is_empty() && !self.is_confirmed {
            self.start = self.start.after(&self.held, chunk);
        }
        let mut before = self.held.len();
        let room = MAX_HEAD.saturating_sub(before).min(chunk.bytes.len());
        let bytes = chunk.bytes.get(..room).unwrap_or_default();
        self.held.extend_from_slice(bytes);
        // A line is told from a request by its beginning or by its end: between them nothing new shows.
        if !self.is_confirmed && (before < SHORT_START || memchr::memchr(b'\n', bytes).is_some()) {
            match self.begins_message(&self.held) {
                Some(false) => {
                    self.held.truncate(before);
                    self.search(false);
                    return Some(Event::NoMessage);
                }
                Some(true) => {
                    self.is_confirmed = true;
                    let lead = self.lead(&self.held);
                    self.held.drain(..lead);
                    advance(chunk, lead.saturating_sub(before));
                    before = before.saturating_sub(lead);
                }
                None => {}
            }
        }
        let end = if self.is_confirmed { head::end(&self.held, self.searched) } else { None };
        let Some(end) = end else {
            advance(chunk, self.held.len() - before);
            // The empty line may be split between this chunk and the next one.
            self.searched = if self.is_confirmed { self.held.len().saturating_sub(2) } else { 0 };
            return (self.held.len() >= MAX_HEAD).then(|| {
                let head = self.partial_head().map(Box::new);
                self.search(false);
                Event::Oversized(head)
            });
        };
        let held = self.take_held();
        advance(chunk, end.saturating_sub(before));
        Some(self.parse_or_lose(held.get(..end).unwrap_or_default()))
    }

    /// What stands before a message: white space with an empty line in it would else be taken for its head.
    fn lead(&self, bytes: &[u8]) -> usize {
        let white = match self.kind {
            Kind::Requests => 0,
            Kind::Responses => bytes.len() - bytes.trim_ascii_start().len(),
        };
        let white = bytes.get(..white).unwrap_or_default();
        let line = head::end(white, 0).and_then(|_| memchr::memrchr(b'\n', white));
        line.map_or(0, |at| at + 1)
    }

    fn parse_or_lose(&mut self, head: &[u8]) -> Event {
        let event = self.parse(head);
        if event.is_none() {
            self.search(true);
        }
        event.unwrap_or(Event::NoMessage)
    }

    /// The whole lines of a head whose rest will not come.
    fn partial_head(&mut self) -> Option<Event> {
        let mut held = self.take_held();
        let last_line = memchr::memrchr(b'\n', &held)?;
        held.truncate(last_line + 1);
        held.extend_from_slice(b"\r\n");
        self.parse(&held)
    }

    fn take_held(&mut self) -> Vec<u8> {
        (self.searched, self.is_confirmed) = (0, false);
        std::mem::take(&mut self.held)
    }

    fn search(&mut self, is_at_start: bool) {
        self.state = State::Lost(if self.has_gap { Search::Segment } else { Search::Line { is_at_start } });
    }

    fn parse(&mut self, bytes: &[u8]) -> Option<Event> {
        let event = match self.kind {
            Kind::Requests => head::request(bytes).map(Event::Request),
            Kind::Responses => head::response(bytes).map(Event::Response),
        };
        self.has_gap &= event.is_none();
        event
    }

    /// Whether the bytes begin with a message; `None` where more are needed to tell.
    pub(super) fn begins_message(&self, bytes: &[u8]) -> Option<bool> {
        match self.kind {
            Kind::Requests => start_line::is_request(bytes),
            Kind::Responses => start_line::is_response(bytes),
        }
    }

    fn find_segment(&mut self, chunk: &mut Chunk<'_>) -> Option<Event> {
        // What turned out to be no head's beginning would turn out so again, before whatever comes.
        self.take_held();
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

    /// Holds a line until it shows itself to be a message's first one or not.
    fn find_line(&mut self, chunk: &mut Chunk<'_>, is_at_start: bool) -> Option<Event> {
        if !is_at_start {
            self.held = Vec::new();
            let line_end = memchr::memchr(b'\n', chunk.bytes);
            advance(chunk, line_end.map_or(chunk.bytes.len(), |at| at + 1));
            self.state = State::Lost(Search::Line { is_at_start: line_end.is_some() });
            return None;
        }
        if self.held.is_empty() {
            let line = start_line::without_empty_lines(chunk.bytes);
            advance(chunk, chunk.bytes.len() - line.len());
            if chunk.bytes.is_empty() {
                return None;
            }
            self.start = Start::of(chunk);
        } else {
            self.start = self.start.after(&self.held, chunk);
        }
        let line_end = memchr::memchr(b'\n', chunk.bytes).map_or(chunk.bytes.len(), |at| at + 1);
        let before = self.held.len();
        self.held.extend_from_slice(chunk.bytes.get(..line_end).unwrap_or_default());
        match self.begins_message(&self.held).or((self.held.len() > MAX_LINE).then_some(false)) {
            Some(true) if self.held.len() <= MAX_LINE => {
                advance(chunk, line_end);
                self.state = State::Head;
                (self.searched, self.is_confirmed) = (0, true);
            }
            Some(_) => {
                // The line's rest, from where this chunk goes on.
                self.held.truncate(before);
                self.state = State::Lost(Search::Line { is_at_start: false });
            }
            None => advance(chunk, line_end),
        }
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
                    // No more than the empty line of a body without trailers.
                    if chunked.trailer().len() > 2 {
                        self.trailers = head::trailers(chunked.trailer(), facts);
                    }
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
                    self.lose(false);
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
