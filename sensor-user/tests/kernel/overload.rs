//! A reader that does not keep up: what is shed, what is kept, and that nothing goes uncounted.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

use portcullis_exchange::Exchange;
use sensor_user::{
    capture::{
        Polled, Source as _,
        ebpf::{RingSource, Tap, TapOptions},
    },
    counters::Counters,
    wire::{Wire, WireConfig},
};

use crate::support::{
    frame::Tcp,
    ready,
    streams::drain,
    world::{NODE_V4, VETH, World},
};

const SERVER: &str = "198.51.100.1:80";
const TINY: TapOptions = TapOptions {
    answer_keep: u32::MAX,
    shards: 1,
    ring_bytes: 1,
    flows: 65_536,
    vxlan_ports: [4789, 8472],
    hook: sensor_user::capture::ebpf::Hook::Best,
};

fn request(path: &str) -> Vec<u8> {
    let padding = "x".repeat(1000);
    format!("GET /{path} HTTP/1.1\r\nHost: x\r\nX-Padding: {padding}\r\n\r\n").into_bytes()
}

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

/// Shows the tap what clients of one server send, and keeps the account.
struct Clients {
    tap: Tap,
    ring: RingSource,
    sent_segments: u64,
    sent_bytes: u64,
}

impl Clients {
    fn new(options: &TapOptions) -> Self {
        let mut tap = Tap::load(options).unwrap_or_else(|error| panic!("{error}"));
        let ring = tap.take_sources().remove(0);
        Self { tap, ring, sent_segments: 0, sent_bytes: 0 }
    }

    fn show(&mut self, from: &str, to: &str, sequence: u32, flags: &str, payload: &[u8]) {
        self.tap.try_frame(&Tcp::new(from, to, sequence, flags, payload).frame(), 1).unwrap();
        self.sent_segments += u64::from(!payload.is_empty());
        self.sent_bytes += payload.len() as u64;
    }

    fn connect(&mut self, client: &str) {
        self.show(client, SERVER, 1000, "S", b"");
        self.show(SERVER, client, 5000, "SA", b"");
    }

    fn counted(&self, name: &str) -> u64 {
        self.tap.counters().value(name)
    }

    /// What was read, shed, interrupted and lost, together.
    fn accounted(&mut self) -> (u64, u64) {
        let read = drain(&mut self.ring);
        let segments = read.iter().filter(|segment| segment.wire_len > 0).count() as u64;
        let bytes = read.iter().map(|segment| u64::from(segment.wire_len)).sum::<u64>();
        let of = |names: [&str; 2]| names.into_iter().map(|name| self.counted(name)).sum::<u64>();
        let lost_payloads = self.lost_payload_records();
        (
            segments + lost_payloads + of(["tap_shed_segments_total", "tap_interrupted_segments_total"]),
            bytes
                + self.counted("tap_ring_full_bytes_total")
                + of(["tap_shed_bytes_total", "tap_interrupted_bytes_total"]),
        )
    }

    /// Every request here is of one size, so the bytes say how many were lost; openings are records without bytes.
    fn lost_payload_records(&self) -> u64 {
        self.counted("tap_ring_full_bytes_total") / request("0000").len() as u64
    }
}

fn client(number: usize) -> String {
    format!("203.0.{}.{}:40000", number / 250, number % 250 + 1)
}

#[test]
fn new_flows_are_shed_as_a_whole_while_the_ring_is_short_of_room_and_known_ones_go_on() {
    if !ready() {
        return;
    }
    let mut clients = Clients::new(&TINY);
    let known = client(0);
    clients.connect(&known);
    clients.show(&known, SERVER, 1001, "A", &request("0000"));
    let size = u32::try_from(request("0000").len()).unwrap();
    for number in 1..=200 {
        let newcomer = client(number);
        clients.connect(&newcomer);
        clients.show(&newcomer, SERVER, 1001, "A", &request("0000"));
        clients.show(&newcomer, SERVER, 1001 + size, "A", &request("0000"));
    }
    let (taken, shed) = (clients.counted("tap_flows_total"), clients.counted("tap_shed_flows_total"));
    assert!(taken > 20 && shed > 100, "{taken} taken, {shed} shed");
    assert_eq!(taken + shed, 201);
    assert_eq!(clients.counted("tap_shed_segments_total"), shed * 2, "each of them as a whole");

    clients.show(&known, SERVER, 1001 + size, "A", &request("0000"));
    assert_eq!(clients.counted("tap_ring_full_total"), 0, "there was room left for the known flow");
    assert_eq!(clients.accounted(), (clients.sent_segments, clients.sent_bytes));
}

#[test]
fn once_there_is_room_again_new_flows_are_taken_and_shed_ones_at_their_next_request() {
    if !ready() {
        return;
    }
    let mut clients = Clients::new(&TINY);
    for number in 0..200 {
        clients.connect(&client(number));
        clients.show(&client(number), SERVER, 1001, "A", &request("0000"));
    }
    assert!(clients.counted("tap_shed_flows_total") > 0);
    drain(&mut clients.ring);

    let shed = client(199);
    let size = u32::try_from(request("0000").len()).unwrap();
    clients.show(&shed, SERVER, 1001 + size, "A", b"the rest of something");
    clients.show(SERVER, &shed, 5001, "A", RESPONSE);
    assert_eq!(
        drain(&mut clients.ring),
        [],
        "an answer whose request was shed has nothing to be paired with"
    );

    clients.show(&shed, SERVER, 1022 + size, "A", &request("0000"));
    clients.show(SERVER, &shed, 5001 + RESPONSE.len() as u32, "A", RESPONSE);
    let newcomer = client(500);
    clients.connect(&newcomer);
    clients.show(&newcomer, SERVER, 1001, "A", &request("0000"));
    let read = drain(&mut clients.ring);
    let payloads = read.iter().filter(|segment| !segment.payload.is_empty()).count();
    assert_eq!(
        (payloads, read.len()),
        (3, 5),
        "the shed flow begins in the middle, the new one with its openings"
    );
}

