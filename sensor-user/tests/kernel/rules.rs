//! Capture rules, set while the tap runs.

use portcullis_exchange::Exchange;
use sensor_user::{
    capture::{
        Polled, Source as _,
        ebpf::{RingSource, Tap, TapOptions},
        rules::{Mode, Rule, Rules},
    },
    segment::LeftOut,
    wire::{Wire, WireConfig},
};

use crate::support::{
    frame::Tcp,
    ready,
    streams::{drain, left_out},
};

const CLIENT: &str = "203.0.113.7:9100";
const SERVER: &str = "198.51.100.1:80";
const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

struct Node {
    tap: Tap,
    ring: RingSource,
}

impl Node {
    fn new() -> Self {
        let mut tap = Tap::load(&TapOptions::default()).unwrap_or_else(|error| panic!("{error}"));
        let ring = tap.take_sources().remove(0);
        Self { tap, ring }
    }

    fn rules(&mut self, rules: &[(&str, u16, Mode)]) {
        let rule = |(net, port, mode): &(&str, u16, Mode)| Rule {
            net: net.parse().ok(),
            port: Some(*port).filter(|port| *port > 0),
            mode: *mode,
        };
        let rules = Rules::new(rules.iter().map(rule).collect()).unwrap();
        self.tap.set_rules(&rules).unwrap_or_else(|error| panic!("{error}"));
    }

    fn send(&mut self, from: &str, to: &str, sequence: u32, flags: &str, payload: &[u8]) {
        self.tap.try_frame(&Tcp::new(from, to, sequence, flags, payload).frame(), 1).unwrap();
    }

    /// How many requests are seen of a new connection that sends one.
    fn asks(&mut self, client: &str, server: &str) -> usize {
        self.send(client, server, 1000, "S", b"");
        self.send(server, client, 5000, "SA", b"");
        self.send(client, server, 1001, "A", GET);
        self.seen()
    }

    fn seen(&mut self) -> usize {
        drain(&mut self.ring).iter().filter(|seen| seen.payload == GET).count()
    }
}

#[test]
fn what_a_rule_says_holds_at_once_also_for_connections_under_way() {
    if !ready() {
        return;
    }
    let mut node = Node::new();
    assert_eq!(node.asks(CLIENT, SERVER), 1);
    node.rules(&[("", 80, Mode::Off)]);
    node.send(CLIENT, SERVER, 1100, "A", GET);
    assert_eq!(node.seen(), 0);
    assert_eq!(node.asks("203.0.113.8:1", SERVER), 0);
    assert_eq!(node.asks("203.0.113.8:1", "198.51.100.1:81"), 1);
    node.rules(&[]);
    node.send(CLIENT, SERVER, 1200, "A", GET);
    assert_eq!(node.seen(), 1);
    let counters = node.tap.counters();
    assert_eq!(counters.value("tap_off_segments_total"), 2);
    assert_eq!(counters.value("tap_payload_segments_total"), 5);
}

#[test]
fn the_longest_prefix_counts_then_the_port_whichever_end_it_is() {
    if !ready() {
        return;
    }
    let mut node = Node::new();
    node.rules(&[
        ("203.0.113.0/24", 0, Mode::Off),
        ("203.0.113.64/26", 0, Mode::Full),
        ("203.0.113.0/24", 8080, Mode::Full),
        ("", 80, Mode::Full),
        ("2001:db8::/32", 0, Mode::Off),
    ]);
    assert_eq!(node.asks("203.0.113.7:1", SERVER), 0);
    assert_eq!(node.asks("203.0.113.65:1", SERVER), 1);
    assert_eq!(node.asks("203.0.113.7:1", "198.51.100.1:8080"), 1);
    assert_eq!(node.asks("198.51.100.9:1", "203.0.113.7:81"), 0);
    assert_eq!(node.asks("198.51.100.9:1", "198.51.100.1:81"), 1);
    assert_eq!(node.asks("[2001:db8::7]:1", "[2001:db8::1]:80"), 0);
}

#[test]
fn a_client_cannot_hide_behind_a_port_of_its_own() {
    if !ready() {
        return;
    }
    let mut node = Node::new();
    node.rules(&[("", 9100, Mode::Off)]);
    // Before the tap was there.
    node.send(CLIENT, SERVER, 900, "A", GET);
    // As if it were a server's, before and in the middle of the connection.
    node.send(CLIENT, SERVER, 999, "SA", b"");
    node.send(CLIENT, SERVER, 1000, "A", GET);
    assert_eq!(node.seen(), 2);
    assert_eq!(node.asks(CLIENT, SERVER), 1);
    node.send(CLIENT, SERVER, 2000, "SA", b"");
    node.send(CLIENT, SERVER, 2001, "A", GET);
    assert_eq!(node.seen(), 1);
    assert_eq!(node.asks("203.0.113.7:40000", "198.51.100.1:9100"), 0);
}

#[test]
fn of_a_flow_of_heads_alone_the_reader_is_told_so() {
    if !ready() {
        return;
    }
    let mut node = Node::new();
    node.rules(&[("", 80, Mode::Headers)]);
    node.send(CLIENT, SERVER, 1000, "S", b"");
    node.send(CLIENT, SERVER, 1001, "A", GET);
    let bodies = LeftOut { tail: false, bodies: true };
    assert_eq!(left_out(&mut node.ring), [bodies, bodies]);
}

/// One exchange of a connection of its own, from frames through the ring to what detection is given.
fn exchange(node: &mut Node, client: &str, request: &[u8], answer: &[u8]) -> Exchange {
    node.send(client, SERVER, 1000, "S", b"");
    node.send(SERVER, client, 5000, "SA", b"");
    node.send(client, SERVER, 1001, "A", request);
    node.send(SERVER, client, 5001, "A", answer);
    let (mut wire, mut completed) = (Wire::new(WireConfig::default()), Vec::new());
    while node.ring.poll(&mut |segment| wire.segment(segment, &mut completed)).unwrap() != Polled::Idle {}
    wire.finish(&mut completed);
    assert_eq!(completed.len(), 1);
    completed.remove(0)
}

#[test]
fn under_headers_both_heads_are_read_and_of_bodies_only_their_length() {
    const POST: &[u8] = b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Length: 11\r\n\r\npassword=me";
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nServer: y\r\nContent-Length: 6\r\n\r\nsecret";
    if !ready() {
        return;
    }
    let mut node = Node::new();
    for (client, rules, kept) in
        [(CLIENT, vec![], true), ("203.0.113.8:1", vec![("", 80, Mode::Headers)], false)]
    {
        node.rules(&rules);
        let Exchange { request, response, .. } = exchange(&mut node, client, POST, ANSWER);
        let (request, response) = (request.unwrap(), response.unwrap());
        assert_eq!(
            (request.path(), response.headers.get("server")),
            (b"/login".as_slice(), Some(b"y".as_slice()))
        );
        let lengths = (request.body.transferred_len, response.body.transferred_len);
        assert_eq!(lengths, (11, 6));
        assert_eq!(request.body.bytes, if kept { b"password=me".as_slice() } else { b"" });
        assert_eq!(response.body.bytes, if kept { b"secret".as_slice() } else { b"" });
    }
}
