use ruzstd::decoding::{
    FrameDecoder,
    errors::{FrameDecoderError, ReadFrameHeaderError},
};

use super::stage::{Stage, Stop};

/// Zstandard (RFC 8878), one block at a time: a decoder given many blocks would decode them all before giving any out,
/// and a four-byte block may stand for 128 KiB.
pub(super) struct Zstd {
    decoder: FrameDecoder,
    held: Vec<u8>,
    state: State,
    /// What the frame's ring buffer can come to. It is charged from the beginning, written or not: where it takes the
    /// place of another frame's, its pages are resident already.
    ring: usize,
}

#[derive(Clone, Copy)]
enum State {
    /// Of the first frame, without which this is no zstd.
    FirstHeader,
    /// Frames may follow each other (RFC 8878 section 3.1); what is none is ignored.
    NextHeader,
    Block {
        has_checksum: bool,
    },
    /// Passed over: a frame's checksum, or a skippable frame's content (RFC 8878 section 3.1.2).
    Skip {
        left: u32,
    },
    Done,
}

/// What RFC 8878 section 3.1.1.1.2 asks every decoder to support, and RFC 9659 makes the limit for HTTP.
const MAX_WINDOW: u64 = 8 << 20;
const MAX_FRAME_HEADER: usize = 18;
const SKIPPABLE_HEADER: usize = 8;
const BLOCK_HEADER: usize = 3;
/// A bit of the frame header's descriptor, and what follows the last block where it is set.
const HAS_CHECKSUM: u8 = 0x04;
const CHECKSUM: u32 = 4;
/// The bit that says that there is no window descriptor and the content is the window.
const IS_SINGLE_SEGMENT: u8 = 0x20;
const MAX_BLOCK: usize = 128 << 10;
/// Tables, literals and sequences of the block at hand (RFC 8878 section 3.1.1.3).
const SCRATCH: usize = 256 << 10;

impl Zstd {
    pub(super) fn new() -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW);
        Self { decoder, held: Vec::new(), state: State::FirstHeader, ring: 0 }
    }

    fn begin(&mut self) -> Result<bool, Stop> {
        if self.held.is_empty() {
            return Ok(false);
        }
        if !may_be_frame(&self.held) {
            if matches!(self.state, State::FirstHeader) {
                return Err(Stop::Damaged);
            }
            self.state = State::Done;
            return Ok(true);
        }
        let mut header = self.held.as_slice();
        let (used, state) = match self.decoder.reset(&mut header) {
            Ok(()) => {
                let descriptor = self.held.get(4).copied().unwrap_or_default();
                let has_checksum = descriptor & HAS_CHECKSUM != 0;
                let exponent_and_mantissa = self.held.get(5).copied().unwrap_or_default();
                let window = if descriptor & IS_SINGLE_SEGMENT != 0 {
                    self.decoder.content_size()
                } else {
                    window(exponent_and_mantissa)
                };
                let window = usize::try_from(window.min(MAX_WINDOW)).unwrap_or(usize::MAX);
                self.ring = self.ring.max(window.next_power_of_two() + 2 * MAX_BLOCK);
                (self.held.len() - header.len(), State::Block { has_checksum })
            }
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length, ..
            })) => (SKIPPABLE_HEADER, State::Skip { left: length }),
            Err(_) if self.held.len() < MAX_FRAME_HEADER => return Ok(false),
            Err(_) => return Err(Stop::Damaged),
        };
        self.held.drain(..used.min(self.held.len()));
        self.state = state;
        Ok(true)
    }

    fn block(&mut self, out: &mut dyn FnMut(&[u8]) -> Result<(), Stop>) -> Result<bool, Stop> {
        let Some(&[low, middle, high]) = self.held.get(..BLOCK_HEADER) else { return Ok(false) };
        let header = u32::from_le_bytes([low, middle, high, 0]);
        let is_run = (header >> 1) & 3 == 1;
        let len = if is_run { 1 } else { (header >> 3) as usize };
        if len > MAX_BLOCK {
            return Err(Stop::Damaged);
        }
        let Some(block) = self.held.get(..BLOCK_HEADER + len) else { return Ok(false) };
        let mut buffer = vec![0; 16 << 10];
        let (_, mut written) = self.decoder.decode_from_to(block, &mut buffer).map_err(|_| Stop::Damaged)?;
        while written > 0 {
            out(buffer.get(..written).unwrap_or_default())?;
            if self.decoder.can_collect() == 0 {
                break;
            }
            written = std::io::Read::read(&mut self.decoder, &mut buffer).map_err(|_| Stop::Damaged)?;
        }
        self.held.drain(..BLOCK_HEADER + len);
        if header & 1 != 0 {
            let has_checksum = matches!(self.state, State::Block { has_checksum: true });
            self.state = State::Skip { left: if has_checksum { CHECKSUM } else { 0 } };
        }
        Ok(true)
    }

    fn skip(&mut self, left: u32) -> bool {
        let len = self.held.len().min(left as usize);
        self.held.drain(..len);
        let left = left.saturating_sub(u32::try_from(len).unwrap_or(u32::MAX));
        self.state = if left == 0 { State::NextHeader } else { State::Skip { left } };
        left == 0
    }
}

/// The window that a window descriptor asks for (RFC 8878 section 3.1.1.1.2).
fn window(descriptor: u8) -> u64 {
    let base = 1_u64 << (10 + (descriptor >> 3));
    base + base / 8 * u64::from(descriptor & 7)
}

/// Whether these bytes begin, as far as they go, like a frame or a skippable frame.
fn may_be_frame(bytes: &[u8]) -> bool {
    let begins = |magic: [u8; 4]| bytes.iter().zip(magic).all(|(byte, expected)| *byte == expected);
    begins([0x28, 0xb5, 0x2f, 0xfd])
        || bytes.first().is_some_and(|first| first >> 4 == 5 && begins([*first, 0x2a, 0x4d, 0x18]))
}

impl Stage for Zstd {
    fn push(&mut self, bytes: &[u8], out: &mut dyn FnMut(&[u8]) -> Result<(), Stop>) -> Result<(), Stop> {
        // In steps, so that what is held stays near one block.
        for piece in bytes.chunks(MAX_BLOCK) {
            self.held.extend_from_slice(piece);
            loop {
                let progressed = match self.state {
                    State::FirstHeader | State::NextHeader => self.begin()?,
                    State::Block { .. } => self.block(out)?,
                    State::Skip { left } => self.skip(left),
                    State::Done => {
                        self.held.clear();
                        false
                    }
                };
                if !progressed {
                    break;
                }
            }
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.held.is_empty() && matches!(self.state, State::NextHeader | State::Done)
    }

    fn memory(&self) -> usize {
        if matches!(self.state, State::FirstHeader) {
            return size_of::<Self>() + self.held.capacity();
        }
        size_of::<Self>() + self.held.capacity() + SCRATCH + self.ring
    }
}
