//! [`fuzz::nmea_line`], by libFuzzer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::nmea_line(data));
