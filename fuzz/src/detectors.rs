//! Every grammar detector on every value: what one finds is inside the value, and a literal of its gates is in it, since
//! the engine asks no other detector.

use std::net::SocketAddr;

use portcullis_detection::fuzzing::every_detector;
use portcullis_exchange::{Exchange, Facts, Protocol, Timestamp};

use crate::request::{is_inside, request};

pub fn run(bytes: &[u8]) {
    let exchange = Exchange {
        started_at: Timestamp::default(),
        completed_at: Timestamp::default(),
        client: SocketAddr::from(([192, 0, 2, 1], 40_000)),
        server: SocketAddr::from(([192, 0, 2, 2], 80)),
        vni: None,
        protocol: Protocol::Http11,
        stream: None,
        request: Some(request(bytes)),
        response: None,
        incomplete: None,
        facts: Facts::default(),
        grpc: None,
    };
    for found in every_detector(&exchange) {
        is_inside(&found, bytes.len());
        assert!(found.is_gated, "{} finds what its gates keep from it", found.by);
    }
}
