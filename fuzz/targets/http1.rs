//! See [`portcullis_fuzz::http1`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portcullis_fuzz::http1::run(bytes));
