//! The flow table: what is known of a connection, so that only HTTP is copied.

use aya_ebpf::{btf_maps::LruHashMap, macros::btf_map};
use portcullis_sensor_common::tap::{Counter, MODE_FULL, RecordHeader};

use crate::tap;

/// Least recently used go first. A flow that was thrown out while it lived is picked up again at its next message.
#[btf_map]
static FLOWS: LruHashMap<FlowKey, Flow, 65_536> = LruHashMap::new();

/// Both directions of a connection have the same key.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub(crate) struct FlowKey {
    low: [u32; 4],
    high: [u32; 4],
    vni: u32,
    ports: u32,
}

/// Who sends: the end that stands low or high in the key.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Side {
    Low = 0,
    High = 1,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Flow {
    pub(crate) low: Direction,
    pub(crate) high: Direction,
    /// Payload bytes copied while it was not known what the flow carries.
    pub(crate) held: u32,
    /// Sequence number at which the answer to the request at hand begins, where `asked` is `Once`.
    pub(crate) answer_at: u32,
    /// Of the rules that `mode` follows; 0 where it has to be looked up.
    pub(crate) rules: u32,
    pub(crate) verdict: Verdict,
    /// The server sent first: no HTTP server does.
    pub(crate) server_first: bool,
    pub(crate) client: Client,
    pub(crate) asked: Asked,
    /// The server sent large segments: what it is asked is worth a look.
    pub(crate) is_bulky: bool,
    /// How much of it is looked at: `MODE_…` of the rules.
    pub(crate) mode: u8,
    pub(crate) padding: [u8; 6],
}

/// Which end asks, as the SYN says. Nothing that is said later counts: a client that could pass for a server would choose
/// its port by the rules, and have its requests left out as answers.
#[repr(u8)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Client {
    Unknown,
    Low,
    High,
}

/// What the client sent since the server's last bytes.
#[repr(u8)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Nothing,
    /// One segment that is one request, to be answered with a body.
    Once,
    /// Something else.
    Otherwise,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Direction {
    /// When the interface that owns this direction last carried it.
    pub(crate) seen: u64,
    pub(crate) interface: u32,
    /// Sequence number of the first byte, where `opening` is not `Unseen`.
    pub(crate) start: u32,
    /// What is left out, while `is_skipping`: from this sequence number up to but not including that one.
    pub(crate) skip_from: u32,
    pub(crate) skip_to: u32,
    pub(crate) opening: Opening,
    /// The opening has been reported.
    pub(crate) announced: bool,
    pub(crate) is_skipping: bool,
    pub(crate) padding: [u8; 5],
}

/// How a direction began.
#[repr(u8)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// Before the tap was there, or the segment was lost.
    Unseen,
    /// SYN: the client's.
    Client,
    /// SYN and ACK: the server's.
    Server,
}

/// What the flow carries.
///
/// `Http` is never taken back: a forged segment (with a wrong checksum or a short time to live, so that the server
/// never sees it) could else blind the tap in the middle of a request. For the same reason `Other` is not final:
/// its segments are looked at too, and copying starts with the first that begins a message. That is also how
/// connections older than the tap are picked up; before their next message there is nothing that could be parsed.
#[repr(u8)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// No payload yet.
    Unknown,
    Http,
    Other,
    /// It began like HTTP while its ring was short of room: left alone as a whole, until it opens anew, or its
    /// client begins another message and there is room again.
    Shed,
    /// HTTP that lost a record: left alone until there is room again. What a reader sees is one gap.
    Interrupted,
    /// The agent read it and found no HTTP: nobody would read what is copied before it opens anew.
    GivenUp,
}

impl Verdict {
    #[inline(always)]
    pub(crate) fn is_followed(self) -> bool {
        matches!(self, Self::Http | Self::Interrupted)
    }
}

const NO_DIRECTION: Direction = Direction {
    seen: 0,
    interface: 0,
    start: 0,
    skip_from: 0,
    skip_to: 0,
    opening: Opening::Unseen,
    announced: false,
    is_skipping: false,
    padding: [0; 5],
};

/// Not on the stack, which is short: the kernel copies it from here.
static NO_FLOW: Flow = Flow {
    low: NO_DIRECTION,
    high: NO_DIRECTION,
    held: 0,
    answer_at: 0,
    rules: 0,
    verdict: Verdict::Unknown,
    server_first: false,
    client: Client::Unknown,
    asked: Asked::Nothing,
    is_bulky: false,
    mode: MODE_FULL,
    padding: [0; 6],
};

/// An interface that has not carried a direction for this long (nanoseconds) loses it to the one that does: routes
/// change.
const OWNERSHIP: u64 = 1_000_000_000;

impl FlowKey {
    /// Fills the key in place and says which end sent.
    #[inline(always)]
    pub(crate) fn set(&mut self, record: &RecordHeader) -> Side {
        let (from, to) = (u32::from(record.source_port), u32::from(record.destination_port));
        let (source, destination) = (words(&record.source), words(&record.destination));
        self.vni = record.vni;
        if precedes(&source, &destination, from, to) {
            (self.low, self.high, self.ports) = (source, destination, from << 16 | to);
            Side::Low
        } else {
            (self.low, self.high, self.ports) = (destination, source, to << 16 | from);
            Side::High
        }
    }

