//! See [`portcullis_fuzz::detectors`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portcullis_fuzz::detectors::run(bytes));
