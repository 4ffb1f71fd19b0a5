//! See [`portcullis_fuzz::decode`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portcullis_fuzz::decode::run(bytes));
