//! What the tap takes and what it leaves, frame by frame, without a wire.

use sensor_user::capture::ebpf::{RingSource, Tap, TapOptions};

use crate::support::{
    frame::{Tcp, udp, vxlan, with_extension_headers},
    ready,
    streams::{Seen, drain, sent_to},
};

const CLIENT: &str = "203.0.113.7:40000";
const SERVER: &str = "198.51.100.1:80";
const REQUEST: &[u8] = b"GET /index.html HTTP/1.1\r\nHost: example\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const TLS_HELLO: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";

struct Bench {
    tap: Tap,
    ring: RingSource,
}

impl Bench {
    fn new() -> Self {
        let mut tap = Tap::load(&TapOptions::default()).unwrap_or_else(|error| panic!("{error}"));
        let ring = tap.take_sources().remove(0);
        Self { tap, ring }
    }

    fn show(&mut self, frame: &[u8]) {
        self.tap.try_frame(frame, 1).unwrap();
    }

    fn send(&mut self, from: &str, to: &str, sequence: u32, flags: &str, payload: &[u8]) {
        self.show(&Tcp::new(from, to, sequence, flags, payload).frame());
    }

    fn handshake(&mut self) {
        self.send(CLIENT, SERVER, 1000, "S", b"");
        self.send(SERVER, CLIENT, 5000, "SA", b"");
    }

    fn seen(&mut self) -> Vec<Seen> {
        drain(&mut self.ring)
    }

    fn counted(&self, name: &str) -> u64 {
        self.tap.counters().value(name)
    }
}

#[test]
fn a_request_and_its_response_come_with_the_openings_ahead() {
    if !ready() {
        return;
    }
    let mut bench = Bench::new();
    bench.handshake();
    bench.send(CLIENT, SERVER, 1001, "A", REQUEST);
    bench.send(SERVER, CLIENT, 5001, "A", RESPONSE);
    let seen: Vec<_> =
        bench.seen().into_iter().map(|seen| (seen.sequence, seen.flags, seen.payload)).collect();
    assert_eq!(
        seen,
        [
            (1000, 0x02, vec![]),
            (5000, 0x12, vec![]),
            (1001, 0x10, REQUEST.to_vec()),
            (5001, 0x10, RESPONSE.to_vec()),
        ]
    );
}

#[test]
fn a_connection_that_carries_nothing_gives_no_record() {
    if !ready() {
        return;
    }
    let mut bench = Bench::new();
    bench.handshake();
    bench.send(CLIENT, SERVER, 1001, "A", b"");
    bench.send(CLIENT, SERVER, 1001, "FA", b"");
    assert_eq!(bench.seen(), []);
}

#[test]
fn a_tls_flow_is_never_copied() {
    if !ready() {
        return;
    }
    let mut bench = Bench::new();
    bench.handshake();
    bench.send(CLIENT, SERVER, 1001, "A", TLS_HELLO);
    bench.send(SERVER, CLIENT, 5001, "A", b"\x16\x03\x03\x00\x7a\x02");
    bench.send(CLIENT, SERVER, 1012, "A", b"\x17\x03\x03\x00\x20 more of it");
    bench.send(CLIENT, SERVER, 1030, "FA", b"");
    assert_eq!(bench.seen(), []);
    assert_eq!(bench.counted("tap_skipped_segments_total"), 3);
}

#[test]
fn a_server_that_speaks_first_is_no_http_server() {
    if !ready() {
        return;
    }
    let mut bench = Bench::new();
    bench.handshake();
    bench.send(SERVER, CLIENT, 5001, "A", b"220 mail.example ESMTP\r\n");
    bench.send(CLIENT, SERVER, 1001, "A", b"EHLO client.example\r\n");
    assert_eq!(bench.seen(), []);
}

#[test]
fn ends_and_resets_of_http_flows_are_reported() {
    if !ready() {
        return;
    }
    let mut bench = Bench::new();
    bench.handshake();
    bench.send(CLIENT, SERVER, 1001, "A", REQUEST);
    bench.seen();
    bench.send(SERVER, CLIENT, 5001, "FA", b"");
    bench.send(CLIENT, SERVER, 1044, "R", b"");
    let flags: Vec<u8> = bench.seen().into_iter().map(|seen| seen.flags).collect();
    assert_eq!(flags, [0x11, 0x04]);
}

#[test]
fn an_invented_method_and_empty_lines_ahead_hide_nothing() {
    if !ready() {
        return;
    }
    for first in [
        b"X-Q1 / HTTP/1.1\r\n".as_slice(),
        b"\r\n\r\nGET / HTTP/1.1\r\n",
        b"get\t/ HTTP/1.1\r\n",
        b"PRI * HTTP/2.0\r\n",
    ] {
        let mut bench = Bench::new();
        bench.handshake();
        bench.send(CLIENT, SERVER, 1001, "A", first);
        assert_eq!(sent_to(&bench.seen(), SERVER.parse().unwrap()), first);
    }
}

