//! What the fuzz targets do, as plain functions of bytes: each reads them as input for one part of the sensor and panics
//! where that part breaks a promise. The fuzzer calls them (`targets/`), and so does an ordinary test with everything in
//! `seeds/`.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a promise that does not hold must end the program: that is how a fuzzer learns of it"
)]

mod connection;
pub mod decode;
pub mod detectors;
pub mod flow;
pub mod frame;
mod heap;
pub mod http1;
pub mod http2;
mod input;
pub mod judge;
pub mod policy;
mod request;
pub mod score;
pub mod views;

/// What a target does with a fuzzer's bytes.
pub type Target = fn(&[u8]);

/// Every target by the name of its folder in `seeds/`.
pub const TARGETS: [(&str, Target); 10] = [
    ("decode", decode::run),
    ("detectors", detectors::run),
    ("flow", flow::run),
    ("frame", frame::run),
    ("http1", http1::run),
    ("http2", http2::run),
    ("judge", judge::run),
    ("policy", policy::run),
    ("score", score::run),
    ("views", views::run),
];

/// What a target does where it was built without the fuzzer: it runs the files that it is given, such as an input that
/// failed.
pub fn run_files(target: Target) -> std::io::Result<()> {
    for file in std::env::args_os().skip(1) {
        target(&std::fs::read(file)?);
    }
    Ok(())
}
