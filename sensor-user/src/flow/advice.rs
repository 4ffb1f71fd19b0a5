use std::net::SocketAddr;

use crate::segment::Segment;

/// What a capture that can leave bytes alone need not bring: only their number is of interest.
///
/// Whatever it brings all the same is read as ever, so that advice may come late or be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advice {
    pub source: SocketAddr,
    pub destination: SocketAddr,
    pub vni: Option<u32>,
    pub what: Unwanted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unwanted {
    /// So many bytes that the source sends, from this sequence number on, are the rest of a body of which enough is kept.
    Bytes { sequence: u32, len: u64 },
    /// All that the two say: it is not HTTP.
    Connection,
}

/// Fewer bytes are not worth the words.
pub(super) const LEAST: u64 = 256 << 10;
/// Advice that is kept for whoever fetches it: what does not fit is left unsaid.
pub(super) const MOST_ADVICE: usize = 64;

impl Advice {
    pub(super) fn on(segment: &Segment<'_>, what: Unwanted) -> Self {
        Self { source: segment.source, destination: segment.destination, vni: segment.vni, what }
    }
}
