/// A message body after transfer coding and content coding were taken off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// The decoded bytes from the start, up to the cap of whoever captured it.
    pub bytes: Vec<u8>,
    /// Length of the whole decoded body, kept or not.
    pub decoded_len: u64,
    /// Length after transfer coding, before content decoding: what `Content-Length` would say.
    pub transferred_len: u64,
    /// Why `bytes` is not the decoded body from its first byte to its last kept one.
    pub fault: Option<BodyFault>,
}

impl Body {
    pub fn plain(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        let len = bytes.len() as u64;
        Self { bytes, decoded_len: len, transferred_len: len, fault: None }
    }

    /// Whether more was sent than `bytes` holds.
    pub fn is_cut(&self) -> bool {
        (self.bytes.len() as u64) < self.decoded_len
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyFault {
    /// A content coding nobody here knows: `bytes` is as transferred.
    UnknownCoding,
    /// The coding's data was damaged: `bytes` is what came out before the damage.
    Damaged,
    /// It grew past the ratio or size cap, as a decompression bomb does: `bytes` is what came out before.
    Bomb,
}

impl BodyFault {
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownCoding => "unknown-coding",
            Self::Damaged => "damaged",
            Self::Bomb => "bomb",
        }
    }
}
