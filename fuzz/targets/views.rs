//! See [`portcullis_fuzz::views`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portcullis_fuzz::views::run(bytes));
