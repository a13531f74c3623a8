//! Lines that may be JSON: each has one fate, and none panics.
#![no_main]

use decode::json::{JsonDecoder, detect};
use decode::{Settings, TagChecksum};
use libfuzzer_sys::fuzz_target;
use model::{EventTime, Origin};

fuzz_target!(|text: &[u8]| {
    let settings = Settings { latest: EventTime(4_102_444_800_000), tag_checksum: TagChecksum::Lenient };
    let mut decoder = JsonDecoder::new(settings);
    for (at, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let _ = detect(line);
        assert_eq!(decoder.decode(line, Origin { input: 0, line: at as u64 }).lines, 1);
    }
});
