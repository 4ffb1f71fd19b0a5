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
    /// What was passed over: segments where capture began in mid-connection, turns in a tunnel.
    passed: u32,
}

/// What a direction that began with something else sent since.
#[derive(Clone, Copy)]
struct Unlike {
    bytes: usize,
    /// Whether a line begins after it.
    ends_line: bool,
    /// The other side spoke since.
    is_answered: bool,
}

impl Unlike {
    fn after(self, bytes: &[u8]) -> Self {
        Self {
            bytes: self.bytes + bytes.len(),
            ends_line: bytes.last().map_or(self.ends_line, |last| *last == b'\n'),
            is_answered: false,
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
/// Where a proxy's own protocol comes first: turns of each direction that may pass. SOCKS with a password takes three.
const TUNNEL_TURNS: u32 = 6;

/// Whether the bytes begin with a SOCKS greeting (RFC 1928 section 3) or request (SOCKS 4), so that HTTP may follow;
/// `None` where more are needed to tell.
fn is_socks(bytes: &[u8]) -> Option<bool> {
    const PORT_AND_ADDRESS: usize = 6;
    const MOST_NAME: usize = 255;
    match bytes {
        [] | [4 | 5] => None,
        [5, methods, offered @ ..] if *methods > 0 => {
            (offered.len() >= usize::from(*methods)).then_some(true)
        }
        [4, 1 | 2, rest @ ..] => match rest.get(PORT_AND_ADDRESS..)? {
            name if name.iter().take(MOST_NAME).any(|byte| *byte == 0) => Some(true),
            name if name.len() < MOST_NAME => None,
            _ => Some(false),
        },
        _ => Some(false),
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
    /// Each direction is judged by its first line, however it is cut; in a tunnel by the first line of each turn. Only
    /// where bytes were not captured does a message count that begins with a later segment.
    pub(super) fn data(&mut self, peers: &Peers, chunk: Chunk<'_>) -> Verdict {
        let side = chunk.side;
        if let Some(unlike) = &mut self.first_mut(side.other()).unlike {
            unlike.is_answered = true;
        }
        let is_midstream = self.is_midstream(peers);
        let is_in_tunnel = self.is_in_tunnel;
        let first = self.first_mut(side);
        let is_new_turn = |unlike: &Unlike| is_in_tunnel && unlike.is_answered;
        if let Some(unlike) = first.unlike.filter(|unlike| !is_midstream && !is_new_turn(unlike)) {
            first.unlike = Some(unlike.after(chunk.bytes));
            return self.judge_unlike();
        }
        let joined;
        if first.bytes.is_empty() {
            first.offset = chunk.offset;
        }
        if first.bytes.trim_ascii_start().is_empty() {
            // White space alone begins nothing yet.
            (first.time, first.acknowledged) = (chunk.time, chunk.acknowledged);
        }
        let bytes = if first.bytes.is_empty() {
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
        let line = bytes.get(..MAX_LINE).unwrap_or(bytes);
        let as_request = start_line::is_request(line);
        let as_response = start_line::is_response(line);
        let may_request = peers.initiator.is_none_or(|initiator| initiator == side);
        let may_respond = peers.initiator.is_none_or(|initiator| initiator != side) || is_in_tunnel;
        match (as_request, as_response) {
            // Also from the side that was connected to: agents that call home are asked in this direction.
            (Some(true), _) => Verdict::Http1 { client: side },
            (_, Some(true)) if may_respond => Verdict::Http1 { client: side.other() },
            _ if may_request && h2::PREFACE.starts_with(bytes) => self.hold(chunk),
            (None, _) if bytes.len() < MAX_LINE => self.hold(chunk),
            (_, None) if may_respond => self.hold(chunk),
            _ if is_midstream => match h2::look(bytes) {
                Look::OfClient if may_request => Verdict::Http2Joined { client: side },
                Look::OfServer if may_respond => Verdict::Http2Joined { client: side.other() },
                Look::Undecided if bytes.len() < MAX_LINE => self.hold(chunk),
                _ => self.pass_over(side),
            },
            _ if may_respond && h2::is_settings(bytes) => match h2::look_from_start(line) {
                Look::OfServer => Verdict::Http2 { client: side.other() },
                Look::Undecided if bytes.len() < MAX_LINE => self.hold(chunk),
                _ => self.is_unlike(side, bytes),
            },
            _ if is_in_tunnel => self.is_unlike(side, bytes),
            _ => match is_socks(bytes) {
                None => self.hold(chunk),
                Some(opens_tunnel) => {
                    self.is_in_tunnel |= opens_tunnel;
                    self.is_unlike(side, bytes)
                }
            },
        }
    }

    /// What this side says is no HTTP; what the other one says may be.
    fn is_unlike(&mut self, side: Side, bytes: &[u8]) -> Verdict {
        let first = self.first_mut(side);
        first.bytes = Vec::new();
        let before = first.unlike.unwrap_or(Unlike { bytes: 0, ends_line: false, is_answered: false });
        first.unlike = Some(before.after(bytes));
        first.passed += 1;
        self.judge_unlike()
    }

    fn judge_unlike(&self) -> Verdict {
        if self.is_in_tunnel {
            let is_given_up = |first: &First| {
                first.passed > TUNNEL_TURNS || first.unlike.is_some_and(|unlike| unlike.bytes > MAX_UNLIKE)
            };
            let is_other = is_given_up(&self.low) || is_given_up(&self.high);
            return if is_other { Verdict::Other } else { Verdict::Undecided };
        }
        match (self.low.unlike, self.high.unlike) {
            (Some(_), Some(_)) => Verdict::Other,
            (Some(one), None) | (None, Some(one)) if one.bytes > MAX_UNLIKE => Verdict::Other,
            _ => Verdict::Undecided,
        }
    }

    /// Where messages may be half over, the next segment may begin one.
    fn pass_over(&mut self, side: Side) -> Verdict {
        let first = self.first_mut(side);
        first.bytes = Vec::new();
        first.passed += 1;
        if first.passed > MIDSTREAM_SEGMENTS { Verdict::Other } else { Verdict::Undecided }
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
