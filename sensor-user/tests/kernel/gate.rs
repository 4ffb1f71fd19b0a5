//! The gate's judgement, frame by frame, without a wire.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    thread,
    time::{Duration, Instant},
};

use ipnet::IpNet;
use portcullis_sensor_common::gate::MAX_ENTRIES;

use sensor_user::enforce::{Block, BlockHits, Enforcer as _, xdp::XdpEnforcer};

use crate::support::{
    PinDir,
    frame::{tagged, udp},
    lasting, net, options, permanent, ready,
    world::{VETH, World},
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

/// Judges as the gate has to, by looking at everything.
struct Model {
    allowed: Vec<IpNet>,
    blocked: Vec<IpNet>,
}

impl Model {
    fn drops(&self, address: IpAddr) -> bool {
        let holds = |nets: &[IpNet]| nets.iter().any(|net| net.contains(&address));
        !holds(&self.allowed) && holds(&self.blocked)
    }
}

/// Few enough addresses that prefixes lie in each other and are hit.
fn any_address(random: &mut fastrand::Rng) -> IpAddr {
    if random.bool() {
        Ipv4Addr::new(20, random.u8(..4), random.u8(..4), random.u8(..8)).into()
    } else {
        let [a, b, c] = [random.u16(..4), random.u16(..4), random.u16(..8)];
        Ipv6Addr::new(0x2001, 0xdb8 + a, b, 0, 0, 0, 0, c).into()
    }
}

fn any_net(random: &mut fastrand::Rng) -> IpNet {
    let address = any_address(random);
    let shortest = if address.is_ipv4() { 12 } else { 28 };
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let len = if random.bool() { longest } else { random.u8(shortest..=longest) };
    IpNet::new(address, len).unwrap().trunc()
}

#[test]
fn whatever_is_listed_and_taken_off_again_it_judges_as_looking_at_everything_does() {
    if !ready() {
        return;
    }
    let mut random = fastrand::Rng::with_seed(20);
    let pins = PinDir::new();
    let allowed: Vec<IpNet> = (0..6).map(|_| any_net(&mut random)).collect();
    let texts: Vec<String> = allowed.iter().map(ToString::to_string).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut gate = gate(&pins, &texts);
    let mut model = Model { allowed, blocked: Vec::new() };
    for round in 0..12 {
        model.blocked = (0..40).map(|_| any_net(&mut random)).collect();
        let blocks: Vec<_> =
            model.blocked.iter().map(|net| Block { net: *net, ..permanent("192.0.2.1/32") }).collect();
        gate.replace(&blocks).unwrap();
        for net in model.blocked.split_off(random.usize(20..40)) {
            if !model.blocked.contains(&net) {
                gate.unblock(net).unwrap();
            }
        }
        for _ in 0..200 {
            let from = any_address(&mut random);
            let to = if from.is_ipv4() { NODE } else { NODE_V6 };
            assert_eq!(
                drops(&mut gate, &udp(&from.to_string(), to)),
                model.drops(from),
                "{from} in round {round}"
            );
        }
    }
}

#[test]
fn hits_of_many_blocks_by_turns_are_all_counted() {
    if !ready() {
        return;
    }
    let pins = PinDir::new();
    let mut gate = gate(&pins, &[]);
    let addresses: Vec<String> = (0..4000).map(|n| format!("20.0.{}.{}", n / 200, n % 200)).collect();
    let blocks: Vec<_> = addresses.iter().map(|address| permanent(&format!("{address}/32"))).collect();
    gate.replace(&blocks).unwrap();
    for _ in 0..2 {
        for address in &addresses {
            assert!(drops(&mut gate, &udp(address, NODE)));
        }
    }
    let uncounted = gate.counters().value("gate_hits_uncounted_total");
    let hits = gate.hits().unwrap();
    assert_eq!(hits.iter().map(|hits| hits.packets).sum::<u64>() + uncounted, 8000);
    assert!(hits.iter().all(|hits| hits.packets <= 2) && uncounted < 800, "{uncounted} uncounted");
}

#[test]
fn the_tcx_gate_judges_as_the_xdp_gate_does() {
    if !ready() {
        return;
    }
    let (world, pins) = (World::new(), PinDir::new());
    let mut gate = XdpEnforcer::open(options(&[VETH], &pins, &["203.0.113.8/32"])).unwrap();
    assert_eq!(gate.interfaces()[0].mode, "tcx");
    gate.block(&permanent("203.0.113.0/24")).unwrap();
    gate.block(&permanent("2001:db8:1::/48")).unwrap();
    let before = gate.counters();
    for frame in [
        udp("203.0.113.7", NODE),
        tagged("203.0.113.7", NODE, &[10]),
        tagged("203.0.113.7", NODE, &[10, 20]),
        udp("203.0.113.8", NODE),
        udp("2001:db8:1::7", NODE_V6),
        udp("2001:db8:2::7", NODE_V6),
        udp("203.0.113.7", NODE)[..30].to_vec(),
    ] {
        world.send_frame(frame);
    }
    thread::sleep(Duration::from_millis(100));
    let after = gate.counters();
    let more = |name: &str| after.value(name) - before.value(name);
    assert_eq!((more("gate_dropped_ipv4_total"), more("gate_dropped_ipv6_total")), (3, 1));
    assert_eq!((more("gate_allowed_total"), more("gate_malformed_total")), (1, 1));
}

#[test]
fn a_million_blocks_hold_through_a_restart_and_what_is_more_is_refused_and_counted() {
    if !ready() {
        return;
    }
    let block = |n: u32| Block {
        net: IpNet::new(Ipv4Addr::from(0x1400_0000 + 7 * n).into(), 32).unwrap(),
        remaining: None,
    };
    let address = |n: u32| Ipv4Addr::from(0x1400_0000 + 7 * n).to_string();
    let most = u32::try_from(MAX_ENTRIES).unwrap();
    let pins = PinDir::new();
    let mut first = gate(&pins, &[]);
    let blocks: Vec<_> = (0..most + 3).map(block).collect();
    let refusals = first.replace(&blocks).unwrap();
    assert_eq!(refusals.len(), 3);
    assert!(refusals[0].reason.contains("1048576"), "{}", refusals[0].reason);
    assert_eq!(first.counters().value("enforce_refused_total"), 3);
    let refused: Vec<IpNet> = refusals.iter().map(|refusal| refusal.net).collect();
    let held = (0..most).map(|n| n * 4099 % most).filter(|n| !refused.contains(&block(*n).net)).take(100);
    let held: Vec<u32> = held.collect();
    for n in &held {
        assert!(drops(&mut first, &udp(&address(*n), NODE)), "{}", address(*n));
    }
    drop(first);
    let mut next = gate(&pins, &[]);
    assert_eq!(next.counters().value("gate_entries"), u64::from(most));
    let hits = next.hits().unwrap();
    let mut hit: Vec<IpNet> = held.iter().map(|n| block(*n).net).collect();
    hit.sort_unstable();
    assert_eq!(
        hits.iter().map(|hits| (hits.net, hits.packets)).collect::<Vec<_>>(),
        hit.iter().map(|net| (*net, 1)).collect::<Vec<_>>()
    );
    let began = Instant::now();
    next.sweep().unwrap();
    assert!(began.elapsed() < Duration::from_millis(500), "a sweep walks no list: {:?}", began.elapsed());
    next.replace(&[]).unwrap();
    assert_eq!(next.counters().value("gate_entries"), 0);
    assert!(!drops(&mut next, &udp(&address(held[0]), NODE)));
}
