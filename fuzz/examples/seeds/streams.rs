use std::{net::SocketAddr, time::Duration};

use portcullis_exchange::Timestamp;
use sensor_user::{
    flow::{Chunk, Connection, End, FlowConfig, FlowTable, Peers, Rest, Side},
    segment::Segment,
};

use crate::{bodies, writer::Writer};

/// What the connections of a capture say, in the forms of the targets `flow`, `http1`, `http2`, `judge` and `decode`.
pub(crate) struct Streams {
    table: FlowTable<Talk>,
    talks: Vec<Vec<Turn>>,
    segments: Vec<u8>,
    peers: Vec<(SocketAddr, u32)>,
    began: Option<Timestamp>,
}

/// What one end says before the other one speaks.
pub(crate) struct Turn {
    side: Side,
    pub(crate) bytes: Vec<u8>,
}

const MAX_LEN: usize = 12 << 10;

impl Default for Streams {
    fn default() -> Self {
        let config = FlowConfig { memory_budget: 64 << 20, idle_timeout: Duration::from_secs(120) };
        Self {
            table: FlowTable::new(config),
            talks: Vec::new(),
            segments: vec![0],
            peers: Vec::new(),
            began: None,
        }
    }
}

impl Streams {
    pub(crate) fn segment(&mut self, segment: &Segment<'_>) {
        self.table.segment(segment, &mut self.talks);
        if self.segments.len() < MAX_LEN {
            self.note(segment);
        }
    }

    pub(crate) fn write(mut self, writer: &Writer) -> anyhow::Result<()> {
        while self.table.finish_some(&mut self.talks) {}
        if self.segments.len() > 1 {
            writer.seed("flow", &self.segments)?;
        }
        for turns in &self.talks {
            let Some(first) = turns.first() else { continue };
            let is_answer = first.bytes.starts_with(b"HTTP/1.");
            let client = if is_answer { first.side.other() } else { first.side };
            if is_http2(turns) {
                writer.seed("http2", &frames(turns, client))?;
                continue;
            }
            let text = text(turns, client);
            writer.seed("http1", &[b"\x05\x91\x03\x20", text.as_slice()].concat())?;
            writer.seed("judge", &text)?;
            for turn in turns {
                bodies::write(&turn.bytes, writer)?;
            }
        }
        Ok(())
    }

    /// A segment of one of the first four peers, with numbers that fit.
    fn note(&mut self, segment: &Segment<'_>) {
        let known = |address: SocketAddr| self.peers.iter().position(|(known, _)| *known == address);
        let (at, is_client) = match (known(segment.source), known(segment.destination)) {
            (Some(at), _) => (at, true),
            (None, Some(at)) => (at, false),
            (None, None) if self.peers.len() < 4 => {
                self.peers.push((segment.source, segment.sequence));
                (self.peers.len() - 1, true)
            }
            (None, None) => return,
        };
        let began = *self.began.get_or_insert(segment.time);
        self.began = Some(segment.time);
        // The target waits for the third power of this, in tenths of a millisecond.
        let pause = (segment.time.nanos().saturating_sub(began.nanos()) as f64 / 100_000.0).cbrt() as u8;
        let low = |number: u32| u16::try_from(number & 0xffff).unwrap_or(0).to_be_bytes();
        let payload = segment.payload.get(..1460).unwrap_or(segment.payload);
        let who = u8::try_from(at << 1).unwrap_or(0) | u8::from(!is_client);
        self.segments.extend([who, segment.flags.0, pause]);
        self.segments.extend(low(segment.sequence));
        self.segments.extend(low(segment.acknowledgement));
        self.segments.extend(low(u32::try_from(payload.len()).unwrap_or(0)));
        self.segments.extend_from_slice(payload);
    }
}

/// `CLIENT\0SERVER\0…`; a zero of their own would end a turn.
fn text(turns: &[Turn], client: Side) -> Vec<u8> {
    let mut text = Vec::new();
    if turns.first().is_some_and(|first| first.side != client) {
        text.push(0);
    }
    for (at, turn) in turns.iter().enumerate() {
        if at > 0 {
            text.push(0);
        }
        text.extend(turn.bytes.iter().map(|byte| if *byte == 0 { b' ' } else { *byte }));
    }
    text
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

fn is_http2(turns: &[Turn]) -> bool {
    turns.iter().take(4).any(|turn| turn.bytes.starts_with(PREFACE))
}

/// Frames as operations: see the target `http2`.
fn frames(turns: &[Turn], client: Side) -> Vec<u8> {
    let mut seed = b"\x01\x05\x91\x03\x20".to_vec();
    let mut unread: [Vec<u8>; 2] = [Vec::new(), Vec::new()];
    for turn in turns {
        let is_client = turn.side == client;
        let [first, second] = &mut unread;
        let rest = if is_client { first } else { second };
        rest.extend_from_slice(turn.bytes.strip_prefix(PREFACE).unwrap_or(&turn.bytes));
        while let Some(&[high, middle, low, kind, flags, _, _, _, stream]) = rest.first_chunk::<9>() {
            let len = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
            let Some(payload) = rest.get(9..9 + len) else { break };
            let length = u16::try_from(len).unwrap_or(u16::MAX);
            seed.extend([kind & 0x0f | 0x40 | if is_client { 0 } else { 0x80 }, flags, stream]);
            seed.extend(length.to_be_bytes());
            seed.extend(payload.iter().take(usize::from(length)));
            rest.drain(..9 + len);
        }
    }
    seed
}

/// Writes down a connection's turns; gaps are passed over.
#[derive(Default)]
struct Talk {
    turns: Vec<Turn>,
    len: usize,
}

impl Connection for Talk {
    type Shard = Vec<Vec<Turn>>;

    fn open() -> Self {
        Self::default()
    }

    fn data(&mut self, _: &Peers, chunk: Chunk<'_>, _: &mut Self::Shard) {
        let room = MAX_LEN.saturating_sub(self.len).min(chunk.bytes.len());
        let bytes = chunk.bytes.get(..room).unwrap_or_default();
        self.len += bytes.len();
        match self.turns.last_mut() {
            Some(turn) if turn.side == chunk.side => turn.bytes.extend_from_slice(bytes),
            _ if bytes.is_empty() => {}
            _ => self.turns.push(Turn { side: chunk.side, bytes: bytes.to_vec() }),
        }
    }

    fn gap(&mut self, _: &Peers, _: Side, _: u64, _: Timestamp, _: &mut Self::Shard) {}

    fn closed(&mut self, _: &Peers, _: Side, _: Timestamp, _: &mut Self::Shard) {}

    fn ended(self, _: &Peers, _: End, talks: &mut Self::Shard) {
        talks.push(self.turns);
    }

    fn silent(&mut self, _: &mut Self::Shard) -> Rest {
        Rest::Kept
    }

    fn memory(&self) -> usize {
        self.len
    }

    fn is_full(_: &Self::Shard) -> bool {
        false
    }

    fn is_recognised(&self) -> bool {
        true
    }

    fn is_interested(&self) -> bool {
        true
    }
}
