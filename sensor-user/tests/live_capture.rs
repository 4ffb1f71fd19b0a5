//! Live capture on loopback and on a veth, with real packets of this process.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test fails by panicking, and says on stdout why it did not run"
)]

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    os::fd::AsRawFd as _,
    process::Command,
    time::{Duration, Instant},
};

use etherparse::PacketBuilder;
use nix::{
    net::if_::if_nametoindex,
    sys::socket::{AddressFamily, SockFlag, SockType, socket},
};
use sensor_user::{
    capture::{
        Polled, Source,
        live::{LiveCapture, live_group},
    },
    wire::{Wire, WireConfig},
};

#[test]
fn a_request_over_loopback_is_seen_with_its_answer_within_milliseconds() {
    let mut capture = match LiveCapture::open("lo") {
        Ok(capture) => capture,
        Err(error) => {
            assert!(std::env::var_os("PORTCULLIS_REQUIRE_ALL").is_none(), "{error}");
            println!("skipped: {error}");
            return;
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.local_addr().unwrap();
    let answering = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut request = [0; 1024];
        let _ = connection.read(&mut request).unwrap();
        connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
    });
    let mut client = TcpStream::connect(server).unwrap();
    client.write_all(b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    answering.join().unwrap();
    let answered = Instant::now();

    let mut wire = Wire::new(WireConfig::default());
    let mut completed = Vec::new();
    while completed.is_empty() && answered.elapsed() < Duration::from_secs(5) {
        let polled = capture
            .poll(&mut |segment| {
                // Other tests may use loopback too.
                if segment.source == server || segment.destination == server {
                    wire.segment(segment, &mut completed);
                }
            })
            .unwrap();
        assert_ne!(polled, Polled::Ended);
    }
    let exchange = completed.first().expect("the exchange was captured");
    assert_eq!(exchange.request.as_ref().unwrap().target, b"/live");
    assert_eq!(exchange.response.as_ref().unwrap().body.bytes, b"ok");
    assert_eq!(exchange.server, server);
    assert!(capture.counters().value("capture_segments_total") >= 6);
    println!("seen {:?} after the answer", answered.elapsed());
}

#[test]
fn interfaces_of_a_group_come_and_go_while_it_is_read() {
    let watched = std::thread::spawn(|| {
        nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).map_err(|error| error.to_string())?;
        let ip = |words: &str| assert!(Command::new("ip").args(words.split(' ')).status().unwrap().success());
        let (entry, mut group) = live_group();
        assert_eq!(group.poll(&mut |_| {}).unwrap(), Polled::Idle);
        for round in 1..=2_u16 {
            ip("link add grp0 type veth peer name grp1");
            ip("link set grp0 up");
            ip("link set grp1 up");
            entry.add("grp0").unwrap();
            let mut frame = Vec::new();
            PacketBuilder::ethernet2([2; 6], [4; 6])
                .ipv4([203, 0, 113, 7], [192, 0, 2, 1], 64)
                .tcp(round, 80, 1, 64_000)
                .write(&mut frame, b"GET / HTTP/1.1\r\n\r\n")
                .unwrap();
            put_on("grp1", &frame, 1);
            let (mut seen, began) = (false, Instant::now());
            while !seen && began.elapsed() < Duration::from_secs(5) {
                group.poll(&mut |segment| seen |= segment.source.port() == round).unwrap();
            }
            assert!(seen, "round {round}");
            ip("link delete grp0");
            // The end of one interface is not that of the group, and what it counted stays.
            for _ in 0..20 {
                assert_ne!(group.poll(&mut |_| {}).unwrap(), Polled::Ended);
            }
            assert_eq!(group.counters().value("capture_segments_total"), u64::from(round));
        }
        Ok::<(), String>(())
    });
    if let Err(error) = watched.join().unwrap() {
        assert!(std::env::var_os("PORTCULLIS_REQUIRE_ALL").is_none(), "{error}");
        println!("skipped: {error}");
    }
}

