use sensor_user::{capture::decode::LinkType, segment::Vlans};

use crate::frame::*;

fn vxlan(vni: u32, inner: &[u8]) -> Vec<u8> {
    [&[0x08, 0, 0, 0], &(vni << 8).to_be_bytes()[..], inner].concat()
}

fn geneve(vni: u32, option_words: u8, ethertype: u16, inner: &[u8]) -> Vec<u8> {
    let header = [&[option_words, 0], &ethertype.to_be_bytes()[..], &(vni << 8).to_be_bytes()].concat();
    [header, vec![0; usize::from(option_words) * 4], inner.to_vec()].concat()
}

fn gre(flags: u16, ethertype: u16, fields: usize, inner: &[u8]) -> Vec<u8> {
    [&flags.to_be_bytes()[..], &ethertype.to_be_bytes(), &vec![0; fields * 4], inner].concat()
}

fn in_udp(port: u16, payload: &[u8]) -> Vec<u8> {
    ethernet(IPV4, &ipv4(UDP, &udp(port, payload)))
}

fn in_gre(gre: &[u8]) -> Vec<u8> {
    ethernet(IPV4, &ipv4(GRE, gre))
}

#[test]
fn vxlan_and_geneve_give_their_vni() {
    let (frame, packet) = (request_frame(), request());
    let gpe = |next: u8, inner: &[u8]| [&[0x0c, 0, 0, next, 0xab, 0xcd, 0xef, 0], inner].concat();
    let service = [&[0x0f, 0xc2, 0x02, 0x03, 0, 0, 1, 0xff], frame.as_slice()].concat();
    let tunnels = [
        in_udp(4789, &vxlan(0x00ab_cdef, &frame)),
        in_udp(8472, &vxlan(0x00ab_cdef, &frame)),
        in_udp(4789, &vxlan(0x00ab_cdef, &ethernet(0x8100, &tag(7, IPV4, &packet)))),
        ethernet(IPV6, &ipv6(UDP, &udp(4789, &vxlan(0x00ab_cdef, &frame)))),
        in_udp(4790, &gpe(1, &packet)),
        in_udp(4790, &gpe(3, &frame)),
        in_udp(4790, &gpe(4, &service)),
        in_udp(6081, &geneve(0x00ab_cdef, 0, 0x6558, &frame)),
        in_udp(6081, &geneve(0x00ab_cdef, 63, 0x6558, &frame)),
        in_udp(6081, &geneve(0x00ab_cdef, 2, IPV4, &packet)),
    ];
    for tunnel in tunnels {
        assert_eq!(request_in(LinkType::ETHERNET, &tunnel).vni, Some(0x00ab_cdef));
    }
}

#[test]
fn the_innermost_network_counts() {
    let inner = in_udp(6081, &geneve(2, 0, 0x6558, &request_frame()));
    assert_eq!(request_in(LinkType::ETHERNET, &in_udp(4789, &vxlan(1, &inner))).vni, Some(2));
    // A tunnel without an identifier stays in the network it is in.
    let inner = ethernet(IPV4, &ipv4(4, &request()));
    assert_eq!(request_in(LinkType::ETHERNET, &in_udp(4789, &vxlan(1, &inner))).vni, Some(1));
}

#[test]
fn gre_is_taken_off_with_all_its_optional_fields() {
    let (frame, packet) = (request_frame(), request());
    let tunnels = [
        gre(0, IPV4, 0, &packet),
        gre(0x8000, IPV4, 1, &packet),
        gre(0x2000, IPV4, 1, &packet),
        gre(0x1000, IPV4, 1, &packet),
        gre(0xb000, IPV4, 3, &packet),
        gre(0x2000, 0x6558, 1, &frame),
        gre(0, 0x8847, 0, &[&[0, 1, 0x01, 64], packet.as_slice()].concat()),
        gre(0, 0x8100, 0, &tag(7, IPV4, &packet)),
        gre(0, IPV6, 0, &ipv6(TCP, &tcp(REQUEST))),
    ];
    for tunnel in tunnels {
        request_in(LinkType::ETHERNET, &in_gre(&tunnel));
    }
    request_in(LinkType::ETHERNET, &in_udp(4754, &gre(0, IPV4, 0, &packet)));
}

#[test]
fn all_three_types_of_erspan_are_taken_off() {
    let (frame, packet) = (request_frame(), request());
    let type_3 = |last: [u8; 2], extra: usize, inner: &[u8]| {
        [&[0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0], &last[..], &vec![0; extra], inner].concat()
    };
    let tunnels = [
        gre(0, 0x88be, 0, &frame),
        gre(0x1000, 0x88be, 1, &[&[0x10, 0, 0, 1, 0, 0, 0, 0], frame.as_slice()].concat()),
        gre(0x1000, 0x22eb, 1, &type_3([0, 0], 0, &frame)),
        gre(0x1000, 0x22eb, 1, &type_3([0, 1], 8, &frame)),
        gre(0x1000, 0x22eb, 1, &type_3([2 << 2, 0], 0, &packet)),
    ];
    for tunnel in tunnels {
        request_in(LinkType::ETHERNET, &in_gre(&tunnel));
    }
}

#[test]
fn ip_in_ip_is_taken_off_in_all_four_combinations() {
    let (v4, v6) = (request(), ipv6(TCP, &tcp(REQUEST)));
    for packet in [ipv4(4, &v4), ipv4(41, &v6), ipv6(4, &v4), ipv6(41, &v6), ipv4(4, &ipv4(41, &v6))] {
        request_in(LinkType::RAW, &packet);
    }
}

#[test]
fn the_underlays_vlan_is_not_the_networks() {
    let tunnel = ipv4(UDP, &udp(4789, &vxlan(1, &request_frame())));
    let seen = request_in(LinkType::ETHERNET, &ethernet(0x8100, &tag(7, IPV4, &tunnel)));
    assert_eq!(seen.vlans, Vlans::NONE);
    let inner = ethernet(0x8100, &tag(9, IPV4, &request()));
    let seen = request_in(LinkType::ETHERNET, &in_udp(4789, &vxlan(1, &inner)));
    assert_eq!(seen.vlans, Vlans::NONE.and(9));
}

#[test]
fn a_cut_is_told_through_a_tunnel() {
    let frame = in_udp(4789, &vxlan(1, &request_frame()));
    let seen = Bench::new().show_cut(LinkType::ETHERNET, &frame[..frame.len() - 4], frame.len());
    assert_eq!(seen[0].payload, REQUEST[..REQUEST.len() - 4]);
    assert_eq!(seen[0].wire_len as usize, REQUEST.len());
}

#[test]
fn tunnels_in_tunnels_without_end_are_counted() {
    let mut packet = request();
    for _ in 0..50 {
        packet = ipv4(4, &packet);
    }
    let mut bench = Bench::new();
    assert_eq!(bench.show(LinkType::RAW, &packet), []);
    assert_eq!(bench.counters().value("capture_too_deep_total"), 1);
}

#[test]
fn datagrams_on_a_tunnels_port_that_hold_no_tunnel_are_passed_over() {
    let mut bench = Bench::new();
    for payload in [&b""[..], b"\0", b"hello, this is no tunnel", &[0xff; 40]] {
        for port in [4789, 4790, 6081, 4754, 2152] {
            assert_eq!(bench.show(LinkType::ETHERNET, &in_udp(port, payload)), []);
        }
    }
}
