//! Every grammar detector on every value: what one finds is inside the value, and a literal of its gates is in it, since
//! the engine asks no other detector.

use portcullis_detection::fuzzing::every_detector;
use portcullis_exchange::{Exchange, Timestamp};

use crate::request::{is_inside, request};

pub fn run(bytes: &[u8]) {
    let exchange = Exchange {
        request: Some(request(bytes)),
        ..Exchange::at(Timestamp::default(), ([192, 0, 2, 1], 40_000), ([192, 0, 2, 2], 80))
    };
    for found in every_detector(&exchange) {
        is_inside(&found, bytes.len());
        assert!(found.is_gated, "{} finds what its gates keep from it", found.by);
    }
}