#[test]
fn a_flow_that_loses_a_record_is_interrupted_until_there_is_room_and_loses_no_second_one() {
    if !ready() {
        return;
    }
    let mut clients = Clients::new(&TINY);
    let known = client(0);
    clients.connect(&known);
    let mut sequence = 1001;
    let mut ask = |clients: &mut Clients| {
        clients.show(&known, SERVER, sequence, "A", &request("0000"));
        sequence += u32::try_from(request("0000").len()).unwrap();
    };
    for _ in 0..300 {
        ask(&mut clients);
    }
    assert_eq!(clients.counted("tap_ring_full_total"), 1);
    assert_eq!(clients.counted("tap_interrupted_flows_total"), 1);
    assert!(clients.counted("tap_interrupted_segments_total") > 100);
    assert_eq!(clients.accounted(), (clients.sent_segments, clients.sent_bytes));
    ask(&mut clients);
    assert_eq!(drain(&mut clients.ring).len(), 1, "and it goes on");
}

#[test]
fn connections_thrown_out_of_a_full_flow_table_are_counted() {
    if !ready() {
        return;
    }
    let mut clients = Clients::new(&TapOptions { flows: 128, ..TINY });
    for number in 0..1000 {
        clients.connect(&client(number));
    }
    assert_eq!(clients.counted("tap_connections_total"), 1000);
    assert_eq!(clients.counted("tap_flow_table_recycled_total"), 1000 - 128);
    assert_eq!(clients.counted("tap_midstream_connections_total"), 0);
    clients.show(&client(0), SERVER, 1001, "A", &request("0000"));
    assert_eq!(clients.counted("tap_midstream_connections_total"), 1, "it was thrown out while it lived");
}

/// Answers every request of every connection with its path.
fn serve(at: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind(at).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let mut heard = vec![0; 2048];
                while let Ok(len @ 1..) = stream.read(&mut heard) {
                    assert!(heard[..len].ends_with(b"\r\n\r\n"), "a request comes in one piece here");
                    stream.write_all(RESPONSE).unwrap();
                }
            });
        }
    });
    address
}

fn exchange(stream: &mut TcpStream, path: &str) {
    stream.write_all(&request(path)).unwrap();
    let mut answer = [0; RESPONSE.len()];
    stream.read_exact(&mut answer).unwrap();
}

fn read_all(ring: &mut RingSource, wire: &mut Wire) -> Vec<Exchange> {
    let mut completed = Vec::new();
    while ring.poll(&mut |segment| wire.segment(segment, &mut completed)).unwrap() != Polled::Idle {}
    completed
}

fn is_whole(exchange: &Exchange) -> bool {
    exchange.request.is_some() && exchange.response.is_some()
}

fn target(exchange: &Exchange) -> String {
    String::from_utf8(exchange.request.as_ref().unwrap().target.clone()).unwrap()
}

#[test]
fn under_a_load_of_new_connections_every_exchange_of_a_kept_connection_is_paired() {
    if !ready() {
        return;
    }
    let world = World::new();
    let mut tap = Tap::load(&TINY).unwrap();
    tap.attach(VETH).unwrap();
    let mut ring = tap.take_sources().remove(0);
    let mut wire = Wire::new(WireConfig::default());
    let server = serve(SocketAddr::new(NODE_V4.parse().unwrap(), 0));

    let mut known = world.as_visitor(move || {
        let mut streams: Vec<_> = (0..4).map(|_| TcpStream::connect(server).unwrap()).collect();
        streams.iter_mut().for_each(|stream| exchange(stream, "known"));
        streams
    });
    assert_eq!(read_all(&mut ring, &mut wire).len(), 4);

    // From here on the reader is paused.
    let streams = world.as_visitor(move || {
        for number in 0..300 {
            exchange(&mut TcpStream::connect(server).unwrap(), "new");
            if number % 50 == 0 {
                known.iter_mut().for_each(|stream| exchange(stream, "known"));
            }
        }
        known
    });
    let counters = tap.counters();
    let of = |name: &str| counters.value(name);
    assert!(of("tap_shed_flows_total") > 100, "{counters:?}");
    assert_eq!(of("tap_flows_total") + of("tap_shed_flows_total"), 304);
    let sent =
        (4 * 7) * (request("known").len() + RESPONSE.len()) + 300 * (request("new").len() + RESPONSE.len());
    // A busy machine may send a segment twice.
    let accounted = accounted_bytes(&counters);
    assert!((sent as u64..sent as u64 + 20_000).contains(&accounted), "{accounted} of {sent} bytes");

    let read = read_all(&mut ring, &mut wire);
    let known = read.iter().filter(|exchange| target(exchange) == "/known").count();
    assert_eq!(known, 4 * 6, "nothing of the known connections is missing");
    assert_eq!(read.len() as u64, 4 * 6 + of("tap_flows_total") - 4);
    assert!(read.iter().all(is_whole));

    drop(streams);
    world.as_visitor(move || exchange(&mut TcpStream::connect(server).unwrap(), "after"));
    let after = read_all(&mut ring, &mut wire);
    assert!(after.iter().any(|exchange| target(exchange) == "/after" && is_whole(exchange)));
}

fn accounted_bytes(counters: &Counters) -> u64 {
    let causes = [
        "tap_copied_bytes_total",
        "tap_shed_bytes_total",
        "tap_interrupted_bytes_total",
        "tap_ring_full_bytes_total",
    ];
    causes.into_iter().map(|name| counters.value(name)).sum()
}
