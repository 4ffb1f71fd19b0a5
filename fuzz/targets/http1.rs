//! See [`portcullis_fuzz::http1`].
#![cfg_attr(feature = "link", no_main)]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portcullis_fuzz::http1::run(bytes));

#[cfg(not(feature = "link"))]
fn main() -> std::io::Result<()> {
    portcullis_fuzz::run_files(portcullis_fuzz::http1::run)
}
