use std::{
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use crate::capture::CaptureError;

pub(super) struct Input {
    pub(super) format: Format,
    pub(super) reader: Box<dyn Read>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Pcap,
    PcapNg,
}

/// Opens a capture, taking off its compression as its first bytes say: names lie.
pub(super) fn open(path: &Path) -> Result<Input, CaptureError> {
    let failed = |error: io::Error| CaptureError::Failed {
        place: path.display().to_string(),
        what: error.to_string(),
        next_step: "check the path and its permissions".into(),
    };
    let raw: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(fs_err::File::open(path).map_err(failed)?)
    };
    let mut outer = BufReader::with_capacity(1 << 16, raw);
    let magic = peek(&mut outer).map_err(failed)?;
    let plain: Box<dyn Read> = match magic {
        // Streaming: what is inflated is read block by block and never held, so no bomb can fill the memory.
        [0x1f, 0x8b, ..] => Box::new(flate2::bufread::MultiGzDecoder::new(outer)),
        [0x28, 0xb5, 0x2f, 0xfd] => {
            Box::new(Zstd { source: outer, decoder: FrameDecoder::new(), is_begun: false })
        }
        _ => Box::new(outer),
    };
    let mut inner = BufReader::with_capacity(1 << 16, plain);
    let format = match peek(&mut inner).map_err(failed)? {
        [0x0a, 0x0d, 0x0d, 0x0a] => Format::PcapNg,
        [0xa1, 0xb2, 0xc3 | 0x3c, 0xd4 | 0x4d] | [0xd4 | 0x4d, 0xc3 | 0x3c, 0xb2, 0xa1] => Format::Pcap,
        // The modified format of some old kernels.
        [0xa1, 0xb2, 0xcd, 0x34] | [0x34, 0xcd, 0xb2, 0xa1] => Format::Pcap,
        found => {
            return Err(CaptureError::Failed {
                place: path.display().to_string(),
                what: format!("this is neither pcap nor pcapng (it begins with {found:02x?})"),
                next_step: "give a capture as tcpdump or Wireshark write it, plain, gzip or zstd".into(),
            });
        }
    };
    Ok(Input { format, reader: Box::new(inner) })
}

/// The first four bytes, zeros where there are fewer.
fn peek(reader: &mut BufReader<Box<dyn Read>>) -> io::Result<[u8; 4]> {
    let mut first = [0; 4];
    let available = reader.fill_buf()?;
    for (to, from) in first.iter_mut().zip(available) {
        *to = *from;
    }
    Ok(first)
}

/// Concatenated zstd frames as one stream.
struct Zstd<R> {
    source: R,
    decoder: FrameDecoder,
    is_begun: bool,
}

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.decoder.can_collect() > 0 {
                return self.decoder.read(buffer);
            }
            if !self.is_begun || self.decoder.is_finished() {
                if self.source.fill_buf()?.is_empty() {
                    return Ok(0);
                }
                self.decoder.init(&mut self.source).map_err(io::Error::other)?;
                self.is_begun = true;
            }
            let wanted = BlockDecodingStrategy::UptoBytes(buffer.len());
            self.decoder.decode_blocks(&mut self.source, wanted).map_err(io::Error::other)?;
        }
    }
}
