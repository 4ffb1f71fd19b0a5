//! One connection, and the exchanges that the sensor makes of it.

use std::net::SocketAddr;

use portcullis_exchange::{Exchange, Timestamp};
use sensor_user::{
    segment::{Segment, TcpFlags, Vlans},
    wire::{Wire, WireConfig},
};

use crate::{heap, input::Input};

/// A segment between `192.0.2.1:PORT` and `192.0.2.2:80`.
pub(crate) struct Sent<'a> {
    pub(crate) is_client: bool,
    pub(crate) port: u16,
    pub(crate) nanos: u64,
    pub(crate) sequence: u32,
    pub(crate) acknowledgement: u32,
    pub(crate) flags: u8,
    pub(crate) payload: &'a [u8],
    /// Payload bytes that the capture cut off.
    pub(crate) cut: u32,
}

impl<'a> Sent<'a> {
    pub(crate) fn segment(&self) -> Segment<'a> {
        let client = SocketAddr::from(([192, 0, 2, 1], self.port));
        let server = SocketAddr::from(([192, 0, 2, 2], 80));
        let (source, destination) = if self.is_client { (client, server) } else { (server, client) };
        Segment {
            time: Timestamp::from_nanos(self.nanos),
            source,
            destination,
            vni: None,
            vlans: Vlans::NONE,
            left_out: sensor_user::segment::LeftOut::NOTHING,
            sequence: self.sequence,
            acknowledgement: self.acknowledgement,
            flags: TcpFlags(self.flags),
            payload: self.payload,
            wire_len: self.payload.len() as u32 + self.cut,
        }
    }
}

/// What one end says before the other one speaks.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    pub(crate) is_client: bool,
    pub(crate) bytes: Vec<u8>,
}

/// `CLIENT\0SERVER\0CLIENT\0…`: a connection that can be written by hand.
pub(crate) fn turns(text: &[u8]) -> Vec<Turn> {
    text.split(|byte| *byte == 0)
        .enumerate()
        .map(|(at, bytes)| Turn { is_client: at % 2 == 0, bytes: bytes.to_vec() })
        .collect()
}

/// How a connection's bytes are cut into segments, and which of them are captured in the wrong order: of each byte (in
/// a circle) the lower seven bits are a length, and the highest one says that the next segment comes first.
pub(crate) struct Cuts<'a>(pub(crate) &'a [u8]);

impl Cuts<'_> {
    pub(crate) const NONE: Self = Self(&[]);
}

/// What the sensor makes of a connection, all of it at one time.
pub(crate) fn exchanges(turns: &[Turn], cuts: &Cuts<'_>, config: WireConfig) -> Vec<Exchange> {
    let mut connection = Connection::open(config);
    let mut cuts = cuts.0.iter().copied().cycle();
    for Turn { is_client, bytes } in turns {
        let mut rest = Input(bytes);
        let mut late = None;
        while !rest.is_empty() {
            let cut = cuts.next();
            let offset = bytes.len() - rest.0.len();
            let piece = rest.part(cut.map_or(usize::MAX, |cut| usize::from(cut & 0x7f).max(1)));
            let is_late = cut.is_some_and(|cut| cut & 0x80 != 0) && late.is_none();
            if is_late {
                late = Some((offset, piece));
                continue;
            }
            connection.data(*is_client, offset, piece);
            if let Some((offset, piece)) = late.take() {
                connection.data(*is_client, offset, piece);
            }
        }
        if let Some((offset, piece)) = late {
            connection.data(*is_client, offset, piece);
        }
        connection.advance(*is_client, bytes.len());
    }
    connection.close()
}

struct Connection {
    wire: Wire,
    completed: Vec<Exchange>,
    /// Sequence numbers of what each end says next: server, client.
    next: [u32; 2],
    /// Heap bytes that are not the wire's.
    elsewhere: isize,
}

/// Near the end of the sequence space, so that longer streams wrap.
const FIRST: [u32; 2] = [u32::MAX - 300, u32::MAX - 100];

impl Connection {
    fn open(config: WireConfig) -> Self {
        let elsewhere = heap::held();
        let wire = Wire::new(config);
        let mut this = Self { wire, completed: Vec::new(), next: FIRST, elsewhere };
        this.send(true, TcpFlags::SYN, 0, b"");
        this.advance(true, 1);
        this.send(false, TcpFlags::SYN | TcpFlags::ACK, 0, b"");
        this.advance(false, 1);
        this
    }

    fn data(&mut self, is_client: bool, offset: usize, bytes: &[u8]) {
        self.send(is_client, TcpFlags::ACK, offset, bytes);
    }

    fn advance(&mut self, is_client: bool, bytes: usize) {
        let next = &mut self.next[usize::from(is_client)];
        *next = next.wrapping_add(bytes as u32);
    }

    fn close(mut self) -> Vec<Exchange> {
        for is_client in [false, true] {
            self.send(is_client, TcpFlags::ACK | TcpFlags::FIN, 0, b"");
            self.advance(is_client, 1);
        }
        self.wire.finish(&mut self.completed);
        assert_eq!(self.wire.counters().value("flow_memory_bytes"), 0);
        self.completed
    }

    fn send(&mut self, is_client: bool, flags: u8, offset: usize, payload: &[u8]) {
        let sent = Sent {
            is_client,
            port: 40_000,
            nanos: 1_000_000_000,
            sequence: self.next[usize::from(is_client)].wrapping_add(offset as u32),
            acknowledgement: self.next[usize::from(!is_client)],
            flags: if flags == TcpFlags::SYN { flags } else { flags | TcpFlags::ACK },
            payload,
            cut: 0,
        };
        let mut completed = Vec::new();
        self.wire.segment(&sent.segment(), &mut completed);
        // Copies, whose size shows: what the wire gave away is no longer its own.
        let before = heap::held();
        self.completed.extend(completed.iter().cloned());
        self.elsewhere += heap::held() - before;
        drop(completed);
        assert_honest(&self.wire, self.elsewhere);
    }
}

/// Heap bytes that no flow holds: what inflates bodies is kept for the next ones, lists for the next segments.
const UNCHARGED: usize = 1 << 20;

/// What the wire says that it holds is what the budget is made of: it may not say much too little.
pub(crate) fn assert_honest(wire: &Wire, elsewhere: isize) {
    let held = usize::try_from(heap::held() - elsewhere).unwrap_or(0);
    if held > UNCHARGED {
        let charged = wire.counters().value("flow_memory_bytes") as usize;
        assert!(held <= UNCHARGED + charged * 3 / 2, "{held} bytes held, {charged} charged");
    }
}
