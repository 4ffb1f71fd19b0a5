//! The gate's judgement, frame by frame, without a wire.

use std::{thread, time::Duration};

use sensor_user::enforce::{BlockHits, Enforcer as _, xdp::XdpEnforcer};

use crate::support::{
    PinDir,
    frame::{tagged, udp},
    lasting, net, options, permanent, ready,
};

const NODE: &str = "198.51.100.1";
const NODE_V6: &str = "2001:db8:ffff::1";

fn gate(pins: &PinDir, allow: &[&str]) -> XdpEnforcer {
    XdpEnforcer::open(options(&[], pins, allow)).unwrap()
}

fn drops(gate: &mut XdpEnforcer, frame: &[u8]) -> bool {
    gate.try_frame(frame, 1).unwrap().dropped
}

#[test]
fn a_blocked_address_is_dropped_and_its_neighbour_passes() {
    if !ready() {
        return;
    }
    let pins = PinDir::new();
    let mut gate = gate(&pins, &[]);
    gate.block(&permanent("203.0.113.7/32")).unwrap();
    assert!(drops(&mut gate, &udp("203.0.113.7", NODE)));
    assert!(!drops(&mut gate, &udp("203.0.113.8", NODE)));
}

#[test]
fn a_blocked_prefix_drops_all_of_it() {
    if !ready() {
        return;
    }
    let pins = PinDir::new();
    let mut gate = gate(&pins, &[]);
    gate.block(&permanent("203.0.113.0/24")).unwrap();
    assert!(drops(&mut gate, &udp("203.0.113.255", NODE)));
    assert!(!drops(&mut gate, &udp("203.0.114.0", NODE)));
}

#[test]
fn ipv6_is_blocked_by_address_and_by_prefix() {
    if !ready() {
        return;
    }
    let pins = PinDir::new();
    let mut gate = gate(&pins, &[]);
    gate.block(&permanent("2001:db8:1::/48")).unwrap();
    gate.block(&permanent("2001:db8:2::7/128")).unwrap();
    assert!(drops(&mut gate, &udp("2001:db8:1:2::3", NODE_V6)));
    assert!(drops(&mut gate, &udp("2001:db8:2::7", NODE_V6)));
    assert!(!drops(&mut gate, &udp("2001:db8:2::8", NODE_V6)));
}

#[test]
fn an_ipv4_address_written_as_ipv6_blocks_ipv4() {
    if !ready() {
        return;
    }
    let pins = PinDir::new();
    let mut gate = gate(&pins, &[]);
    gate.block(&permanent("::ffff:203.0.113.7/128")).unwrap();
    assert!(drops(&mut gate, &udp("203.0.113.7", NODE)));
}

#[test]
fn a_block_holds_behind_one_vlan_tag_and_behind_two() {
    if !ready() {
        return;
    }
    let pins = PinDir::new();
    let mut gate = gate(&pins, &[]);
    gate.block(&permanent("203.0.113.7/32")).unwrap();
    gate.block(&permanent("2001:db8:1::/48")).unwrap();
    assert!(drops(&mut gate, &tagged("203.0.113.7", NODE, &[10])));
    assert!(drops(&mut gate, &tagged("203.0.113.7", NODE, &[10, 20])));
    assert!(drops(&mut gate, &tagged("2001:db8:1::1", NODE_V6, &[10])));
    assert!(!drops(&mut gate, &tagged("203.0.113.8", NODE, &[10, 20])));
}

#[test]
fn an_allowed_address_inside_a_blocked_prefix_passes() {
    if !ready() {
        return;
    }
    let pins = PinDir::new();
    let mut gate = gate(&pins, &["203.0.113.7/32"]);
    gate.block(&permanent("203.0.113.0/24")).unwrap();
    assert!(!drops(&mut gate, &udp("203.0.113.7", NODE)));
    assert!(drops(&mut gate, &udp("203.0.113.8", NODE)));
    assert_eq!(gate.counters().value("gate_allowed_total"), 1);
}

#[test]
fn a_block_within_the_allow_list_is_refused_with_the_reason() {
    if !ready() {
        return;
    }
    let pins = PinDir::new();
    let mut gate = gate(&pins, &["203.0.113.0/24"]);
    let refusal = gate.block(&permanent("203.0.113.7/32")).unwrap().unwrap();
    assert!(refusal.reason.contains("allow list"), "{}", refusal.reason);
    assert!(!drops(&mut gate, &udp("203.0.113.7", NODE)));
}

