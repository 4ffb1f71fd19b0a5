use std::{thread, time::Duration};

use sensor_user::enforce::{Enforcer, GateMode};

use super::{Backend, over_all};
use crate::support::{
    PinDir,
    frame::tagged,
    lasting, meant, net, permanent,
    world::{NODE_V4, VETH, World, ip},
};

over_all!(
    an_address_is_blocked_and_unblocked,
    an_ipv6_prefix_is_blocked_and_unblocked,
    an_ipv4_address_written_as_ipv6_blocks_ipv4,
    a_block_of_everything_drops_all_but_who_is_allowed,
    allow_wins_over_block,
    a_block_that_would_cut_the_node_off_is_refused,
    the_list_is_replaced,
    what_is_blocked_twice_or_lifted_twice_is_no_error,
    a_short_block_inside_a_longer_one_ends_alone,
    a_short_block_around_a_longer_one_ends_alone,
    the_longest_prefix_has_the_hit,
    hits_are_counted_by_entry_and_in_all,
    a_block_that_was_lifted_takes_its_hits_with_it,
    an_end_is_put_off_without_a_gap_and_keeps_its_hits,
    an_end_is_brought_forward,
    an_end_that_passes_is_swept_and_counted,
    monitoring_lets_pass_and_counts_what_it_would_drop,
    a_vlan_tag_hides_nobody,
    interfaces_are_followed_as_they_come_and_go,
);

fn hits(enforcer: &mut dyn Enforcer, of: &str) -> (u64, u64) {
    let hits = enforcer.hits().unwrap();
    hits.iter().find(|hit| hit.net == net(of)).map_or((0, 0), |hit| (hit.packets, hit.bytes))
}

fn an_address_is_blocked_and_unblocked(backend: Backend) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = backend.open(&pins, &[]);
    assert!(world.arrives_from("192.0.2.10"), "{backend}");
    enforcer.block(&permanent("192.0.2.10/32")).unwrap();
    assert!(!world.arrives_from("192.0.2.10"), "{backend}");
    assert!(world.arrives_from("192.0.2.11"), "{backend}");
    enforcer.unblock(net("192.0.2.10/32")).unwrap();
    assert!(world.arrives_from("192.0.2.10"), "{backend}");
}

fn an_ipv6_prefix_is_blocked_and_unblocked(backend: Backend) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = backend.open(&pins, &[]);
    enforcer.block(&permanent("2001:db8::10/124")).unwrap();
    assert!(!world.arrives_from("2001:db8::10"), "{backend}");
    enforcer.unblock(net("2001:db8::10/124")).unwrap();
    assert!(world.arrives_from("2001:db8::10"), "{backend}");
}

fn an_ipv4_address_written_as_ipv6_blocks_ipv4(backend: Backend) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = backend.open(&pins, &[]);
    enforcer.block(&permanent("::ffff:192.0.2.10/128")).unwrap();
    assert!(!world.arrives_from("192.0.2.10"), "{backend}");
}

fn a_block_of_everything_drops_all_but_who_is_allowed(backend: Backend) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = backend.open(&pins, &["192.0.2.11/32"]);
    enforcer.block(&permanent("0.0.0.0/0")).unwrap();
    assert!(!world.arrives_from("192.0.2.10"), "{backend}");
    assert!(world.arrives_from("192.0.2.11"), "{backend}");
    assert!(world.arrives_from("2001:db8::10"), "{backend}");
}

fn allow_wins_over_block(backend: Backend) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = backend.open(&pins, &["192.0.2.11/32", "2001:db8::11/128"]);
    enforcer.replace(&[permanent("192.0.2.0/24"), permanent("2001:db8::/64")]).unwrap();
    assert!(world.arrives_from("192.0.2.11") && world.arrives_from("2001:db8::11"), "{backend}");
    assert!(!world.arrives_from("192.0.2.10") && !world.arrives_from("2001:db8::10"), "{backend}");
    assert!(enforcer.counters().value("gate_allowed_total") >= 2, "{backend}");
}

fn a_block_that_would_cut_the_node_off_is_refused(backend: Backend) {
    let (_world, pins) = (World::new(), PinDir::new());
    let mut enforcer = backend.open(&pins, &["192.0.2.11/32"]);
    for (text, why) in [
        ("192.0.2.1/32", "own address"),
        ("2001:db8::1/128", "own address"),
        ("127.0.0.0/8", "loopback"),
        ("192.0.2.11/32", "allow list"),
    ] {
        let refusal = enforcer.block(&permanent(text)).unwrap();
        let refusal = refusal.unwrap_or_else(|| panic!("{backend}: {text} is not refused"));
        assert!(refusal.reason.contains(why), "{backend}: {}", refusal.reason);
    }
    assert_eq!(enforcer.counters().value("enforce_refused_total"), 4, "{backend}");
}

