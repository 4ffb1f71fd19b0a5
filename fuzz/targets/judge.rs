//! `CLIENT\0SERVER`, judged by the built-in policies: what an event shows of an attack stays within its bounds.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use portcullis_detection::{Engine, PolicySet};
use portcullis_exchange::Tags;
use portcullis_fuzz::{exchanges, streams};
use sensor_user::{
    tag::{ForwardedHeader, Tagger},
    wire::WireConfig,
};

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(PolicySet::builtin()));

fuzz_target!(|bytes: &[u8]| {
    let tagger = Tagger::new(Tags::default(), Vec::new(), ForwardedHeader::Auto);
    let (client, server) = streams(bytes);
    for exchange in exchanges(client, server, &[], WireConfig::default()).0 {
        for detection in ENGINE.judge(&Arc::new(tagger.tag(exchange))) {
            assert!(detection.matched.len() <= 8);
            assert!(
                detection.matched.iter().all(|found| found.start <= found.end && found.phrase.len() <= 480)
            );
        }
    }
});
