//! Details as schema 12 kept them: protobuf, deflated where that made it smaller.

use flate2::{Decompress, FlushDecompress};
use portcullis_proto::v1::ThreatEvent;
use prost::Message;

use crate::store::{Result, StoreError};

/// Far above what ingest lets in: a damaged length must not become an allocation.
const MAX_RAW: usize = 64 << 20;

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
