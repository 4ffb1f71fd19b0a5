//! Connections that are cut, between real sockets.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    time::{Duration, Instant},
};

use etherparse::{NetSlice, PacketBuilder, SlicedPacket, TransportSlice};
use sensor_user::{
    capture::ebpf::{Hook, Tap, TapOptions},
    enforce::{Mode, cut::FlowCutter},
    interfaces::Selection,
};

use crate::support::{
    PinDir,
    frame::Tcp,
    options, ready,
    streams::{collect, drain},
    world::{NODE_V4, NODE_V6, VETH, World, alone, run},
};

const PATIENCE: Duration = Duration::from_secs(5);

fn cutter(interface: &str, hook: Hook) -> FlowCutter {
    let mut cutter = FlowCutter::load().unwrap_or_else(|error| panic!("{error}"));
    let there = Selection::parse(&[interface]).unwrap().resolve().unwrap();
    cutter.follow(&there, hook);
    let hung = cutter.interfaces()[0].hook.as_ref().unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(hung.mode, if hook == Hook::Best { "tcx" } else { "clsact" });
    cutter
}

/// A connection with its two ends, over which both have said something.
struct Talk {
    client: TcpStream,
    server: TcpStream,
}

impl Talk {
    fn over(world: Option<&World>, at: &str) -> Self {
        let listener = TcpListener::bind(SocketAddr::new(at.parse().unwrap(), 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let connect = move || TcpStream::connect(address).unwrap();
        let client = match world {
            Some(world) => world.as_visitor(connect),
            None => connect(),
        };
        let (server, _) = listener.accept().unwrap();
        for end in [&client, &server] {
            end.set_read_timeout(Some(PATIENCE)).unwrap();
            end.set_nodelay(true).unwrap();
        }
        let mut talk = Self { client, server };
        talk.client.write_all(b"hello").unwrap();
        talk.server.read_exact(&mut [0; 5]).unwrap();
        talk.server.write_all(b"hello").unwrap();
        talk.client.read_exact(&mut [0; 5]).unwrap();
        talk
    }

    fn cut(&self, cutter: &FlowCutter) {
        cutter.cuts().cut(self.client.peer_addr().unwrap(), self.client.local_addr().unwrap());
    }
}

/// Nothing was to be read but the end, and that came as a reset.
fn assert_reset(stream: &mut TcpStream, end: &str) {
    let read = stream.read(&mut [0; 16]);
    assert_eq!(
        read.as_ref().map_err(std::io::Error::kind),
        Err(ErrorKind::ConnectionReset),
        "{end}: {read:?}"
    );
}

fn both_ends_are_reset_whoever_speaks_next(world: Option<&World>, at: &str, cutter: &FlowCutter) {
    for server_speaks in [true, false] {
        let mut talk = Talk::over(world, at);
        let mut other = Talk::over(world, at);
        talk.cut(cutter);
        if server_speaks { &mut talk.server } else { &mut talk.client }.write_all(b"the secret").unwrap();
        assert_reset(&mut talk.client, "client");
        assert_reset(&mut talk.server, "server");
        other.client.write_all(b"on").unwrap();
        other.server.read_exact(&mut [0; 2]).unwrap();
    }
    assert!(cutter.counters().value("cut_resets_total") >= 2);
    assert_eq!(cutter.counters().value("cut_discarded_total"), 0);
}

#[test]
fn both_ends_are_reset_over_a_veth() {
    if !ready() {
        return;
    }
    let world = World::new();
    for hook in [Hook::Best, Hook::Clsact] {
        let cutter = cutter(VETH, hook);
        both_ends_are_reset_whoever_speaks_next(Some(&world), NODE_V4, &cutter);
        both_ends_are_reset_whoever_speaks_next(Some(&world), NODE_V6, &cutter);
    }
}

#[test]
fn both_ends_are_reset_over_loopback() {
    if !ready() {
        return;
    }
    alone();
    let cutter = cutter("lo", Hook::Best);
    both_ends_are_reset_whoever_speaks_next(None, "127.0.0.1", &cutter);
    both_ends_are_reset_whoever_speaks_next(None, "::1", &cutter);
}

/// Generic XDP hands packets on without their Ethernet header.
#[test]
fn both_ends_are_reset_behind_the_gate() {
    if !ready() {
        return;
    }
    let (world, pins) = (World::new(), PinDir::new());
    let _gate = sensor_user::enforce::open(Mode::Xdp, options(&[VETH], &pins, &[])).unwrap();
    let cutter = cutter(VETH, Hook::Best);
    both_ends_are_reset_whoever_speaks_next(Some(&world), NODE_V4, &cutter);
    both_ends_are_reset_whoever_speaks_next(Some(&world), NODE_V6, &cutter);
}

#[test]
fn a_transfer_that_is_under_way_stops() {
    if !ready() {
        return;
    }
    let world = World::new();
    let cutter = cutter(VETH, Hook::Best);
    for at in [NODE_V4, NODE_V6] {
        let Talk { client, mut server } = Talk::over(Some(&world), at);
        let mut sink = client.try_clone().unwrap();
        let reading = std::thread::spawn(move || {
            let mut received = 0;
            let mut buffer = vec![0; 1 << 16];
            loop {
                match sink.read(&mut buffer) {
                    Ok(0) => panic!("an orderly end"),
                    Ok(read) => received += read,
                    Err(error) => return (received, error.kind()),
                }
            }
        });
        // Segments as large as offload makes them.
        let chunk = vec![b'x'; 1 << 20];
        server.write_all(&chunk).unwrap();
        Talk { client, server: server.try_clone().unwrap() }.cut(&cutter);
        let start = Instant::now();
        while server.write(&chunk).is_ok() {
            assert!(start.elapsed() < PATIENCE, "the sender goes on");
        }
        let (received, end) = reading.join().unwrap();
        assert_eq!(end, ErrorKind::ConnectionReset);
        assert!(received < 64 << 20, "{received} bytes came through");
    }
}

#[test]
fn a_new_connection_of_the_same_ports_is_not_cut() {
    if !ready() {
        return;
    }
    let world = World::new();
    let cutter = cutter(VETH, Hook::Best);
    let listener = TcpListener::bind((NODE_V4, 0)).unwrap();
    let (server, client) = (listener.local_addr().unwrap(), "192.0.2.10:40000".parse().unwrap());
    cutter.cuts().cut(server, client);
    let errand = world.as_visitor(move || {
        let socket = nix::sys::socket::socket(
            nix::sys::socket::AddressFamily::Inet,
            nix::sys::socket::SockType::Stream,
            nix::sys::socket::SockFlag::empty(),
            None,
        )
        .unwrap();
        let from: nix::sys::socket::SockaddrIn = "192.0.2.10:40000".parse().unwrap();
        nix::sys::socket::bind(std::os::fd::AsRawFd::as_raw_fd(&socket), &from).unwrap();
        let SocketAddr::V4(server) = server else { panic!("IPv4") };
        nix::sys::socket::connect(
            std::os::fd::AsRawFd::as_raw_fd(&socket),
            &nix::sys::socket::SockaddrIn::from(server),
        )
        .unwrap();
        let mut stream = TcpStream::from(socket);
        stream.write_all(b"again").unwrap();
        stream
    });
    let (mut accepted, _) = listener.accept().unwrap();
    accepted.set_read_timeout(Some(PATIENCE)).unwrap();
    accepted.read_exact(&mut [0; 5]).unwrap();
    assert_eq!(cutter.counters().value("cut_ended_by_reuse_total"), 1);
    drop(errand);
}

/// The tap hears of a cut: whatever order the two were attached in, it comes first.
#[test]
fn the_tap_still_sees_what_is_cut() {
    if !ready() {
        return;
    }
    for tap_first in [true, false] {
        let world = World::new();
        let mut tap = Tap::load(&TapOptions::default()).unwrap();
        if tap_first {
            tap.attach(VETH).unwrap();
        }
        let cutter = cutter(VETH, Hook::Best);
        if !tap_first {
            tap.attach(VETH).unwrap();
        }
        let mut ring = tap.take_sources().remove(0);
        let mut talk = Talk::over(Some(&world), NODE_V4);
        drain(&mut ring);
        talk.cut(&cutter);
        talk.client.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
        assert_reset(&mut talk.server, "server");
        let seen = collect(&mut ring, |seen| seen.iter().any(|one| one.payload.starts_with(b"GET /")));
        assert!(seen.iter().any(|one| one.payload.starts_with(b"GET /")), "tap first: {tap_first}");
    }
}

#[test]
fn in_monitor_mode_nothing_is_cut_and_what_would_be_is_counted() {
    if !ready() {
        return;
    }
    let world = World::new();
    let cutter = cutter(VETH, Hook::Best);
    cutter.cuts().set_monitoring(true);
    let mut talk = Talk::over(Some(&world), NODE_V4);
    talk.cut(&cutter);
    talk.client.write_all(b"on").unwrap();
    talk.server.read_exact(&mut [0; 2]).unwrap();
    assert_eq!(cutter.counters().value("cut_would_cut_total"), 1);
    assert_eq!(cutter.counters().value("cut_flows_total"), 0);
}

#[test]
fn dropping_the_cutter_takes_it_off_and_detach_what_a_killed_one_left() {
    if !ready() {
        return;
    }
    let _world = World::new();
    let filters = || run("tc", &["filter", "show", "dev", VETH, "egress"]);
    drop(cutter(VETH, Hook::Clsact));
    assert!(!filters().contains("portcullis_cut"), "{}", filters());
    // As when the process is killed: nothing is cleaned up.
    std::mem::forget(cutter(VETH, Hook::Clsact));
    assert!(filters().contains("portcullis_cut"));
    let pins = PinDir::new();
    let removed = sensor_user::enforce::detach(pins.path()).unwrap();
    assert_eq!(removed.len(), 2, "{removed:?}");
    assert!(!filters().contains("portcullis_cut"), "{}", filters());
}

const CLIENT: &str = "203.0.113.7:40000";
const SERVER: &str = "198.51.100.1:80";

/// What becomes of a frame, without a wire.
fn tried(cutter: &mut FlowCutter, frame: &[u8]) -> Vec<u8> {
    cutter.try_frame(frame).unwrap().expect("it is not dropped")
}

fn assert_is_reset(frame: &[u8], sequence: u32) {
    let packet = SlicedPacket::from_ethernet(frame).unwrap();
    let Some(TransportSlice::Tcp(tcp)) = packet.transport else { panic!("{packet:?}") };
    assert!(tcp.rst() && tcp.ack() && !tcp.psh());
    assert_eq!((tcp.sequence_number(), tcp.acknowledgment_number()), (sequence, 1));
    assert_eq!((tcp.payload(), tcp.data_offset(), tcp.window_size()), (&[][..], 5, 0));
    let sum = match packet.net {
        Some(NetSlice::Ipv4(ip)) => {
            let header = ip.header().to_header();
            assert_eq!(header.calc_header_checksum(), header.header_checksum);
            tcp.to_header().calc_checksum_ipv4(&header, &[]).unwrap()
        }
        Some(NetSlice::Ipv6(ip)) => {
            tcp.to_header().calc_checksum_ipv6(&ip.header().to_header(), &[]).unwrap()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(tcp.checksum(), sum);
}

#[test]
fn a_packet_becomes_a_reset_with_the_numbers_and_sums_that_its_receiver_expects() {
    if !ready() {
        return;
    }
    alone();
    let mut cutter = cutter("lo", Hook::Best);
    let v6 = ("[2001:db8:7::7]:40000", "[2001:db8:8::8]:80");
    for (client, server) in [(CLIENT, SERVER), v6] {
        let segment = Tcp::new(client, server, 4_000_000_000, "A", b"GET / HTTP/1.1\r\n\r\n").frame();
        assert_eq!(tried(&mut cutter, &segment), segment, "not cut yet");
        cutter.cuts().cut(server.parse().unwrap(), client.parse().unwrap());
        assert_is_reset(&tried(&mut cutter, &segment), 4_000_000_000);
        let odd = Tcp::new(server, client, 7, "A", b"odd").frame();
        assert_is_reset(&tried(&mut cutter, &odd), 7);
        let end = Tcp::new(client, server, 9, "FA", b"").frame();
        assert_is_reset(&tried(&mut cutter, &end), 9);
        // What ends the connection already goes its way, and what acknowledges nothing goes nowhere.
        let reset = Tcp::new(client, server, 9, "R", b"").frame();
        assert_eq!(tried(&mut cutter, &reset), reset);
        let bare = Tcp::new(client, server, 9, "", b"x").frame();
        assert_eq!(cutter.try_frame(&bare).unwrap(), None);
    }
}

#[test]
fn a_reset_keeps_vlan_tags_and_ip_options() {
    if !ready() {
        return;
    }
    alone();
    let mut cutter = cutter("lo", Hook::Best);
    cutter.cuts().cut(SERVER.parse().unwrap(), CLIENT.parse().unwrap());
    let id = |id| etherparse::VlanId::try_new(id).unwrap();
    let mut ip =
        etherparse::Ipv4Header::new(0, 17, etherparse::IpNumber::TCP, [203, 0, 113, 7], [198, 51, 100, 1])
            .unwrap();
    // Four times no operation.
    ip.options = [1_u8; 4].into();
    let mut frame = Vec::new();
    PacketBuilder::ethernet2([2; 6], [4; 6])
        .double_vlan(id(10), id(20))
        .ip(etherparse::IpHeaders::Ipv4(ip, etherparse::Ipv4Extensions::default()))
        .tcp(40_000, 80, 5, 64_000)
        .ack(1)
        .write(&mut frame, b"GET / HTTP/1.1\r\n\r\n")
        .unwrap();
    let reset = tried(&mut cutter, &frame);
    assert_eq!(reset[..18 + 4], frame[..18 + 4], "addresses and tags");
    assert_eq!(reset.len(), 14 + 8 + 24 + 20);
    assert_is_reset(&reset, 5);
}
