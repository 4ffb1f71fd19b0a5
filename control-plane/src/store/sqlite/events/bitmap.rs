//! Sets of actors or targets by their numbers, as the database keeps them.

use roaring::RoaringBitmap;

use crate::store::{Result, StoreError};

pub(in crate::store::sqlite) fn read(bytes: &[u8]) -> Result<RoaringBitmap> {
    RoaringBitmap::deserialize_from(bytes)
        .map_err(|error| StoreError::Damaged(format!("a set of numbers: {error}")))
}

pub(super) fn write(set: &RoaringBitmap) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(set.serialized_size());
    set.serialize_into(&mut bytes)
        .map_err(|error| StoreError::Damaged(format!("a set of numbers: {error}")))?;
    Ok(bytes)
}

/// Numbers of actors and targets fit: neither can be so many.
pub(in crate::store::sqlite) fn number(id: i64) -> Result<u32> {
    u32::try_from(id).map_err(|_| StoreError::Damaged(format!("number {id}")))
}
