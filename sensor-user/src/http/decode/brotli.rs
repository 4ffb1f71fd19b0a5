mod metered;

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, HuffmanCode};

use self::metered::{Meter, Metered};
use super::stage::{Stage, Stop};

/// Brotli (RFC 7932).
pub(super) struct Brotli {
    state: Box<BrotliState<Metered<u8>, Metered<u32>, Metered<HuffmanCode>>>,
    /// What a stream makes the decoder allocate for its tables: some hundred bytes of it can ask for megabytes.
    tables: Meter,
    produced: usize,
    is_over: bool,
}

/// The largest window of RFC 7932. Its ring buffer is zeroed memory that takes up room as it is written.
const MAX_WINDOW: usize = 16 << 20;

impl Brotli {
    pub(super) fn new() -> Self {
        let tables = Meter::default();
        let state = BrotliState::new_strict(tables.allocator(), tables.allocator(), tables.allocator());
        Self { state: Box::new(state), tables, produced: 0, is_over: false }
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

    fn is_over(&self) -> bool {
        self.is_over
    }

    fn memory(&self) -> usize {
        let window = self.produced.saturating_mul(2).min(MAX_WINDOW);
        size_of_val(&*self.state) + self.tables.bytes() + window
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_charged_as_they_are_allocated() {
        let mut brotli = Brotli::new();
        let before = brotli.memory();
        // "hello hello hello hello" without its end: the tables of its one block are built.
        let coded =
            [0x1b, 0x17, 0x00, 0xf8, 0x8d, 0x94, 0x6e, 0xde, 0x44, 0x55, 0x86, 0xd6, 0x0a, 0x20, 0x6c];
        assert_eq!(brotli.push(&coded, &mut |_| Ok(())), Ok(()));
        assert!(brotli.memory() > before + (4 << 10), "{} after {before}", brotli.memory());
    }
}
