use portcullis_exchange::{Fact, Facts};

/// The chunked transfer coding (RFC 9112 section 7.1), read at any segmentation.
#[derive(Debug)]
pub(super) struct Chunked {
    state: State,
    size: u64,
    digits: u8,
    /// The first size line, until it turned out to be one.
    opening: Vec<u8>,
    is_confirmed: bool,
    /// The last byte of framing was a CR.
    is_after_return: bool,
    /// Lines after the last chunk.
    trailer: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Before the size's first digit. Clients pass over empty lines here, which RFC 9112 section 7.1 has none of.
    SizeStart,
    Size,
    /// Extensions are passed over to the line's end.
    Extension,
    Data,
    /// The line end after a chunk's data.
    DataEnd,
    /// At the start of a trailer line; an empty one ends the body.
    TrailerStart,
    Trailer,
    Done,
}

pub(super) enum Step {
    /// So many bytes were framing.
    Passed(usize),
    /// So many bytes are body.
    Data(usize),
    /// So many bytes were framing, and the body is over.
    Done(usize),
    /// This cannot be chunked data.
    Broken,
}

/// Past this a size line with extensions is believed to be one.
const MAX_OPENING: usize = 256;
/// Sixteen hexadecimal digits are 64 bits.
const MAX_DIGITS: u8 = 16;
/// Trailers past this are passed over.
const MAX_TRAILER: usize = 16 << 10;

impl Chunked {
    pub(super) fn new() -> Self {
        Self {
            state: State::SizeStart,
            size: 0,
            digits: 0,
            opening: Vec::new(),
            is_confirmed: false,
            is_after_return: false,
            trailer: Vec::new(),
        }
    }

    /// What was taken for framing, where the first size line turns out not to be one: a body that was announced as
    /// chunked and is not.
    pub(super) fn refuted(&mut self) -> Option<Vec<u8>> {
        (!self.is_confirmed).then(|| std::mem::take(&mut self.opening))
    }

    /// The trailer section as it came (RFC 9112 section 7.1.2).
    pub(super) fn trailer(&self) -> &[u8] {
        &self.trailer
    }

    /// Whether all chunks came, and only the empty line after them did not.
    pub(super) fn lacks_final_line(&self) -> bool {
        self.state == State::TrailerStart
    }

    pub(super) fn memory(&self) -> usize {
        self.opening.capacity() + self.trailer.capacity()
    }

    /// Looks at the next bytes, which must not be empty.
    pub(super) fn step(&mut self, bytes: &[u8], facts: &mut Facts) -> Step {
        if self.state == State::Data {
            let len = usize::try_from(self.size).unwrap_or(usize::MAX).min(bytes.len());
            self.size -= len as u64;
            if self.size == 0 {
                self.state = State::DataEnd;
            }
            return Step::Data(len);
        }
        let opening = self.opening.len();
        for (at, byte) in bytes.iter().enumerate() {
            if self.framing_byte(*byte, facts).is_none() {
                facts.insert(Fact::InvalidChunkSize);
                self.opening.truncate(opening);
                return Step::Broken;
            }
            if !self.is_confirmed {
                self.opening.push(*byte);
                let is_size_line = *byte == b'\n' && self.state != State::SizeStart;
                self.is_confirmed = is_size_line || self.opening.len() > MAX_OPENING;
                if self.is_confirmed {
                    self.opening = Vec::new();
                }
            }
            match self.state {
                State::Data => return Step::Passed(at + 1),
                State::Done => return Step::Done(at + 1),
                _ => {}
            }
        }
        Step::Passed(bytes.len())
    }

    /// How much is left of the chunk at hand.
    pub(super) fn data_left(&self) -> u64 {
        if self.state == State::Data { self.size } else { 0 }
    }

    /// Passes over lost bytes where they lie within one chunk's data.
    pub(super) fn skip(&mut self, missing: u64) -> bool {
        let fits = self.state == State::Data && missing <= self.size;
        if fits {
            self.size -= missing;
            if self.size == 0 {
                self.state = State::DataEnd;
            }
        }
        fits
    }

