use portcullis_exchange::{Exchange, Timestamp};
use sensor_user::{
    capture::decode::{Decoder, Frame, LinkType},
    segment::Vlans,
    wire::{Wire, WireConfig},
};

use crate::frame::*;

#[test]
fn tags_of_all_kinds_are_read_and_noted() {
    let packet = request();
    let vlan = Vlans::NONE.and(7);
    let frames = [
        (ethernet(0x8100, &tag(0xe007, IPV4, &packet)), vlan),
        (ethernet(0x88a8, &tag(7, IPV4, &packet)), vlan),
        (ethernet(0x9100, &tag(7, IPV4, &packet)), vlan),
        (ethernet(0x88a8, &tag(7, 0x8100, &tag(9, IPV4, &packet))), vlan.and(9)),
        (ethernet(0x8100, &tag(7, 0x8100, &tag(9, 0x8100, &tag(11, IPV4, &packet)))), vlan.and(9).and(11)),
        // A priority tag is in no VLAN.
        (ethernet(0x8100, &tag(0xe000, IPV4, &packet)), Vlans::NONE),
        (ethernet(0x8100, &tag(7, 0x8847, &[&[0, 1, 0x01, 64], packet.as_slice()].concat())), vlan),
    ];
    for (frame, vlans) in frames {
        assert_eq!(request_in(LinkType::ETHERNET, &frame).vlans, vlans);
    }
}

/// One end of a connection says something; `vlan` 0 is without a tag.
struct Said {
    is_client: bool,
    vlan: u16,
    sequence: u32,
    acknowledgement: u32,
    flags: u8,
    payload: Vec<u8>,
}

impl Said {
    fn frame(&self) -> Vec<u8> {
        let mut segment = tcp(&self.payload);
        segment[4..8].copy_from_slice(&self.sequence.to_be_bytes());
        segment[8..12].copy_from_slice(&self.acknowledgement.to_be_bytes());
        segment[13] = self.flags;
        let mut packet = ipv4(TCP, &segment);
        if !self.is_client {
            packet[12..20].copy_from_slice(&[DESTINATION, SOURCE].concat());
            packet[20..24].copy_from_slice(&[80_u16.to_be_bytes(), 40_000_u16.to_be_bytes()].concat());
        }
        match self.vlan {
            0 => ethernet(IPV4, &packet),
            vlan => ethernet(0x8100, &tag(vlan, IPV4, &packet)),
        }
    }
}

/// A connection with one exchange, with the VLANs of either direction.
fn connection(client: u16, server: u16, isn: u32, target: &str) -> Vec<Said> {
    const ACK: u8 = 0x10;
    let request = format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n").into_bytes();
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec();
    let (mut next, mut peer_next) = (isn, isn.wrapping_mul(3));
    let mut said = Vec::new();
    let steps = [
        (true, 0x02, vec![]),
        (false, 0x12, vec![]),
        (true, ACK, vec![]),
        (true, ACK, request),
        (false, ACK, response),
        (true, ACK | 1, vec![]),
        (false, ACK | 1, vec![]),
    ];
    for (is_client, flags, payload) in steps {
        let (mine, other) = if is_client { (&mut next, peer_next) } else { (&mut peer_next, next) };
        let length = u32::try_from(payload.len()).unwrap() + u32::from(flags & 3 != 0);
        let acknowledgement = if flags & ACK == 0 { 0 } else { other };
        let vlan = if is_client { client } else { server };
        said.push(Said { is_client, vlan, sequence: *mine, acknowledgement, flags, payload });
        *mine = mine.wrapping_add(length);
    }
    said
}

/// The connections' segments in turn, and what becomes of them: `target status`, sorted.
fn exchanges(connections: &[Vec<Said>]) -> Vec<String> {
    let mut decoder = Decoder::default();
    let mut wire = Wire::new(WireConfig::default());
    let mut completed: Vec<Exchange> = Vec::new();
    let longest = connections.iter().map(Vec::len).max().unwrap();
    let turns = (0..longest).flat_map(|at| connections.iter().filter_map(move |said| said.get(at)));
    for (nanos, said) in (1..).zip(turns) {
        let bytes = said.frame();
        let time = Timestamp::from_nanos(nanos * 1000);
        let frame = Frame { time, link: LinkType::ETHERNET, bytes: &bytes, wire_len: bytes.len() };
        decoder.frame(frame, &mut |segment| wire.segment(segment, &mut completed));
    }
    wire.finish(&mut completed);
    let mut lines: Vec<_> = completed
        .iter()
        .map(|exchange| {
            let target =
                exchange.request.as_ref().map_or("-".into(), |it| String::from_utf8_lossy(&it.target));
            let status = exchange.response.as_ref().map_or(0, |it| it.status);
            format!("{target} {status}")
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn equal_addresses_in_several_vlans_are_several_connections() {
    let connections = [(0, "/none"), (20, "/twenty"), (42, "/fortytwo")]
        .map(|(vlan, target)| connection(vlan, vlan, 1000 + u32::from(vlan) * 100_000_000, target));
    assert_eq!(exchanges(&connections), ["/fortytwo 200", "/none 200", "/twenty 200"]);
}

#[test]
fn even_the_same_sequence_numbers_in_two_vlans_are_two_connections() {
    let connections = [20, 42].map(|vlan| connection(vlan, vlan, 1000, "/a"));
    assert_eq!(exchanges(&connections), ["/a 200", "/a 200"]);
}

#[test]
fn directions_with_different_tags_or_one_without_are_one_connection() {
    for (client, server) in [(0, 42), (42, 0), (20, 42)] {
        assert_eq!(exchanges(&[connection(client, server, 1000, "/a")]), ["/a 200"], "{client} {server}");
    }
}

#[test]
fn an_answer_captured_before_its_syn_finds_it_across_tags() {
    let mut connection = connection(20, 42, 1000, "/a");
    connection.swap(0, 1);
    assert_eq!(exchanges(&[connection]), ["/a 200"]);
}

#[test]
fn an_answer_in_another_vlan_that_does_not_fit_is_not_taken() {
    let mut mine = connection(20, 20, 1000, "/a");
    let other = connection(42, 42, 500_000_000, "/b");
    // The other tenant's server alone is heard, and first.
    let answers: Vec<_> = other.into_iter().filter(|said| !said.is_client).collect();
    mine.truncate(4);
    assert_eq!(exchanges(&[mine, answers]), ["- 200", "/a 0"]);
}