/// A shard looks at its clock and at whether it is to end between polls: a silent interface must not hold it.
#[test]
fn a_poll_of_an_interface_without_traffic_comes_back() {
    // The thread's own namespace has a loopback that nobody else talks on, and goes with the thread.
    let polled = std::thread::spawn(|| {
        nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).map_err(|error| error.to_string())?;
        let up = Command::new("ip").args(["link", "set", "lo", "up"]).status();
        up.map_err(|error| error.to_string())?;
        let mut capture = LiveCapture::open("lo").map_err(|error| error.to_string())?;
        let began = Instant::now();
        let polled = capture.poll(&mut |_| {}).unwrap();
        Ok::<_, String>((polled, began.elapsed()))
    });
    // Joining would wait for ever where the poll does not come back.
    let began = Instant::now();
    while !polled.is_finished() && began.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(polled.is_finished(), "the poll does not come back");
    match polled.join().unwrap() {
        Ok((polled, took)) => {
            assert_eq!(polled, Polled::Idle);
            assert!(took < Duration::from_secs(1), "{took:?}");
        }
        Err(error) => {
            assert!(std::env::var_os("PORTCULLIS_REQUIRE_ALL").is_none(), "{error}");
            println!("skipped: {error}");
        }
    }
}

/// One with room for all says how much there was: what a small buffer lost is counted to the last packet.
#[test]
fn packets_that_find_no_room_in_the_kernels_buffer_are_counted() {
    const FRAMES: usize = 5000;
    let captured = std::thread::spawn(move || {
        nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).map_err(|error| error.to_string())?;
        for words in ["link add from0 type veth peer name to0", "link set from0 up", "link set to0 up"] {
            let done =
                Command::new("ip").args(words.split(' ')).status().map_err(|error| error.to_string())?;
            assert!(done.success(), "ip {words}");
        }
        let mut small = LiveCapture::with_buffer("to0", 1 << 20).map_err(|error| error.to_string())?;
        let mut ample = LiveCapture::open("to0").map_err(|error| error.to_string())?;
        put_on("from0", &request_frame(), FRAMES);
        Ok::<_, String>([&mut small, &mut ample].map(|capture| {
            while capture.poll(&mut |_| {}).unwrap() != Polled::Idle {}
            let counters = capture.counters();
            let of = |name: &str| counters.value(name);
            assert_eq!(of("capture_statistics_failed_total"), 0);
            (of("capture_segments_total"), of("capture_kernel_dropped_total"))
        }))
    });
    match captured.join().unwrap() {
        Ok([(seen, lost), (all, none)]) => {
            assert_eq!((all, none), (FRAMES as u64, 0), "32 MiB hold 5 MB");
            assert!(seen > 0 && lost > 0, "{seen} seen, {lost} lost");
            assert_eq!(seen + lost, all);
        }
        Err(error) => {
            assert!(std::env::var_os("PORTCULLIS_REQUIRE_ALL").is_none(), "{error}");
            println!("skipped: {error}");
        }
    }
}

fn request_frame() -> Vec<u8> {
    let mut payload = b"GET /live HTTP/1.1\r\nHost: x\r\nX-Padding: ".to_vec();
    payload.resize(1000, b'x');
    let mut frame = Vec::new();
    PacketBuilder::ethernet2([2; 6], [4; 6])
        .ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64)
        .tcp(40_000, 80, 1, 64_000)
        .write(&mut frame, &payload)
        .unwrap();
    frame
}

fn put_on(interface: &str, frame: &[u8], times: usize) {
    let socket = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, None).unwrap();
    // SAFETY: a C structure of integers, for which zeros are valid.
    let mut to: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    to.sll_family = libc::AF_PACKET as u16;
    to.sll_ifindex = i32::try_from(if_nametoindex(interface).unwrap()).unwrap();
    for _ in 0..times {
        // SAFETY: the frame and the address are as long as they are said to be.
        let sent = unsafe {
            libc::sendto(
                socket.as_raw_fd(),
                frame.as_ptr().cast(),
                frame.len(),
                0,
                (&raw const to).cast(),
                size_of_val(&to) as libc::socklen_t,
            )
        };
        assert_eq!(usize::try_from(sent), Ok(frame.len()));
    }
}
