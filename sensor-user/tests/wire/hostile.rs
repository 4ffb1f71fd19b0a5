use portcullis_exchange::Timestamp;
use proptest::prelude::*;
use sensor_user::{
    capture::decode::{Decoder, Frame, LinkType},
    wire::{Wire, WireConfig},
};

use crate::conversation::Sent;

const LINKS: [LinkType; 10] = [
    LinkType::ETHERNET,
    LinkType::NULL,
    LinkType::RAW,
    LinkType::LINUX_SLL,
    LinkType::LINUX_SLL2,
    LinkType::NFLOG,
    LinkType::PPP,
    LinkType::CISCO_HDLC,
    LinkType::IPV6,
    LinkType(9999),
];

/// Bytes that look like HTTP, in pieces that do not fit together.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let phrases: Vec<&'static [u8]> = vec![
        b"GET / HTTP/1.1\r\n",
        b"POST /a HTTP/1.0\r\nContent-Length: 18446744073709551615\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 x\r\n\r\n",
        b"GET /\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Encoding: gzip, br, zstd, deflate\r\n",
        b"Content-Length: 5\r\n",
        b"\r\n\r\n",
        b"\n\n",
        b"ffffffffffffffff\r\n",
        b"0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
        b"\x28\xb5\x2f\xfd\x04\x58",
        b"CONNECT x:1 HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\n\r\n",
    ];
    prop_oneof![
        4 => proptest::sample::select(phrases).prop_map(<[u8]>::to_vec),
        1 => proptest::collection::vec(any::<u8>(), 0..200),
    ]
}

fn segment() -> impl Strategy<Value = Sent> {
    let numbers = (0_u32..600, 0_u32..600, 0_u32..3);
    let payload = proptest::collection::vec(piece(), 0..4).prop_map(|pieces| pieces.concat());
    (any::<bool>(), numbers, 0_u8..32, payload, 0_u64..400_000_000).prop_map(
        |(is_client, (sequence, acknowledgement, cut), flags, payload, time)| Sent {
            time,
            client_port: 40_000,
            is_client,
            sequence,
            acknowledgement,
            flags,
            payload,
            cut: cut * 100,
        },
    )
}

proptest! {
    #[test]
    fn no_frame_makes_the_decoder_panic(
        link in proptest::sample::select(LINKS.to_vec()),
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
        start in proptest::sample::select(vec![&b""[..], b"\x45\x00", b"\x60\x00", b"\x08\x00\x45", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00"]),
        wire_len in 0_usize..2000,
    ) {
        let bytes = [start, &bytes].concat();
        let mut decoder = Decoder::default();
        let frame = Frame { time: Timestamp::default(), link, bytes: &bytes, wire_len };
        decoder.frame(frame, &mut |segment| assert!(segment.wire_len as usize >= segment.payload.len()));
    }

    #[test]
    fn no_segments_make_the_wire_panic_or_pass_its_budget(
        segments in proptest::collection::vec(segment(), 0..60),
    ) {
        let budget = 64 << 10;
        let mut wire = Wire::new(WireConfig { memory_budget: budget, ..WireConfig::default() });
        let mut completed = Vec::new();
        for segment in segments {
            segment.feed(&mut wire, &mut completed);
            prop_assert!(wire.counters().value("flow_memory_bytes") <= budget as u64);
        }
        wire.finish(&mut completed);
        prop_assert_eq!(wire.counters().value("flow_memory_bytes"), 0);
    }
}