    /// A size is read as its first hexadecimal digits say (RFC 9112 section 7.1); what else stands in its line is told as
    /// a fact, since servers differ on it. A line ends with its LF, as section 2.2 allows for heads.
    fn framing_byte(&mut self, byte: u8, facts: &mut Facts) -> Option<()> {
        let is_after_return = std::mem::replace(&mut self.is_after_return, byte == b'\r');
        if is_after_return && byte != b'\n' {
            facts.insert(Fact::BareCarriageReturn);
        } else if !is_after_return && byte == b'\n' {
            facts.insert(Fact::BareLineFeed);
        }
        if matches!(self.state, State::TrailerStart | State::Trailer) && self.trailer.len() < MAX_TRAILER {
            self.trailer.push(byte);
        }
        self.state = match (self.state, byte) {
            (State::SizeStart | State::Size, _) if byte.is_ascii_hexdigit() => {
                self.digits += u8::from(self.size > 0 || byte != b'0' || self.digits == 0);
                if self.digits > MAX_DIGITS {
                    return None;
                }
                let digit = (byte as char).to_digit(16)?;
                self.size = self.size << 4 | u64::from(digit);
                State::Size
            }
            (State::SizeStart, b' ' | b'\t' | b'\r' | b'\n') => {
                facts.insert(Fact::InvalidChunkSize);
                State::SizeStart
            }
            (State::SizeStart, _) => return None,
            (State::Size | State::Extension, b'\n') => self.after_size(),
            (State::Size, b' ' | b'\t' | b'\r') => State::Extension,
            (State::Size | State::Extension, b';') => {
                facts.insert(Fact::ChunkExtension);
                State::Extension
            }
            (State::Size, _) => {
                facts.insert(Fact::InvalidChunkSize);
                State::Extension
            }
            (State::Extension, _) => State::Extension,
            (State::DataEnd, b'\r') => State::DataEnd,
            (State::DataEnd, b'\n') => {
                (self.size, self.digits) = (0, 0);
                State::SizeStart
            }
            (State::DataEnd, _) => return None,
            (State::TrailerStart, b'\n') => State::Done,
            (State::TrailerStart, b'\r') => State::TrailerStart,
            (State::TrailerStart | State::Trailer, _) if byte != b'\n' => State::Trailer,
            (State::Trailer, _) => State::TrailerStart,
            (state, _) => state,
        };
        Some(())
    }

    fn after_size(&self) -> State {
        if self.size == 0 { State::TrailerStart } else { State::Data }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(coded: &[u8], step: usize) -> (Vec<u8>, bool, Facts) {
        let (mut chunked, mut facts, mut body) = (Chunked::new(), Facts::default(), Vec::new());
        for mut bytes in coded.chunks(step) {
            while !bytes.is_empty() {
                match chunked.step(bytes, &mut facts) {
                    Step::Passed(len) => bytes = &bytes[len..],
                    Step::Data(len) => {
                        body.extend_from_slice(&bytes[..len]);
                        bytes = &bytes[len..];
                    }
                    Step::Done(len) => {
                        assert_eq!(bytes.len(), len);
                        return (body, true, facts);
                    }
                    Step::Broken => return (body, false, facts),
                }
            }
        }
        (body, false, facts)
    }

    #[test]
    fn extensions_are_passed_over_and_trailers_kept_at_any_step() {
        let coded = b"4;name=\"v\"\r\nwiki\r\n05\r\npedia\r\n0\r\nTrailer: x\r\n\r\n";
        for step in 1..coded.len() {
            let (body, is_done, facts) = decode(coded, step);
            assert_eq!((body.as_slice(), is_done), (&b"wikipedia"[..], true));
            assert!(facts.contains(Fact::ChunkExtension));
        }
    }

    #[test]
    fn line_ends_before_a_size_and_bare_ones_after_it_are_facts() {
        let (body, is_done, facts) = decode(b"\r4\nwiki\n\n05\r;x\npedia\r\n0\r\n\r\n", 1);
        assert_eq!((body.as_slice(), is_done), (&b"wikipedia"[..], true));
        for fact in
            [Fact::BareLineFeed, Fact::BareCarriageReturn, Fact::InvalidChunkSize, Fact::ChunkExtension]
        {
            assert!(facts.contains(fact), "{fact:?}");
        }
    }

    #[test]
    fn a_size_that_overflows_breaks_the_body() {
        let (_, is_done, facts) = decode(b"11111111111111111\r\nx", 50);
        assert!(!is_done && facts.contains(Fact::InvalidChunkSize));
    }
}
