//! See [`portcullis_fuzz::policy`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portcullis_fuzz::policy::run(bytes));