#[test]
fn a_request_sent_byte_by_byte_is_whole() {
    if !ready() {
        return;
    }
    let mut bench = Bench::new();
    bench.handshake();
    for (sequence, byte) in (1001..).zip(REQUEST) {
        bench.send(CLIENT, SERVER, sequence, "A", &[*byte]);
    }
    assert_eq!(sent_to(&bench.seen(), SERVER.parse().unwrap()), REQUEST);
}

#[test]
fn a_segment_that_overtakes_the_first_is_not_lost() {
    if !ready() {
        return;
    }
    let mut bench = Bench::new();
    let (first, second) = REQUEST.split_at(10);
    bench.handshake();
    bench.send(CLIENT, SERVER, 1011, "A", second);
    bench.send(CLIENT, SERVER, 1001, "A", first);
    assert_eq!(sent_to(&bench.seen(), SERVER.parse().unwrap()), REQUEST);
}

#[test]
fn a_flow_older_than_the_tap_is_picked_up_at_its_next_message() {
    if !ready() {
        return;
    }
    let mut bench = Bench::new();
    bench.send(CLIENT, SERVER, 7000, "A", b"\x01\x02 the middle of an upload");
    assert_eq!(bench.seen(), []);
    bench.send(CLIENT, SERVER, 8000, "A", REQUEST);
    let payloads: Vec<_> = bench.seen().into_iter().map(|seen| seen.payload).collect();
    assert_eq!(payloads, [REQUEST]);
}

#[test]
fn an_http2_connection_older_than_the_tap_is_picked_up_at_its_next_headers() {
    if !ready() {
        return;
    }
    const END_STREAM: u8 = 0x01;
    const END_HEADERS: u8 = 0x04;
    let frame = |kind: u8, flags: u8, stream: u32| {
        [&[0, 0, 3, kind, flags], &stream.to_be_bytes()[..], &[0x82, 0x86, 0xbe]].concat()
    };
    let headers = frame(1, END_STREAM | END_HEADERS, 0x0001_0003);
    for before in [None, Some(frame(0, 0, 0x0001_0001))] {
        let mut bench = Bench::new();
        if let Some(data) = before {
            bench.send(CLIENT, SERVER, 7000, "A", &data);
        }
        bench.send(CLIENT, SERVER, 8000, "A", &headers);
        assert_eq!(bench.seen().last().unwrap().payload, headers);
    }
    // Each is a HEADERS frame but for one field.
    for other in [
        frame(0, END_HEADERS, 3),
        frame(1, 0, 3),
        frame(1, END_HEADERS | 0x40, 3),
        frame(1, END_HEADERS, 0),
        frame(1, END_HEADERS, 0x8000_0003),
        [&[1], &headers[1..]].concat(),
        headers[..9].to_vec(),
    ] {
        let mut bench = Bench::new();
        bench.send(CLIENT, SERVER, 8000, "A", &other);
        assert_eq!(bench.seen(), [], "{other:02x?}");
    }
}

#[test]
fn a_forged_first_segment_does_not_hide_the_request() {
    if !ready() {
        return;
    }
    let mut bench = Bench::new();
    bench.handshake();
    // With a wrong checksum, say: the server discards it and takes the next.
    bench.send(CLIENT, SERVER, 1001, "A", TLS_HELLO);
    bench.send(CLIENT, SERVER, 1001, "A", b"x1 /etc/passwd HTTP/1.1\r\n");
    assert_eq!(bench.seen().last().unwrap().payload, b"x1 /etc/passwd HTTP/1.1\r\n");
}

#[test]
fn ipv6_is_read_through_its_extension_headers() {
    if !ready() {
        return;
    }
    let mut bench = Bench::new();
    let request = Tcp::new("[2001:db8::7]:40000", "[2001:db8::1]:80", 1, "A", REQUEST);
    bench.show(&with_extension_headers(&request));
    let seen = bench.seen();
    assert_eq!((seen[0].source, seen[0].payload.as_slice()), (request.from, REQUEST));
}

