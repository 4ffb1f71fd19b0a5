//! See [`portcullis_fuzz::frame`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portcullis_fuzz::frame::run(bytes));
