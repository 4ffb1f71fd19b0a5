//! A reader that writes down what reassembly gives it, and holds it to its contract on the way.

use portcullis_exchange::Timestamp;
use sensor_user::flow::{Chunk, Connection, End, FlowConfig, FlowTable, Peers, Rest, Side};

use std::time::Duration;

use crate::connection::Sent;

/// What happened to a connection, as its reader saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Adjacent chunks of one side are one.
    Bytes(Side, Vec<u8>),
    Gap(Side, u64),
    Closed(Side),
    Ended(End),
}

#[derive(Default)]
pub(super) struct Recorder {
    /// The offset that each side's next byte must have.
    next: [i64; 2],
    is_closed: [bool; 2],
}

impl Connection for Recorder {
    type Shard = Vec<Seen>;

    fn open() -> Self {
        Self::default()
    }

    fn data(&mut self, _: &Peers, chunk: Chunk<'_>, seen: &mut Vec<Seen>) {
        let Chunk { side, bytes, offset, acknowledged, .. } = chunk;
        assert!(!bytes.is_empty() && !self.is_closed[index(side)]);
        assert_eq!(offset, self.next[index(side)], "bytes of {side:?} left out or given twice");
        self.next[index(side)] += bytes.len() as i64;
        let peer = self.next[index(side.other())];
        // A FIN is acknowledged too.
        assert!(acknowledged.is_none_or(|end| end <= peer + 1), "{side:?} answers what was not given");
        match seen.last_mut() {
            Some(Seen::Bytes(last, all)) if *last == side => all.extend_from_slice(bytes),
            _ => seen.push(Seen::Bytes(side, bytes.to_vec())),
        }
    }

    fn gap(&mut self, _: &Peers, side: Side, missing: u64, _: Timestamp, seen: &mut Vec<Seen>) {
        self.next[index(side)] += missing.cast_signed();
        seen.push(Seen::Gap(side, missing));
    }

    fn closed(&mut self, _: &Peers, side: Side, _: Timestamp, seen: &mut Vec<Seen>) {
        assert!(!self.is_closed[index(side)]);
        self.is_closed[index(side)] = true;
        seen.push(Seen::Closed(side));
    }

    fn ended(self, _: &Peers, end: End, seen: &mut Vec<Seen>) {
        seen.push(Seen::Ended(end));
    }

    fn silent(&mut self, _: &mut Vec<Seen>) -> Rest {
        Rest::Kept
    }

    fn memory(&self) -> usize {
        0
    }

    fn is_full(_: &Vec<Seen>) -> bool {
        false
    }

    fn is_recognised(&self) -> bool {
        true
    }

    fn is_interested(&self) -> bool {
        true
    }
}

fn index(side: Side) -> usize {
    usize::from(side == Side::High)
}

/// Which side of [`Sent`]'s connection somebody is: addresses sort as they are written there.
pub(super) fn side(is_client: bool) -> Side {
    if is_client { Side::Low } else { Side::High }
}

/// What a reader sees of these segments, up to the end of the capture.
pub(super) fn seen<'a>(segments: impl IntoIterator<Item = Sent<'a>>) -> Vec<Seen> {
    let config = FlowConfig { memory_budget: 64 << 20, idle_timeout: Duration::from_secs(120) };
    let mut table = FlowTable::<Recorder>::new(config);
    let mut seen = Vec::new();
    for sent in segments {
        table.segment(&sent.segment(), &mut seen);
    }
    while table.finish_some(&mut seen) {}
    seen
}
