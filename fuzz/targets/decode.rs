//! See [`portcullis_fuzz::decode`].
#![cfg_attr(feature = "link", no_main)]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portcullis_fuzz::decode::run(bytes));

#[cfg(not(feature = "link"))]
fn main() -> std::io::Result<()> {
    portcullis_fuzz::run_files(portcullis_fuzz::decode::run)
}
