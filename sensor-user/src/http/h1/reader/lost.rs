//! Where a message begins, after bytes that are none or were lost.

use super::{super::start_line, Event, MAX_LINE, Reader, SHORT_START, Search, Start, State, advance};
use crate::flow::Chunk;

impl Reader {
    pub(in crate::http::h1) fn is_lost(&self) -> bool {
        matches!(self.state, State::Lost(_))
    }

    /// Passes over what comes until a message begins; `is_gap` where bytes are missing.
    pub(in crate::http::h1) fn lose(&mut self, is_gap: bool) {
        self.has_gap |= is_gap;
        self.search(false);
    }

    pub(super) fn search(&mut self, is_at_start: bool) {
        self.state = State::Lost(if self.has_gap { Search::Segment } else { Search::Line { is_at_start } });
    }

    pub(super) fn find_segment(&mut self, chunk: &mut Chunk<'_>) -> Option<Event> {
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
    pub(super) fn find_line(&mut self, chunk: &mut Chunk<'_>, is_at_start: bool) -> Option<Event> {
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
}
