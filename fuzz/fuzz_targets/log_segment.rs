//! [`fuzz::log_segment`], by libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::log_segment(data));
