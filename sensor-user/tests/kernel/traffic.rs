//! The tap on real connections.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    thread,
};

use sensor_user::capture::ebpf::{Hook, RingSource, Tap, TapOptions};

use crate::support::{
    ready,
    streams::{collect, drain, sent_from, sent_to},
    world::{NODE_V4, NODE_V6, VETH, World, alone, ip},
};

fn tap(interface: &str, hook: Hook) -> (Tap, RingSource) {
    let options = TapOptions { ring_bytes: 64 << 20, hook, ..TapOptions::default() };
    let mut tap = Tap::load(&options).unwrap_or_else(|error| panic!("{error}"));
    tap.attach(interface).unwrap_or_else(|error| panic!("{error}"));
    let ring = tap.take_sources().remove(0);
    (tap, ring)
}

/// Takes one connection, reads until the client has said all, answers, and is done.
fn answer_once(at: SocketAddr, answer: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind(at).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
        stream.write_all(&answer).unwrap();
    });
    address
}

fn ask(server: SocketAddr, parts: &[&[u8]]) {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_nodelay(true).unwrap();
    for part in parts {
        stream.write_all(part).unwrap();
    }
    stream.shutdown(Shutdown::Write).unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
}

fn at(address: &str) -> SocketAddr {
    SocketAddr::new(address.parse().unwrap(), 0)
}

fn upload(len: usize) -> Vec<u8> {
    let mut request =
        format!("POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: {len}\r\n\r\n").into_bytes();
    request.extend((0..len).map(|index| (index % 251) as u8));
    request
}

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const FIN: u8 = 0x01;

/// Both directions have said their last.
fn over(seen: &[crate::support::streams::Seen]) -> bool {
    seen.iter().filter(|segment| segment.flags & FIN != 0).count() >= 2
}

#[test]
fn a_small_exchange_over_loopback_is_seen_once() {
    if !ready() {
        return;
    }
    alone();
    let (_tap, mut ring) = tap("lo", Hook::Best);
    let server = answer_once(at("127.0.0.1"), RESPONSE.to_vec());
    let request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    ask(server, &[request]);
    let seen = collect(&mut ring, over);
    let copies = seen.iter().filter(|segment| segment.payload == request).count();
    assert_eq!(copies, 1, "loopback shows every packet twice, the tap takes one");
    assert_eq!(sent_from(&seen, server), RESPONSE);
}

#[test]
fn a_megabyte_each_way_over_loopback_is_whole_and_in_order() {
    if !ready() {
        return;
    }
    alone();
    let (tap, mut ring) = tap("lo", Hook::Best);
    let request = upload(1 << 20);
    let response = [b"HTTP/1.1 200 OK\r\n\r\n".as_slice(), &upload(1 << 20)].concat();
    let server = answer_once(at("127.0.0.1"), response.clone());
    ask(server, &[&request]);
    let seen = collect(&mut ring, over);
    assert_eq!(tap.counters().value("tap_ring_full_total"), 0);
    assert!(sent_to(&seen, server) == request, "the request differs");
    assert!(sent_from(&seen, server) == response, "the response differs");
    assert!(seen.iter().all(|segment| segment.wire_len as usize == segment.payload.len()));
}

#[test]
fn a_megabyte_over_a_veth_is_whole() {
    if !ready() {
        return;
    }
    let world = World::new();
    let (tap, mut ring) = tap(VETH, Hook::Best);
    let request = upload(1 << 20);
    let server = answer_once(at(NODE_V4), RESPONSE.to_vec());
    world.as_visitor({
        let request = request.clone();
        move || ask(server, &[&request])
    });
    let seen = collect(&mut ring, over);
    assert_eq!(tap.counters().value("tap_ring_full_total"), 0);
    assert!(sent_to(&seen, server) == request, "the request differs");
    assert_eq!(sent_from(&seen, server), RESPONSE);
}

#[test]
fn several_requests_over_one_ipv6_connection_are_whole() {
    if !ready() {
        return;
    }
    let world = World::new();
    let (_tap, mut ring) = tap(VETH, Hook::Best);
    let server = answer_once(at(NODE_V6), RESPONSE.to_vec());
    let requests: Vec<Vec<u8>> =
        (0..20).map(|n| format!("GET /{n} HTTP/1.1\r\nHost: x\r\n\r\n").into_bytes()).collect();
    let all = requests.concat();
    world.as_visitor(move || {
        let parts: Vec<&[u8]> = requests.iter().map(Vec::as_slice).collect();
        ask(server, &parts);
    });
    let seen = collect(&mut ring, over);
    assert_eq!(sent_to(&seen, server), all);
}

#[test]
fn a_flow_that_looks_like_tls_is_not_copied() {
    if !ready() {
        return;
    }
    alone();
    let (tap, mut ring) = tap("lo", Hook::Best);
    let server = answer_once(at("127.0.0.1"), b"\x16\x03\x03\x00\x05hello".to_vec());
    ask(server, &[b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", &[0x17; 100_000]]);
    assert_eq!(drain(&mut ring), []);
    assert!(tap.counters().value("tap_skipped_bytes_total") > 100_000);
}

#[test]
fn clsact_does_what_tcx_does() {
    if !ready() {
        return;
    }
    let world = World::new();
    let (tap, mut ring) = tap(VETH, Hook::Clsact);
    assert_eq!(tap.interfaces()[0].mode, "clsact");
    let server = answer_once(at(NODE_V4), RESPONSE.to_vec());
    let request = upload(100_000);
    world.as_visitor({
        let request = request.clone();
        move || ask(server, &[&request])
    });
    let seen = collect(&mut ring, over);
    assert!(sent_to(&seen, server) == request, "the request differs");
    assert_eq!(sent_from(&seen, server), RESPONSE);
}

#[test]
fn a_packet_that_crosses_two_tapped_interfaces_is_taken_once() {
    if !ready() {
        return;
    }
    let world = World::new();
    ip(&["link", "add", "pckbridge", "type", "bridge"]);
    ip(&["link", "set", VETH, "master", "pckbridge"]);
    ip(&["link", "set", "pckbridge", "up"]);
    ip(&["address", "flush", "dev", VETH]);
    ip(&["address", "add", &format!("{NODE_V4}/24"), "dev", "pckbridge"]);
    let (mut tap, mut ring) = tap(VETH, Hook::Best);
    tap.attach("pckbridge").unwrap();
    let server = answer_once(at(NODE_V4), RESPONSE.to_vec());
    let request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    world.as_visitor(move || ask(server, &[request]));
    let seen = collect(&mut ring, over);
    assert_eq!(seen.iter().filter(|segment| segment.payload == request).count(), 1);
    assert!(tap.counters().value("tap_duplicate_segments_total") > 0);
}

#[test]
fn dropping_the_tap_takes_it_off_the_interface() {
    if !ready() {
        return;
    }
    alone();
    let (tap, mut ring) = tap("lo", Hook::Best);
    drop(tap);
    let server = answer_once(at("127.0.0.1"), RESPONSE.to_vec());
    ask(server, &[b"GET / HTTP/1.1\r\n\r\n"]);
    assert_eq!(drain(&mut ring), []);
}
