//! What every enforcer promises, on real packets.

use std::{thread, time::Duration};

use sensor_user::enforce::{Enforcer, GateMode, Mode};

use crate::support::{
    PinDir,
    frame::tagged,
    lasting, net, options, permanent, ready,
    world::{NODE_V4, VETH, World, ip, run},
};

fn enforcer(mode: Mode, pins: &PinDir, allow: &[&str]) -> Box<dyn Enforcer> {
    sensor_user::enforce::open(mode, options(&[VETH], pins, allow)).unwrap_or_else(|error| panic!("{error}"))
}

fn an_address_is_blocked_and_unblocked(mode: Mode) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = enforcer(mode, &pins, &[]);
    assert!(world.arrives_from("192.0.2.10"));
    enforcer.block(&permanent("192.0.2.10/32")).unwrap();
    assert!(!world.arrives_from("192.0.2.10"));
    assert!(world.arrives_from("192.0.2.11"));
    enforcer.unblock(net("192.0.2.10/32")).unwrap();
    assert!(world.arrives_from("192.0.2.10"));
}

fn an_ipv6_prefix_is_blocked_and_unblocked(mode: Mode) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = enforcer(mode, &pins, &[]);
    enforcer.block(&permanent("2001:db8::10/124")).unwrap();
    assert!(!world.arrives_from("2001:db8::10"));
    enforcer.unblock(net("2001:db8::10/124")).unwrap();
    assert!(world.arrives_from("2001:db8::10"));
}

fn allow_wins_over_block(mode: Mode) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = enforcer(mode, &pins, &["192.0.2.11/32"]);
    enforcer.block(&permanent("192.0.2.0/24")).unwrap();
    assert!(world.arrives_from("192.0.2.11"));
    assert!(!world.arrives_from("192.0.2.10"));
}

fn a_block_of_the_nodes_own_address_is_refused(mode: Mode) {
    let (_world, pins) = (World::new(), PinDir::new());
    let mut enforcer = enforcer(mode, &pins, &[]);
    let refusal = enforcer.block(&permanent("192.0.2.1/32")).unwrap().unwrap();
    assert!(refusal.reason.contains("own address"), "{}", refusal.reason);
}

fn hits_are_counted(mode: Mode) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = enforcer(mode, &pins, &[]);
    enforcer.replace(&[permanent("192.0.2.10/32"), permanent("192.0.2.11/32")]).unwrap();
    assert!(!world.arrives_from("192.0.2.10"));
    let hits = enforcer.hits().unwrap();
    assert_eq!((hits[0].net, hits[0].packets), (net("192.0.2.10/32"), 1));
    assert!(hits[0].bytes > 28);
    assert_eq!(hits.len(), 1, "of what was never hit there is nothing to tell");
    assert_eq!(enforcer.counters().value("gate_dropped_ipv4_total"), 1);
}

fn a_block_holds_behind_a_vlan_tag(mode: Mode) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = enforcer(mode, &pins, &[]);
    enforcer.block(&permanent("203.0.113.7/32")).unwrap();
    world.send_frame(tagged("203.0.113.7", NODE_V4, &[10]));
    thread::sleep(Duration::from_millis(100));
    assert_eq!(enforcer.hits().unwrap()[0].packets, 1);
}

fn a_block_ends_with_nobody_left_to_end_it(mode: Mode) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = enforcer(mode, &pins, &[]);
    enforcer.block(&lasting("192.0.2.10/32", Duration::from_secs(2))).unwrap();
    // Nothing is cleaned up, as when the process is killed.
    drop(enforcer);
    assert!(!world.arrives_from("192.0.2.10"));
    thread::sleep(Duration::from_millis(2500));
    assert!(world.arrives_from("192.0.2.10"));
}

fn a_block_outlives_its_enforcer_and_the_next_one_knows_it(mode: Mode) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut first = enforcer(mode, &pins, &[]);
    first.block(&permanent("192.0.2.10/32")).unwrap();
    drop(first);
    assert!(!world.arrives_from("192.0.2.10"));
    let mut second = enforcer(mode, &pins, &[]);
    assert_eq!(second.hits().unwrap()[0].packets, 1);
    second.unblock(net("192.0.2.10/32")).unwrap();
    assert!(world.arrives_from("192.0.2.10"));
}