#[test]
fn vlan_tags_and_ip_options_are_read_over() {
    if !ready() {
        return;
    }
    let plain = Tcp::new(CLIENT, SERVER, 1, "A", REQUEST).frame();
    let tag = |frame: &[u8], kind: [u8; 2]| [&frame[..12], &kind, &[0, 7], &frame[12..]].concat();
    let once = tag(&plain, [0x81, 0x00]);
    let twice = tag(&once, [0x88, 0xa8]);
    let thrice = tag(&twice, [0x91, 0x00]);
    // Two words of no-operation options.
    let mut options = [&plain[..34], &[1; 8], &plain[34..]].concat();
    options[14] = 0x47;
    options[17] += 8;
    for frame in [once, twice, thrice, options] {
        let mut bench = Bench::new();
        bench.show(&frame);
        assert_eq!(bench.seen()[0].payload, REQUEST);
    }
}

#[test]
fn vxlan_is_taken_off_and_the_vni_kept_on_both_ports() {
    if !ready() {
        return;
    }
    for port in [4789, 8472] {
        let mut bench = Bench::new();
        bench.show(&vxlan(&Tcp::new(CLIENT, SERVER, 1, "A", REQUEST).frame(), 0x00ab_cdef, port));
        let seen = bench.seen();
        assert_eq!(seen.len(), 1);
        assert_eq!((seen[0].vni, seen[0].payload.as_slice()), (Some(0x00ab_cdef), REQUEST));
    }
}

#[test]
fn the_same_addresses_in_two_tunnels_are_two_flows() {
    if !ready() {
        return;
    }
    let mut bench = Bench::new();
    bench.show(&vxlan(&Tcp::new(CLIENT, SERVER, 1, "A", REQUEST).frame(), 1, 4789));
    bench.show(&vxlan(&Tcp::new(CLIENT, SERVER, 1, "A", TLS_HELLO).frame(), 2, 4789));
    let vnis: Vec<_> = bench.seen().into_iter().map(|seen| seen.vni).collect();
    assert_eq!(vnis, [Some(1)]);
}

#[test]
fn the_padding_of_a_short_frame_is_no_payload() {
    if !ready() {
        return;
    }
    let mut bench = Bench::new();
    let mut frame = Tcp::new(CLIENT, SERVER, 1, "A", b"GET").frame();
    frame.resize(64, 0xff);
    bench.show(&frame);
    assert_eq!(bench.seen()[0].payload, b"GET");
}

#[test]
fn a_full_ring_is_counted_in_records_and_bytes() {
    if !ready() {
        return;
    }
    let mut tap = Tap::load(&TapOptions { ring_bytes: 1, ..TapOptions::default() }).unwrap();
    let body = [REQUEST, &[b'x'; 1000]].concat();
    let frame = Tcp::new(CLIENT, SERVER, 1, "A", &body).frame();
    tap.try_frame(&frame, 1000).unwrap();
    let counters = tap.counters();
    let (written, lost) = (counters.value("tap_records_total"), counters.value("tap_ring_full_total"));
    assert!(written > 0 && lost > 0, "{written} written, {lost} lost");
    assert_eq!(written + lost + counters.value("tap_interrupted_segments_total"), 1000);
    assert_eq!(counters.value("tap_ring_full_bytes_total"), lost * body.len() as u64);
}

#[test]
fn both_directions_of_a_flow_land_in_the_same_shard() {
    if !ready() {
        return;
    }
    let mut tap = Tap::load(&TapOptions { shards: 4, ..TapOptions::default() }).unwrap();
    let mut rings = tap.take_sources();
    for port in 1..=32 {
        let client = format!("203.0.113.7:{port}");
        tap.try_frame(&Tcp::new(&client, SERVER, 1, "A", REQUEST).frame(), 1).unwrap();
        tap.try_frame(&Tcp::new(SERVER, &client, 1, "A", RESPONSE).frame(), 1).unwrap();
    }
    let shards: Vec<Vec<Seen>> = rings.iter_mut().map(drain).collect();
    assert_eq!(shards.iter().map(Vec::len).sum::<usize>(), 64);
    for shard in &shards {
        assert!(!shard.is_empty(), "32 flows should reach every one of 4 shards");
        let requests = shard.iter().filter(|seen| seen.payload == REQUEST).count();
        assert_eq!(requests * 2, shard.len());
    }
}

#[test]
fn fragments_and_nonsense_are_counted() {
    if !ready() {
        return;
    }
    let mut bench = Bench::new();
    let whole = Tcp::new(CLIENT, SERVER, 1, "A", REQUEST).frame();
    let mut fragment = whole.clone();
    fragment[20] = 0x20;
    let mut nonsense = whole.clone();
    nonsense[14 + 20 + 12] = 0x10;
    for frame in [fragment.as_slice(), &nonsense, &whole[..40], &udp("203.0.113.7", "198.51.100.1")] {
        bench.show(frame);
    }
    assert_eq!(bench.seen(), []);
    assert_eq!((bench.counted("tap_fragments_total"), bench.counted("tap_malformed_total")), (1, 2));
}
