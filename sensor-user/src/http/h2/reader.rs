use portcullis_exchange::Timestamp;

use super::{
    block::Block,
    counters::Http2Counters,
    frame::{self, END_HEADERS, END_STREAM, FrameHeader, HEADER_LEN, Kind},
    header_block::HeaderBlock,
    hpack::Decoder,
    payload::{Payload, Taken},
};
use crate::flow::Chunk;

/// Reads one direction's frames, and the header blocks in them.
pub(super) struct Reader {
    state: State,
    decoder: Decoder,
    /// A header block whose end did not come yet.
    block: Option<HeaderBlock>,
    /// The place of the frames was found by their looks, not followed from the beginning.
    is_resynced: bool,
}

enum State {
    /// The rest of the connection preface (RFC 9113 section 3.4).
    Preface(&'static [u8]),
    /// What came instead of it, at which a server closes the connection.
    Refused,
    Header(Partial),
    Payload(Payload),
    /// Lost: passing over segments until one begins with a frame.
    Lost(Partial),
}

/// The first bytes of a frame header.
#[derive(Clone, Copy, Default)]
struct Partial {
    bytes: [u8; HEADER_LEN],
    len: usize,
}

/// What came next in the stream.
pub(super) enum Event<'a> {
    /// A whole header block, or what was read of one that broke off.
    Block {
        stream: u32,
        end_stream: bool,
        /// Of a PUSH_PROMISE.
        is_push: bool,
        block: Box<Block>,
        is_cut: bool,
        time: Timestamp,
    },
    Data {
        stream: u32,
        bytes: &'a [u8],
    },
    /// The stream's sender has said all.
    EndStream(u32),
    Reset {
        stream: u32,
        code: u32,
    },
    /// SETTINGS_HEADER_TABLE_SIZE, for what the peer sends.
    HeaderTableSize(u32),
}

