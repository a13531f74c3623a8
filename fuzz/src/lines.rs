//! Lines: sentences, TAG blocks, rows, objects, and what brings them.

use connect::lines::{Line, Lines};
use connect::live;
use connect::live::splitter::Splitter;
use decode::json::{JsonDecoder, detect};
use decode::nmea::{AssumedTime, NmeaDecoder};
use decode::table::TableDecoder;
use decode::{Decoded, Settings, TagChecksum};
use model::{EventTime, Origin};
use serde_json::Value;

/// 2100-01-01.
const LATEST: EventTime = EventTime(4_102_444_800_000);
const LENIENT: Settings = Settings { latest: LATEST, tag_checksum: TagChecksum::Lenient };
const STRICT: Settings = Settings { latest: LATEST, tag_checksum: TagChecksum::Strict };
/// When live lines arrive.
const ARRIVAL: EventTime = EventTime(1_696_161_600_000);

fn origin(line: usize) -> Origin {
    Origin { input: 0, line: line as u64 }
}

fn lines_of(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    data.split(|byte| *byte == b'\n')
}

/// Whether a line can hold no more than one sentence.
fn is_simple(line: &[u8]) -> bool {
    let starts = line.iter().filter(|byte| matches!(byte, b'!' | b'$')).count();
    starts <= 1 && !line.contains(&b'\\')
}

/// All that a decoder makes of lines.
fn decoded(mut decoder: NmeaDecoder, data: &[u8]) -> Vec<Decoded> {
    let mut all = Vec::new();
    for (at, line) in lines_of(data).enumerate() {
        decoder.decode(line, origin(at), &mut |one| all.push(one));
    }
    decoder.finish(&mut |one| all.push(one));
    all
}

/// Lines of a feed, as in a file and as they arrive: each sentence has one fate, and none waits for ever.
pub fn nmea_line(data: &[u8]) {
    let assumed = AssumedTime { start: EventTime(1_600_000_000_000), step_ms: 1 };
    let mut live = NmeaDecoder::new(LENIENT, None);
    live.arrive(ARRIVAL);
    let (lines, are_simple) = (lines_of(data).count(), lines_of(data).all(is_simple));
    for decoder in [NmeaDecoder::new(LENIENT, Some(assumed)), live] {
        let told: usize = decoded(decoder, data).iter().map(|one| usize::from(one.lines)).sum();
        assert!(told >= lines, "{told} fates of {lines} lines");
        assert!(told == lines || !are_simple, "{told} fates of {lines} lines of a sentence each");
    }
}

/// What stands in TAG blocks: with a right checksum it is read, strictly or not, and the sentence behind it has one fate.
pub fn tag_block(data: &[u8]) {
    const SENTENCE: &[u8] = b"!AIVDM,1,1,,B,33L=LN051HQj3HhRJd7q1W=`0000,0*03";
    let mut feed = Vec::new();
    for line in lines_of(data) {
        let block: Vec<u8> = line.iter().copied().filter(|byte| *byte != b'\\').collect();
        let sum = block.iter().fold(0_u8, |sum, byte| sum ^ byte);
        feed.extend_from_slice(b"\\");
        feed.extend_from_slice(&block);
        feed.extend_from_slice(format!("*{sum:02X}\\").as_bytes());
        feed.extend_from_slice(SENTENCE);
        feed.push(b'\n');
    }
    // The last line is ended, and nothing follows.
    feed.pop();
    let lenient = decoded(NmeaDecoder::new(LENIENT, None), &feed);
    assert_eq!(lenient.len(), lines_of(data).count());
    assert_eq!(lenient, decoded(NmeaDecoder::new(STRICT, None), &feed));
}

const HEADERS: [&[u8]; 3] = [
    b"MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,Length,Width,Draft,Cargo,TransceiverClass",
    b"# Timestamp,Type of mobile,MMSI,Latitude,Longitude,Navigational status,ROT,SOG,COG,Heading,IMO,Callsign,Name",
    b"mmsi;date_time_utc;lon;lat;sog;cog;true_heading;nav_status;message_nr",
];

/// A header and rows: each row has one fate.
pub fn table_row(data: &[u8]) {
    let mut lines = lines_of(data);
    // The first byte chooses a known header, or the first line is one.
    let first = lines.next().unwrap_or_default();
    let header = first.first().and_then(|byte| HEADERS.get(usize::from(*byte))).copied().unwrap_or(first);
    let _ = TableDecoder::detect(header);
    let Ok(mut table) = TableDecoder::from_header(header, None, LENIENT) else { return };
    for (at, line) in lines.enumerate() {
        assert_eq!(table.decode(line, origin(at)).lines, 1);
    }
}

/// Lines that may be JSON, as in a file or as they arrive: each has one fate.
pub fn json_line(data: &[u8]) {
    let mut decoder = JsonDecoder::new(LENIENT);
    // One decoder, for it has a large cache; the length tells which.
    if data.len().is_multiple_of(2) {
        decoder.arrive(ARRIVAL);
    }
    for (at, line) in lines_of(data).enumerate() {
        let _ = detect(line);
        assert_eq!(decoder.decode(line, origin(at)).lines, 1);
    }
}

/// Longest line of a connection here.
const LIMIT: usize = 80;

/// A datagram: it has the lines that it would have in a file, in however many pieces it came.
pub fn datagram(data: &[u8]) {
    assert_eq!(live::datagram(&[b"UdPbC\0".as_slice(), data].concat()), data);
    let data = live::datagram(data);
    let copy = |line: Line<'_>| match line {
        Line::Text(text) => Some(text.to_vec()),
        Line::TooLong => None,
    };
    let mut of_file = Vec::new();
    let mut lines = Lines::new(data, LIMIT);
    while let Ok(Some(line)) = lines.next_line() {
        of_file.push(copy(line));
    }
    assert_eq!(lines.bytes, data.len() as u64);
    let cut = data.first().map_or(0, |byte| usize::from(*byte) % data.len());
    let mut of_pieces = Vec::new();
    let mut splitter = Splitter::new(LIMIT);
    for piece in [&data[..cut], &data[cut..]] {
        splitter.push(piece, &mut |line| of_pieces.push(copy(line)));
    }
    splitter.finish(&mut |line| of_pieces.push(copy(line)));
    assert_eq!(of_file, of_pieces);
}

/// So deep an object can be wrapped in another one, and still be read.
const MAX_DEPTH: usize = 100;

/// A topic, and below it a message of a broker: an object is one line that says the same.
pub fn message(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let topic = String::from_utf8_lossy(parts.next().unwrap_or_default()).into_owned();
    let payload = parts.next().unwrap_or_default();
    let line = live::wrapped(&topic, payload);
    assert_eq!(line.last(), Some(&b'\n'));
    let is_deep = payload.iter().filter(|byte| matches!(byte, b'{' | b'[')).count() > MAX_DEPTH;
    if let Ok(told @ Value::Object(_)) = serde_json::from_slice::<Value>(payload)
        && !is_deep
    {
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        let wrapped: Value = serde_json::from_slice(&line).expect("an object is wrapped in one");
        assert_eq!(wrapped, serde_json::json!({ "topic": topic, "payload": told }));
    }
    json_line(&line);
}
