//! Everything in `seeds/`: what the fuzzer starts from, and what it once found.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test may fail, and then says with which seed"
)]

use std::{env, path::Path};

use portcullis_fuzz::TARGETS;

fn run_all(name: &str) {
    let (_, run) = TARGETS.iter().find(|(target, _)| *target == name).expect("a target");
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo and xtask say where we are");
    let folder = Path::new(&root).join("seeds").join(name);
    let mut seeds = 0;
    for entry in fs_err::read_dir(folder).expect("a target has seeds") {
        let path = entry.expect("a readable folder").path();
        // Shown if it fails.
        println!("{}", path.display());
        run(&fs_err::read(&path).expect("a readable seed"));
        seeds += 1;
    }
    assert!(seeds > 0);
}

#[test]
fn every_seed_of_decode_keeps_its_promises() {
    run_all("decode");
}

#[test]
fn every_seed_of_flow_keeps_its_promises() {
    run_all("flow");
}

#[test]
fn every_seed_of_frame_keeps_its_promises() {
    run_all("frame");
}

#[test]
fn every_seed_of_http1_keeps_its_promises() {
    run_all("http1");
}

#[test]
fn every_seed_of_http2_keeps_its_promises() {
    run_all("http2");
}

#[test]
fn every_seed_of_judge_keeps_its_promises() {
    run_all("judge");
}

#[test]
fn every_seed_of_policy_keeps_its_promises() {
    run_all("policy");
}

#[test]
fn every_seed_of_detectors_keeps_its_promises() {
    run_all("detectors");
}

#[test]
fn every_seed_of_score_keeps_its_promises() {
    run_all("score");
}

#[test]
fn every_seed_of_views_keeps_its_promises() {
    run_all("views");
}
