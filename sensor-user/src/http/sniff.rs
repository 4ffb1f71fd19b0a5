use portcullis_exchange::Timestamp;

use super::{
    h1::{Begin, start_line},
    h2::{self, Look},
};
use crate::flow::{Chunk, Peers, Side};

/// What a connection's first bytes show it to be.
pub(super) enum Verdict {
    Undecided,
    Http1 {
        client: Side,
    },
    /// With its preface, or as a server begins it.
    Http2 {
        client: Side,
    },
    /// Somewhere within.
    Http2Joined {
        client: Side,
    },
    Other,
}

/// A connection whose protocol is not known yet.
///
/// It must be recognised quickly, because most connections of a node are not HTTP, and strictly, because text protocols
/// look alike: only a whole request line or the start of a status line counts.
#[derive(Default)]
pub struct Opening {
    low: First,
    high: First,
    /// Something else was spoken before, as with a proxy: what is not HTTP does not end it yet.
    is_in_tunnel: bool,
}

/// The first bytes of one direction, held until they can be judged.
#[derive(Default)]
struct First {
    bytes: Vec<u8>,
    /// Of the first chunk in `bytes`.
    time: Timestamp,
    offset: i64,
    acknowledged: Option<i64>,
    has_gap: bool,
    unlike: Option<Unlike>,
    unlike_segments: u32,
}

/// What a direction that began with something else sent since.
#[derive(Clone, Copy)]
struct Unlike {
    bytes: usize,
    /// Whether a line begins after it.
    ends_line: bool,
}

impl Unlike {
    fn after(self, bytes: &[u8]) -> Self {
        Self {
            bytes: self.bytes + bytes.len(),
            ends_line: bytes.last().map_or(self.ends_line, |last| *last == b'\n'),
        }
    }
}

impl First {
    fn give(self, side: Side, each: &mut dyn FnMut(Chunk<'_>)) {
        let Self { bytes, time, offset, acknowledged, .. } = self;
        if !bytes.is_empty() {
            each(Chunk { side, time, bytes: &bytes, offset, acknowledged });
        }
    }
}

/// A request line is held until its end; past this no server takes it.
const MAX_LINE: usize = 64 << 10;
/// Where capture began in mid-connection: segments of each direction that may pass before a message begins.
const MIDSTREAM_SEGMENTS: u32 = 256;

/// The same where a proxy's own protocol comes first.
const TUNNEL_SEGMENTS: u32 = 6;

/// A SOCKS greeting (RFC 1928 section 3) or request (SOCKS 4): HTTP may follow it.
fn is_socks(bytes: &[u8]) -> bool {
    match bytes {
        [5, methods, offered @ ..] => usize::from(*methods) == offered.len() && *methods > 0,
        [4, 1 | 2, .., 0] => bytes.len() >= 9,
        _ => false,
    }
}

/// A connection whose one direction is not HTTP may still show HTTP in the other, as where a server answers noise with
/// 400. What is silent for so long stays so.
const MAX_UNLIKE: usize = 16 << 10;

impl Opening {
    /// After a tunnel was opened, what it carries begins anew.
    pub(super) fn in_tunnel() -> Self {
        Self { is_in_tunnel: true, ..Self::default() }
    }

    /// Looks at the next bytes. Where it says what is spoken, they are not yet taken: see [`Opening::replay`].
    ///
    /// Each direction is judged by its first line, however it is cut. Only where the first bytes were not captured, or
    /// another protocol opened a tunnel, does a message count that begins with a later segment.
    pub(super) fn data(&mut self, peers: &Peers, chunk: Chunk<'_>) -> Verdict {
        let side = chunk.side;
        self.is_in_tunnel |= is_socks(chunk.bytes);
        let is_midstream = self.is_midstream(peers) || self.is_in_tunnel;
        let first = self.first_mut(side);
        if let Some(unlike) = first.unlike.filter(|_| !is_midstream) {
            first.unlike = Some(unlike.after(chunk.bytes));
            return self.judge_unlike();
        }
        let joined;
        let bytes = if first.bytes.is_empty() {
            first.time = chunk.time;
            first.offset = chunk.offset;
            first.acknowledged = chunk.acknowledged;
            chunk.bytes
        } else {
            joined = [first.bytes.as_slice(), chunk.bytes].concat();
            joined.as_slice()
        };
        if bytes.starts_with(h2::PREFACE) {
            return Verdict::Http2 { client: side };
        }
        let is_decided = || matches!(h2::look(bytes), Look::OfClient | Look::OfServer);
        if is_midstream && bytes.len() > chunk.bytes.len() && !is_decided() {
            // What is held may be the rest of something, and this segment the first that begins with a frame.
            let client = match h2::look(chunk.bytes) {
                Look::OfClient => Some(side),
                Look::OfServer => Some(side.other()),
                Look::Other | Look::Undecided => None,
            };
            if let Some(client) = client.filter(|client| peers.initiator.is_none_or(|side| side == *client)) {
                self.first_mut(side).bytes = Vec::new();
                return Verdict::Http2Joined { client };
            }
        }
        let as_request = start_line::is_request(bytes);
        let as_response = start_line::is_response(bytes);
        let may_request = peers.initiator.is_none_or(|initiator| initiator == side);
        let may_respond = peers.initiator.is_none_or(|initiator| initiator != side) || self.is_in_tunnel;
        match (as_request, as_response) {
            // Also from the side that was connected to: agents that call home are asked in this direction.
            (Some(true), _) => Verdict::Http1 { client: side },
            (_, Some(true)) if may_respond => Verdict::Http1 { client: side.other() },
            _ if may_request && h2::PREFACE.starts_with(bytes) => self.hold(chunk),
            (None, _) if bytes.len() < MAX_LINE => self.hold(chunk),
            (_, None) if may_respond => self.hold(chunk),
            _ if is_midstream || (may_respond && h2::is_settings(bytes)) => match h2::look(bytes) {
                Look::OfClient if may_request => Verdict::Http2Joined { client: side },
                Look::OfServer if may_respond && is_midstream => {
                    Verdict::Http2Joined { client: side.other() }
                }
                Look::OfServer if may_respond => Verdict::Http2 { client: side.other() },
                Look::Undecided if bytes.len() < MAX_LINE => self.hold(chunk),
                _ if is_midstream => self.pass_over(side),
                _ => self.is_unlike(side, bytes),
            },
            _ => self.is_unlike(side, bytes),
        }
    }

