//! The tap on the devices that carry tagged and tunnelled traffic, end to end: what the devices above them send.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use sensor_user::{
    capture::{
        Source as _,
        ebpf::{RingSource, Tap, TapOptions},
    },
    segment::Segment,
    wire::{Wire, WireConfig},
};

use crate::support::{
    frame::Tcp,
    ready,
    streams::{Seen, collect, sent_from, sent_to},
    world::{NODE_V6, PEER, VETH, World, ip, run},
};

const NODE: &str = "198.51.100.1";
const FIN: u8 = 0x01;

/// A device on top of one end, with an address.
struct Device<'a> {
    name: &'a str,
    arguments: Vec<&'a str>,
}

impl Device<'_> {
    fn make(&self) {
        let words = [&["link", "add"], self.arguments.as_slice()].concat();
        ip(&words);
        ip(&["link", "set", self.name, "up"]);
    }
}

/// Neither a privilege nor a program gives what a kernel was built without, so this is skipped for good.
fn has_vlan_devices() -> bool {
    let probe = ["link", "add", "link", VETH, "name", "pckprobe", "type", "vlan", "id", "4000"];
    let is_there = Command::new("ip").args(probe).output().unwrap().status.success();
    if !is_there {
        println!("skipped: this kernel has no VLAN devices (CONFIG_VLAN_8021Q)");
    }
    is_there
}

fn tap() -> (Tap, RingSource) {
    let mut tap = Tap::load(&TapOptions { ring_bytes: 64 << 20, ..TapOptions::default() })
        .unwrap_or_else(|error| panic!("{error}"));
    tap.attach(VETH).unwrap_or_else(|error| panic!("{error}"));
    let ring = tap.take_sources().remove(0);
    (tap, ring)
}

fn message(start: &str, len: usize) -> Vec<u8> {
    let mut message = format!("{start}\r\nHost: x\r\nContent-Length: {len}\r\n\r\n").into_bytes();
    message.extend((0..len).map(|index| (index % 251) as u8));
    message
}

/// 300 KB each way between the uppermost devices, which makes super-segments; the tap is below all of them.
fn exchange(world: &World, uppermost: &str) -> (Tap, Vec<Seen>) {
    let (request, response) = (message("POST / HTTP/1.1", 300_000), message("HTTP/1.1 200 OK", 300_000));
    ip(&["address", "add", &format!("{NODE}/24"), "dev", uppermost]);
    let visitors = uppermost.to_owned();
    world.as_visitor(move || ip(&["address", "add", "198.51.100.10/24", "dev", &visitors]));
    let (tap, mut ring) = tap();
    let listener = TcpListener::bind((NODE, 0)).unwrap();
    let server = listener.local_addr().unwrap();
    let answer = response.clone();
    let answering = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
        stream.write_all(&answer).unwrap();
    });
    let asked = request.clone();
    world.as_visitor(move || ask(server, &asked));
    answering.join().unwrap();
    let seen = collect(&mut ring, |seen| seen.iter().filter(|segment| segment.flags & FIN != 0).count() >= 2);
    assert!(sent_to(&seen, server) == request, "the request differs");
    assert!(sent_from(&seen, server) == response, "the response differs");
    (tap, seen)
}

fn ask(server: SocketAddr, request: &[u8]) {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.write_all(request).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    stream.read_to_end(&mut Vec::new()).unwrap();
}

/// The same devices in both namespaces, each on its end of the veth.
fn on_both_ends(world: &World, devices: impl Fn(&str, bool) + Send + Copy + 'static) {
    devices(VETH, true);
    world.as_visitor(move || devices(PEER, false));
}

