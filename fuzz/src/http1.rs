//! Four cuts, then `CLIENT\0SERVER\0CLIENT\0…`: the exchanges of a connection do not depend on where segments cut its
//! bytes, nor on the order in which they are captured.

use portcullis_exchange::Protocol;
use sensor_user::wire::WireConfig;

use crate::{
    connection::{Cuts, outcome, turns},
    input::Input,
};

/// Bytes that no reader of HTTP can make sense of: the beginning of a segment is then the best place to look for the
/// next message, so that cuts matter.
const LOST: [&str; 3] = ["http_not_http_flows_total", "http_refused_heads_total", "http_resyncs_total"];

pub fn run(bytes: &[u8]) {
    let mut input = Input(bytes);
    let cuts = Cuts(input.part(4));
    let turns = turns(input.0);
    let whole = outcome(&turns, &Cuts::NONE, WireConfig::default());
    let cut = outcome(&turns, &cuts, WireConfig::default());
    let is_lost = LOST.iter().any(|name| whole.counters.value(name) + cut.counters.value(name) > 0);
    let is_found_by_segment = whole.exchanges.iter().any(|exchange| {
        // A response to nothing may be one to HEAD, and one of HTTP/0.9 has no head to find.
        exchange.request.is_none() || exchange.protocol == Protocol::Http09
    });
    // What a tunnel carries begins where it begins with a segment; SOCKS is known by its first byte.
    let may_have_tunnel = whole.counters.value("http_tunnels_total") > 0
        || turns.iter().any(|turn| turn.bytes.iter().any(|byte| matches!(byte, 4 | 5)));
    if !is_lost && !is_found_by_segment && !may_have_tunnel {
        assert_eq!(cut.exchanges, whole.exchanges);
    }
}
