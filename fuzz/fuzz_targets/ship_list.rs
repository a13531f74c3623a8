//! [`fuzz::ship_list`], by libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::ship_list(data));
