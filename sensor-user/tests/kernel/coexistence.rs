//! Beside programs of others: none of them is removed or moved, and the tap sees what they take.

use std::{
    net::UdpSocket,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use aya::programs::{SchedClassifier, TcAttachType};
use nix::net::if_::if_nametoindex;
use sensor_user::{
    capture::ebpf::{Hook, RingSource, Tap, TapOptions},
    enforce::{Enforcer, GateOptions, InterfaceGuard, Mode, XdpMode, xdp::XdpEnforcer},
    interfaces::Selection,
};

use crate::support::{
    PinDir,
    foreign::{DROP, Kind, OK, Place, Program, XDP_PASS},
    frame::Tcp,
    meant, options, permanent, ready,
    streams::drain,
    world::{NODE_V4, VETH, World, ip, run},
};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

fn veth() -> u32 {
    if_nametoindex(VETH).unwrap()
}

fn tap(hook: Hook) -> (Tap, RingSource) {
    let mut tap = Tap::load(&TapOptions { hook, ..TapOptions::default() }).unwrap();
    tap.attach(VETH).unwrap();
    let ring = tap.take_sources().remove(0);
    (tap, ring)
}

/// How often the tap saw a request that the visitor sends.
fn sees(world: &World, ring: &mut RingSource) -> usize {
    static PORT: AtomicU64 = AtomicU64::new(20_000);
    let from = format!("192.0.2.10:{}", PORT.fetch_add(1, Ordering::Relaxed));
    world.send_frame(Tcp::new(&from, "192.0.2.1:80", 1, "A", REQUEST).frame());
    drain(ring).iter().filter(|segment| segment.payload == REQUEST).count()
}

fn tcx_programs() -> Vec<u32> {
    let (_, there) = SchedClassifier::query_tcx(VETH, TcAttachType::Ingress).unwrap();
    there.iter().map(|program| program.id()).collect()
}

/// Soon, not at once: a program that another test starts holds our descriptors too, from its fork to its exec.
fn assert_alone(id: u32) {
    let patience = Instant::now() + Duration::from_secs(2);
    while tcx_programs() != [id] && Instant::now() < patience {
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(tcx_programs(), [id]);
}

fn filters() -> String {
    run("tc", &["filter", "show", "dev", VETH, "ingress"])
}

/// As `tc` has it done: the program hangs from the qdisc, at this priority.
fn add_filter(program: &Program, pins: &PinDir, priority: u16) {
    let path = pins.path().with_file_name(format!("pck-foreign-{}-{}", std::process::id(), program.id));
    program.pin(&path);
    let at = path.to_str().unwrap();
    let priority = priority.to_string();
    if !run("tc", &["qdisc", "show", "dev", VETH]).contains("clsact") {
        run("tc", &["qdisc", "add", "dev", VETH, "clsact"]);
    }
    let place = ["filter", "add", "dev", VETH, "ingress", "prio", &priority, "protocol", "all"];
    run("tc", &[&place[..], &["bpf", "direct-action", "object-pinned", at]].concat());
    std::fs::remove_file(&path).unwrap();
}

/// Each of them ends the packet's way for whoever comes after it.
fn greedy() -> [Program; 3] {
    ip(&["link", "add", "pckbridge", "type", "bridge"]);
    [
        Program::returning(Kind::Classifier, "foreign_drop", DROP),
        Program::returning(Kind::Classifier, "foreign_ok", OK),
        Program::redirecting("foreign_away", if_nametoindex("pckbridge").unwrap()),
    ]
}

#[test]
fn programs_that_end_a_packets_way_do_not_blind_the_tap_and_stay_where_they_are() {
    if !ready() {
        return;
    }
    let world = World::new();
    for program in greedy() {
        let before = program.attach(veth(), Place::TcxIngress);
        let (tap, mut ring) = tap(Hook::Best);
        assert_eq!(sees(&world, &mut ring), 1, "the other one was there first");
        drop(before);
        let after = program.attach(veth(), Place::TcxIngress);
        assert_eq!(sees(&world, &mut ring), 1, "the other one came later");
        assert_eq!(tcx_programs()[1..], [program.id]);
        assert!(tap.interfaces()[0].ahead.is_empty());
        drop(tap);
        assert_alone(program.id);
        drop(after);
    }
}

#[test]
fn filters_that_end_a_packets_way_do_not_blind_the_tap_and_stay_where_they_are() {
    if !ready() {
        return;
    }
    for hook in [Hook::Best, Hook::Clsact] {
        let (world, pins) = (World::new(), PinDir::new());
        for program in greedy() {
            add_filter(&program, &pins, 1);
            let alone = filters();
            let (tap, mut ring) = tap(hook);
            assert_eq!(sees(&world, &mut ring), 1, "{hook:?}, the other one was there first");
            assert!(tap.interfaces()[0].ahead.is_empty(), "{:?}", tap.interfaces());
            drop(tap);
            assert_eq!(filters(), alone);
            run("tc", &["qdisc", "delete", "dev", VETH, "clsact"]);

            let (tap, mut ring) = self::tap(hook);
            add_filter(&program, &pins, 2);
            assert_eq!(sees(&world, &mut ring), 1, "{hook:?}, the other one came later");
            drop(tap);
            assert_eq!(filters().matches(&format!("id {} ", program.id)).count(), 1);
            run("tc", &["qdisc", "delete", "dev", VETH, "clsact"]);
        }
        ip(&["link", "delete", "pckbridge"]);
    }
}

#[test]
fn what_others_do_with_packets_goes_on_beside_the_tap() {
    if !ready() {
        return;
    }
    let world = World::new();
    let (_tap, _ring) = tap(Hook::Best);
    assert!(world.arrives_from("192.0.2.10"));
    let other = Program::returning(Kind::Classifier, "foreign_drop", DROP).attach(veth(), Place::TcxIngress);
    assert!(!world.arrives_from("192.0.2.10"), "what it drops is dropped");
    drop(other);
    let _other = Program::returning(Kind::Classifier, "foreign_ok", OK).attach(veth(), Place::TcxIngress);
    assert!(world.arrives_from("192.0.2.10"));
}

#[test]
fn one_that_gets_before_the_tap_later_is_found_named_and_let_be() {
    if !ready() {
        return;
    }
    let (world, pins) = (World::new(), PinDir::new());
    let interfaces = meant(&[VETH]).resolve().unwrap();
    let (mut tap, mut ring) = tap(Hook::Best);
    let program = Program::returning(Kind::Classifier, "foreign_drop", DROP);
    let link = program.attach_first(veth());
    assert_eq!(sees(&world, &mut ring), 0, "the tap cannot see it");
    tap.follow(&interfaces).unwrap();
    let named = format!("foreign_drop (id {}) on ingress", program.id);
    assert_eq!(tap.interfaces()[0].ahead, [named]);
    assert_eq!(tcx_programs()[0], program.id);
    drop(link);
    tap.follow(&interfaces).unwrap();
    assert!(tap.interfaces()[0].ahead.is_empty());
    drop(tap);

    let (mut tap, mut ring) = self::tap(Hook::Clsact);
    // The newest of one priority runs first.
    add_filter(&program, &pins, 1);
    assert_eq!(sees(&world, &mut ring), 0, "the tap cannot see it");
    tap.follow(&interfaces).unwrap();
    let ahead = tap.interfaces()[0].ahead.join(", ");
    assert!(
        ahead.starts_with("bpf filter ") && ahead.contains(&format!("program {}", program.id)),
        "{ahead}"
    );
}

#[test]
fn one_that_takes_the_tap_off_does_so_for_a_moment() {
    if !ready() {
        return;
    }
    let world = World::new();
    let interfaces = meant(&[VETH]).resolve().unwrap();
    let (mut tap, mut ring) = tap(Hook::Clsact);
    run("tc", &["qdisc", "delete", "dev", VETH, "clsact"]);
    assert_eq!(sees(&world, &mut ring), 0);
    tap.follow(&interfaces).unwrap();
    assert_eq!(sees(&world, &mut ring), 1);
}

#[test]
fn restarts_of_the_agent_lose_no_packet_and_touch_no_other_program() {
    if !ready() {
        return;
    }
    let (world, pins) = (World::new(), PinDir::new());
    let first = Program::returning(Kind::Classifier, "foreign_next", -1);
    let second = Program::returning(Kind::Classifier, "foreign_ok", OK);
    let _links = [first.attach(veth(), Place::TcxIngress), second.attach(veth(), Place::TcxIngress)];
    let inbox = UdpSocket::bind((NODE_V4, 0)).unwrap();
    inbox.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let to = inbox.local_addr().unwrap();
    let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let pods = world.as_visitor({
        let (stop, sent) = (stop.clone(), sent.clone());
        move || {
            thread::spawn(move || {
                let outbox = UdpSocket::bind("192.0.2.10:0").unwrap();
                while !stop.load(Ordering::Relaxed) {
                    outbox.send_to(b"knock", to).unwrap();
                    sent.fetch_add(1, Ordering::Relaxed);
                    thread::sleep(Duration::from_micros(200));
                }
            })
        }
    });
    let receiving =
        thread::spawn(move || (0..).take_while(|_: &u64| inbox.recv(&mut [0; 16]).is_ok()).count());
    for _ in 0..5 {
        let gate = XdpEnforcer::open(options(&[VETH], &pins, &[])).unwrap();
        let (tap, ring) = tap(Hook::Best);
        assert!(tcx_programs().ends_with(&[first.id, second.id]));
        thread::sleep(Duration::from_millis(50));
        drop((gate, tap, ring));
        // The gate stays, ahead of them.
        assert!(tcx_programs().ends_with(&[first.id, second.id]));
    }
    stop.store(true, Ordering::Relaxed);
    pods.join().unwrap();
    let (sent, received) = (sent.load(Ordering::Relaxed), receiving.join().unwrap() as u64);
    println!("{sent} packets sent over five restarts, {received} received");
    assert!(sent > 200, "{sent} packets are too few to tell");
    assert_eq!(sent, received);
}

fn state(enforcer: &dyn Enforcer, name: &str) -> InterfaceGuard {
    enforcer.interfaces().into_iter().find(|guard| guard.name == name).unwrap()
}

fn pattern(pins: &PinDir) -> GateOptions {
    GateOptions { interfaces: Selection::parse(&["pck*", "lo"]).unwrap(), ..options(&[], pins, &[]) }
}

#[test]
fn beside_another_xdp_program_one_that_wants_its_place_is_told_whose_it_is() {
    if !ready() {
        return;
    }
    for (name, way_out) in [("foreign_xdp", "xdp off"), ("xdp_dispatcher", "xdp-loader unload")] {
        let (_world, pins) = (World::new(), PinDir::new());
        let other = Program::returning(Kind::Xdp, name, XDP_PASS);
        let _link = other.attach(veth(), Place::Xdp);
        let generic = GateOptions { xdp_mode: XdpMode::Generic, ..options(&[VETH], &pins, &[]) };
        let error = XdpEnforcer::open(generic).err().unwrap().to_string();
        assert!(error.starts_with(&format!("{VETH} cannot be guarded: ")), "{error}");
        assert!(error.contains(&format!("{name} (id {})", other.id)) && error.contains(way_out), "{error}");
        let shown = ip(&["-details", "link", "show", VETH]);
        assert!(shown.contains(&format!("id {}", other.id)), "{shown}");
        assert!(!pins.path().exists());
    }
}

#[test]
fn beside_another_xdp_program_the_gate_stands_at_tcx_and_the_other_one_stays() {
    if !ready() {
        return;
    }
    let (world, pins) = (World::new(), PinDir::new());
    let other = Program::returning(Kind::Xdp, "foreign_xdp", XDP_PASS);
    let _link = other.attach(veth(), Place::Xdp);
    let mut enforcer = sensor_user::enforce::open(Mode::Auto, options(&[VETH, "lo"], &pins, &[])).unwrap();
    assert_eq!((enforcer.mode(), state(&*enforcer, "lo").mode), ("xdp", "tcx"));
    let guard = state(&*enforcer, VETH);
    assert_eq!((guard.mode, guard.failures), ("tcx", 0));
    assert!(guard.note.contains(&format!("foreign_xdp (id {})", other.id)), "{}", guard.note);
    assert!(world.arrives_from("192.0.2.10"));
    enforcer.block(&permanent("192.0.2.10/32")).unwrap();
    assert!(!world.arrives_from("192.0.2.10"));
    assert!(ip(&["-details", "link", "show", VETH]).contains(&format!("id {}", other.id)));
}

#[test]
fn where_only_xdp_is_wanted_the_other_interfaces_are_guarded_and_this_one_as_soon_as_it_is_free() {
    if !ready() {
        return;
    }
    let (world, pins) = (World::new(), PinDir::new());
    let other = Program::returning(Kind::Xdp, "foreign_xdp", XDP_PASS);
    let link = other.attach(veth(), Place::Xdp);
    let generic = GateOptions { xdp_mode: XdpMode::Generic, ..pattern(&pins) };
    let mut enforcer = sensor_user::enforce::open(Mode::Xdp, generic).unwrap();
    assert_eq!((enforcer.mode(), state(&*enforcer, "lo").mode), ("xdp", "generic"));
    let refused = state(&*enforcer, VETH);
    assert_eq!((refused.mode, refused.failures), ("none", 1));
    assert!(refused.note.contains(&format!("foreign_xdp (id {})", other.id)), "{}", refused.note);
    enforcer.block(&permanent("192.0.2.10/32")).unwrap();
    drop(link);
    enforcer.follow(&pattern(&pins).interfaces.resolve().unwrap()).unwrap();
    assert_eq!(state(&*enforcer, VETH).mode, "generic");
    assert!(!world.arrives_from("192.0.2.10"));
}

#[test]
fn where_the_driver_has_no_native_xdp_the_next_best_is_taken_and_says_so() {
    if !ready() {
        return;
    }
    let (_world, pins) = (World::new(), PinDir::new());
    ip(&["link", "add", "pckbridge", "type", "bridge"]);
    let gate = XdpEnforcer::open(options(&["pckbridge"], &pins, &[])).unwrap();
    let guard = state(&gate, "pckbridge");
    assert_eq!(guard.mode, "tcx");
    assert!(guard.note.starts_with("native is refused: "), "{}", guard.note);
}

#[test]
fn without_an_ethernet_header_a_pattern_tells_and_a_name_fails() {
    if !ready() {
        return;
    }
    let (_world, pins) = (World::new(), PinDir::new());
    ip(&["tuntap", "add", "dev", "pcktun", "mode", "tun"]);
    let gate = XdpEnforcer::open(pattern(&pins)).unwrap();
    assert_eq!((state(&gate, "pcktun").mode, state(&gate, VETH).mode), ("none", "tcx"));
    drop(gate);
    let error = XdpEnforcer::open(options(&["pcktun"], &pins, &[])).err().unwrap().to_string();
    assert!(error.contains("no Ethernet header"), "{error}");
    let error = Tap::load(&TapOptions::default()).unwrap().attach("pcktun").unwrap_err().to_string();
    assert!(error.contains("no Ethernet header"), "{error}");
}