/// What lost bytes did.
pub(super) enum Loss<'a> {
    /// They lay within frames that say nothing of a message.
    Nothing,
    /// So many bytes of a stream's DATA; `ends` where the frame that ended the stream was over with them.
    Data { stream: u32, missing: u64, ends: bool },
    /// They took the end of a header block with them.
    Block(Option<Event<'a>>),
    /// They may hold any number of frames; with the header block that broke off.
    Frames(Option<Event<'a>>),
}

pub(in crate::http) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Frames after the first one that are looked at before a place is taken for the beginning of one.
const CHAIN: usize = 8;

impl Reader {
    /// At the beginning of what a client sends.
    pub(super) fn at_preface() -> Self {
        Self { state: State::Preface(PREFACE), ..Self::at_frames() }
    }

    /// At the beginning of what a server sends.
    pub(super) fn at_frames() -> Self {
        Self {
            state: State::Header(Partial::default()),
            decoder: Decoder::new(),
            block: None,
            is_resynced: false,
        }
    }

    /// Somewhere within.
    pub(super) fn joining() -> Self {
        Self {
            state: State::Lost(Partial::default()),
            decoder: Decoder::joining(),
            block: None,
            is_resynced: true,
        }
    }

    pub(super) fn allow_table(&mut self, size: usize) {
        self.decoder.allow(size);
    }

    pub(super) fn memory(&self) -> usize {
        self.decoder.memory() + self.block.as_ref().map_or(0, HeaderBlock::memory)
    }

    /// Reads on until something is complete; `None` once the chunk is used up.
    pub(super) fn next<'a>(
        &mut self,
        chunk: &mut Chunk<'a>,
        counters: &mut Http2Counters,
    ) -> Option<Event<'a>> {
        loop {
            let event = match &mut self.state {
                State::Payload(payload) if chunk.bytes.is_empty() && payload.needs_bytes() => return None,
                State::Payload(payload) => {
                    let (taken, used) = payload.take(chunk.bytes);
                    advance(chunk, used);
                    self.taken(taken, counters)
                }
                _ if chunk.bytes.is_empty() => return None,
                State::Preface(rest) => {
                    let len = rest.len().min(chunk.bytes.len());
                    let (came, expected) = (chunk.bytes.get(..len), rest.get(..len));
                    let after = rest.get(len..).unwrap_or_default();
                    if came != expected {
                        counters.protocol_errors += 1;
                        self.state = State::Refused;
                    } else if after.is_empty() {
                        self.state = State::Header(Partial::default());
                        advance(chunk, len);
                    } else {
                        *rest = after;
                        advance(chunk, len);
                    }
                    None
                }
                State::Refused => {
                    advance(chunk, chunk.bytes.len());
                    None
                }
                State::Header(partial) => {
                    let used = partial.fill(chunk.bytes);
                    advance(chunk, used);
                    let header = partial.whole();
                    header.and_then(|header| self.begin(header, chunk, counters))
                }
                State::Lost(_) => self.find_frame(chunk, counters),
            };
            if event.is_some() {
                return event;
            }
        }
    }

    pub(super) fn gap<'a>(&mut self, missing: u64, counters: &mut Http2Counters) -> Loss<'a> {
        let State::Payload(payload) = &mut self.state else { return self.lose_frames(counters) };
        let header = payload.header;
        let Some(missing_content) = payload.skip(missing) else { return self.lose_frames(counters) };
        let is_over = payload.is_over();
        if is_over {
            self.state = State::Header(Partial::default());
        }
        match header.kind {
            Kind::Data => Loss::Data {
                stream: header.stream,
                missing: missing_content,
                ends: is_over && header.has(END_STREAM),
            },
            Kind::Headers | Kind::PushPromise | Kind::Continuation if missing_content > 0 => {
                if let Some(block) = &mut self.block {
                    block.cut();
                }
                let is_end = is_over && header.has(END_HEADERS);
                Loss::Block(if is_end { self.end_block(counters) } else { None })
            }
            _ => Loss::Nothing,
        }
    }

    /// Goes to where nothing is known of the frames' places.
    fn lose(&mut self) {
        self.state = State::Lost(Partial::default());
        self.decoder.forget();
        self.is_resynced = true;
    }

    fn lose_frames<'a>(&mut self, counters: &mut Http2Counters) -> Loss<'a> {
        let cut = self.cut_block(counters);
        self.lose();
        Loss::Frames(cut)
    }

    /// A block whose rest does not come.
    fn cut_block<'a>(&mut self, counters: &mut Http2Counters) -> Option<Event<'a>> {
        self.block.as_mut()?.cut();
        self.end_block(counters)
    }

    fn end_block<'a>(&mut self, counters: &mut Http2Counters) -> Option<Event<'a>> {
        self.block.take().map(|block| block.end(&[], &mut self.decoder, counters))
    }

    /// A frame header is there.
    fn begin<'a>(
        &mut self,
        header: FrameHeader,
        chunk: &mut Chunk<'a>,
        counters: &mut Http2Counters,
    ) -> Option<Event<'a>> {
        let goes_on = self.block.as_ref().map(|block| block.stream);
        let is_continuation = header.kind == Kind::Continuation;
        let is_in_place = match goes_on {
            Some(stream) => is_continuation && stream == header.stream,
            None => !is_continuation,
        };
        if !header.is_valid() || !is_in_place {
            counters.protocol_errors += 1;
        }
        if !header.is_valid() && self.is_resynced {
            let cut = self.cut_block(counters);
            self.lose();
            // What follows is no beginning of a segment.
            advance(chunk, chunk.bytes.len());
            return cut;
        }
        let cut = if is_in_place { None } else { self.cut_block(counters) };
        if matches!(header.kind, Kind::Headers | Kind::PushPromise) && header.is_valid() {
            self.block = Some(HeaderBlock::new(header, chunk.time));
        }
        let is_read = header.is_valid() && (is_in_place || !is_continuation);
        self.state = State::Payload(if is_read { Payload::of(header) } else { Payload::passed_over(header) });
        cut
    }

    /// A part of a frame's payload is there.
    fn taken<'a>(&mut self, taken: Taken<'a>, counters: &mut Http2Counters) -> Option<Event<'a>> {
        let State::Payload(payload) = &mut self.state else { return None };
        let header = payload.header;
        match taken {
            Taken::Passed => None,
            Taken::Malformed => {
                counters.protocol_errors += 1;
                self.cut_block(counters)
            }
            Taken::Data(bytes) => Some(Event::Data { stream: header.stream, bytes }),
            Taken::HeaderTableSize(size) => Some(Event::HeaderTableSize(size)),
            Taken::Fragment { bytes, is_last } => {
                if !is_last || !header.has(END_HEADERS) {
                    self.block.as_mut()?.push(bytes);
                    return None;
                }
                let block = self.block.take()?;
                Some(block.end(bytes, &mut self.decoder, counters))
            }
            Taken::Over => {
                let event = match header.kind {
                    Kind::Data if header.has(END_STREAM) => Some(Event::EndStream(header.stream)),
                    Kind::ResetStream => {
                        payload.reset_code().map(|code| Event::Reset { stream: header.stream, code })
                    }
                    Kind::GoAway => {
                        counters.goaways += 1;
                        None
                    }
                    _ => None,
                };
                self.state = State::Header(Partial::default());
                event
            }
        }
    }

    /// Frames mostly begin with a segment, and other bytes hardly ever look like their headers.
    fn find_frame<'a>(&mut self, chunk: &mut Chunk<'a>, counters: &mut Http2Counters) -> Option<Event<'a>> {
        let State::Lost(held) = &mut self.state else { return None };
        if held.len > 0 {
            let mut joined = *held;
            let used = joined.fill(chunk.bytes);
            match joined.whole() {
                Some(header) if header.is_plausible() => {
                    advance(chunk, used);
                    return self.begin(header, chunk, counters);
                }
                Some(_) => *held = Partial::default(),
                None => {
                    *held = joined;
                    advance(chunk, used);
                    return None;
                }
            }
        }
        if begins_frames(chunk.bytes) {
            self.state = State::Header(Partial::default());
        } else if chunk.bytes.len() < HEADER_LEN {
            let used = held.fill(chunk.bytes);
            advance(chunk, used);
        } else {
            advance(chunk, chunk.bytes.len());
        }
        None
    }
}

/// Whether the bytes begin with a frame, and go on with frames as far as they reach.
pub(super) fn begins_frames(bytes: &[u8]) -> bool {
    let Some(first) = frame::first(bytes).filter(FrameHeader::is_plausible) else { return false };
    let mut at = HEADER_LEN + first.len as usize;
    for _ in 0..CHAIN {
        let Some(next) = bytes.get(at..).and_then(frame::first) else { break };
        if !next.is_valid() {
            return false;
        }
        at += HEADER_LEN + next.len as usize;
    }
    true
}

impl Partial {
    /// Takes what lacks of the nine bytes, and says how many those were.
    fn fill(&mut self, bytes: &[u8]) -> usize {
        let mut used = 0;
        for (slot, byte) in self.bytes.iter_mut().skip(self.len).zip(bytes) {
            *slot = *byte;
            used += 1;
        }
        self.len += used;
        used
    }

    fn whole(&self) -> Option<FrameHeader> {
        (self.len == HEADER_LEN).then(|| FrameHeader::read(self.bytes))
    }
}

fn advance(chunk: &mut Chunk<'_>, len: usize) {
    chunk.bytes = chunk.bytes.get(len..).unwrap_or_default();
    chunk.offset += len as i64;
}
