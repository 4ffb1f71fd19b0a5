//! `CLIENT\0SERVER\0CLIENT\0…`, judged by the built-in policies: what an event shows of an attack stays within its bounds.

use std::sync::{Arc, LazyLock};

use portcullis_detection::{Engine, PolicySet};
use portcullis_exchange::Tags;
use sensor_user::{
    tag::{ForwardedHeader, Tagger},
    wire::WireConfig,
};

use crate::connection::{Cuts, exchanges, turns};

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(PolicySet::builtin()));

pub fn run(bytes: &[u8]) {
    let tagger = Tagger::new(Tags::default(), Vec::new(), ForwardedHeader::Auto);
    for exchange in exchanges(&turns(bytes), &Cuts::NONE, WireConfig::default()) {
        for detection in ENGINE.judge(&Arc::new(tagger.tag(exchange))) {
            assert!(detection.matched.len() <= 8);
            assert!(
                detection.matched.iter().all(|found| found.start <= found.end && found.phrase.len() <= 480)
            );
        }
    }
}
