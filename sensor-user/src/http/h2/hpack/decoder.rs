use thiserror::Error;

use super::{
    dynamic_table::{DynamicTable, Lookup},
    huffman, integer, static_table,
};

/// One direction's header compression state.
#[derive(Debug)]
pub(in crate::http::h2) struct Decoder {
    table: DynamicTable,
    /// The largest table that the receiver has allowed.
    allowed_size: usize,
}

/// A field line; what a table entry named that was not captured is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http::h2) struct Field<'b> {
    pub(in crate::http::h2) name: Option<&'b [u8]>,
    pub(in crate::http::h2) value: Option<&'b [u8]>,
}

/// Why a header block cannot be read on. A receiver closes the connection on any of these (RFC 9113 section 4.3).
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(in crate::http::h2) enum Fault {
    #[error("the block ends inside a field")]
    Truncated,
    #[error("an integer is longer than 32 bits")]
    Integer,
    #[error("a string is no Huffman code")]
    Huffman,
    #[error("an index points past the table")]
    Index,
    #[error("a table size update is larger than allowed, or stands after a field")]
    SizeUpdate,
}

/// SETTINGS_HEADER_TABLE_SIZE until it is set (RFC 9113 section 6.5.2).
const INITIAL_ALLOWED: usize = 4096;

impl Decoder {
    pub(in crate::http::h2) fn new() -> Self {
        Self { table: DynamicTable::new(), allowed_size: INITIAL_ALLOWED }
    }

    /// For a connection whose beginning was not captured.
    pub(in crate::http::h2) fn joining() -> Self {
        let mut this = Self::new();
        this.forget();
        this
    }

    /// The receiver's SETTINGS_HEADER_TABLE_SIZE. When the sender learnt of a smaller one is not seen, so it takes
    /// nothing back.
    pub(in crate::http::h2) fn allow(&mut self, size: usize) {
        self.allowed_size = self.allowed_size.max(size);
    }

    /// Header blocks may have been lost: the entries held so far are no longer where they were.
    pub(in crate::http::h2) fn forget(&mut self) {
        self.table.forget();
        self.allowed_size = usize::MAX;
    }

    pub(in crate::http::h2) fn memory(&self) -> usize {
        self.table.memory()
    }

    /// Decodes a whole header block; the fields before a fault are given.
    pub(in crate::http::h2) fn decode(
        &mut self,
        block: &[u8],
        each: &mut dyn FnMut(Field<'_>),
    ) -> Result<(), Fault> {
        let mut rest = block;
        let (mut name, mut value) = (Vec::new(), Vec::new());
        let mut has_field = false;
        while let Some((first, after)) = rest.split_first() {
            rest = after;
            match *first {
                0x80.. => {
                    let index = integer::read(*first, 7, &mut rest)?;
                    each(self.field(index)?);
                }
                0x40..=0x7f => self.literal(*first, 6, &mut rest, &mut name, &mut value, each)?,
                0x20..=0x3f => {
                    let size = integer::read(*first, 5, &mut rest)?;
                    if has_field || size > self.allowed_size {
                        return Err(Fault::SizeUpdate);
                    }
                    self.table.resize(size);
                    continue;
                }
                0x00..=0x1f => self.literal(*first, 4, &mut rest, &mut name, &mut value, each)?,
            }
            has_field = true;
        }
        Ok(())
    }

    fn field(&self, index: usize) -> Result<Field<'_>, Fault> {
        if let Some((name, value)) = static_table::get(index) {
            return Ok(Field { name: Some(name), value: Some(value) });
        }
        let index = index.checked_sub(static_table::LEN + 1).ok_or(Fault::Index)?;
        match self.table.get(index) {
            Lookup::Found { name, value } => Ok(Field { name, value: Some(value) }),
            Lookup::Unknown => Ok(Field { name: None, value: None }),
            Lookup::Invalid => Err(Fault::Index),
        }
    }

    /// A literal field line (RFC 7541 section 6.2): into the table with a prefix of 6 bits, and only given with 4.
    fn literal(
        &mut self,
        first: u8,
        prefix: u32,
        rest: &mut &[u8],
        name: &mut Vec<u8>,
        value: &mut Vec<u8>,
        each: &mut dyn FnMut(Field<'_>),
    ) -> Result<(), Fault> {
        let index = integer::read(first, prefix, rest)?;
        name.clear();
        let is_named = if index == 0 {
            string(rest, name)?;
            true
        } else {
            let known = self.field(index)?.name;
            name.extend_from_slice(known.unwrap_or_default());
            known.is_some()
        };
        value.clear();
        string(rest, value)?;
        let name = is_named.then_some(name.as_slice());
        each(Field { name, value: Some(value) });
        if prefix == 6 {
            self.table.insert(name, value);
        }
        Ok(())
    }
}

/// Reads a string literal (RFC 7541 section 5.2).
fn string(rest: &mut &[u8], text: &mut Vec<u8>) -> Result<(), Fault> {
    let (first, after) = rest.split_first().ok_or(Fault::Truncated)?;
    *rest = after;
    let len = integer::read(*first, 7, rest)?;
    let (coded, after) = rest.split_at_checked(len).ok_or(Fault::Truncated)?;
    *rest = after;
    if first & 0x80 != 0 {
        return huffman::decode(coded, text);
    }
    text.extend_from_slice(coded);
    Ok(())
}

#[cfg(test)]
mod tests;
