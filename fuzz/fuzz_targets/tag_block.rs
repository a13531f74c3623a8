//! [`fuzz::tag_block`], by libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::tag_block(data));
