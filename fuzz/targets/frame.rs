//! LINK, then frames with their halved length before them: none makes the decoder panic or claim bytes it does not have.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_exchange::Timestamp;
use portcullis_fuzz::Input;
use sensor_user::capture::decode::{Decoder, Frame, LinkType};

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
    LinkType::LOOP,
];

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let link = LINKS[usize::from(input.byte()) % LINKS.len()];
    let mut decoder = Decoder::default();
    // Frames of a few hundred bytes each, so that fragments meet.
    while !input.is_empty() {
        let len = input.byte();
        let (cut, bytes) = (usize::from(len & 1), input.part(usize::from(len) * 2));
        let frame = Frame { time: Timestamp::default(), link, bytes, wire_len: bytes.len() + cut };
        decoder.frame(frame, &mut |segment| {
            assert!(segment.payload.len() <= segment.wire_len as usize);
        });
    }
});