fn an_end_can_be_put_off_without_a_gap_and_keeps_its_hits(mode: Mode) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = enforcer(mode, &pins, &[]);
    enforcer.block(&lasting("192.0.2.10/32", Duration::from_secs(2))).unwrap();
    assert!(!world.arrives_from("192.0.2.10"));
    enforcer.block(&lasting("192.0.2.10/32", Duration::from_secs(600))).unwrap();
    thread::sleep(Duration::from_millis(2500));
    assert!(!world.arrives_from("192.0.2.10"));
    assert_eq!(enforcer.hits().unwrap()[0].packets, 2);
}

fn monitoring_lets_pass_and_counts_what_it_would_drop(mode: Mode) {
    let (world, pins) = (World::new(), PinDir::new());
    let mut first = enforcer(mode, &pins, &[]);
    first.set_mode(GateMode::Monitor).unwrap();
    first.block(&permanent("192.0.2.10/32")).unwrap();
    assert!(world.arrives_from("192.0.2.10"));
    let counters = first.counters();
    assert_eq!(counters.value("gate_would_drop_ipv4_total"), 1);
    assert_eq!(counters.value("gate_dropped_ipv4_total"), 0);
    assert_eq!(first.hits().unwrap()[0].packets, 1);
    drop(first);
    let mut second = enforcer(mode, &pins, &[]);
    assert_eq!(second.gate_mode(), GateMode::Monitor);
    second.set_mode(GateMode::Enforce).unwrap();
    assert!(!world.arrives_from("192.0.2.10"));
}

fn detaching_leaves_nothing(mode: Mode) {
    let (world, pins) = (World::new(), PinDir::new());
    run("nft", &["add", "table", "inet", "somebody"]);
    let mut enforcer = enforcer(mode, &pins, &[]);
    enforcer.block(&permanent("192.0.2.10/32")).unwrap();
    enforcer.detach().unwrap();
    assert!(world.arrives_from("192.0.2.10"));
    assert!(!ip(&["-details", "link", "show", VETH]).contains("xdp"));
    assert!(!pins.path().exists());
    assert_eq!(run("nft", &["list", "tables"]), "table inet somebody\n");
}

macro_rules! over_both {
    ($($behaviour:ident),+ $(,)?) => {
        mod xdp {
            $(#[test]
            fn $behaviour() {
                if crate::support::ready() {
                    super::$behaviour(super::Mode::Xdp);
                }
            })+
        }
        mod nftables {
            $(#[test]
            fn $behaviour() {
                if crate::support::ready() {
                    super::$behaviour(super::Mode::Nftables);
                }
            })+
        }
    };
}

over_both!(
    an_address_is_blocked_and_unblocked,
    an_ipv6_prefix_is_blocked_and_unblocked,
    allow_wins_over_block,
    a_block_of_the_nodes_own_address_is_refused,
    hits_are_counted,
    a_block_holds_behind_a_vlan_tag,
    a_block_ends_with_nobody_left_to_end_it,
    a_block_outlives_its_enforcer_and_the_next_one_knows_it,
    an_end_can_be_put_off_without_a_gap_and_keeps_its_hits,
    monitoring_lets_pass_and_counts_what_it_would_drop,
    detaching_leaves_nothing,
);

#[test]
fn nftables_ends_a_short_block_inside_a_longer_one_alone() {
    if !ready() {
        return;
    }
    let (world, pins) = (World::new(), PinDir::new());
    let mut enforcer = enforcer(Mode::Nftables, &pins, &[]);
    enforcer.block(&permanent("192.0.2.10/31")).unwrap();
    enforcer.block(&lasting("192.0.2.10/32", Duration::from_secs(1))).unwrap();
    thread::sleep(Duration::from_millis(1500));
    assert!(!world.arrives_from("192.0.2.10"));
}
