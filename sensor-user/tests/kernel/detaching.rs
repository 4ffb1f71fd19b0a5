//! What `sensor detach` leaves: nothing of ours, all of others.

use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use sensor_user::{
    capture::ebpf::{Hook, Tap, TapOptions},
    enforce::{self, Enforcer as _, Mode, cut::FlowCutter, xdp::XdpEnforcer},
};

use crate::support::{
    PinDir,
    foreign::{Kind, OK, Place, Program},
    meant, options, permanent, ready,
    world::{VETH, World, alone, ip, run},
};

/// A tap by clsact whose agent is killed: the filters stay.
fn killed_tap(interface: &str, pins: &PinDir) {
    let mut tap = Tap::load(&TapOptions { hook: Hook::Clsact, ..TapOptions::default() }).unwrap();
    tap.keep_traces(pins.path());
    tap.attach(interface).unwrap();
    std::mem::forget(tap);
}

fn qdiscs(interface: &str) -> String {
    run("tc", &["qdisc", "show", "dev", interface])
}

fn filters(interface: &str) -> String {
    ["ingress", "egress"]
        .map(|direction| run("tc", &["filter", "show", "dev", interface, direction]))
        .concat()
}

#[test]
fn nothing_is_left_after_a_gate_and_a_tap_that_were_killed() {
    if !ready() {
        return;
    }
    let (world, pins) = (World::new(), PinDir::new());
    let mut gate = XdpEnforcer::open(options(&[VETH, "lo"], &pins, &[])).unwrap();
    gate.block(&permanent("192.0.2.10/32")).unwrap();
    drop(gate);
    killed_tap(VETH, &pins);
    assert!(!world.arrives_from("192.0.2.10"));
    assert!(filters(VETH).contains("portcullis_tap"));

    let removed = enforce::detach(pins.path()).unwrap().join("\n");
    println!("{removed}");
    assert_eq!(removed.matches("XDP link").count(), 2);
    assert_eq!(removed.matches("clsact filter portcullis_tap").count(), 2);
    assert!(removed.contains("clsact qdisc") && removed.contains("maps"));

    assert!(world.arrives_from("192.0.2.10"));
    for interface in [VETH, "lo"] {
        assert!(!ip(&["-details", "link", "show", interface]).contains("xdp"), "{interface}");
    }
    assert_eq!(filters(VETH), "");
    assert!(!qdiscs(VETH).contains("clsact"));
    assert_eq!(run("nft", &["list", "tables"]), "");
    assert!(!pins.path().exists());
    assert_eq!(enforce::detach(pins.path()).unwrap(), Vec::<String>::new());
}

