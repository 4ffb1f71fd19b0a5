//! What a packet costs in the gate and in the tap, by the kernel's own test runs: `cargo xtask bench kernel`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    dead_code,
    reason = "a benchmark fails by panicking and prints what it measured; it needs a part of the tests' support"
)]

/// What the kernel's tests use.
#[path = "../tests/kernel"]
mod tests {
    pub(crate) mod support;
}

use std::time::{Duration, Instant};

use sensor_user::{
    capture::ebpf::{Tap, TapOptions},
    enforce::{Block, Enforcer as _, xdp::XdpEnforcer},
};

use tests::support::{
    PinDir,
    frame::{Tcp, udp},
    options, ready,
    streams::drain,
};

const TIMES: u32 = 100_000;

fn say(what: &str, per_packet: Duration) {
    println!("{what:<44} {:>6} ns", per_packet.as_nanos());
}

fn main() {
    if ready() {
        gate();
        tap();
    }
}

fn gate() {
    let pins = PinDir::new();
    let mut gate = XdpEnforcer::open(options(&[], &pins, &[])).unwrap();
    let passing = udp("198.51.100.9", "198.51.100.1");
    let passing_v6 = udp("2001:db8::9", "2001:db8::1");
    say("gate: passes, empty list", gate.try_frame(&passing, TIMES).unwrap().duration);
    let blocks: Vec<Block> = (0..10_000u32)
        .map(|n| Block {
            net: std::net::IpAddr::from((0x0a00_0000 + n * 256).to_be_bytes()).into(),
            remaining: None,
        })
        .collect();
    let start = Instant::now();
    gate.replace(&blocks).unwrap();
    println!("{:<44} {:>6} ms", "gate: 10,000 blocks put in", start.elapsed().as_millis());
    say("gate: passes, 10,000 blocks", gate.try_frame(&passing, TIMES).unwrap().duration);
    say("gate: passes IPv6", gate.try_frame(&passing_v6, TIMES).unwrap().duration);
    say(
        "gate: drops, 10,000 blocks",
        gate.try_frame(&udp("10.0.9.0", "198.51.100.1"), TIMES).unwrap().duration,
    );
}

fn tap() {
    shed();
    let (client, server) = ("203.0.113.7:40000", "198.51.100.1:80");
    let request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    for (what, payload, times) in [
        ("tap: pure ACK", Vec::new(), TIMES),
        ("tap: TLS, left alone", [b"\x17\x03\x03\x05\x00".as_slice(), &[0xaa; 1400]].concat(), TIMES),
        ("tap: HTTP of 26 bytes, copied", request.to_vec(), 10_000),
        ("tap: HTTP of 1 KB, copied", [request.as_slice(), &[b'x'; 900]].concat(), 10_000),
        ("tap: HTTP of 3 KB, copied", [request.as_slice(), &[b'x'; 3000]].concat(), 5_000),
    ] {
        let mut tap = Tap::load(&TapOptions { ring_bytes: 64 << 20, ..TapOptions::default() }).unwrap();
        let mut ring = tap.take_sources().remove(0);
        let frame = Tcp::new(client, server, 1, "A", &payload).frame();
        say(what, tap.try_frame(&frame, times).unwrap());
        assert_eq!(tap.counters().value("tap_ring_full_total"), 0);
        let start = Instant::now();
        let seen = drain(&mut ring).len();
        if seen > 0 {
            say("     and read by the agent", start.elapsed() / u32::try_from(seen).unwrap());
        }
    }
}

/// A new flow while the ring is more than half full.
fn shed() {
    let mut tap = Tap::load(&TapOptions { ring_bytes: 256 << 10, ..TapOptions::default() }).unwrap();
    let body = [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".as_slice(), &[b'x'; 900]].concat();
    let frame = |client: &str| Tcp::new(client, "198.51.100.1:80", 1, "A", &body).frame();
    tap.try_frame(&frame("203.0.113.7:40000"), 150).unwrap();
    say("tap: HTTP of 1 KB, shed", tap.try_frame(&frame("203.0.113.7:40001"), TIMES).unwrap());
    assert_eq!(tap.counters().value("tap_shed_segments_total"), u64::from(TIMES));
}
