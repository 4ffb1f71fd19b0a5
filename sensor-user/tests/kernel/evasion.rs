//! What an attacker may try so that the tap takes a request for something else: real sockets over a veth, the agent's
//! readers behind the tap. Each request has to be found.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use sensor_user::{
    capture::{
        Source as _,
        ebpf::{RingSource, Tap, TapOptions},
    },
    wire::{Wire, WireConfig},
};

use crate::support::{
    ready,
    world::{NODE_V4, VETH, World},
};

/// Takes whatever comes and answers it once the client has said all.
fn patient_server() -> SocketAddr {
    let listener = TcpListener::bind(SocketAddr::new(NODE_V4.parse().unwrap(), 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            thread::spawn(move || {
                stream.read_to_end(&mut Vec::new()).ok();
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").ok();
            });
        }
    });
    address
}

struct Watched {
    world: World,
    tap: Tap,
    ring: RingSource,
    wire: Wire,
    server: SocketAddr,
}

impl Watched {
    fn new() -> Self {
        let world = World::new();
        let mut tap = Tap::load(&TapOptions::default()).unwrap_or_else(|error| panic!("{error}"));
        tap.attach(VETH).unwrap_or_else(|error| panic!("{error}"));
        let ring = tap.take_sources().remove(0);
        Self { world, tap, ring, wire: Wire::new(WireConfig::default()), server: patient_server() }
    }

    /// The targets of the requests that are found where a client sends these parts, each as a segment of its own.
    fn targets(&mut self, parts: &[&[u8]]) -> Vec<String> {
        let (server, parts) = (self.server, parts.iter().map(|part| part.to_vec()).collect::<Vec<_>>());
        self.world.as_visitor(move || {
            let mut stream = TcpStream::connect(server).unwrap();
            stream.set_nodelay(true).unwrap();
            for part in parts {
                stream.write_all(&part).unwrap();
                thread::sleep(Duration::from_millis(2));
            }
            stream.shutdown(std::net::Shutdown::Write).unwrap();
            stream.read_to_end(&mut Vec::new()).ok();
        });
        let mut completed = Vec::new();
        let end = Instant::now() + Duration::from_secs(2);
        while completed.is_empty() && Instant::now() < end {
            self.ring.poll(&mut |segment| self.wire.segment(segment, &mut completed)).unwrap();
            for advice in self.wire.take_advice() {
                self.ring.heed(&advice);
            }
        }
        let targets = completed.iter().filter_map(|exchange| exchange.request.as_ref());
        targets.map(|request| String::from_utf8_lossy(&request.target).into_owned()).collect()
    }
}

#[test]
fn no_first_bytes_hide_a_request_that_a_server_would_take() {
    if !ready() {
        return;
    }
    const REST: &[u8] = b"/evil HTTP/1.1\r\nHost: x\r\n\r\n";
    let long_method = [b'A'; 1_000];
    let tricks: [(&str, &[&[u8]]); 12] = [
        ("in one piece", &[b"GET ", REST]),
        ("the method's first byte alone", &[b"G", b"ET ", REST]),
        ("each byte of the method", &[b"G", b"E", b"T", b" ", REST]),
        ("an empty line ahead", &[b"\r\n", b"GET ", REST]),
        ("a line feed alone ahead", &[b"\n", b"GET ", REST]),
        ("half an empty line ahead", &[b"\r", b"\nGET ", REST]),
        (
            "many empty lines ahead",
            &[b"\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n", b"GET ", REST],
        ),
        ("a method in small letters", &[b"g", b"et ", REST]),
        ("a method nobody knows", &[b"X~", b"1! ", REST]),
        ("a method that fills what is looked at", &[b"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA ", REST]),
        ("a method longer than what is looked at", &[&long_method, b" ", REST]),
        ("a tab behind the method", &[b"GET\t", REST]),
    ];
    let mut watched = Watched::new();
    for (trick, parts) in tricks {
        assert_eq!(watched.targets(parts), ["/evil"], "{trick}");
    }
    assert_eq!(watched.tap.counters().value("tap_flows_total"), 12);
}

#[test]
fn http2_is_found_however_its_preface_is_cut() {
    if !ready() {
        return;
    }
    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    // SETTINGS, and HEADERS that end a stream: GET, http, path /h, all literal but the first two (RFC 7541).
    const FRAMES: &[u8] =
        &[0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 6, 1, 5, 0, 0, 0, 1, 0x82, 0x86, 0x04, 0x02, b'/', b'h'];
    let mut watched = Watched::new();
    for at in [1, 3, 15, 23] {
        let (first, second) = PREFACE.split_at(at);
        assert_eq!(watched.targets(&[first, second, FRAMES]), ["/h"], "cut at {at}");
    }
}

#[test]
fn what_is_no_http_is_not_copied() {
    if !ready() {
        return;
    }
    let mut watched = Watched::new();
    let noise = vec![0x17; 200_000];
    assert_eq!(watched.targets(&[b"\x16\x03\x01", &noise, &noise]), Vec::<String>::new());
    // The server answers in HTTP at the end.
    let copied = watched.tap.counters().value("tap_copied_bytes_total");
    assert!(copied < 100, "{copied}");
}

#[test]
fn what_only_looks_like_http_is_given_up_after_a_bounded_part() {
    if !ready() {
        return;
    }
    let mut watched = Watched::new();
    // A word and a space, as a request begins: an SMTP client's greeting.
    let noise = b"lorem ipsum dolor\r\n".repeat(2_000);
    for _ in 0..3 {
        assert_eq!(watched.targets(&[b"EHLO x\r\n", &noise, &noise, &noise]), Vec::<String>::new());
    }
    let counters = watched.tap.counters();
    assert!(counters.value("tap_given_up_flows_total") > 0, "{counters:?}");
}
