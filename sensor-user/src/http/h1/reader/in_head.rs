//! Heads: held until they are whole.

use super::{
    super::{head, start_line},
    Event, Kind, MAX_HEAD, Reader, SHORT_START, Start, State, advance,
};
use crate::flow::Chunk;

impl Reader {
    /// The first line of a head is whole and has no version: HTTP/0.9 sends no more.
    pub(in crate::http::h1) fn holds_simple_request(&self) -> bool {
        let line_end = memchr::memchr(b'\n', &self.held);
        matches!(self.state, State::Head)
            && line_end
                .and_then(|end| self.held.get(..end))
                .and_then(start_line::request_line)
                .is_some_and(|line| line.version.is_none())
    }

    /// What came does not show yet whether a head begins with it.
    pub(in crate::http::h1) fn is_undecided(&self) -> bool {
        matches!(self.state, State::Head) && !self.held.is_empty() && !self.is_confirmed
    }

    /// The stream is over inside a head: what its whole lines say.
    pub(in crate::http::h1) fn close_head(&mut self) -> Option<Event> {
        if self.held.is_empty() { None } else { self.partial_head() }
    }

    pub(super) fn head(&mut self, chunk: &mut Chunk<'_>) -> Option<Event> {
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
    pub(super) fn partial_head(&mut self) -> Option<Event> {
        let mut held = self.take_held();
        let last_line = memchr::memrchr(b'\n', &held)?;
        held.truncate(last_line + 1);
        held.extend_from_slice(b"\r\n");
        self.parse(&held)
    }

    fn parse(&mut self, bytes: &[u8]) -> Option<Event> {
        let event = match self.kind {
            Kind::Requests => head::request(bytes).map(Event::Request),
            Kind::Responses => head::response(bytes).map(Event::Response),
        };
        self.has_gap &= event.is_none();
        event
    }
}