#[test]
fn a_block_ends_by_itself() {
    if !ready() {
        return;
    }
    let pins = PinDir::new();
    let mut gate = gate(&pins, &[]);
    gate.block(&lasting("203.0.113.7/32", Duration::from_millis(300))).unwrap();
    assert!(drops(&mut gate, &udp("203.0.113.7", NODE)));
    thread::sleep(Duration::from_millis(350));
    assert!(!drops(&mut gate, &udp("203.0.113.7", NODE)));
}

#[test]
fn a_short_block_that_ends_leaves_the_longer_one_around_it() {
    if !ready() {
        return;
    }
    let pins = PinDir::new();
    let mut gate = gate(&pins, &[]);
    gate.block(&permanent("203.0.0.0/16")).unwrap();
    gate.block(&lasting("203.0.113.0/24", Duration::from_millis(50))).unwrap();
    gate.block(&lasting("203.0.113.7/32", Duration::from_millis(50))).unwrap();
    thread::sleep(Duration::from_millis(100));
    assert!(drops(&mut gate, &udp("203.0.113.7", NODE)));
}

#[test]
fn the_sweep_takes_out_what_has_ended_and_counts_it() {
    if !ready() {
        return;
    }
    let pins = PinDir::new();
    let mut gate = gate(&pins, &[]);
    gate.block(&lasting("203.0.113.7/32", Duration::from_millis(50))).unwrap();
    gate.block(&permanent("203.0.113.8/32")).unwrap();
    thread::sleep(Duration::from_millis(100));
    gate.sweep().unwrap();
    assert!(drops(&mut gate, &udp("203.0.113.8", NODE)));
    let counters = gate.counters();
    assert_eq!((counters.value("gate_entries"), counters.value("enforce_expired_total")), (1, 1));
}

#[test]
fn hits_are_counted_per_entry_in_packets_and_bytes() {
    if !ready() {
        return;
    }
    let pins = PinDir::new();
    let mut gate = gate(&pins, &[]);
    gate.block(&permanent("203.0.113.7/32")).unwrap();
    gate.block(&permanent("203.0.113.0/24")).unwrap();
    let frame = udp("203.0.113.7", NODE);
    gate.try_frame(&frame, 3).unwrap();
    let hits = gate.hits().unwrap();
    let bytes = 3 * frame.len() as u64;
    assert_eq!(
        hits,
        [BlockHits { net: net("203.0.113.7/32"), packets: 3, bytes }],
        "the longest prefix alone"
    );
    assert_eq!(gate.counters().value("gate_dropped_ipv4_total"), 3);
}

#[test]
fn malformed_packets_pass_and_are_counted() {
    if !ready() {
        return;
    }
    let pins = PinDir::new();
    let mut gate = gate(&pins, &[]);
    gate.block(&permanent("0.0.0.0/0")).unwrap();
    gate.block(&permanent("::/0")).unwrap();
    let whole = udp("203.0.113.7", NODE);
    let cut = &whole[..30];
    let mut wrong_version = whole.clone();
    wrong_version[14] = 0x65;
    let mut short_header = whole.clone();
    short_header[14] = 0x44;
    let cut_v6 = &udp("2001:db8::1", NODE_V6)[..40];
    for frame in [cut, &wrong_version, &short_header, cut_v6] {
        assert!(!drops(&mut gate, frame));
    }
    assert_eq!(gate.counters().value("gate_malformed_total"), 4);
}

#[test]
fn what_is_not_ip_passes() {
    if !ready() {
        return;
    }
    let pins = PinDir::new();
    let mut gate = gate(&pins, &[]);
    gate.block(&permanent("0.0.0.0/0")).unwrap();
    let mut arp = vec![0; 42];
    arp[12..14].copy_from_slice(&[0x08, 0x06]);
    assert!(!drops(&mut gate, &arp));
    assert_eq!(gate.counters().value("gate_not_ip_total"), 1);
}

#[test]
fn replacing_the_list_leaves_what_stays_with_its_counters() {
    if !ready() {
        return;
    }
    let pins = PinDir::new();
    let mut gate = gate(&pins, &[]);
    gate.replace(&[permanent("203.0.113.7/32"), permanent("203.0.113.8/32")]).unwrap();
    gate.try_frame(&udp("203.0.113.7", NODE), 1).unwrap();
    gate.replace(&[permanent("203.0.113.7/32"), permanent("203.0.113.9/32")]).unwrap();
    let hits: Vec<_> = gate.hits().unwrap().into_iter().map(|hits| (hits.net, hits.packets)).collect();
    assert_eq!(hits, [(net("203.0.113.7/32"), 1)]);
    assert!(!drops(&mut gate, &udp("203.0.113.8", NODE)));
    assert!(drops(&mut gate, &udp("203.0.113.9", NODE)));
}
