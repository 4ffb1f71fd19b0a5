//! Frames of every kind, damaged in every place.

use portcullis_exchange::Timestamp;
use sensor_user::capture::decode::{Decoder, Frame, LinkType};

use crate::frame::*;

/// Frames that between them take every branch of the decoder.
fn frames() -> Vec<(LinkType, Vec<u8>)> {
    let (packet, frame) = (request(), request_frame());
    let v6 = ipv6(0, &[[60, 0, 1, 4, 0, 0, 0, 0], [TCP, 0, 1, 4, 0, 0, 0, 0]].concat());
    let in_udp =
        |port, head: &[u8], inner: &[u8]| ethernet(IPV4, &ipv4(UDP, &udp(port, &[head, inner].concat())));
    let in_gre = |head: &[u8], inner: &[u8]| ethernet(IPV4, &ipv4(GRE, &[head, inner].concat()));
    let nflog = [&[2, 0, 0, 0, 8, 0, 10, 0, 0, 0, 0, 0, 75, 0, 9, 0], packet.as_slice()].concat();
    vec![
        (LinkType::ETHERNET, frame.clone()),
        (LinkType::ETHERNET, ethernet(0x88a8, &tag(7, 0x8100, &tag(9, IPV4, &packet)))),
        (LinkType::ETHERNET, ethernet(0x8847, &[&[0, 1, 1, 64, 0, 0, 0, 0], frame.as_slice()].concat())),
        (
            LinkType::ETHERNET,
            ethernet(0x8864, &[&[0x11, 0, 0, 1, 0, 0, 0, 0x21], packet.as_slice()].concat()),
        ),
        (LinkType::ETHERNET, in_udp(4789, &[8, 0, 0, 0, 0, 0, 1, 0], &frame)),
        (LinkType::ETHERNET, in_udp(4790, &[0x0c, 0, 0, 4, 0, 0, 1, 0, 0xf, 0xc2, 2, 3, 0, 0, 1, 9], &frame)),
        (LinkType::ETHERNET, in_udp(6081, &[2, 0, 0x65, 0x58, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0], &frame)),
        (
            LinkType::ETHERNET,
            in_udp(2152, &[0x34, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0x85, 1, 0, 0, 0], &packet),
        ),
        (LinkType::ETHERNET, in_gre(&[0xb0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2], &packet)),
        (LinkType::ETHERNET, in_gre(&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 0, 0, 1, 0, 0, 0, 0], &frame)),
        (LinkType::ETHERNET, in_gre(&[&[0x10, 0, 0x22, 0xeb][..], &[0; 15], &[1], &[0; 8]].concat(), &frame)),
        (LinkType::RAW, ipv6(41, &[v6, tcp(REQUEST)].concat())),
        (LinkType::RAW, ipv6_fragment(TCP, 9, 0, true, &tcp(REQUEST)[..16])),
        (LinkType::RAW, ipv6_fragment(TCP, 9, 16, false, &tcp(REQUEST)[16..])),
        (LinkType::RAW, ipv4_fragment(TCP, 9, 0, true, &tcp(REQUEST)[..16])),
        (LinkType::RAW, ipv4_fragment(TCP, 9, 16, false, &tcp(REQUEST)[16..])),
        (LinkType::LINUX_SLL, [&[0; 14], &IPV4.to_be_bytes()[..], &packet].concat()),
        (LinkType::LINUX_SLL2, [&IPV4.to_be_bytes()[..], &[0; 18], &packet].concat()),
        (LinkType::NFLOG, nflog),
        (LinkType::PPP, [&[0xff, 3, 0, 0x21], packet.as_slice()].concat()),
        (LinkType::NULL, [&[2, 0, 0, 0], packet.as_slice()].concat()),
    ]
}

/// One decoder for all, so that damaged fragments meet. It must come to no harm, claim no byte it does not have, count
/// every frame and stay within its bound.
#[test]
fn no_damage_does_harm() {
    let mut decoder = Decoder::default();
    let mut shown = 0_u64;
    let mut show = |link, bytes: &[u8], wire_len: usize| {
        shown += 1;
        let frame = Frame { time: Timestamp::from_nanos(shown * 1000), link, bytes, wire_len };
        decoder.frame(frame, &mut |segment| {
            assert!(segment.payload.len() <= bytes.len().max(65_535));
            assert!(segment.wire_len as usize >= segment.payload.len());
            assert!(
                segment.wire_len as usize <= segment.payload.len() + wire_len.saturating_sub(bytes.len())
            );
        });
    };
    for (link, whole) in frames() {
        for len in 0..=whole.len() {
            show(link, &whole[..len], len);
            show(link, &whole[..len], whole.len());
        }
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            for value in
                [0x00, 0x01, 0x0f, 0x3f, 0x7f, 0x80, 0xf0, 0xff, whole[at] ^ 0x20, whole[at].wrapping_add(1)]
            {
                damaged[at] = value;
                show(link, &damaged, damaged.len());
                // A second byte with it: lengths and kinds often stand in two.
                for other in [at + 1, at + 2, at + 4].into_iter().filter(|other| *other < whole.len()) {
                    let before = damaged[other];
                    damaged[other] = !before;
                    show(link, &damaged, damaged.len());
                    damaged[other] = before;
                }
            }
        }
    }
    let counters = decoder.counters();
    let value = |name| counters.value(name);
    assert_eq!(value("capture_frames_total"), shown);
    let ended = value("capture_segments_total")
        + value("capture_malformed_total")
        + value("capture_not_tcp_total")
        + value("capture_too_deep_total");
    let waiting = value("capture_fragments_total") - value("capture_fragments_reassembled_total");
    assert_eq!(ended + waiting, shown, "each frame ends in one place, and only fragments wait");
    assert!(value("capture_segments_total") > shown / 10);
    assert!(value("capture_fragments_total") > 1000);
    assert!(value("capture_held_bytes") <= 4 << 20);
}