fn the_list_is_replaced(backend: Backend) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = backend.open(&pins, &[]);
    enforcer.replace(&[permanent("192.0.2.10/32"), permanent("192.0.2.11/32")]).unwrap();
    let refusals = enforcer
        .replace(&[permanent("192.0.2.11/32"), permanent("192.0.2.12/31"), permanent("192.0.2.1/32")])
        .unwrap();
    assert_eq!(refusals.len(), 1, "{backend}: {refusals:?}");
    assert!(world.arrives_from("192.0.2.10"), "{backend}");
    assert!(!world.arrives_from("192.0.2.11"), "{backend}");
    assert!(!world.arrives_from("192.0.2.12"), "{backend}");
    enforcer.replace(&[]).unwrap();
    assert!(world.arrives_from("192.0.2.11") && world.arrives_from("192.0.2.12"), "{backend}");
}

fn what_is_blocked_twice_or_lifted_twice_is_no_error(backend: Backend) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = backend.open(&pins, &[]);
    for _ in 0..2 {
        assert_eq!(enforcer.block(&permanent("192.0.2.10/32")).unwrap(), None, "{backend}");
        assert_eq!(enforcer.block(&permanent("198.51.100.0/24")).unwrap(), None, "{backend}");
    }
    assert!(!world.arrives_from("192.0.2.10"), "{backend}");
    for _ in 0..2 {
        enforcer.unblock(net("192.0.2.10/32")).unwrap();
        enforcer.unblock(net("203.0.113.0/25")).unwrap();
    }
    assert!(world.arrives_from("192.0.2.10"), "{backend}");
}

fn a_short_block_inside_a_longer_one_ends_alone(backend: Backend) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = backend.open(&pins, &[]);
    enforcer.block(&permanent("192.0.2.10/31")).unwrap();
    enforcer.block(&lasting("192.0.2.10/32", Duration::from_secs(1))).unwrap();
    thread::sleep(Duration::from_millis(1500));
    assert!(!world.arrives_from("192.0.2.10"), "{backend}");
    enforcer.unblock(net("192.0.2.10/31")).unwrap();
    assert!(world.arrives_from("192.0.2.10"), "{backend}");
}

fn a_short_block_around_a_longer_one_ends_alone(backend: Backend) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = backend.open(&pins, &[]);
    enforcer.replace(&[lasting("192.0.2.0/24", Duration::from_secs(1)), permanent("192.0.2.10/32")]).unwrap();
    assert!(!world.arrives_from("192.0.2.11"), "{backend}");
    thread::sleep(Duration::from_millis(1500));
    assert!(world.arrives_from("192.0.2.11"), "{backend}");
    assert!(!world.arrives_from("192.0.2.10"), "{backend}");
}

fn the_longest_prefix_has_the_hit(backend: Backend) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = backend.open(&pins, &[]);
    // The shorter ones first, and one that comes later in between.
    for text in ["192.0.0.0/16", "192.0.2.10/32", "192.0.2.0/24"] {
        enforcer.block(&permanent(text)).unwrap();
    }
    assert!(!world.arrives_from("192.0.2.10"), "{backend}");
    assert!(!world.arrives_from("192.0.2.11"), "{backend}");
    enforcer.unblock(net("192.0.2.10/32")).unwrap();
    assert!(!world.arrives_from("192.0.2.10"), "{backend}");
    let mut of = |text| hits(enforcer.as_mut(), text).0;
    assert_eq!((of("192.0.2.0/24"), of("192.0.0.0/16")), (2, 0), "{backend}");
}

fn hits_are_counted_by_entry_and_in_all(backend: Backend) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = backend.open(&pins, &[]);
    enforcer.replace(&[permanent("192.0.2.10/32"), permanent("192.0.2.11/32")]).unwrap();
    assert!(!world.arrives_from("192.0.2.10"), "{backend}");
    let (packets, bytes) = hits(enforcer.as_mut(), "192.0.2.10/32");
    // At least the IP and UDP headers.
    assert!(packets == 1 && bytes > 28, "{backend}: {packets} packets, {bytes} bytes");
    assert_eq!(hits(enforcer.as_mut(), "192.0.2.11/32"), (0, 0), "{backend}");
    assert_eq!(enforcer.counters().value("gate_dropped_ipv4_total"), 1, "{backend}");
}

fn a_block_that_was_lifted_takes_its_hits_with_it(backend: Backend) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = backend.open(&pins, &[]);
    enforcer.block(&permanent("192.0.2.10/32")).unwrap();
    assert!(!world.arrives_from("192.0.2.10"), "{backend}");
    enforcer.unblock(net("192.0.2.10/32")).unwrap();
    enforcer.block(&permanent("192.0.2.10/32")).unwrap();
    assert_eq!(hits(enforcer.as_mut(), "192.0.2.10/32"), (0, 0), "{backend}");
}

