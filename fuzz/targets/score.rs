//! See [`portcullis_fuzz::score`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portcullis_fuzz::score::run(bytes));
