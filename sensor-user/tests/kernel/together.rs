//! Gate and tap on one interface, as a node has them.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use sensor_user::{
    capture::ebpf::{Hook, Tap, TapOptions},
    enforce::{Enforcer as _, xdp::XdpEnforcer},
};

use crate::support::{
    PinDir, options, permanent, ready,
    streams::{collect, sent_from, sent_to},
    world::{NODE_V4, VETH, World},
};

const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi";

/// What became of a request from this address of the visitor's.
fn ask(world: &World, from: &'static str, server: SocketAddr, body: usize) -> Option<Vec<u8>> {
    world.as_visitor(move || {
        let socket = nix::sys::socket::socket(
            nix::sys::socket::AddressFamily::Inet,
            nix::sys::socket::SockType::Stream,
            nix::sys::socket::SockFlag::SOCK_CLOEXEC,
            None,
        )
        .unwrap();
        let source: nix::sys::socket::SockaddrIn = format!("{from}:0").parse().unwrap();
        nix::sys::socket::bind(std::os::fd::AsRawFd::as_raw_fd(&socket), &source).unwrap();
        let mut stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        // A connect that nobody answers ends with this time.
        stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
        let target: nix::sys::socket::SockaddrIn = server.to_string().parse().unwrap();
        nix::sys::socket::connect(std::os::fd::AsRawFd::as_raw_fd(&stream), &target).ok()?;
        let head = format!("POST /{from} HTTP/1.1\r\nHost: x\r\nContent-Length: {body}\r\n\r\n");
        stream.write_all(&[head.as_bytes(), &vec![b'x'; body]].concat()).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        Some(answer)
    })
}

/// Answers every connection once its request of so many bytes of body is there.
fn serve(body: usize) -> SocketAddr {
    let listener = TcpListener::bind((NODE_V4, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let (mut read, mut chunk) = (0, [0; 65_536]);
            while read < body {
                match stream.read(&mut chunk).unwrap() {
                    0 => break,
                    more => read += more,
                }
            }
            stream.write_all(RESPONSE).ok();
        }
    });
    address
}

#[test]
fn what_the_gate_drops_the_tap_never_sees_and_all_else_it_sees_whole() {
    if !ready() {
        return;
    }
    const BODY: usize = 300_000;
    for hook in [Hook::Best, Hook::Clsact] {
        let (world, pins) = (World::new(), PinDir::new());
        let mut gate = XdpEnforcer::open(options(&[VETH], &pins, &[])).unwrap();
        let mut tap = Tap::load(&TapOptions { hook, ring_bytes: 64 << 20, ..TapOptions::default() }).unwrap();
        tap.attach(VETH).unwrap();
        let mut ring = tap.take_sources().remove(0);
        gate.block(&permanent("192.0.2.11/32")).unwrap();
        let server = serve(BODY);

        assert_eq!(ask(&world, "192.0.2.11", server, BODY), None, "the blocked one gets no answer");
        assert_eq!(ask(&world, "192.0.2.10", server, BODY).as_deref(), Some(RESPONSE));

        let seen =
            collect(&mut ring, |seen| seen.iter().filter(|segment| segment.flags & 1 != 0).count() >= 2);
        let blocked = "192.0.2.11".parse::<std::net::IpAddr>().unwrap();
        assert!(seen.iter().all(|segment| segment.source.ip() != blocked), "{hook:?}");
        let request = sent_to(&seen, server);
        assert!(request.starts_with(b"POST /192.0.2.10 HTTP/1.1\r\n"));
        assert!(request.len() > BODY && request[request.len() - BODY..].iter().all(|byte| *byte == b'x'));
        assert_eq!(sent_from(&seen, server), RESPONSE);
        let counters = gate.counters();
        assert!(counters.value("gate_dropped_ipv4_total") > 0 && counters.value("gate_passed_total") > 10);
        assert_eq!(tap.counters().value("tap_ring_full_total"), 0);

        gate.unblock("192.0.2.11/32".parse().unwrap()).unwrap();
        assert_eq!(
            ask(&world, "192.0.2.11", server, BODY).as_deref(),
            Some(RESPONSE),
            "and is seen from then on"
        );
        let seen = collect(&mut ring, |seen| seen.iter().any(|segment| segment.source.ip() == blocked));
        assert!(seen.iter().any(|segment| segment.source.ip() == blocked));
    }
}
