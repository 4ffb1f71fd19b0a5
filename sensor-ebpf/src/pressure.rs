//! Whether a ring has room for another flow.
//!
//! A reader that falls behind would else lose records of any flow at random, and with a record here and there missing
//! hardly an exchange is whole. So the tap stops taking up flows while there still is room for those it follows. What
//! is shed are the newest flows, of which nothing is known yet, by construction: only where a flow would be taken up is
//! this asked.

use aya_ebpf::{
    bindings::{BPF_RB_AVAIL_DATA, BPF_RB_RING_SIZE},
    btf_maps::Array,
    helpers::bpf_ringbuf_query,
    macros::btf_map,
};
use portcullis_sensor_common::tap::MAX_SHARDS;

use crate::copy;

/// By shard: 1 from when the ring was half full until it is down to a quarter. Two marks, so that a ring about half
/// full does not take up every other flow. Processors may race for it; the later one is no less right.
#[btf_map]
static PRESSED: Array<u32, MAX_SHARDS> = Array::new();

/// Whether the shard's ring has room for what it does not follow yet.
#[inline(always)]
pub(crate) fn has_room(shard: u32) -> bool {
    let (Some(ring), Some(pressed)) = (copy::ring(shard), PRESSED.get_ptr_mut(shard)) else { return true };
    let ring = core::ptr::from_ref(ring).cast_mut().cast();
    // SAFETY: a helper that reads two counters of the ring (Linux 5.8).
    let (waiting, size) = unsafe {
        (
            bpf_ringbuf_query(ring, u64::from(BPF_RB_AVAIL_DATA)),
            bpf_ringbuf_query(ring, u64::from(BPF_RB_RING_SIZE)),
        )
    };
    // SAFETY: the element of an array map lives as long as the map does.
    unsafe {
        let mark = if *pressed == 0 { size / 2 } else { size / 4 };
        let is_pressed = waiting > mark;
        *pressed = u32::from(is_pressed);
        !is_pressed
    }
}
