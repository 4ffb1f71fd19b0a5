use std::{
    cell::RefCell,
    io::{self, BufRead, BufReader, Cursor, Read},
    path::Path,
    rc::Rc,
};

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::Meter;
use crate::capture::CaptureError;

pub(super) struct Input {
    pub(super) format: Format,
    pub(super) reader: Reader,
    /// Why the reader ended before its source did.
    pub(super) failure: Failure,
}

pub(super) type Failure = Rc<RefCell<Option<io::Error>>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Pcap,
    PcapNg,
}

/// Opens a capture, taking off its compression as its first bytes say: names lie.
pub(super) fn open(path: &Path, meter: &Meter) -> Result<Input, CaptureError> {
    let failed = |error: io::Error| CaptureError::Failed {
        place: path.display().to_string(),
        what: error.to_string(),
        next_step: "check the path and its permissions, and whether it is whole".into(),
    };
    let mut raw: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(fs_err::File::open(path).map_err(failed)?)
    };
    raw = Box::new(Metered { source: raw, meter: meter.clone() });
    let head = first(&mut raw, 4).map_err(failed)?;
    let is_compressed = matches!(head.as_slice(), [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd]);
    let is_gzip = head.first() == Some(&0x1f);
    let raw = Cursor::new(head).chain(raw);
    // Streaming: what is inflated is read block by block and never held, so no bomb can fill the memory.
    let mut plain: Box<dyn Read> = match is_compressed {
        false => Box::new(raw),
        true if is_gzip => {
            Box::new(flate2::bufread::MultiGzDecoder::new(BufReader::with_capacity(1 << 16, raw)))
        }
        true => Box::new(Zstd {
            source: BufReader::with_capacity(1 << 16, raw),
            decoder: FrameDecoder::new(),
            is_begun: false,
            damage: None,
        }),
    };
    let mut head = first(&mut plain, 12).map_err(failed)?;
    let (format, header_len) = match head.as_slice() {
        [0x0a, 0x0d, 0x0d, 0x0a, a, b, c, d, 0x1a, ..] => {
            (Format::PcapNg, u32::from_be_bytes([*a, *b, *c, *d]) as usize)
        }
        [0x0a, 0x0d, 0x0d, 0x0a, a, b, c, d, ..] => {
            (Format::PcapNg, u32::from_le_bytes([*a, *b, *c, *d]) as usize)
        }
        [0xa1, 0xb2, 0xc3 | 0x3c, 0xd4 | 0x4d, ..] | [0xd4 | 0x4d, 0xc3 | 0x3c, 0xb2, 0xa1, ..] => {
            (Format::Pcap, PCAP_HEADER_LEN)
        }
        // The modified format of some old kernels, which little-endian machines alone are known to have written.
        [0x34, 0xcd, 0xb2, 0xa1, ..] => (Format::Pcap, PCAP_HEADER_LEN),
        found => {
            let found = found.get(..4).unwrap_or(found);
            return Err(CaptureError::Failed {
                place: path.display().to_string(),
                what: format!("this is neither pcap nor pcapng (it begins with {found:02x?})"),
                next_step: "give a capture as tcpdump or Wireshark write it, plain, gzip or zstd".into(),
            });
        }
    };
    // The parser wants the first header whole in its first read, and a pipe may give it in pieces.
    let rest = header_len.min(MOST_HEADER).saturating_sub(head.len());
    head.extend(first(&mut plain, rest).map_err(failed)?);
    let failure = Failure::default();
    let source = Box::new(Cursor::new(head).chain(plain));
    let reader = Reader { source, is_compressed, failure: Rc::clone(&failure) };
    Ok(Input { format, reader, failure })
}

const PCAP_HEADER_LEN: usize = 24;
const MOST_HEADER: usize = 1 << 20;

/// Fewer bytes where the source has no more.
fn first(source: &mut dyn Read, len: usize) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    source.take(len as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// What is taken from the file or the pipe, compressed where it is.
struct Metered {
    source: Box<dyn Read>,
    meter: Meter,
}

impl Read for Metered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(buffer)?;
        self.meter.add(read);
        Ok(read)
    }
}

/// Ends where its source fails, and notes why: so all that came before is read as of a shorter file.
pub(super) struct Reader {
    source: Box<dyn Read>,
    is_compressed: bool,
    failure: Failure,
}

/// A decoder that meets damage does not tell how much of this very read it had decoded, so that much is lost.
const STEP: usize = 1 << 10;
const MOST_STEPS: usize = 64;

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (step, steps) = if self.is_compressed { (STEP, MOST_STEPS) } else { (buffer.len(), 1) };
        let mut filled = 0;
        for _ in 0..steps {
            let end = (filled + step).min(buffer.len());
            let Some(room) = buffer.get_mut(filled..end).filter(|room| !room.is_empty()) else { break };
            if self.failure.borrow().is_some() {
                break;
            }
            match uninterrupted(&mut self.source, room) {
                Ok(0) => break,
                Ok(read) => filled += read,
                Err(error) => *self.failure.borrow_mut() = Some(error),
            }
        }
        Ok(filled)
    }
}

fn uninterrupted(source: &mut dyn Read, room: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(room) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

/// Concatenated zstd frames as one stream.
struct Zstd<R> {
    source: R,
    decoder: FrameDecoder,
    is_begun: bool,
    /// What ended the frame at hand too early: told once all that was decoded before is given out.
    damage: Option<io::Error>,
}

/// An empty last block (RFC 8878 section 3.1.1.2) and a checksum, which nobody compares: a decoder keeps its window, 2 MiB at
/// the usual level, until the frame has ended.
const FRAME_END: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];

impl<R: BufRead> Read for Zstd<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.decoder.can_collect() > 0 {
                return self.decoder.read(buffer);
            }
            if let Some(damage) = self.damage.take() {
                return Err(damage);
            }
            if !self.is_begun || self.decoder.is_finished() {
                if self.source.fill_buf()?.is_empty() {
                    return Ok(0);
                }
                self.decoder.init(&mut self.source).map_err(io::Error::other)?;
                self.is_begun = true;
            }
            let one = || BlockDecodingStrategy::UptoBlocks(1);
            if let Err(damage) = self.decoder.decode_blocks(&mut self.source, one()) {
                self.damage = Some(io::Error::other(damage));
                self.decoder.decode_blocks(FRAME_END.as_slice(), one()).map_err(io::Error::other)?;
            }
        }
    }
}
