//! CODINGS CUT BODY: whatever a body is coded with, no more of it is kept than may be, cuts change nothing, and what
//! another decoder takes is decoded as that one does.
//!
//! With the highest bit of CODINGS the body is plain: it is coded first, and must come back.

mod reference;

use portcullis_exchange::{Body, BodyFault};
use sensor_user::wire::WireConfig;

use crate::{
    connection::{Cuts, Turn, exchanges},
    input::Input,
};

pub const CODINGS: [&str; 8] =
    ["gzip", "deflate", "br", "zstd", "gzip, gzip", "br, gzip", "zstd, deflate", "x-unknown"];
const KEEP: usize = 4 << 10;
/// No body of the sensor's is longer, decoded.
const MAX_DECODED: u64 = 64 << 20;
/// One step of a decoder may pass the bound before it stops.
const STEP: u64 = 128 << 10;

pub fn run(bytes: &[u8]) {
    let mut input = Input(bytes);
    let (how, cut) = (input.byte(), input.byte());
    let codings = CODINGS[usize::from(how & 0x7f) % CODINGS.len()];
    let is_plain = how & 0x80 != 0;
    let coded = if is_plain { reference::encode(codings, input.0) } else { input.0.to_vec() };
    let body = decode(codings, &coded, &Cuts::NONE);
    assert!(body.bytes.len() <= KEEP && body.bytes.len() as u64 <= body.decoded_len);
    assert!(body.decoded_len <= MAX_DECODED + STEP);
    assert_eq!(body.transferred_len, coded.len() as u64);
    for cut in [cut & 0x7f, 1] {
        assert_eq!(decode(codings, &coded, &Cuts(&[cut])), body, "in pieces of {cut}");
    }
    // A bomb is no body that anybody wants to read.
    if let Some(expected) = reference::decode(codings, &coded)
        && body.fault != Some(BodyFault::Bomb)
    {
        assert_eq!((body.fault, body.decoded_len), (None, expected.len() as u64));
        assert_eq!(body.bytes, expected[..expected.len().min(KEEP)]);
    }
    if is_plain && codings != "x-unknown" && body.fault != Some(BodyFault::Bomb) {
        assert_eq!((body.fault, body.decoded_len), (None, input.0.len() as u64));
        assert_eq!(body.bytes, input.0[..input.0.len().min(KEEP)]);
        let half = decode(codings, &coded[..coded.len() / 2], &Cuts::NONE);
        // Too short to show its coding, it is given as it is.
        let is_undecided = half.fault == Some(BodyFault::UnknownCoding);
        assert!(is_undecided || input.0.starts_with(&half.bytes), "half of it is something else");
    }
}

/// A response's body as the sensor sees it.
fn decode(codings: &str, coded: &[u8], cuts: &Cuts<'_>) -> Body {
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: {codings}\r\nContent-Length: {}\r\n\r\n", coded.len());
    let turns = [
        Turn { is_client: true, bytes: b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec() },
        Turn { is_client: false, bytes: head.into_bytes() },
        Turn { is_client: false, bytes: coded.to_vec() },
    ];
    let config = WireConfig { answer_keep: KEEP, ..WireConfig::default() };
    let exchange = exchanges(&turns, cuts, config).pop().expect("there is one exchange");
    exchange.response.expect("the server answered").body
}
