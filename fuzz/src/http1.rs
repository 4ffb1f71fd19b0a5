//! Four cuts, then `CLIENT\0SERVER\0CLIENT\0…`: the exchanges of a connection do not depend on where segments cut its
//! bytes, nor on the order in which they are captured.

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
    // So it is after a response to nothing, which may be one to HEAD.
    let has_orphan = whole.exchanges.iter().any(|exchange| exchange.request.is_none());
    if !is_lost && !has_orphan {
        assert_eq!(cut.exchanges, whole.exchanges);
    }
}
