//! Lines of a feed: each has one fate at least, none panics, and none waits for ever.
#![no_main]

use decode::nmea::{AssumedTime, NmeaDecoder};
use decode::{Settings, TagChecksum};
use libfuzzer_sys::fuzz_target;
use model::{EventTime, Origin};

fuzz_target!(|text: &[u8]| {
    let settings = Settings { latest: EventTime(4_102_444_800_000), tag_checksum: TagChecksum::Lenient };
    let assumed = AssumedTime { start: EventTime(1_600_000_000_000), step_ms: 1 };
    let mut decoder = NmeaDecoder::new(settings, Some(assumed));
    let (mut lines, mut told) = (0u64, 0u64);
    for line in text.split(|byte| *byte == b'\n') {
        lines += 1;
        decoder
            .decode(line, Origin { input: 0, line: lines }, &mut |decoded| told += u64::from(decoded.lines));
    }
    decoder.finish(&mut |decoded| told += u64::from(decoded.lines));
    assert!(told >= lines, "{told} fates of {lines} lines");
});
