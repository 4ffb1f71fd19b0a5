//! Enforcement without an agent, and from one agent to the next.

use std::{
    net::UdpSocket,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use sensor_user::enforce::{Enforcer as _, GateOptions, Mode, XdpMode, xdp::XdpEnforcer};

use crate::support::{
    PinDir,
    agent::{self, Agent},
    first_layout, meant, net, options, permanent, ready,
    world::{NODE_V4, PEER, VETH, World, ip, run},
};

/// Floods the node from a blocked address while `meanwhile` goes on, and gives how many packets came through.
fn came_through(world: &World, mut meanwhile: impl FnMut(&dyn Fn())) -> usize {
    let inbox = UdpSocket::bind((NODE_V4, 0)).unwrap();
    let to = inbox.local_addr().unwrap();
    let (stop, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let flood = world.as_visitor({
        let (stop, sent) = (stop.clone(), sent.clone());
        move || {
            thread::spawn(move || {
                let outbox = UdpSocket::bind("192.0.2.10:0").unwrap();
                while !stop.load(Ordering::Relaxed) {
                    outbox.send_to(b"knock", to).ok();
                    sent.fetch_add(1, Ordering::Relaxed);
                }
            })
        }
    });
    let some_more = || {
        let before = sent.load(Ordering::Relaxed);
        while sent.load(Ordering::Relaxed) < before + 100 {
            thread::yield_now();
        }
    };
    some_more();
    meanwhile(&some_more);
    some_more();
    stop.store(true, Ordering::Relaxed);
    flood.join().unwrap();
    inbox.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    std::iter::from_fn(|| inbox.recv(&mut [0; 16]).ok()).count()
}

#[test]
fn taking_over_opens_no_gap() {
    if !ready() {
        return;
    }
    let (world, pins) = (World::new(), PinDir::new());
    let mut first = XdpEnforcer::open(options(&[VETH], &pins, &[])).unwrap();
    first.block(&permanent("192.0.2.10/32")).unwrap();
    drop(first);
    let through = came_through(&world, |some_more| {
        for _ in 0..5 {
            drop(XdpEnforcer::open(options(&[VETH], &pins, &[])).unwrap());
            some_more();
        }
    });
    assert_eq!(through, 0);
}

#[test]
fn taking_over_from_the_first_layout_opens_no_gap_and_keeps_ends_and_hits() {
    if !ready() {
        return;
    }
    let (world, pins) = (World::new(), PinDir::new());
    let ending = first_layout::boot_time() + Duration::from_secs(4);
    let blocks = [("192.0.2.10/32", None), ("192.0.2.11/32", Some(ending)), ("2001:db8::10/127", None)];
    first_layout::leave(VETH, pins.path(), &blocks);
    let mut gate = None;
    let through = came_through(&world, |some_more| {
        let before = first_layout::dropped(pins.path());
        assert!(before >= 100, "the old gate works");
        gate = Some(XdpEnforcer::open(options(&[VETH], &pins, &[])).unwrap());
        some_more();
        assert!(gate.as_mut().unwrap().counters().value("gate_dropped_ipv4_total") > before);
    });
    assert_eq!(through, 0);
    let mut gate = gate.unwrap();
    let (dropped, hits) = (gate.counters().value("gate_dropped_ipv4_total"), gate.hits().unwrap());
    assert_eq!((hits[0].net, hits[0].packets), (net("192.0.2.10/32"), dropped), "by both gates");
    assert_eq!(gate.counters().value("gate_entries"), 3);
    assert!(!pins.path().join("gate-v1").exists());
    assert_eq!(gate.interfaces()[0].mode, "tcx", "from generic XDP");
    assert!(!ip(&["-details", "link", "show", VETH]).contains("xdp"));
    assert!(!world.arrives_from("192.0.2.11"));
    assert!(!world.arrives_from("2001:db8::11"));
    thread::sleep(ending.saturating_sub(first_layout::boot_time()));
    assert!(world.arrives_from("192.0.2.11"), "its end came along");
    drop(gate);
    let mut next = XdpEnforcer::open(options(&[VETH], &pins, &[])).unwrap();
    assert_eq!(next.hits().unwrap()[0].packets, dropped, "what was carried over stays");
}

#[test]
fn an_agent_that_is_killed_leaves_the_gate_on_and_the_next_one_opens_no_gap() {
    if !ready() {
        return;
    }
    let (world, pins, state) = (World::new(), PinDir::new(), tempfile::tempdir().unwrap());
    agent::keep_orders(state.path(), &[("192.0.2.10/32", None)]);
    let mut agent = Some(Agent::start(VETH, &pins, state.path()));
    let through = came_through(&world, |some_more| {
        agent.take().unwrap().kill();
        some_more();
        agent = Some(Agent::start(VETH, &pins, state.path()));
        some_more();
    });
    assert_eq!(through, 0);
    agent.unwrap().kill();
}

#[test]
fn after_a_reboot_the_kept_revision_holds_without_a_control_plane_and_its_ends_went_on() {
    if !ready() {
        return;
    }
    let (world, pins, state) = (World::new(), PinDir::new(), tempfile::tempdir().unwrap());
    let lasting = Duration::from_secs(12);
    agent::keep_orders(state.path(), &[("192.0.2.10/32", None), ("192.0.2.11/32", Some(lasting))]);
    let end = Instant::now() + lasting;
    Agent::start(VETH, &pins, state.path()).kill();
    assert!(!world.arrives_from("192.0.2.11") || Instant::now() >= end);
    // Nothing is left in the kernel, as after a reboot.
    sensor_user::enforce::detach(pins.path()).unwrap();
    assert!(world.arrives_from("192.0.2.10"));
    Agent::start(VETH, &pins, state.path()).kill();
    assert!(!world.arrives_from("192.0.2.10"));
    assert!(!world.arrives_from("192.0.2.11") || Instant::now() >= end);
    thread::sleep(end.saturating_duration_since(Instant::now()) + Duration::from_millis(100));
    assert!(world.arrives_from("192.0.2.11"), "the new run did not begin it anew");
}

#[test]
fn jumbo_frames_are_judged_and_counted_whole_in_the_driver() {
    if !ready() {
        return;
    }
    let (world, pins) = (World::new(), PinDir::new());
    ip(&["link", "set", VETH, "mtu", "9000"]);
    world.as_visitor(|| ip(&["link", "set", PEER, "mtu", "9000"]));
    let native = GateOptions { xdp_mode: XdpMode::Native, ..options(&[VETH], &pins, &[]) };
    let mut gate = XdpEnforcer::open(native).unwrap();
    assert_eq!(gate.interfaces()[0].mode, "native");
    let shown = ip(&["-details", "link", "show", VETH]);
    assert!(shown.contains("xdp") && !shown.contains("xdpgeneric"), "{shown}");
    gate.block(&permanent("192.0.2.10/32")).unwrap();
    let inbox = UdpSocket::bind((NODE_V4, 0)).unwrap();
    inbox.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
    let to = inbox.local_addr().unwrap();
    world.as_visitor(move || {
        for from in ["192.0.2.10:0", "192.0.2.11:0"] {
            UdpSocket::bind(from).unwrap().send_to(&[7; 8000], to).unwrap();
        }
    });
    let mut buffer = [0; 9000];
    let (length, from) = inbox.recv_from(&mut buffer).unwrap();
    assert_eq!((length, from.ip().to_string().as_str()), (8000, "192.0.2.11"));
    let hits = gate.hits().unwrap();
    assert_eq!((hits[0].packets, hits[0].bytes), (1, 14 + 20 + 8 + 8000));
}

#[test]
fn an_interface_that_is_no_longer_named_is_let_go() {
    if !ready() {
        return;
    }
    let (world, pins) = (World::new(), PinDir::new());
    let mut first = XdpEnforcer::open(options(&[VETH], &pins, &[])).unwrap();
    first.block(&permanent("192.0.2.10/32")).unwrap();
    let _second = XdpEnforcer::open(options(&["lo"], &pins, &[])).unwrap();
    assert!(world.arrives_from("192.0.2.10"));
}

#[test]
fn an_interface_that_came_back_is_guarded_again() {
    if !ready() {
        return;
    }
    let pins = PinDir::new();
    {
        let _world = World::new();
        XdpEnforcer::open(options(&[VETH], &pins, &[])).unwrap();
        let index = ip(&["-oneline", "link", "show", VETH]).split(':').next().unwrap().to_owned();
        ip(&["link", "delete", VETH]);
        ip(&["link", "add", VETH, "index", &index, "type", "veth", "peer", "name", "pckother"]);
        let gate = XdpEnforcer::open(options(&[VETH], &pins, &[])).unwrap();
        assert_eq!(gate.interfaces()[0].mode, "tcx");
    }
}

#[test]
fn a_link_whose_pin_somebody_takes_away_is_attached_again_and_counted() {
    if !ready() {
        return;
    }
    let (world, pins) = (World::new(), PinDir::new());
    let mut gate = XdpEnforcer::open(options(&[VETH], &pins, &[])).unwrap();
    gate.block(&permanent("192.0.2.10/32")).unwrap();
    let interfaces = meant(&[VETH]).resolve().unwrap();
    for link in std::fs::read_dir(pins.path().join("links")).unwrap() {
        std::fs::remove_file(link.unwrap().path()).unwrap();
    }
    // The kernel lets go of the link some time later.
    assert!((0..50).any(|_| world.arrives_from("192.0.2.10")));
    gate.follow(&interfaces).unwrap();
    assert!(!world.arrives_from("192.0.2.10"));
    gate.follow(&interfaces).unwrap();
    assert_eq!(gate.counters().value("enforce_laid_again_total"), 1);
}

#[test]
fn maps_whose_pins_somebody_takes_away_are_pinned_again_and_counted() {
    if !ready() {
        return;
    }
    let (world, pins) = (World::new(), PinDir::new());
    let mut gate = XdpEnforcer::open(options(&[VETH], &pins, &[])).unwrap();
    gate.block(&permanent("192.0.2.10/32")).unwrap();
    for folder in std::fs::read_dir(pins.path()).unwrap().map(|entry| entry.unwrap()) {
        if folder.file_name().to_string_lossy().starts_with("gate-v") {
            std::fs::remove_dir_all(folder.path()).unwrap();
        }
    }
    gate.sweep().unwrap();
    gate.sweep().unwrap();
    assert_eq!(gate.counters().value("enforce_laid_again_total"), 1);
    drop(gate);
    let _next = XdpEnforcer::open(options(&[VETH], &pins, &[])).unwrap();
    assert!(!world.arrives_from("192.0.2.10"), "the next agent took over the maps that hold the block");
}

#[test]
fn veth_and_loopback_are_guarded_by_tcx_and_say_why() {
    if !ready() {
        return;
    }
    let (_world, pins) = (World::new(), PinDir::new());
    let gate = XdpEnforcer::open(options(&[VETH, "lo"], &pins, &[])).unwrap();
    let guards = gate.interfaces();
    for (name, why) in [(VETH, "veth"), ("lo", "loopback")] {
        let guard = guards.iter().find(|guard| guard.name == name).unwrap();
        assert_eq!(guard.mode, "tcx");
        assert!(guard.note.contains(why), "{}", guard.note);
    }
}

#[test]
fn where_another_xdp_program_sits_auto_takes_nftables_and_says_why() {
    if !ready() {
        return;
    }
    let (world, foreign, pins) = (World::new(), PinDir::new(), PinDir::new());
    let generic = GateOptions { xdp_mode: XdpMode::Generic, ..options(&[VETH], &foreign, &[]) };
    let _other = XdpEnforcer::open(generic.clone()).unwrap();
    // Where TCX is not to be had either.
    let ours = GateOptions { pin_dir: pins.path().to_owned(), ..generic };
    let mut enforcer = sensor_user::enforce::open(Mode::Auto, ours).unwrap();
    let guard = enforcer.interfaces().remove(0);
    assert_eq!((enforcer.mode(), guard.mode), ("nftables", "nftables"));
    assert!(guard.note.contains(VETH), "{}", guard.note);
    enforcer.block(&permanent("192.0.2.10/32")).unwrap();
    assert!(!world.arrives_from("192.0.2.10"));
    assert!(run("ip", &["-details", "link", "show", VETH]).contains("xdpgeneric"), "the other one stays");
}

#[test]
fn a_start_that_fails_leaves_nothing() {
    if !ready() {
        return;
    }
    let (_world, pins) = (World::new(), PinDir::new());
    assert!(XdpEnforcer::open(options(&[VETH, "nosuch0"], &pins, &[])).is_err());
    assert!(!ip(&["-details", "link", "show", VETH]).contains("xdp"));
    assert!(!pins.path().exists());
}

#[test]
fn a_start_that_fails_leaves_an_earlier_guard_as_it_was() {
    if !ready() {
        return;
    }
    let (world, pins) = (World::new(), PinDir::new());
    let mut first = XdpEnforcer::open(options(&[VETH], &pins, &[])).unwrap();
    first.block(&permanent("192.0.2.10/32")).unwrap();
    drop(first);
    assert!(XdpEnforcer::open(options(&[VETH, "nosuch0"], &pins, &[])).is_err());
    assert!(!world.arrives_from("192.0.2.10"));
}

#[test]
fn an_interface_that_is_not_there_is_an_error_that_says_how_to_find_one() {
    if !ready() {
        return;
    }
    let pins = PinDir::new();
    let error = XdpEnforcer::open(options(&["nosuch0"], &pins, &[])).err().unwrap().to_string();
    assert!(error.contains("no interface nosuch0; here are: lo"), "{error}");
}
