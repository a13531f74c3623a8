//! A header and rows: each row has one fate, and none panics.
#![no_main]

use decode::table::TableDecoder;
use decode::{Settings, TagChecksum};
use libfuzzer_sys::fuzz_target;
use model::{EventTime, Origin};

const HEADERS: [&[u8]; 3] = [
    b"MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,Length,Width,Draft,Cargo,TransceiverClass",
    b"# Timestamp,Type of mobile,MMSI,Latitude,Longitude,Navigational status,ROT,SOG,COG,Heading,IMO,Callsign,Name",
    b"mmsi;date_time_utc;lon;lat;sog;cog;true_heading;nav_status;message_nr",
];

fuzz_target!(|text: &[u8]| {
    let settings = Settings { latest: EventTime(4_102_444_800_000), tag_checksum: TagChecksum::Lenient };
    let mut lines = text.split(|byte| *byte == b'\n');
    // The first byte chooses a known header, or the first line is one.
    let first = lines.next().unwrap_or_default();
    let header = first.first().and_then(|byte| HEADERS.get(usize::from(*byte))).copied().unwrap_or(first);
    let Ok(mut table) = TableDecoder::from_header(header, None, settings) else { return };
    for (at, line) in lines.enumerate() {
        assert_eq!(table.decode(line, Origin { input: 0, line: at as u64 }).lines, 1);
    }
});
