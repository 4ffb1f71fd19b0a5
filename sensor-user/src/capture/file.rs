//! Capture files: pcap and pcapng, plain, gzip or zstd, or standard input.

mod input;
mod interfaces;

use std::path::Path;

use pcap_parser::{
    Block, LegacyPcapReader, PcapBlockOwned, PcapError, PcapHeader, PcapNGReader, traits::PcapReaderIterator,
};
use portcullis_exchange::Timestamp;

use self::{
    input::{Format, Input},
    interfaces::Interfaces,
};
use super::{
    CaptureError,
    decode::{Decoder, Frame, LinkType},
};
use crate::{counters::Counters, segment::Segment};

/// Reads a whole capture, `-` being standard input, and hands over its TCP segments in file order.
///
/// A file that ends inside a packet gives what came before and is counted; one that is no capture is an error.
pub fn read(path: &Path, each: &mut dyn FnMut(&Segment<'_>)) -> Result<Counters, CaptureError> {
    let Input { format, reader } = input::open(path)?;
    let mut blocks: Box<dyn PcapReaderIterator> = match format {
        Format::Pcap => Box::new(
            LegacyPcapReader::new(BUFFER, reader).map_err(|error| unreadable(path, &error, Step::Check))?,
        ),
        Format::PcapNg => Box::new(
            PcapNGReader::new(BUFFER, reader).map_err(|error| unreadable(path, &error, Step::Check))?,
        ),
    };
    let mut capacity = BUFFER;
    let mut file = File {
        decoder: Decoder::default(),
        interfaces: Interfaces::default(),
        counters: Counters::default(),
    };
    loop {
        let outcome = match blocks.next() {
            Ok((consumed, block)) => {
                file.block(block, each);
                blocks.consume(consumed);
                continue;
            }
            Err(error) => error.to_owned_vec(),
        };
        match outcome {
            PcapError::Eof => break,
            PcapError::Incomplete(_) if !blocks.reader_exhausted() => {
                blocks.refill().map_err(|error| unreadable(path, &error, Step::Check))?;
            }
            PcapError::Incomplete(_) | PcapError::UnexpectedEof => {
                file.counters.add("capture_file_truncated_total", 1);
                break;
            }
            PcapError::BufferTooSmall if capacity < MAX_BLOCK => {
                capacity *= 2;
                blocks.grow(capacity);
            }
            error => return Err(unreadable(path, &error, Step::Cut(blocks.position()))),
        }
    }
    file.counters.merge(&file.decoder.counters());
    Ok(file.counters)
}

const BUFFER: usize = 1 << 20;
/// A block past this is damage or an attack: the largest snap length in use is 256 KiB.
const MAX_BLOCK: usize = 64 << 20;

struct File {
    decoder: Decoder,
    interfaces: Interfaces,
    counters: Counters,
}

impl File {
    fn block(&mut self, block: PcapBlockOwned<'_>, each: &mut dyn FnMut(&Segment<'_>)) {
        match block {
            PcapBlockOwned::LegacyHeader(header) => self.interfaces.legacy(&header),
            PcapBlockOwned::Legacy(packet) => {
                let Some(interface) = self.interfaces.get(0) else { return };
                let time = interface.legacy_time(packet.ts_sec, packet.ts_usec);
                self.frame(interface.link, time, packet.data, packet.caplen, packet.origlen, each);
            }
            PcapBlockOwned::NG(Block::SectionHeader(_)) => self.interfaces.clear(),
            PcapBlockOwned::NG(Block::InterfaceDescription(description)) => self.interfaces.add(&description),
            PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => match self.interfaces.get(packet.if_id) {
                Some(interface) => {
                    let time = interface.time(packet.ts_high, packet.ts_low);
                    self.frame(interface.link, time, packet.data, packet.caplen, packet.origlen, each);
                }
                None => self.counters.add("capture_file_unknown_interface_total", 1),
            },
            PcapBlockOwned::NG(Block::SimplePacket(packet)) => {
                // Such a block has no time of its own.
                let Some(interface) = self.interfaces.get(0) else { return };
                let link = interface.link;
                self.frame(link, Timestamp::default(), packet.data, packet.origlen, packet.origlen, each);
            }
            PcapBlockOwned::NG(_) => {}
        }
    }

    fn frame(
        &mut self,
        link: LinkType,
        time: Timestamp,
        data: &[u8],
        captured: u32,
        wire_len: u32,
        each: &mut dyn FnMut(&Segment<'_>),
    ) {
        // The block may be padded past the packet.
        let bytes = data.get(..captured as usize).unwrap_or(data);
        self.decoder.frame(Frame { time, link, bytes, wire_len: wire_len as usize }, each);
    }
}

enum Step {
    Check,
    /// Damaged from this byte on.
    Cut(usize),
}

fn unreadable(path: &Path, error: &PcapError<&[u8]>, step: Step) -> CaptureError {
    let what = match error {
        PcapError::ReadError => "reading failed, or its compression is damaged".to_owned(),
        PcapError::Eof => "the file is empty".to_owned(),
        PcapError::HeaderNotRecognized => "this is neither pcap nor pcapng".to_owned(),
        PcapError::NomError(_, kind) | PcapError::OwnedNomError(_, kind) => {
            format!("a block cannot be read ({kind:?})")
        }
        _ => "a block is larger than any packet".to_owned(),
    };
    let next_step = match step {
        Step::Check => "check it with `capinfos` or `tcpdump -r`".to_owned(),
        Step::Cut(offset) => {
            format!("what came before byte {offset} was read; capture it again for the rest")
        }
    };
    CaptureError::Failed { place: path.display().to_string(), what, next_step }
}

/// A classic header says the same of all its packets as a pcapng interface does of its own.
impl Interfaces {
    fn legacy(&mut self, header: &PcapHeader) {
        self.clear();
        self.push_legacy(LinkType(header.network.0), header.is_nanosecond_precision());
    }
}
