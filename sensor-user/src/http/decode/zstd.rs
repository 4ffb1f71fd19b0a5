use ruzstd::decoding::FrameDecoder;

use super::{Stage, Stop};

/// Zstandard (RFC 8878), one block at a time: a decoder given many blocks would decode them all before giving any out,
/// and a four-byte block may stand for 128 KiB.
pub(super) struct Zstd {
    decoder: FrameDecoder,
    held: Vec<u8>,
    state: State,
    produced: usize,
}

#[derive(Clone, Copy)]
enum State {
    Header,
    Block,
    /// The frame's checksum, if it has one, and frames after it.
    Trailer,
}

/// What RFC 8878 section 3.1.1.1.2 asks every decoder to support, and RFC 9659 makes the limit for HTTP.
const MAX_WINDOW: u64 = 8 << 20;
const MAX_FRAME_HEADER: usize = 18;
const BLOCK_HEADER: usize = 3;
const MAX_BLOCK: usize = 128 << 10;
/// Tables, literals and sequences of the block at hand (RFC 8878 section 3.1.1.3).
const SCRATCH: usize = 256 << 10;

impl Zstd {
    pub(super) fn new() -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW);
        Self { decoder, held: Vec::new(), state: State::Header, produced: 0 }
    }

    fn begin(&mut self) -> Result<bool, Stop> {
        let mut header = self.held.as_slice();
        match self.decoder.reset(&mut header) {
            Ok(()) => {
                let used = self.held.len() - header.len();
                self.held.drain(..used);
                self.state = State::Block;
                Ok(true)
            }
            Err(_) if self.held.len() < MAX_FRAME_HEADER => Ok(false),
            Err(_) => Err(Stop::Damaged),
        }
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
            self.produced += written;
            out(buffer.get(..written).unwrap_or_default())?;
            if self.decoder.can_collect() == 0 {
                break;
            }
            written = std::io::Read::read(&mut self.decoder, &mut buffer).map_err(|_| Stop::Damaged)?;
        }
        self.held.drain(..BLOCK_HEADER + len);
        if header & 1 != 0 {
            self.state = State::Trailer;
        }
        Ok(true)
    }
}

impl Stage for Zstd {
    fn push(&mut self, bytes: &[u8], out: &mut dyn FnMut(&[u8]) -> Result<(), Stop>) -> Result<(), Stop> {
        // In steps, so that what is held stays near one block.
        for piece in bytes.chunks(MAX_BLOCK) {
            self.held.extend_from_slice(piece);
            loop {
                let progressed = match self.state {
                    State::Header => self.begin()?,
                    State::Block => self.block(out)?,
                    State::Trailer => {
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

    fn memory(&self) -> usize {
        if matches!(self.state, State::Header) {
            return size_of::<Self>() + self.held.capacity();
        }
        // The window is allocated as a whole, but takes up room only as it is written.
        let window = (self.produced + MAX_BLOCK).min(2 * MAX_WINDOW as usize);
        size_of::<Self>() + self.held.capacity() + SCRATCH + window
    }
}
