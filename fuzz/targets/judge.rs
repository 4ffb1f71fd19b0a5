//! See [`portcullis_fuzz::judge`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portcullis_fuzz::judge::run(bytes));
