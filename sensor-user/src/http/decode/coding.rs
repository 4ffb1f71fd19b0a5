use super::{brotli::Brotli, inflate::Inflate, stage::Stage, zstd::Zstd};

/// A coding of `Content-Encoding` or `Transfer-Encoding`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Coding {
    Gzip,
    /// RFC 9110 means the zlib format; many send raw DEFLATE.
    Deflate,
    Brotli,
    Zstd,
    Unknown,
}

impl Coding {
    /// By its registered name or the aliases that receivers accept; `None` for `identity`.
    pub(in crate::http) fn named(name: &[u8]) -> Option<Self> {
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if name.is_empty() || is("identity") {
            None
        } else if is("gzip") || is("x-gzip") {
            Some(Self::Gzip)
        } else if is("deflate") || is("x-deflate") {
            Some(Self::Deflate)
        } else if is("br") {
            Some(Self::Brotli)
        } else if is("zstd") {
            Some(Self::Zstd)
        } else {
            Some(Self::Unknown)
        }
    }

    /// What takes it off; `None` where nobody can.
    pub(super) fn stage(self) -> Option<Box<dyn Stage>> {
        match self {
            Self::Gzip => Some(Box::new(Inflate::gzip())),
            Self::Deflate => Some(Box::new(Inflate::deflate())),
            Self::Brotli => Some(Box::new(Brotli::new())),
            Self::Zstd => Some(Box::new(Zstd::new())),
            Self::Unknown => None,
        }
    }
}
