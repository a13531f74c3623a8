//! [`fuzz::json_line`], by libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::json_line(data));
