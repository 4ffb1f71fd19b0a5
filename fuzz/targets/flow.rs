//! See [`portcullis_fuzz::flow`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portcullis_fuzz::flow::run(bytes));
