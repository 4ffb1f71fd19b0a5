use std::io::{self, Read};

/// Length and checksum, both little-endian.
const HEAD: usize = 8;

/// Events are bounded far below; a larger length on disk is damage.
const MAX_PAYLOAD: usize = 2 << 20;

/// One record as it stands in a file; `None` where the payload is too large to be one.
pub(super) fn encode(payload: &[u8]) -> Option<Vec<u8>> {
    let len = u32::try_from(payload.len()).ok().filter(|_| payload.len() <= MAX_PAYLOAD)?;
    let mut record = Vec::with_capacity(HEAD + payload.len());
    record.extend_from_slice(&len.to_le_bytes());
    record.extend_from_slice(&crc32fast::hash(payload).to_le_bytes());
    record.extend_from_slice(payload);
    Some(record)
}

/// The next payload; `None` where what follows is no whole record.
pub(super) fn decode(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let (mut len, mut checksum) = ([0; 4], [0; 4]);
    if !fill(from, &mut len)? || !fill(from, &mut checksum)? {
        return Ok(None);
    }
    let len = u32::from_le_bytes(len) as usize;
    if len > MAX_PAYLOAD {
        return Ok(None);
    }
    let mut payload = vec![0; len];
    let whole = fill(from, &mut payload)? && crc32fast::hash(&payload) == u32::from_le_bytes(checksum);
    Ok(whole.then_some(payload))
}

/// Bytes that a payload of this length takes in a file.
pub(super) fn stored_len(payload: &[u8]) -> u64 {
    (HEAD + payload.len()) as u64
}

fn fill(from: &mut impl Read, into: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(into) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
