use std::cell::RefCell;

use flate2::{Decompress, FlushDecompress, Status};

use super::stage::{Stage, Stop};

/// gzip (RFC 1952), zlib (RFC 1950) and raw DEFLATE (RFC 1951).
///
/// Checksums are not compared: a receiver shows what it inflated before it can know them.
pub(super) struct Inflate {
    state: State,
    /// A header that is not whole yet.
    held: Vec<u8>,
}

enum State {
    GzipHeader,
    /// Two bytes decide between zlib and raw.
    ZlibOrRaw,
    Body {
        stream: Decompress,
        is_gzip: bool,
    },
    /// Checksum and length after a gzip member.
    Trailer {
        left: usize,
    },
    /// Another member may follow; padding and rubbish are ignored, as receivers do.
    NextMember,
    /// Whatever follows is no part of the body.
    Done,
}

/// A gzip header holds a name and a comment of any length; past this it is an attack.
const MAX_HEADER: usize = 64 << 10;
/// Window, tables and state, as zlib-rs allocates them.
const STREAM_MEMORY: usize = 48 << 10;

impl Inflate {
    pub(super) fn gzip() -> Self {
        Self { state: State::GzipHeader, held: Vec::new() }
    }

    pub(super) fn deflate() -> Self {
        Self { state: State::ZlibOrRaw, held: Vec::new() }
    }
}

impl Stage for Inflate {
    fn push(&mut self, bytes: &[u8], out: &mut dyn FnMut(&[u8]) -> Result<(), Stop>) -> Result<(), Stop> {
        let mut rest = bytes;
        let joined;
        if !self.held.is_empty() {
            self.held.extend_from_slice(bytes);
            joined = std::mem::take(&mut self.held);
            rest = &joined;
        }
        while !rest.is_empty() {
            match &mut self.state {
                State::GzipHeader | State::NextMember => match gzip_header(rest) {
                    Header::Whole(len) => {
                        rest = rest.get(len..).unwrap_or_default();
                        self.state = State::Body { stream: begin(false), is_gzip: true };
                    }
                    Header::Partial if rest.len() < MAX_HEADER => {
                        self.held = rest.to_vec();
                        return Ok(());
                    }
                    Header::Wrong if matches!(self.state, State::NextMember) => self.state = State::Done,
                    Header::Partial | Header::Wrong => return Err(Stop::Damaged),
                },
                State::ZlibOrRaw => {
                    let &[first, second, ..] = rest else {
                        self.held = rest.to_vec();
                        return Ok(());
                    };
                    let is_zlib = first & 0x0f == 8 && u16::from_be_bytes([first, second]).is_multiple_of(31);
                    self.state = State::Body { stream: begin(is_zlib), is_gzip: false };
                }
                State::Body { stream, is_gzip } => {
                    let (consumed, is_over) = inflate(stream, rest, out)?;
                    rest = rest.get(consumed..).unwrap_or_default();
                    if is_over {
                        let next = if *is_gzip { State::Trailer { left: 8 } } else { State::Done };
                        if let State::Body { stream, .. } = std::mem::replace(&mut self.state, next) {
                            keep_spare(stream);
                        }
                    }
                }
                State::Trailer { left } => {
                    let taken = rest.len().min(*left);
                    rest = rest.get(taken..).unwrap_or_default();
                    *left -= taken;
                    if *left == 0 {
                        self.state = State::NextMember;
                    }
                }
                State::Done => return Ok(()),
            }
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        matches!(self.state, State::NextMember | State::Done)
    }

    fn memory(&self) -> usize {
        let stream = if matches!(self.state, State::Body { .. }) { STREAM_MEMORY } else { 0 };
        size_of::<Self>() + self.held.capacity() + stream
    }
}

thread_local! {
    /// States of bodies that are over, for those that begin: so many blocks of this size, each for a short time, cost
    /// the allocator more than the small bodies in them cost to inflate.
    static SPARE: RefCell<Vec<Decompress>> = const { RefCell::new(Vec::new()) };
}

/// Past this they are freed; bodies that are read at the same time hold as many more as they need.
const MAX_SPARE: usize = 16;

fn begin(is_zlib: bool) -> Decompress {
    match SPARE.with_borrow_mut(Vec::pop) {
        Some(mut stream) => {
            stream.reset(is_zlib);
            stream
        }
        None => Decompress::new(is_zlib),
    }
}

fn keep_spare(stream: Decompress) {
    SPARE.with_borrow_mut(|spare| {
        if spare.len() < MAX_SPARE {
            spare.push(stream);
        }
    });
}

/// How many bytes were taken, and whether the stream is over.
fn inflate(
    stream: &mut Decompress,
    bytes: &[u8],
    out: &mut dyn FnMut(&[u8]) -> Result<(), Stop>,
) -> Result<(usize, bool), Stop> {
    let mut buffer = [0; 16 << 10];
    let mut taken = 0;
    loop {
        let (before_in, before_out) = (stream.total_in(), stream.total_out());
        let input = bytes.get(taken..).unwrap_or_default();
        let status = stream.decompress(input, &mut buffer, FlushDecompress::None);
        let consumed = usize::try_from(stream.total_in() - before_in).unwrap_or(0);
        let produced = usize::try_from(stream.total_out() - before_out).unwrap_or(0);
        taken += consumed;
        out(buffer.get(..produced).unwrap_or_default())?;
        match status {
            Err(_) => return Err(Stop::Damaged),
            Ok(Status::StreamEnd) => return Ok((taken, true)),
            Ok(Status::Ok | Status::BufError) if taken == bytes.len() && produced < buffer.len() => {
                return Ok((taken, false));
            }
            Ok(_) if consumed == 0 && produced == 0 => return Err(Stop::Damaged),
            Ok(_) => {}
        }
    }
}

enum Header {
    Whole(usize),
    Partial,
    Wrong,
}

/// The length of a gzip member header (RFC 1952 section 2.3).
fn gzip_header(bytes: &[u8]) -> Header {
    const CHECKSUM: u8 = 0x02;
    const EXTRA: u8 = 0x04;
    const NAME: u8 = 0x08;
    const COMMENT: u8 = 0x10;
    let magic = [0x1f, 0x8b, 8];
    if !bytes.iter().zip(magic).all(|(byte, expected)| *byte == expected) {
        return Header::Wrong;
    }
    let Some(flags) = bytes.get(3).copied() else { return Header::Partial };
    let mut at = 10;
    if flags & EXTRA != 0 {
        let Some(&[low, high]) = bytes.get(at..at + 2) else { return Header::Partial };
        at += 2 + usize::from(u16::from_le_bytes([low, high]));
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let end = bytes.get(at..).and_then(|text| text.iter().position(|byte| *byte == 0));
            let Some(end) = end else { return Header::Partial };
            at += end + 1;
        }
    }
    if flags & CHECKSUM != 0 {
        at += 2;
    }
    if bytes.len() < at { Header::Partial } else { Header::Whole(at) }
}
