//! Four cuts, then `CLIENT\0SERVER`: the exchanges of two streams do not depend on where segments cut them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_fuzz::{Input, exchanges, streams};
use sensor_user::wire::WireConfig;

const LOST: [&str; 3] = ["http_not_http_flows_total", "http_refused_heads_total", "http_resyncs_total"];

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let cuts = input.part(4);
    let (client, server) = streams(input.0);
    let (whole, mut counters) = exchanges(client, server, &[], WireConfig::default());
    let (cut, more) = exchanges(client, server, cuts, WireConfig::default());
    counters.merge(&more);
    // Where a head cannot be read, the beginning of a segment is the best place to look for the next one.
    let is_lost = LOST.iter().any(|name| counters.value(name) > 0);
    // So it is after a response to nothing, which may be one to HEAD.
    let has_orphan = whole.iter().any(|exchange| exchange.request.is_none());
    if !is_lost && !has_orphan {
        assert_eq!(cut, whole);
    }
});
