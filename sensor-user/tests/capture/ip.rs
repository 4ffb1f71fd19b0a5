use sensor_user::capture::decode::LinkType;

use crate::frame::*;

/// An IPv6 extension header of 8 octets, padded.
fn options(next_header: u8) -> [u8; 8] {
    [next_header, 0, 1, 4, 0, 0, 0, 0]
}

#[test]
fn ipv4_options_are_read_over() {
    let mut packet = request();
    packet[0] = 0x4f;
    packet.splice(20..20, [1; 40]);
    let len = be16(packet.len());
    packet[2..4].copy_from_slice(&len);
    request_in(LinkType::RAW, &packet);
}

#[test]
fn any_number_of_ipv6_extension_headers_is_read_over() {
    const DESTINATION_OPTIONS: u8 = 60;
    let mut payload = options(DESTINATION_OPTIONS).repeat(99);
    payload.extend(options(43));
    // A routing header of 24 octets, then authentication, counted in words of four.
    payload.extend([[51, 2, 0, 0].as_slice(), &[0; 20]].concat());
    payload.extend([[135, 4, 0, 0].as_slice(), &[0; 20]].concat());
    payload.extend(options(TCP));
    payload.extend(tcp(REQUEST));
    request_in(LinkType::RAW, &ipv6(0, &payload));
}

#[test]
fn an_authentication_header_is_read_over_in_ipv4_too() {
    let header = [[TCP, 4, 0, 0].as_slice(), &[0; 20]].concat();
    request_in(LinkType::RAW, &ipv4(51, &[header, tcp(REQUEST)].concat()));
}

#[test]
fn an_atomic_fragment_is_a_whole_packet() {
    request_in(LinkType::RAW, &ipv6_fragment(TCP, 7, 0, false, &tcp(REQUEST)));
}

#[test]
fn what_pads_a_short_frame_is_no_payload() {
    let mut frame = ethernet(IPV4, &ipv4(TCP, &tcp(b"GET")));
    frame.resize(64, 0xff);
    assert_eq!(decode(LinkType::ETHERNET, &frame)[0].payload, b"GET");
}

#[test]
fn a_frame_cut_by_the_snap_length_says_how_long_it_was() {
    let frame = request_frame();
    let seen = Bench::new().show_cut(LinkType::ETHERNET, &frame[..60], frame.len());
    assert_eq!(seen[0].payload, REQUEST[..6]);
    assert_eq!(seen[0].wire_len as usize, REQUEST.len());
}

#[test]
fn padding_that_the_snap_length_cut_is_no_payload() {
    let frame = ethernet(IPV4, &ipv4(TCP, &tcp(b"GET")));
    let seen = Bench::new().show_cut(LinkType::ETHERNET, &frame, 64);
    assert_eq!((seen[0].payload.as_slice(), seen[0].wire_len), (b"GET".as_slice(), 3));
}

#[test]
fn a_packet_that_offload_left_without_its_length_goes_to_the_frames_end() {
    let mut v4 = request();
    v4[2..4].fill(0);
    let mut v6 = ipv6(TCP, &tcp(REQUEST));
    v6[4..6].fill(0);
    for packet in [v4, v6] {
        request_in(LinkType::RAW, &packet);
    }
}

#[test]
fn a_length_that_promises_more_than_the_frame_holds_is_not_believed() {
    let mut packet = request();
    packet[2..4].copy_from_slice(&be16(9000));
    let seen = request_in(LinkType::RAW, &packet);
    assert_eq!(seen.payload, REQUEST);
}