fn an_end_is_put_off_without_a_gap_and_keeps_its_hits(backend: Backend) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = backend.open(&pins, &[]);
    enforcer.block(&lasting("192.0.2.10/32", Duration::from_secs(1))).unwrap();
    assert!(!world.arrives_from("192.0.2.10"), "{backend}");
    let flood = world.flood("192.0.2.10");
    enforcer.block(&lasting("192.0.2.10/32", Duration::from_secs(600))).unwrap();
    thread::sleep(Duration::from_millis(1500));
    enforcer.block(&permanent("192.0.2.10/32")).unwrap();
    flood.more(100);
    assert_eq!(flood.end(), 0, "{backend}: packets came through");
    assert!(hits(enforcer.as_mut(), "192.0.2.10/32").0 > 100, "{backend}");
}

fn an_end_is_brought_forward(backend: Backend) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = backend.open(&pins, &[]);
    enforcer.block(&permanent("192.0.2.10/32")).unwrap();
    enforcer.block(&lasting("192.0.2.10/32", Duration::from_secs(1))).unwrap();
    assert!(!world.arrives_from("192.0.2.10"), "{backend}");
    thread::sleep(Duration::from_millis(1300));
    assert!(world.arrives_from("192.0.2.10"), "{backend}");
}

fn an_end_that_passes_is_swept_and_counted(backend: Backend) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = backend.open(&pins, &[]);
    enforcer.block(&lasting("192.0.2.10/32", Duration::from_millis(300))).unwrap();
    enforcer.block(&permanent("192.0.2.11/32")).unwrap();
    thread::sleep(Duration::from_millis(400));
    enforcer.sweep().unwrap();
    assert_eq!(enforcer.counters().value("enforce_expired_total"), 1, "{backend}");
    assert!(world.arrives_from("192.0.2.10") && !world.arrives_from("192.0.2.11"), "{backend}");
}

fn monitoring_lets_pass_and_counts_what_it_would_drop(backend: Backend) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut first = backend.open(&pins, &[]);
    first.set_mode(GateMode::Monitor).unwrap();
    first.block(&permanent("192.0.2.10/32")).unwrap();
    assert!(world.arrives_from("192.0.2.10"), "{backend}");
    let counters = first.counters();
    assert_eq!(counters.value("gate_would_drop_ipv4_total"), 1, "{backend}");
    assert_eq!(counters.value("gate_dropped_ipv4_total"), 0, "{backend}");
    assert_eq!(hits(first.as_mut(), "192.0.2.10/32").0, 1, "{backend}");
    drop(first);
    let mut second = backend.open(&pins, &[]);
    assert_eq!(second.gate_mode(), GateMode::Monitor, "{backend}");
    second.set_mode(GateMode::Enforce).unwrap();
    assert!(!world.arrives_from("192.0.2.10"), "{backend}");
}

fn a_vlan_tag_hides_nobody(backend: Backend) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = backend.open(&pins, &[]);
    if backend == Backend::Prerouting {
        // Frames of a VLAN that has no device here never get there; those of one that has come by that device.
        let note = enforcer.interfaces().remove(0).note;
        assert!(note.contains("VLAN"), "{backend}: {note}");
        return;
    }
    enforcer.block(&permanent("203.0.113.7/32")).unwrap();
    world.send_frame(tagged("203.0.113.7", NODE_V4, &[10]));
    thread::sleep(Duration::from_millis(100));
    assert_eq!(hits(enforcer.as_mut(), "203.0.113.7/32").0, 1, "{backend}");
}

fn interfaces_are_followed_as_they_come_and_go(backend: Backend) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = backend.open_on("lo", &pins, &[]);
    let follow = |enforcer: &mut dyn Enforcer, names: &[&str]| {
        enforcer.follow(&meant(names).resolve().unwrap()).unwrap();
        let mut guarded: Vec<String> = enforcer.interfaces().into_iter().map(|guard| guard.name).collect();
        guarded.sort_unstable();
        assert_eq!(guarded, names, "{backend}");
    };
    enforcer.block(&permanent("192.0.2.10/32")).unwrap();
    assert!(world.arrives_from("192.0.2.10"), "{backend}");
    follow(enforcer.as_mut(), &["lo", VETH]);
    assert!(!world.arrives_from("192.0.2.10"), "{backend}");
    follow(enforcer.as_mut(), &["lo"]);
    assert!(world.arrives_from("192.0.2.10"), "{backend}");
    follow(enforcer.as_mut(), &["lo", VETH]);
    ip(&["link", "delete", VETH]);
    enforcer.sweep().unwrap();
    follow(enforcer.as_mut(), &["lo"]);
    assert_eq!(enforcer.counters().value("enforce_laid_again_total"), 0, "{backend}");
}
