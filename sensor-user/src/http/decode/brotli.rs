use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::{Stage, Stop};

/// Brotli (RFC 7932).
pub(super) struct Brotli {
    state: Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>,
    produced: usize,
    is_over: bool,
}

/// The largest window of RFC 7932; its ring buffer grows with what is decoded.
const MAX_WINDOW: usize = 16 << 20;
/// Tables and state before the first byte comes out.
const BASE_MEMORY: usize = 64 << 10;

impl Brotli {
    pub(super) fn new() -> Self {
        let alloc = StandardAlloc::default;
        Self {
            state: Box::new(BrotliState::new_strict(alloc(), alloc(), alloc())),
            produced: 0,
            is_over: false,
        }
    }
}

impl Stage for Brotli {
    fn push(&mut self, bytes: &[u8], out: &mut dyn FnMut(&[u8]) -> Result<(), Stop>) -> Result<(), Stop> {
        let mut buffer = [0; 16 << 10];
        let (mut available_in, mut input_offset) = (bytes.len(), 0);
        while !self.is_over {
            let (mut available_out, mut output_offset) = (buffer.len(), 0);
            let result = BrotliDecompressStream(
                &mut available_in,
                &mut input_offset,
                bytes,
                &mut available_out,
                &mut output_offset,
                &mut buffer,
                &mut self.produced,
                &mut self.state,
            );
            out(buffer.get(..output_offset).unwrap_or_default())?;
            match result {
                BrotliResult::NeedsMoreOutput => {}
                BrotliResult::NeedsMoreInput => return Ok(()),
                BrotliResult::ResultSuccess => self.is_over = true,
                BrotliResult::ResultFailure => return Err(Stop::Damaged),
            }
        }
        Ok(())
    }

    fn memory(&self) -> usize {
        BASE_MEMORY + self.produced.saturating_mul(2).min(MAX_WINDOW)
    }
}
