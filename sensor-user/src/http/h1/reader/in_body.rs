//! Bodies, by any framing.

use portcullis_exchange::{Body, Fact, Facts, Headers};

use super::{
    super::{
        chunked::{self, Chunked},
        framing::Framing,
        head,
    },
    Event, Kind, Reader, Remaining, State, advance,
};
use crate::{flow::Chunk, http::body::BodyCollector};

impl Reader {
    /// Whether a body is being read of which nothing came yet.
    pub(in crate::http::h1) fn is_before_body(&self) -> bool {
        matches!(&self.state, State::Body { body, .. } if body.is_empty())
    }

    /// Takes what no head begins with for a body: a response of HTTP/0.9.
    pub(in crate::http::h1) fn begin_bare(&mut self, mut body: BodyCollector) {
        body.push(&self.take_held());
        self.state = State::Body { remaining: Remaining::Close, body };
    }

    /// The trailers of the body that ended last.
    pub(in crate::http::h1) fn take_trailers(&mut self) -> Headers {
        std::mem::take(&mut self.trailers)
    }

    /// Begins the body that the last head announced.
    pub(in crate::http::h1) fn begin(&mut self, framing: Framing, body: BodyCollector) {
        let remaining = match framing {
            Framing::Empty | Framing::Length(0) => return,
            Framing::Length(len) => Remaining::Length(len),
            Framing::Chunked { length } => Remaining::Chunked(Chunked::new(), length),
            Framing::Close => Remaining::Close,
        };
        self.state = State::Body { remaining, body };
    }

    /// Gives up the body at hand, whatever it still lacks.
    pub(in crate::http::h1) fn abandon_body(&mut self) -> Option<Body> {
        match std::mem::replace(&mut self.state, State::Head) {
            State::Body { body, .. } => Some(body.finish()),
            other => {
                self.state = other;
                None
            }
        }
    }

    /// The stream is over. Gives the body at hand, and whether the end of the stream is its end.
    pub(in crate::http::h1) fn close(&mut self, facts: &mut Facts) -> Option<(Body, bool)> {
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

    /// Passes over bytes of the body at hand that were left out, and gives it where they were its last. `None`, and
    /// nothing is done, where they cannot all be of it.
    pub(in crate::http::h1) fn leave_out(&mut self, bytes: u64) -> Option<Option<Body>> {
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
    pub(in crate::http::h1) fn unwanted(&self) -> u64 {
        match &self.state {
            State::Body { remaining, body } if body.only_counts() => match remaining {
                Remaining::Length(left) => *left,
                Remaining::Chunked(chunked, _) => chunked.data_left(),
                Remaining::Close => 0,
            },
            _ => 0,
        }
    }

    pub(super) fn body(&mut self, chunk: &mut Chunk<'_>, facts: &mut Facts) -> Option<Event> {
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
