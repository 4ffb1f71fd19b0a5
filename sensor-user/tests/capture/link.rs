use sensor_user::capture::decode::LinkType;

use crate::frame::*;

#[test]
fn every_link_layer_leads_to_the_same_segment() {
    let (v4, v6) = (request(), ipv6(TCP, &tcp(REQUEST)));
    let after = |header: &[u8], packet: &[u8]| [header, packet].concat();
    let cooked =
        |protocol: u16| [&[0, 0, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0], &protocol.to_be_bytes()[..]].concat();
    let cooked_2 = |protocol: u16| {
        [&protocol.to_be_bytes()[..], &[0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0]].concat()
    };
    let frames = [
        (LinkType::ETHERNET, ethernet(IPV4, &v4)),
        (LinkType::ETHERNET, ethernet(IPV6, &v6)),
        (LinkType::LINUX_SLL, after(&cooked(IPV4), &v4)),
        (LinkType::LINUX_SLL, after(&cooked(IPV6), &v6)),
        (LinkType::LINUX_SLL, after(&cooked(0x8100), &tag(7, IPV4, &v4))),
        (LinkType::LINUX_SLL2, after(&cooked_2(IPV4), &v4)),
        (LinkType::LINUX_SLL2, after(&cooked_2(IPV6), &v6)),
        (LinkType::RAW, v4.clone()),
        (LinkType::RAW, v6.clone()),
        (LinkType::RAW_LINUX, v4.clone()),
        (LinkType::RAW_OPENBSD, v6.clone()),
        (LinkType::IPV4, v4.clone()),
        (LinkType::IPV6, v6.clone()),
        // The address family in both byte orders, with the numbers of Linux, FreeBSD and macOS.
        (LinkType::NULL, after(&[2, 0, 0, 0], &v4)),
        (LinkType::NULL, after(&[0, 0, 0, 2], &v4)),
        (LinkType::NULL, after(&[10, 0, 0, 0], &v6)),
        (LinkType::NULL, after(&[0, 0, 0, 28], &v6)),
        (LinkType::NULL, after(&[30, 0, 0, 0], &v6)),
        (LinkType::LOOP, after(&[0, 0, 0, 2], &v4)),
        (LinkType::CISCO_HDLC, after(&[0x0f, 0, 0x08, 0], &v4)),
        (LinkType::PPP, after(&[0x00, 0x21], &v4)),
        (LinkType::PPP, after(&[0xff, 0x03, 0x00, 0x57], &v6)),
        (LinkType::PPP_HDLC, after(&[0xff, 0x03, 0x00, 0x21], &v4)),
        // RFC 1201, as an exception too, RFC 2497 and RFC 1051.
        (LinkType::ARCNET_LINUX, after(&[1, 2, 0, 0xc8, 212, 0, 0, 7], &v4)),
        (LinkType::ARCNET_LINUX, after(&[1, 2, 0, 0xc8, 212, 0xff, 0xff, 0xff, 212, 0, 0, 7], &v4)),
        (LinkType::ARCNET_LINUX, after(&[1, 2, 0, 0xc8, 196, 0, 0, 7], &v6)),
        (LinkType::ARCNET_LINUX, after(&[1, 2, 0, 0xc8, 240], &v4)),
        (LinkType::ARCNET_BSD, after(&[1, 2, 212, 0, 0, 7], &v4)),
        (LinkType::PPPOE, after(&[0x11, 0, 0, 1, 0, 0, 0x00, 0x21], &v4)),
    ];
    for (link, frame) in frames {
        let seen = request_in(link, &frame);
        assert_eq!((seen.source.port(), seen.destination.port()), (40_000, 80));
        assert_eq!(seen.vni, None);
    }
}

#[test]
fn a_netfilter_log_is_searched_for_its_packet() {
    let packet = request();
    let len = u16::try_from(packet.len() + 4).unwrap();
    let mut frame = vec![2, 0, 0, 0];
    // A prefix of five bytes, padded to eight.
    frame.extend([9, 0, 10, 0, b'i', b'n', b':', b' ', 0, 0, 0, 0]);
    frame.extend(len.to_le_bytes());
    frame.extend([9, 0]);
    frame.extend(&packet);
    request_in(LinkType::NFLOG, &frame);
}

#[test]
fn labels_sessions_and_snap_are_read_over() {
    let packet = request();
    let after = |header: &[u8]| [header, packet.as_slice()].concat();
    let frames = [
        // Two MPLS labels.
        (0x8847, after(&[0, 1, 0x00, 64, 0, 2, 0x01, 64])),
        (0x8864, after(&[0x11, 0, 0, 1, 0, 0, 0x00, 0x21])),
        // IEEE 802.3 with LLC and SNAP: the EtherType's place holds a length.
        (0x0040, after(&[0xaa, 0xaa, 0x03, 0, 0, 0, 0x08, 0x00])),
        // A network service header: version and length 6 words, MD type 1, next protocol IPv4.
        (0x894f, after(&[[0x0f, 0xc6, 0x01, 0x01].as_slice(), &[0; 20]].concat())),
    ];
    for (ethertype, payload) in frames {
        request_in(LinkType::ETHERNET, &ethernet(ethertype, &payload));
    }
    // An Ethernet pseudowire: a label, a control word, a frame.
    let pseudowire = [&[0, 1, 0x01, 64, 0, 0, 0, 0], request_frame().as_slice()].concat();
    request_in(LinkType::ETHERNET, &ethernet(0x8847, &pseudowire));
}

#[test]
fn what_is_no_ip_and_what_is_cut_short_is_counted_apart() {
    let mut bench = Bench::new();
    bench.show(LinkType::ETHERNET, &ethernet(0x0806, &[0; 28]));
    bench.show(LinkType(147), &[0; 60]);
    bench.show(LinkType::ETHERNET, &[2; 13]);
    bench.show(LinkType::ETHERNET, &request_frame()[..40]);
    let counters = bench.counters();
    assert_eq!(counters.value("capture_not_tcp_total"), 2);
    assert_eq!(counters.value("capture_malformed_total"), 2);
    assert_eq!(counters.value("capture_segments_total"), 0);
}
