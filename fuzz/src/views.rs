//! A request taken apart and decoded: bounded work, and every form knows where it came from.

use portcullis_detection::fuzzing::take_apart;

use crate::request::{is_inside, request};

pub fn run(bytes: &[u8]) {
    let taken = take_apart(&request(bytes));
    // Names and values, and the rest of each part of the request undivided.
    assert!(taken.fields <= 2048 + 64, "{}", taken.fields);
    assert!(taken.decoded_bytes <= 4 << 20, "{}", taken.decoded_bytes);
    taken.forms.iter().for_each(|form| is_inside(form, bytes.len()));
}
