//! Segments of up to four connections, eight bytes of header each: the budget holds, and all of it is given back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_fuzz::{End, Input, Sent};
use sensor_user::wire::{Wire, WireConfig};

const BUDGET: usize = 64 << 10;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let mut wire =
        Wire::new(WireConfig { memory_budget: BUDGET, body_keep: 1 << 10, ..WireConfig::default() });
    let mut completed = Vec::new();
    let mut nanos = 1_000_000_000;
    while !input.is_empty() {
        let (who, flags, pause) = (input.byte(), input.byte(), u64::from(input.byte()));
        let (sequence, acknowledgement, len) = (input.number(), input.number(), input.byte());
        // From none to half an hour: shorter and longer than every timeout.
        nanos += pause.pow(3) * 100_000;
        let from = End { is_client: who & 1 == 0, port: 40_000 + u16::from(who >> 1 & 3) };
        let cut = u32::from(who >> 3) * 50;
        let payload = input.part(usize::from(len));
        Sent { from, nanos, sequence, acknowledgement, flags, payload, cut }.feed(&mut wire, &mut completed);
        assert!(wire.counters().value("flow_memory_bytes") <= BUDGET as u64);
        completed.clear();
    }
    wire.finish(&mut completed);
    assert_eq!(wire.counters().value("flow_memory_bytes"), 0);
});
