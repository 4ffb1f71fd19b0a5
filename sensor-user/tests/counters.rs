//! docs/counters.md says what every counter means. What a running sensor reports is held against it end to end
//! (`testbed`); here is what needs neither root nor a kernel.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, path::Path};

use portcullis_detection::{Engine, PolicySet};
use portcullis_sensor_common::{cut, gate, tap};
use sensor_user::{
    capture::decode::Decoder,
    counters::Counters,
    wire::{Wire, WireConfig},
};

#[test]
fn every_counter_is_documented() {
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/counters.md");
    let table = std::fs::read_to_string(table).unwrap();
    let documented: BTreeSet<&str> =
        table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let names = |counters: Counters| counters.iter().map(|(name, _)| name).collect::<Vec<_>>();
    let reported = [
        tap::COUNTERS.to_vec(),
        gate::COUNTERS.to_vec(),
        cut::COUNTERS.to_vec(),
        names(Decoder::default().counters()),
        names(Wire::new(WireConfig::default()).counters()),
        names(Engine::new(PolicySet::default()).counters().into_iter().collect()),
    ];
    let missing: Vec<_> = reported.iter().flatten().filter(|name| !documented.contains(**name)).collect();
    assert!(missing.is_empty(), "not in docs/counters.md: {missing:?}");
}
