use std::io::{self, Read, Write};

use portcullis_proto::v1;
use prost::Message;

/// The beginning of either file; the last byte is the version.
pub(super) const MAGIC: [u8; 8] = *b"PCORDER\x01";
/// A length above this is damage and not a frame: a revision is at most a few MiB.
const MAX_FRAME: usize = 64 << 20;
const HEAD: usize = 8;

/// Changes that belong to a revision: in the journal the step to it, in a snapshot a part of the state at it.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Record {
    #[prost(uint64, tag = "1")]
    pub(super) revision: u64,
    /// Wall clock to which the times left in the changes refer, in milliseconds since the Unix epoch.
    #[prost(uint64, tag = "2")]
    pub(super) at_ms: u64,
    #[prost(message, repeated, tag = "3")]
    pub(super) changes: Vec<v1::Change>,
    /// A snapshot's end: without it, it is cut off.
    #[prost(bool, tag = "4")]
    pub(super) last: bool,
}

/// Length and CRC-32 of the record, in 4 bytes each, little-endian; then the record as protobuf.
pub(super) fn write(to: &mut impl Write, record: &Record) -> io::Result<u64> {
    let payload = record.encode_to_vec();
    let length = u32::try_from(payload.len())
        .ok()
        .filter(|_| payload.len() <= MAX_FRAME)
        .ok_or_else(|| io::Error::other("a revision larger than 64 MiB cannot be kept"))?;
    let mut frame = Vec::with_capacity(HEAD + payload.len());
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(&crc32fast::hash(&payload).to_le_bytes());
    frame.extend_from_slice(&payload);
    // One write, so that a crash of the process alone tears nothing.
    to.write_all(&frame)?;
    Ok(frame.len() as u64)
}

/// The next whole record with its length on disk; `None` at the end, and where the rest is torn or damaged.
pub(super) fn read(from: &mut impl Read) -> io::Result<Option<(Record, u64)>> {
    let mut head = [0; HEAD];
    if !fill(from, &mut head)? {
        return Ok(None);
    }
    let [l0, l1, l2, l3, c0, c1, c2, c3] = head;
    let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
    if length > MAX_FRAME {
        return Ok(None);
    }
    // Not allocated ahead: a damaged length may be large.
    let mut payload = Vec::new();
    from.take(length as u64).read_to_end(&mut payload)?;
    let is_whole =
        payload.len() == length && crc32fast::hash(&payload) == u32::from_le_bytes([c0, c1, c2, c3]);
    let record = is_whole.then(|| Record::decode(payload.as_slice()).ok()).flatten();
    Ok(record.map(|record| (record, (HEAD + length) as u64)))
}

/// Whether there was that much.
pub(super) fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(buffer) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