#[test]
fn maps_links_and_programs_of_the_gate_are_gone_from_the_kernel() {
    if !ready() {
        return;
    }
    let (_world, pins) = (World::new(), PinDir::new());
    let maps = || aya::maps::loaded_maps().flatten().map(|map| map.id()).collect::<Vec<_>>();
    let before = maps();
    let gate = XdpEnforcer::open(options(&[VETH], &pins, &[])).unwrap();
    let pinned: Vec<u32> = std::fs::read_dir(pins.path())
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("gate-v"))
        .flat_map(|folder| std::fs::read_dir(folder.path()).unwrap().flatten())
        .map(|pin| aya::maps::MapInfo::from_pin(pin.path()).unwrap().id())
        .collect();
    assert!(pinned.len() >= 5 && pinned.iter().all(|map| !before.contains(map)), "{pinned:?}");
    drop(gate);
    enforce::detach(pins.path()).unwrap();
    // The kernel frees them some time after the last one let go.
    let end = Instant::now() + Duration::from_secs(5);
    while maps().iter().any(|map| pinned.contains(map)) {
        assert!(Instant::now() < end, "maps are still there");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_qdisc_that_another_filter_uses_stays_with_that_filter() {
    if !ready() {
        return;
    }
    let (_world, pins) = (World::new(), PinDir::new());
    killed_tap(VETH, &pins);
    let other = Program::returning(Kind::Classifier, "foreign_ok", OK);
    let path = pins.path().with_file_name(format!("pck-other-{}", std::process::id()));
    other.pin(&path);
    let at = path.to_str().unwrap();
    run("tc", &["filter", "add", "dev", VETH, "egress", "bpf", "direct-action", "object-pinned", at]);
    std::fs::remove_file(&path).unwrap();
    enforce::detach(pins.path()).unwrap();
    assert!(qdiscs(VETH).contains("clsact"));
    let left = filters(VETH);
    assert!(left.contains(&format!("id {} ", other.id)) && !left.contains("portcullis"), "{left}");
}

#[test]
fn a_qdisc_that_cutting_connections_made_goes_too() {
    if !ready() {
        return;
    }
    let (_world, pins) = (World::new(), PinDir::new());
    let mut cutter = FlowCutter::load().unwrap();
    cutter.keep_traces(pins.path());
    cutter.follow(&meant(&[VETH]).resolve().unwrap(), Hook::Clsact);
    killed_tap(VETH, &pins);
    std::mem::forget(cutter);
    assert!(filters(VETH).contains("portcullis_cut"));
    enforce::detach(pins.path()).unwrap();
    assert_eq!(filters(VETH), "");
    assert!(!qdiscs(VETH).contains("clsact"));
}

#[test]
fn a_qdisc_that_was_there_before_stays_without_any_filter() {
    if !ready() {
        return;
    }
    let (_world, pins) = (World::new(), PinDir::new());
    run("tc", &["qdisc", "add", "dev", VETH, "clsact"]);
    killed_tap(VETH, &pins);
    enforce::detach(pins.path()).unwrap();
    assert!(qdiscs(VETH).contains("clsact"));
    assert_eq!(filters(VETH), "");
}

#[test]
fn programs_of_others_stay() {
    if !ready() {
        return;
    }
    let (_world, pins) = (World::new(), PinDir::new());
    let index = nix::net::if_::if_nametoindex(VETH).unwrap();
    let other = Program::returning(Kind::Classifier, "foreign_ok", OK);
    let _link = other.attach(index, Place::TcxIngress);
    ip(&["link", "add", "pckbridge", "type", "bridge"]);
    let foreign = Program::returning(Kind::Xdp, "foreign_xdp", 2);
    let _xdp = foreign.attach(nix::net::if_::if_nametoindex("pckbridge").unwrap(), Place::Xdp);
    run("nft", &["add", "table", "inet", "pckother"]);
    drop(XdpEnforcer::open(options(&[VETH], &pins, &[])).unwrap());
    killed_tap(VETH, &pins);
    enforce::detach(pins.path()).unwrap();
    let (_, there) =
        aya::programs::SchedClassifier::query_tcx(VETH, aya::programs::TcAttachType::Ingress).unwrap();
    assert_eq!(there.iter().map(|program| program.id()).collect::<Vec<_>>(), [other.id]);
    assert!(ip(&["-details", "link", "show", "pckbridge"]).contains(&format!("id {}", foreign.id)));
    assert_eq!(run("nft", &["list", "tables"]), "table inet pckother\n");
}

#[test]
fn namespaces_that_agents_were_in_are_cleared_from_another_one() {
    if !ready() {
        return;
    }
    alone();
    let pins = PinDir::new();
    let (say, stands) = mpsc::channel();
    let (go_on, wait) = mpsc::channel::<()>();
    let pin_dir = pins.path().to_owned();
    // In a namespace of its own: blocks by nftables, and a tap by clsact, of agents that are gone.
    let elsewhere = thread::spawn(move || {
        let _world = World::new();
        let inside = enforce::GateOptions {
            interfaces: sensor_user::interfaces::Selection::parse(&[VETH]).unwrap(),
            pin_dir: pin_dir.clone(),
            allow: Vec::new(),
            xdp_mode: enforce::XdpMode::Auto,
        };
        drop(enforce::open(Mode::Nftables, inside).unwrap());
        let mut tap = Tap::load(&TapOptions { hook: Hook::Clsact, ..TapOptions::default() }).unwrap();
        tap.keep_traces(&pin_dir);
        tap.attach(VETH).unwrap();
        std::mem::forget(tap);
        say.send(()).unwrap();
        wait.recv().unwrap();
        (run("nft", &["list", "tables"]), filters(VETH), qdiscs(VETH))
    });
    stands.recv().unwrap();
    let removed = enforce::detach(pins.path()).unwrap().join("\n");
    println!("{removed}");
    assert_eq!(removed.matches("(network namespace ").count(), 4, "{removed}");
    go_on.send(()).unwrap();
    let (tables, filters, qdiscs) = elsewhere.join().unwrap();
    assert_eq!((tables.as_str(), filters.as_str()), ("", ""));
    assert!(!qdiscs.contains("clsact"), "{qdiscs}");
    assert!(!pins.path().exists());
}
