//! The stored form of an event's detail: protobuf, deflated where that makes it smaller.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use portcullis_proto::v1::ThreatEvent;
use prost::Message;

use crate::store::{Result, StoreError};

/// Far above what ingest lets in: a damaged length must not become an allocation.
const MAX_RAW: usize = 64 << 20;

/// `(length before, bytes)`; the bytes are plain where both lengths are equal.
pub(super) fn pack(detail: &ThreatEvent) -> (i64, Vec<u8>) {
    let plain = detail.encode_to_vec();
    let raw_len = i64::try_from(plain.len()).unwrap_or(i64::MAX);
    let mut packed = Vec::with_capacity(plain.len());
    // Into no more room than the plain form takes: where it does not fit, packing is no gain.
    let status =
        Compress::new(Compression::fast(), false).compress_vec(&plain, &mut packed, FlushCompress::Finish);
    match status {
        Ok(Status::StreamEnd) if packed.len() < plain.len() => (raw_len, packed),
        _ => (raw_len, plain),
    }
}

pub(super) fn unpack(raw_len: i64, body: &[u8]) -> Result<ThreatEvent> {
    let raw_len = usize::try_from(raw_len)
        .ok()
        .filter(|len| *len <= MAX_RAW)
        .ok_or_else(|| StoreError::Damaged(format!("event detail of length {raw_len}")))?;
    if body.len() == raw_len {
        return decode(body);
    }
    // `decompress_vec` fills the room there is and never grows it.
    let mut plain = Vec::with_capacity(raw_len);
    Decompress::new(false)
        .decompress_vec(body, &mut plain, FlushDecompress::Finish)
        .map_err(|error| StoreError::Damaged(format!("event detail: {error}")))?;
    decode(&plain)
}

fn decode(bytes: &[u8]) -> Result<ThreatEvent> {
    ThreatEvent::decode(bytes).map_err(|error| StoreError::Damaged(format!("event detail: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out_packed_or_not() {
        let short = ThreatEvent { event_id: "x".into(), ..ThreatEvent::default() };
        let long = ThreatEvent { url: "/a".repeat(500), ..ThreatEvent::default() };
        for detail in [ThreatEvent::default(), short, long] {
            let (raw_len, body) = pack(&detail);
            assert_eq!(unpack(raw_len, &body).unwrap(), detail);
        }
    }

    #[test]
    fn repetition_is_packed_small() {
        let (raw_len, body) = pack(&ThreatEvent { url: "/a".repeat(500), ..ThreatEvent::default() });
        assert!(raw_len > 1000 && body.len() < 100, "{raw_len} -> {}", body.len());
    }

    #[test]
    fn a_damaged_length_is_an_error_and_no_allocation() {
        assert!(unpack(i64::MAX, b"x").is_err());
        assert!(unpack(-1, b"x").is_err());
    }
}