#[test]
fn frames_are_seen_through_their_tags() {
    if !ready() {
        return;
    }
    let request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let world = World::new();
    let (tap, mut ring) = tap();
    let kinds: [&[[u8; 2]]; 5] = [
        &[[0x81, 0x00]],
        &[[0x88, 0xa8], [0x81, 0x00]],
        &[[0x81, 0x00], [0x81, 0x00]],
        &[[0x91, 0x00], [0x81, 0x00]],
        &[[0x88, 0xa8], [0x88, 0xa8], [0x81, 0x00]],
    ];
    // The kernel takes the outermost tag off the frame and keeps it beside it, before the tap sees the rest.
    for (kind, port) in kinds.iter().zip(50_001..) {
        let from = format!("192.0.2.10:{port}");
        let frame = Tcp::new(&from, "192.0.2.1:80", 1, "A", request).frame();
        let tags: Vec<u8> = kind.iter().flat_map(|kind| [kind[0], kind[1], 0, 7]).collect();
        world.send_frame([&frame[..12], &tags, &frame[12..]].concat());
    }
    let seen = collect(&mut ring, |seen| seen.len() >= kinds.len());
    let ports: Vec<u16> = seen.iter().map(|segment| segment.source.port()).collect();
    assert_eq!(ports, [50_001, 50_002, 50_003, 50_004, 50_005]);
    assert!(seen.iter().all(|segment| segment.payload == request));
    assert_eq!(tap.counters().value("tap_malformed_total"), 0);
}

#[test]
fn a_vlan_is_seen_whole_through_the_device_below_it() {
    if !ready() {
        return;
    }
    let world = World::new();
    if !has_vlan_devices() {
        return;
    }
    on_both_ends(&world, |end, _| {
        let arguments = vec!["link", end, "name", "pckvlan", "type", "vlan", "id", "7"];
        Device { name: "pckvlan", arguments }.make();
    });
    let (tap, seen) = exchange(&world, "pckvlan");
    assert!(seen.iter().all(|segment| segment.vni.is_none()));
    assert_eq!(tap.counters().value("tap_malformed_total"), 0);
}

#[test]
fn two_stacked_vlans_are_seen_whole() {
    if !ready() {
        return;
    }
    let world = World::new();
    if !has_vlan_devices() {
        return;
    }
    on_both_ends(&world, |end, _| {
        let outer = vec!["link", end, "name", "pckouter", "type", "vlan", "proto", "802.1ad", "id", "5"];
        Device { name: "pckouter", arguments: outer }.make();
        let inner = vec!["link", "pckouter", "name", "pckinner", "type", "vlan", "id", "7"];
        Device { name: "pckinner", arguments: inner }.make();
    });
    exchange(&world, "pckinner");
}

#[test]
fn tags_that_the_device_writes_into_the_frame_are_read_over_too() {
    if !ready() {
        return;
    }
    let world = World::new();
    if !has_vlan_devices() {
        return;
    }
    on_both_ends(&world, |end, _| {
        let name = "pckvlan";
        let arguments = vec!["link", end, "name", name, "type", "vlan", "id", "7"];
        Device { name, arguments }.make();
        // Without the offload the tag stands in the packet where the tap sees it go out.
        run("ethtool", &["-K", end, "tx-vlan-hw-insert", "off", "txvlan", "off"]);
    });
    exchange(&world, "pckvlan");
}

fn make_vxlan(device: &str, vni: &str, remote: &str, port: &str) {
    let head = ["name", "pckvxlan", "type", "vxlan", "id", vni, "dev", device, "remote", remote];
    Device { name: "pckvxlan", arguments: [&head[..], &["dstport", port]].concat() }.make();
}

#[test]
fn a_vxlan_is_seen_whole_with_its_vni() {
    if !ready() {
        return;
    }
    let world = World::new();
    on_both_ends(&world, |end, is_node| {
        let remote = if is_node { "192.0.2.10" } else { "192.0.2.1" };
        make_vxlan(end, "77", remote, "4789");
    });
    let (_tap, seen) = exchange(&world, "pckvxlan");
    assert!(seen.iter().all(|segment| segment.vni == Some(77)));
}

