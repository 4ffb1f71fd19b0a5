//! Segments of up to four connections that need not make sense, ten bytes of header each: the memory budget holds, what
//! is said of it is true, and all of it is given back.

use sensor_user::wire::{Wire, WireConfig};

use crate::{
    connection::{Sent, assert_honest},
    heap,
    input::Input,
};

const BUDGET: usize = 64 << 10;

pub(super) fn run(mut input: Input<'_>) {
    let mut nanos = 1_000_000_000;
    let mut completed = Vec::new();
    let elsewhere = heap::held();
    let mut wire =
        Wire::new(WireConfig { memory_budget: BUDGET, body_keep: 1 << 10, ..WireConfig::default() });
    while !input.is_empty() {
        let (who, flags, pause) = (input.byte(), input.byte(), u64::from(input.byte()));
        let (sequence, acknowledgement, len) = (input.number(), input.number(), input.number());
        // From none to half an hour: shorter and longer than every timeout.
        nanos += pause.pow(3) * 100_000;
        let sent = Sent {
            is_client: who & 1 == 0,
            port: 40_000 + u16::from(who >> 1 & 3),
            nanos,
            sequence,
            acknowledgement,
            flags,
            payload: input.part(len as usize),
            cut: u32::from(who >> 3) * 50,
        };
        wire.segment(&sent.segment(), &mut completed);
        completed = Vec::new();
        assert!(wire.counters().value("flow_memory_bytes") <= BUDGET as u64);
        assert_honest(&wire, elsewhere);
    }
    wire.finish(&mut completed);
    assert_eq!(wire.counters().value("flow_memory_bytes"), 0);
}
