//! CODINGS CUT BODY: whatever a body is coded with, no more of it is kept than may be.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_fuzz::{Input, exchanges};
use sensor_user::wire::WireConfig;

const CODINGS: [&str; 8] =
    ["gzip", "deflate", "br", "zstd", "gzip, gzip", "br, gzip", "zstd, deflate", "x-unknown"];
const KEEP: usize = 4 << 10;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let codings = CODINGS[usize::from(input.byte()) % CODINGS.len()];
    let cut = [input.byte()];
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: {codings}\r\nContent-Length: {}\r\n\r\n",
        input.0.len()
    );
    let server = [head.as_bytes(), input.0].concat();
    let config = WireConfig { body_keep: KEEP, ..WireConfig::default() };
    for exchange in exchanges(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", &server, &cut, config).0 {
        let body = exchange.response.expect("the server answered").body;
        assert!(body.bytes.len() <= KEEP && body.bytes.len() as u64 <= body.decoded_len);
        assert_eq!(body.transferred_len, input.0.len() as u64);
    }
});
