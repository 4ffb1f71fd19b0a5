//! What the agent says of a flow, run by it with `BPF_PROG_TEST_RUN`: the flow is changed in place, where writing the map
//! from user space would replace it under the tap's hands.

use aya_ebpf::{macros::classifier, programs::TcContext};
use portcullis_sensor_common::tap::{Advice, Counter, MOST_LEFT_OUT, RecordHeader};

use crate::{
    flow::{self, FlowKey, Verdict},
    tap,
};

const ETHERNET_LEN: usize = 14;

/// Returns whether there is such a flow.
#[classifier]
pub fn portcullis_tap_advice(ctx: TcContext) -> i32 {
    let Ok(advice) = ctx.load::<Advice>(ETHERNET_LEN) else { return 0 };
    let record = RecordHeader {
        source: advice.source,
        destination: advice.destination,
        source_port: advice.source_port,
        destination_port: advice.destination_port,
        vni: advice.vni,
        ..RecordHeader::default()
    };
    let mut key = FlowKey::default();
    let side = key.set(&record);
    let Some(flow) = flow::existing(&key) else { return 0 };
    if advice.len == 0 {
        // What it lost or shed is told apart, and counted so.
        if flow.verdict == Verdict::Http {
            flow.verdict = Verdict::GivenUp;
            tap::count(Counter::GivenUpFlows, 1);
        }
    } else if advice.len <= MOST_LEFT_OUT {
        flow.direction(side).skip(advice.sequence, advice.sequence.wrapping_add(advice.len));
    }
    1
}