    /// Equal for both directions. Not keyed: an attacker who aims at one shard gains no more than by sending to it
    /// over one connection.
    #[inline(always)]
    pub(crate) fn hash(&self) -> u32 {
        let mut hash = 0x9e37_79b9_7f4a_7c15_u64;
        let words = [
            self.low[0],
            self.low[1],
            self.low[2],
            self.low[3],
            self.high[0],
            self.high[1],
            self.high[2],
            self.high[3],
            self.vni,
            self.ports,
        ];
        for word in words {
            hash = (hash ^ u64::from(word)).wrapping_mul(0xff51_afd7_ed55_8ccd);
            hash ^= hash >> 32;
        }
        hash as u32
    }
}

#[inline(always)]
fn words(address: &[u8; 16]) -> [u32; 4] {
    let word =
        |at: usize| u32::from_ne_bytes([address[at], address[at + 1], address[at + 2], address[at + 3]]);
    [word(0), word(4), word(8), word(12)]
}

/// Any order will do, as long as it is the same from both ends.
#[inline(always)]
fn precedes(source: &[u32; 4], destination: &[u32; 4], from: u32, to: u32) -> bool {
    for index in 0..4 {
        if source[index] != destination[index] {
            return source[index] < destination[index];
        }
    }
    from <= to
}

/// The flow, made where there is none (and counted, since the kernel does not say what it throws out for it); `None`
/// where there is no room.
#[inline(always)]
pub(crate) fn entry(key: &FlowKey, opens: bool) -> Option<&'static mut Flow> {
    let mut found = FLOWS.get_ptr_mut(key);
    if found.is_none() {
        #[expect(
            clippy::needless_borrows_for_generic_args,
            reason = "by value it would be on the stack first"
        )]
        FLOWS.insert(key, &NO_FLOW, 0).ok()?;
        tap::count(Counter::Connections, 1);
        if !opens {
            tap::count(Counter::MidstreamConnections, 1);
        }
        found = FLOWS.get_ptr_mut(key);
    }
    // SAFETY: the kernel keeps the element for as long as the program runs. Another processor may hold the other
    // direction of the same flow at the same time: the fields are read and written one by one, and a lost update
    // costs at most one segment copied too much.
    found.map(|flow| unsafe { &mut *flow })
}

/// The flow where there is one: segments without payload make none.
#[inline(always)]
pub(crate) fn existing(key: &FlowKey) -> Option<&'static mut Flow> {
    // SAFETY: as in `entry`.
    FLOWS.get_ptr_mut(key).map(|flow| unsafe { &mut *flow })
}

impl Flow {
    #[inline(always)]
    pub(crate) fn direction(&mut self, side: Side) -> &mut Direction {
        if side == Side::Low { &mut self.low } else { &mut self.high }
    }

    /// A SYN: of a new connection, or the same once more.
    #[inline(always)]
    pub(crate) fn open(&mut self, side: Side, start: u32, opening: Opening) {
        let direction = self.direction(side);
        if direction.opening == opening && direction.start == start {
            return;
        }
        direction.start = start;
        direction.opening = opening;
        direction.announced = false;
        direction.is_skipping = false;
        self.held = 0;
        self.asked = Asked::Otherwise;
        (self.rules, self.mode) = (0, MODE_FULL);
        self.client = match (self.low.opening, self.high.opening) {
            (Opening::Client, Opening::Unseen | Opening::Server) => Client::Low,
            (Opening::Unseen | Opening::Server, Opening::Client) => Client::High,
            _ => Client::Unknown,
        };
        if !self.verdict.is_followed() {
            self.verdict = Verdict::Unknown;
            self.server_first = false;
        }
    }

    #[inline(always)]
    pub(crate) fn is_client(&self, side: Side) -> bool {
        match self.client {
            Client::Unknown => false,
            Client::Low => side == Side::Low,
            Client::High => side == Side::High,
        }
    }

    #[inline(always)]
    pub(crate) fn is_server(&self, side: Side) -> bool {
        self.client != Client::Unknown && !self.is_client(side)
    }

    /// Leaves it alone as a whole. Its openings are never reported then: should it be taken up later, it begins in
    /// the middle, and its reader must not wait for what came before.
    #[inline(always)]
    pub(crate) fn shed(&mut self) {
        if self.verdict != Verdict::Shed {
            self.verdict = Verdict::Shed;
            tap::count(Counter::ShedFlows, 1);
        }
        self.low.announced = true;
        self.high.announced = true;
    }
}

impl Side {
    #[inline(always)]
    pub(crate) fn other(self) -> Self {
        if self == Self::Low { Self::High } else { Self::Low }
    }
}

impl Direction {
    /// Whether `interface` is where this direction is captured. A packet that crosses a bridge shows up on several.
    #[inline(always)]
    pub(crate) fn claim(&mut self, interface: u32, now: u64) -> bool {
        if self.interface != interface && now.wrapping_sub(self.seen) < OWNERSHIP {
            return false;
        }
        self.interface = interface;
        self.seen = now;
        true
    }
}
