//! The stored form of a revision's changes: JSON, deflated where there are many.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use crate::store::{Change, Result, StoreError};

/// Shorter ones stay readable in the database.
const PACK_FROM: usize = 4 << 10;
/// Far above any revision: a damaged length must not become an allocation.
const MAX_RAW: usize = 256 << 20;

pub(super) enum Packed {
    Plain(String),
    /// The length before, in 4 bytes, little-endian; then the deflated JSON.
    Deflated(Vec<u8>),
}

pub(super) fn pack(changes: &[Change]) -> Result<Packed> {
    let json = serde_json::to_string(changes).map_err(|error| StoreError::Damaged(error.to_string()))?;
    let Ok(length) = u32::try_from(json.len()) else { return Ok(Packed::Plain(json)) };
    if json.len() < PACK_FROM {
        return Ok(Packed::Plain(json));
    }
    let mut packed = Vec::with_capacity(json.len());
    packed.extend_from_slice(&length.to_le_bytes());
    let status = Compress::new(Compression::fast(), false).compress_vec(
        json.as_bytes(),
        &mut packed,
        FlushCompress::Finish,
    );
    // Into no more room than the plain form takes: where it does not fit, packing is no gain.
    Ok(match status {
        Ok(Status::StreamEnd) => Packed::Deflated(packed),
        _ => Packed::Plain(json),
    })
}

pub(super) fn unpack(number: u64, plain: &str, packed: Option<&[u8]>) -> Result<Vec<Change>> {
    let damaged = |what: &dyn std::fmt::Display| StoreError::Damaged(format!("revision {number}: {what}"));
    let Some(packed) = packed else {
        return serde_json::from_str(plain).map_err(|error| damaged(&error));
    };
    let (length, deflated) = packed.split_first_chunk().ok_or_else(|| damaged(&"cut off"))?;
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    if length > MAX_RAW {
        return Err(damaged(&"an impossible length"));
    }
    let mut json = Vec::with_capacity(length);
    Decompress::new(false)
        .decompress_vec(deflated, &mut json, FlushDecompress::Finish)
        .map_err(|error| damaged(&error))?;
    serde_json::from_slice(&json).map_err(|error| damaged(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unblocks(count: u32) -> Vec<Change> {
        (0..count)
            .map(|n| Change::Unblock { cidr: ipnet::IpNet::from(std::net::IpAddr::from(n.to_be_bytes())) })
            .collect()
    }

    #[test]
    fn few_changes_stay_readable_and_many_take_a_tenth() {
        let Packed::Plain(json) = pack(&unblocks(3)).unwrap() else { panic!("packed") };
        assert_eq!(unpack(1, &json, None).unwrap(), unblocks(3));
        let Packed::Deflated(bytes) = pack(&unblocks(10_000)).unwrap() else { panic!("not packed") };
        let plain = serde_json::to_string(&unblocks(10_000)).unwrap().len();
        assert!(bytes.len() < plain / 5, "{} of {plain}", bytes.len());
        assert_eq!(unpack(1, "", Some(&bytes)).unwrap(), unblocks(10_000));
    }

    #[test]
    fn a_damaged_revision_is_an_error_that_names_it() {
        let Packed::Deflated(bytes) = pack(&unblocks(10_000)).unwrap() else { panic!("not packed") };
        for damaged in [&bytes[..2], &bytes[..bytes.len() / 2], &[0xff; 64]] {
            let error = unpack(7, "", Some(damaged)).unwrap_err().to_string();
            assert!(error.contains("revision 7"), "{error}");
        }
    }
}
