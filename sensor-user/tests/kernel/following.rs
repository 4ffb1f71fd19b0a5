//! Interfaces that come and go while gate and tap are there.

use std::{
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use aya::programs::{SchedClassifier, TcAttachType};
use sensor_user::{
    capture::ebpf::{Hook, RingSource, Tap, TapOptions},
    enforce::{Enforcer as _, xdp::XdpEnforcer},
    interfaces::{Follower, Selection},
};

use crate::support::{
    PinDir,
    frame::Tcp,
    meant, options, permanent, ready,
    streams::drain,
    world::{VETH, World, alone, ip, send_on},
};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// A gate and a tap that follow `words`, as the running sensor has them.
struct Node {
    gate: Arc<Mutex<XdpEnforcer>>,
    tap: Arc<Mutex<Tap>>,
    ring: RingSource,
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Node {
    fn follow(words: &[&str], pins: &PinDir, hook: Hook) -> Self {
        let follower = Follower::new(Selection::parse(words).unwrap()).unwrap();
        let gate = Arc::new(Mutex::new(XdpEnforcer::open(options(words, pins, &[])).unwrap()));
        let mut tap = Tap::load(&TapOptions { hook, ..TapOptions::default() }).unwrap();
        tap.follow(&meant(words).resolve().unwrap()).unwrap();
        let ring = tap.take_sources().remove(0);
        let (tap, stop) = (Arc::new(Mutex::new(tap)), Arc::new(AtomicBool::new(false)));
        let thread = thread::spawn({
            let (gate, tap, stop) = (gate.clone(), tap.clone(), stop.clone());
            move || {
                follower.run(&stop, |interfaces| {
                    gate.lock().unwrap().follow(interfaces).unwrap();
                    tap.lock().unwrap().follow(interfaces).unwrap();
                });
            }
        });
        Self { gate, tap, ring, stop, thread: Some(thread) }
    }

    /// Waits until exactly these are guarded and tapped; how long that took.
    fn await_exactly(&self, names: &[&str]) -> Duration {
        let began = Instant::now();
        loop {
            let guarded = self.gate.lock().unwrap().interfaces();
            let tapped = self.tap.lock().unwrap().interfaces();
            let mut guarded: Vec<_> =
                guarded.into_iter().filter(|guard| guard.mode != "none").map(|guard| guard.name).collect();
            let mut tapped: Vec<_> =
                tapped.into_iter().filter(|tap| tap.mode != "none").map(|tap| tap.name).collect();
            guarded.sort_unstable();
            tapped.sort_unstable();
            if guarded == names && tapped == names {
                return began.elapsed();
            }
            assert!(began.elapsed() < Duration::from_secs(10), "guarded {guarded:?}, tapped {tapped:?}");
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn copies_of_the_request(&mut self) -> usize {
        drain(&mut self.ring).iter().filter(|segment| segment.payload == REQUEST).count()
    }

    fn dropped(&self) -> u64 {
        self.gate.lock().unwrap().counters().value("gate_dropped_ipv4_total")
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// A pair, both ends up: what is sent on the second comes in on the first.
fn add_pair(name: &str, peer: &str) {
    ip(&["link", "add", name, "type", "veth", "peer", "name", peer]);
    ip(&["link", "set", name, "up"]);
    ip(&["link", "set", peer, "up"]);
}

/// Sends a request from one client on the peer of a pair that has just come.
fn request(peer: &str, client: &str) {
    let from = format!("{client}:40000");
    send_on(peer, &Tcp::new(&from, "198.51.100.1:80", 1, "A", REQUEST).frame());
}

#[test]
fn a_pair_that_comes_later_is_tapped_and_guarded_within_a_second_and_again_when_it_comes_back() {
    if !ready() {
        return;
    }
    for hook in [Hook::Best, Hook::Clsact] {
        alone();
        let pins = PinDir::new();
        let mut node = Node::follow(&["veth*", "!vethpeer*"], &pins, hook);
        node.gate.lock().unwrap().block(&permanent("203.0.113.66/32")).unwrap();
        for round in 1..=2 {
            add_pair("vethpod1", "vethpeer1");
            let took = node.await_exactly(&["vethpod1"]);
            println!("{hook:?}: attached after {took:?}");
            assert!(took < Duration::from_secs(1), "{took:?}");
            // Another client each round: that one flow comes by another interface is a packet seen twice.
            request("vethpeer1", &format!("203.0.113.{round}"));
            request("vethpeer1", "203.0.113.66");
            assert_eq!(node.copies_of_the_request(), 1, "the blocked one is dropped ahead of the tap");
            assert_eq!(node.dropped(), round);
            ip(&["link", "delete", "vethpod1"]);
            node.await_exactly(&[]);
            assert_eq!(fs::read_dir(pins.path().join("links")).unwrap().count(), 0);
        }
    }
}

#[test]
fn one_that_comes_back_under_its_number_before_anybody_looks_is_attached_again() {
    if !ready() {
        return;
    }
    for hook in [Hook::Best, Hook::Clsact] {
        let (_world, pins) = (World::new(), PinDir::new());
        let node = Node::follow(&[VETH], &pins, hook);
        let index = ip(&["-oneline", "link", "show", VETH]).split(':').next().unwrap().to_owned();
        let before = node.tap.lock().unwrap();
        ip(&["link", "delete", VETH]);
        ip(&["link", "add", VETH, "index", &index, "type", "veth", "peer", "name", "pckother"]);
        drop(before);
        ip(&["link", "set", VETH, "up"]);
        ip(&["link", "set", "pckother", "up"]);
        thread::sleep(Duration::from_secs(1));
        let (_, there) = SchedClassifier::query_tcx(VETH, TcAttachType::Ingress).unwrap();
        assert_eq!(there[0].name_as_str(), Some("portcullis_gate"), "ahead of the tap");
        let mut node = node;
        request("pckother", "203.0.113.7");
        assert_eq!(node.copies_of_the_request(), 1, "{hook:?}");
    }
}

#[test]
fn hundreds_that_come_and_go_leave_nothing() {
    if !ready() {
        return;
    }
    alone();
    let pins = PinDir::new();
    let node = Node::follow(&["veth*"], &pins, Hook::Best);
    let open_files = || fs::read_dir("/proc/self/fd").unwrap().count();
    let batch =
        |from: usize| (from..from + 25).map(|number| (format!("veth{number}a"), format!("veth{number}b")));
    let come_and_go = |from: usize| {
        for (one, other) in batch(from) {
            ip(&["link", "add", &one, "type", "veth", "peer", "name", &other]);
        }
        let mut names: Vec<String> = batch(from).flat_map(|(one, other)| [one, other]).collect();
        names.sort_unstable();
        let took = node.await_exactly(&names.iter().map(String::as_str).collect::<Vec<_>>());
        println!("50 interfaces attached {took:?} after the last one came");
        for (one, _) in batch(from) {
            ip(&["link", "delete", &one]);
        }
        node.await_exactly(&[]);
    };
    come_and_go(0);
    let (files, memory) = (open_files(), resident());
    for round in 1..=4 {
        come_and_go(round * 25);
    }
    // Other tests of this process open files too, so only growth by the hundred tells.
    assert!(open_files() < files + 100, "{files} open files before, {} after", open_files());
    let grown = resident().saturating_sub(memory);
    println!("resident memory grew by {grown} KiB over 200 interfaces");
    assert_eq!(fs::read_dir(pins.path().join("links")).unwrap().count(), 0);
}

/// In KiB.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}
