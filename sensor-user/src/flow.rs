//! TCP reassembly: segments in any order in, the bytes of each direction in order out.
//!
//! A core without sockets and clocks. It knows nothing of HTTP: whoever reads the bytes is a [`Connection`], one for
//! each TCP connection. Nothing here validates checksums, since offloading leaves them unfinished in captures of the
//! sending host.

mod advice;
mod counters;
mod key;
mod peers;
mod shed;
mod store;
mod table;
mod tcp;
mod vlan;

pub use advice::{Advice, Unwanted};
pub use peers::{Peers, Side};
use portcullis_exchange::Timestamp;
pub use table::{FlowConfig, FlowTable};

use self::counters::FlowCounters;

/// The reader of one TCP connection's two byte streams.
///
/// Calls come in causal order: bytes are given only after the peer's bytes that they acknowledge, as far as those
/// were captured, so that an answer never comes before its question.
pub trait Connection: Sized {
    /// What all connections of a shard share: configuration, counters, the output.
    type Shard;

    fn open() -> Self;

    /// The next bytes of one direction.
    fn data(&mut self, peers: &Peers, chunk: Chunk<'_>, shard: &mut Self::Shard);

    /// `missing` bytes of one direction are lost for certain; what comes next follows them.
    fn gap(&mut self, peers: &Peers, side: Side, missing: u64, time: Timestamp, shard: &mut Self::Shard);

    /// `bytes` of one direction were left out by the capture, as nobody wants them: only their number counts.
    fn left_out(&mut self, peers: &Peers, side: Side, bytes: u64, time: Timestamp, shard: &mut Self::Shard) {
        self.gap(peers, side, bytes, time, shard);
    }

    /// How many of the next bytes of one direction are of no interest but for their number.
    fn unwanted(&self, _side: Side) -> u64 {
        0
    }

    /// One direction said FIN, and all before it was given.
    fn closed(&mut self, peers: &Peers, side: Side, time: Timestamp, shard: &mut Self::Shard);

    fn ended(self, peers: &Peers, end: End, shard: &mut Self::Shard);

    /// Silent for the idle timeout: gives out what it can without being ended, and says how it may go on.
    fn silent(&mut self, shard: &mut Self::Shard) -> Rest;

    /// Whether so much was read that it should be fetched before more connections are given up.
    fn is_full(shard: &Self::Shard) -> bool;

    /// Heap bytes held, for the shard's budget. Asked after every segment.
    fn memory(&self) -> usize;

    /// Whether it is known what is spoken, and that it is read.
    fn is_recognised(&self) -> bool;

    /// False once no further byte is of interest: the flow is then no longer reassembled.
    fn is_interested(&self) -> bool;
}

/// In-order bytes of one direction, mostly still in the capture's buffer.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    pub side: Side,
    pub time: Timestamp,
    pub bytes: &'a [u8],
    /// Stream offset of the first byte, counted from where the direction was first seen.
    pub offset: i64,
    /// How far the sender had received its peer's stream when it sent this, in the peer's offsets; as long as nothing of the
    /// peer was captured, counted from the sender's first acknowledgement.
    pub acknowledged: Option<i64>,
}

/// Why a connection gives no more bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// FIN from both sides.
    Closed,
    Reset,
    /// Silent for the idle timeout.
    Idle,
    /// Another connection took the same addresses and ports.
    Replaced,
    /// The memory budget wanted its room.
    Evicted,
    /// The capture ended.
    Finished,
}

/// How a connection goes on after a long silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// As a new one begins: nothing need be kept of it.
    Anew,
    /// Where it stands, with all that was read.
    Kept,
    /// It is in the middle of something, and to be ended.
    Unfinished,
}

/// Where what a flow finds goes.
struct Outlet<'a, C: Connection> {
    shard: &'a mut C::Shard,
    counters: &'a mut FlowCounters,
}