    /// What this side says is no HTTP; what the other one says may be.
    fn is_unlike(&mut self, side: Side, bytes: &[u8]) -> Verdict {
        let first = self.first_mut(side);
        first.bytes = Vec::new();
        first.unlike = Some(Unlike { bytes: 0, ends_line: false }.after(bytes));
        self.judge_unlike()
    }

    fn judge_unlike(&self) -> Verdict {
        match (self.low.unlike, self.high.unlike) {
            (Some(_), Some(_)) => Verdict::Other,
            (Some(one), None) | (None, Some(one)) if one.bytes > MAX_UNLIKE => Verdict::Other,
            _ => Verdict::Undecided,
        }
    }

    /// Where messages may be half over, the next segment may begin one.
    fn pass_over(&mut self, side: Side) -> Verdict {
        let limit = if self.is_in_tunnel { TUNNEL_SEGMENTS } else { MIDSTREAM_SEGMENTS };
        let first = self.first_mut(side);
        first.bytes = Vec::new();
        first.unlike_segments += 1;
        if first.unlike_segments > limit { Verdict::Other } else { Verdict::Undecided }
    }

    pub(super) fn gap(&mut self, side: Side) {
        let first = self.first_mut(side);
        first.bytes = Vec::new();
        first.has_gap = true;
    }

    /// Whether the connection's first bytes were not captured, so that messages may be half over.
    pub(super) fn is_midstream(&self, peers: &Peers) -> bool {
        (peers.initiator.is_none() && !self.is_in_tunnel) || self.low.has_gap || self.high.has_gap
    }

    /// Where the messages of a direction begin in what [`Opening::replay`] gives and in what comes after it.
    pub(super) fn begin(&self, peers: &Peers, side: Side) -> Begin {
        let first = match side {
            Side::Low => &self.low,
            Side::High => &self.high,
        };
        match first.unlike {
            _ if self.is_midstream(peers) => Begin::Midstream,
            Some(unlike) if !self.is_in_tunnel => Begin::Line(unlike.ends_line),
            _ => Begin::Start,
        }
    }

    /// Gives what was held of both directions, and then the chunk that decided, joined with what was held before it.
    pub(super) fn replay(&mut self, last: Chunk<'_>, each: &mut dyn FnMut(Chunk<'_>)) {
        let other = std::mem::take(self.first_mut(last.side.other()));
        other.give(last.side.other(), each);
        let mut own = std::mem::take(self.first_mut(last.side));
        if own.bytes.is_empty() {
            each(last);
        } else {
            own.bytes.extend_from_slice(last.bytes);
            own.give(last.side, each);
        }
    }

    pub(super) fn is_fresh(&self) -> bool {
        let is_fresh = |first: &First| first.bytes.is_empty() && first.unlike.is_none() && !first.has_gap;
        !self.is_in_tunnel && is_fresh(&self.low) && is_fresh(&self.high)
    }

    pub(super) fn memory(&self) -> usize {
        self.low.bytes.capacity() + self.high.bytes.capacity()
    }

    fn hold(&mut self, chunk: Chunk<'_>) -> Verdict {
        self.first_mut(chunk.side).bytes.extend_from_slice(chunk.bytes);
        Verdict::Undecided
    }

    fn first_mut(&mut self, side: Side) -> &mut First {
        match side {
            Side::Low => &mut self.low,
            Side::High => &mut self.high,
        }
    }
}
