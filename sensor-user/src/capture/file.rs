//! Capture files: pcap and pcapng, plain, gzip or zstd, or standard input.

mod input;
mod interfaces;
mod obsolete;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

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
/// A file that ends inside a packet gives what came before, with a warning and a count. One that is no capture, or is
/// damaged, is an error that says where; what came before it was handed over.
pub fn read(path: &Path, each: &mut dyn FnMut(&Segment<'_>)) -> Result<Counters, CaptureError> {
    read_metered(path, &Meter::default(), each)
}

/// How far a file was read, for whoever looks on.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<AtomicU64>);

impl Meter {
    /// Bytes of the file as it is stored.
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, bytes: usize) {
        self.0.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// [`read`], adding up what was read as it goes.
pub fn read_metered(
    path: &Path,
    meter: &Meter,
    each: &mut dyn FnMut(&Segment<'_>),
) -> Result<Counters, CaptureError> {
    let Input { format, reader, failure } = input::open(path, meter)?;
    let mut place = Place::default();
    let mut blocks: Box<dyn PcapReaderIterator> = match format {
        Format::Pcap => Box::new(
            LegacyPcapReader::new(BUFFER, reader).map_err(|error| place.unreadable(path, &what(&error)))?,
        ),
        Format::PcapNg => Box::new(
            PcapNGReader::new(BUFFER, reader).map_err(|error| place.unreadable(path, &what(&error)))?,
        ),
    };
    let mut capacity = BUFFER;
    let mut file = File {
        decoder: Decoder::default(),
        interfaces: Interfaces::default(),
        is_big_endian: false,
        last_time: Timestamp::default(),
        counters: Counters::default(),
    };
    loop {
        let outcome = match blocks.next() {
            Ok((consumed, block)) => {
                place.packets += u64::from(file.block(block, each));
                place.bytes += consumed as u64;
                blocks.consume(consumed);
                continue;
            }
            Err(error) => error.to_owned_vec(),
        };
        match outcome {
            PcapError::Eof => break,
            PcapError::Incomplete(_) if !blocks.reader_exhausted() => {
                blocks.refill().map_err(|error| place.unreadable(path, &what(&error)))?;
            }
            PcapError::Incomplete(_) | PcapError::UnexpectedEof if failure.borrow().is_some() => break,
            PcapError::Incomplete(_) | PcapError::UnexpectedEof => {
                let Place { packets, bytes } = place;
                tracing::warn!(file = %path.display(), packets, byte = bytes, "the capture ends inside a packet");
                file.counters.add("capture_file_truncated_total", 1);
                break;
            }
            PcapError::BufferTooSmall if capacity < MAX_BLOCK => {
                capacity *= 2;
                blocks.grow(capacity);
            }
            error => return Err(place.unreadable(path, &what(&error))),
        }
    }
    if let Some(error) = failure.borrow_mut().take() {
        return Err(place.unreadable(path, &error.to_string()));
    }
    file.counters.merge(&file.decoder.counters());
    Ok(file.counters)
}

const BUFFER: usize = 1 << 20;
/// A block past this is damage or an attack: the largest snap length in use is 256 KiB.
const MAX_BLOCK: usize = 64 << 20;

/// How far a file was read.
#[derive(Clone, Copy, Default)]
struct Place {
    packets: u64,
    /// Without compression.
    bytes: u64,
}

impl Place {
    fn unreadable(self, path: &Path, what: &str) -> CaptureError {
        let Self { packets, bytes } = self;
        let (what, next_step) = match bytes {
            0 => (what.to_owned(), "check it with `capinfos` or `tcpdump -r`".to_owned()),
            _ => (
                format!("{what}, at byte {bytes} after packet {packets}"),
                "what came before was read; capture it again for the rest".to_owned(),
            ),
        };
        CaptureError::Failed { place: path.display().to_string(), what, next_step }
    }
}

fn what(error: &PcapError<&[u8]>) -> String {
    match error {
        PcapError::ReadError => "reading failed".to_owned(),
        PcapError::Eof | PcapError::Incomplete(_) => "the file ends before its first header does".to_owned(),
        PcapError::HeaderNotRecognized => "this is neither pcap nor pcapng".to_owned(),
        PcapError::NomError(_, kind) | PcapError::OwnedNomError(_, kind) => {
            format!("a block cannot be read ({kind:?})")
        }
        _ => "a block is larger than any packet".to_owned(),
    }
}

struct File {
    decoder: Decoder,
    interfaces: Interfaces,
    /// Of the section.
    is_big_endian: bool,
    /// For packets that have no time of their own.
    last_time: Timestamp,
    counters: Counters,
}

/// One packet, whichever kind of block it came in.
struct Packet<'a> {
    interface: u32,
    time: PacketTime,
    /// May be padded past the packet.
    data: &'a [u8],
    captured: u32,
    wire_len: u32,
}

enum PacketTime {
    Legacy(u32, u32),
    Ticks(u32, u32),
    Unknown,
}

impl File {
    /// Whether the block was a packet.
    fn block(&mut self, block: PcapBlockOwned<'_>, each: &mut dyn FnMut(&Segment<'_>)) -> bool {
        let packet = match block {
            PcapBlockOwned::LegacyHeader(header) => {
                self.interfaces.legacy(&header);
                return false;
            }
            PcapBlockOwned::NG(Block::SectionHeader(header)) => {
                self.is_big_endian = header.big_endian();
                self.interfaces.clear();
                return false;
            }
            PcapBlockOwned::NG(Block::InterfaceDescription(description)) => {
                self.interfaces.add(&description);
                return false;
            }
            PcapBlockOwned::Legacy(packet) => Packet {
                interface: 0,
                time: PacketTime::Legacy(packet.ts_sec, packet.ts_usec),
                data: packet.data,
                captured: packet.caplen,
                wire_len: packet.origlen,
            },
            PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => Packet {
                interface: packet.if_id,
                time: PacketTime::Ticks(packet.ts_high, packet.ts_low),
                data: packet.data,
                captured: packet.caplen,
                wire_len: packet.origlen,
            },
            PcapBlockOwned::NG(Block::SimplePacket(packet)) => Packet {
                interface: 0,
                time: PacketTime::Unknown,
                data: packet.data,
                captured: packet.origlen.min(self.interfaces.snap_len(0)),
                wire_len: packet.origlen,
            },
            PcapBlockOwned::NG(Block::Unknown(block))
                if obsolete::PACKET_BLOCK.contains(&block.block_type) =>
            {
                match obsolete::packet(block.data, self.is_big_endian) {
                    Some(packet) => packet,
                    None => {
                        self.counters.add("capture_malformed_total", 1);
                        return true;
                    }
                }
            }
            PcapBlockOwned::NG(_) => return false,
        };
        self.packet(&packet, each);
        true
    }

    fn packet(&mut self, packet: &Packet<'_>, each: &mut dyn FnMut(&Segment<'_>)) {
        let Some(interface) = self.interfaces.get(packet.interface) else {
            self.counters.add("capture_file_unknown_interface_total", 1);
            return;
        };
        let time = match packet.time {
            PacketTime::Legacy(seconds, fraction) => interface.legacy_time(seconds, fraction),
            PacketTime::Ticks(high, low) => interface.time(high, low),
            PacketTime::Unknown => self.last_time,
        };
        self.last_time = time;
        let bytes = packet.data.get(..packet.captured as usize).unwrap_or(packet.data);
        let frame = Frame { time, link: interface.link, bytes, wire_len: packet.wire_len as usize };
        self.decoder.frame(frame, each);
    }
}

/// The upper half of the field may tell of frame check sequences.
const LINK_TYPE: i32 = 0xffff;

/// A classic header says the same of all its packets as a pcapng interface does of its own.
impl Interfaces {
    fn legacy(&mut self, header: &PcapHeader) {
        self.clear();
        self.push_legacy(LinkType(header.network.0 & LINK_TYPE), header.is_nanosecond_precision());
    }
}