#[test]
fn a_vxlan_over_ipv6_on_the_old_port_is_seen_whole() {
    if !ready() {
        return;
    }
    let world = World::new();
    on_both_ends(&world, |end, is_node| {
        let remote = if is_node { "2001:db8::10" } else { "2001:db8::1" };
        make_vxlan(end, "78", remote, "8472");
    });
    let (_tap, seen) = exchange(&world, "pckvxlan");
    assert!(seen.iter().all(|segment| segment.vni == Some(78)));
}

#[test]
fn a_vlan_in_a_vxlan_over_ipv6_on_the_old_port_is_seen_whole() {
    if !ready() {
        return;
    }
    let world = World::new();
    if !has_vlan_devices() {
        return;
    }
    on_both_ends(&world, |end, is_node| {
        let remote = if is_node { "2001:db8::10" } else { "2001:db8::1" };
        make_vxlan(end, "78", remote, "8472");
        let vlan = vec!["link", "pckvxlan", "name", "pckinner", "type", "vlan", "id", "7"];
        Device { name: "pckinner", arguments: vlan }.make();
    });
    let (_tap, seen) = exchange(&world, "pckinner");
    assert!(seen.iter().all(|segment| segment.vni == Some(78)));
}

#[test]
fn a_vxlan_on_a_vlan_is_seen_whole() {
    if !ready() {
        return;
    }
    let world = World::new();
    if !has_vlan_devices() {
        return;
    }
    on_both_ends(&world, |end, is_node| {
        let (mine, remote) =
            if is_node { ("203.0.113.1/24", "203.0.113.2") } else { ("203.0.113.2/24", "203.0.113.1") };
        let vlan = vec!["link", end, "name", "pckvlan", "type", "vlan", "id", "7"];
        Device { name: "pckvlan", arguments: vlan }.make();
        ip(&["address", "add", mine, "dev", "pckvlan"]);
        make_vxlan("pckvlan", "79", remote, "4789");
    });
    let (_tap, seen) = exchange(&world, "pckvxlan");
    assert!(seen.iter().all(|segment| segment.vni == Some(79)));
}

/// The most that one record holds.
const RECORD: u32 = 65_536;

/// BIG TCP over IPv6 (Linux 5.19) makes segments that no record holds.
#[test]
fn a_segment_larger_than_a_record_is_seen_whole_in_several() {
    if !ready() {
        return;
    }
    let world = World::new();
    ip(&["link", "set", VETH, "gso_max_size", "200000", "gro_max_size", "200000"]);
    world.as_visitor(|| ip(&["link", "set", PEER, "gso_max_size", "200000", "gro_max_size", "200000"]));
    let (tap, mut ring) = tap();
    let listener = TcpListener::bind((NODE_V6, 0)).unwrap();
    let server = listener.local_addr().unwrap();
    let answering = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi").unwrap();
    });
    let request = message("POST / HTTP/1.1", 16_000_000);
    let asked = request.clone();
    world.as_visitor(move || ask(server, &asked));
    answering.join().unwrap();

    let config = WireConfig { body_keep: request.len(), ..WireConfig::default() };
    let (mut wire, mut exchanges, mut records_full) = (Wire::new(config), Vec::new(), 0);
    let end = Instant::now() + Duration::from_secs(5);
    while exchanges.is_empty() && Instant::now() < end {
        let mut each = |segment: &Segment<'_>| {
            records_full += u64::from(segment.wire_len == RECORD);
            wire.segment(segment, &mut exchanges);
        };
        ring.poll(&mut each).unwrap();
    }
    assert!(records_full > 0, "the kernel made no larger segment");
    let [exchange] = exchanges.as_slice() else { panic!("{} exchanges", exchanges.len()) };
    assert_eq!((exchange.incomplete, exchange.response.as_ref().unwrap().status), (None, 200));
    let body = &exchange.request.as_ref().unwrap().body.bytes;
    assert!(request.ends_with(body) && body.len() == 16_000_000, "the body differs");
    let counters = tap.counters();
    for lost in
        ["tap_oversize_bytes_total", "tap_ring_full_total", "tap_malformed_total", "tap_unreadable_total"]
    {
        assert_eq!(counters.value(lost), 0, "{lost}");
    }
}
