//! What a decoder cannot be faster than, and how fast others are: each reads the same lines.

use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};

use memchr::{memchr, memchr_iter};
use model::EventTime;

use super::lines::each_line;
use super::symbols::{checksum, of_hex};

/// Something that reads whole lines.
pub trait Contender {
    /// What it is called.
    fn name(&self) -> &'static str;
    /// Reads lines, each with its end.
    fn read(&mut self, lines: &[u8]);
    /// A remark about what it did.
    fn remark(&self) -> String {
        String::new()
    }
}

/// Looks for the ends of lines.
pub struct LineScan;

impl Contender for LineScan {
    fn name(&self) -> &'static str {
        "lines (memchr)"
    }

    fn read(&mut self, lines: &[u8]) {
        each_line(lines, |line| {
            black_box(line);
        });
    }
}

/// Looks for the ends of lines and holds sentences against their checksums.
pub struct Checksums;

impl Contender for Checksums {
    fn name(&self) -> &'static str {
        "lines and checksums"
    }

    fn read(&mut self, lines: &[u8]) {
        each_line(lines, |line| {
            black_box(sentence(line));
        });
    }
}

/// What is between `!` and `*`, if the checksum fits.
fn sentence(line: &[u8]) -> Option<&[u8]> {
    let from = memchr(b'!', line)? + 1;
    let end = from + memchr(b'*', &line[from..])?;
    let body = &line[from..end];
    (of_hex(&line[end + 1..]) == Some(checksum(body))).then_some(body)
}

/// Six-bit symbols by character; 255 stands for none.
const SYMBOLS: [u8; 256] = {
    let mut symbols = [255; 256];
    let mut character = 48;
    while character < 120 {
        if character < 88 {
            symbols[character] = character as u8 - 48;
        } else if character >= 96 {
            symbols[character] = character as u8 - 56;
        }
        character += 1;
    }
    symbols
};

/// The least that a decoder of position reports can do: the numbers of messages 1, 2, 3 and 18 in one sentence, by a table
/// of symbols; no time, no parts, nothing is judged.
pub struct Minimal;

impl Contender for Minimal {
    fn name(&self) -> &'static str {
        "minimal decoder"
    }

    fn read(&mut self, lines: &[u8]) {
        each_line(lines, |line| {
            black_box(minimal(line));
        });
    }
}

/// MMSI, speed, longitude and latitude as they are sent.
fn minimal(line: &[u8]) -> Option<(u32, u32, i32, i32)> {
    let sentence = sentence(line)?;
    if sentence.get(5..9)? != b",1,1" {
        return None;
    }
    let payload = memchr_iter(b',', sentence).nth(4)? + 1;
    let payload = sentence.get(payload..payload + 28)?;
    // The speed of class B is four bits earlier, and so is all that follows.
    let sog = match payload[0] {
        b'1'..=b'3' => 50,
        b'B' => 46,
        _ => return None,
    };
    let mut bits = 0_u128;
    let mut wrong = 0;
    for character in &payload[..21] {
        let symbol = SYMBOLS[usize::from(*character)];
        wrong |= symbol;
        bits = (bits << 6) | u128::from(symbol & 63);
    }
    if wrong > 63 {
        return None;
    }
    let field = |at: u32, width: u32| (bits >> (126 - at - width)) as u32 & ((1 << width) - 1);
    let signed = |at: u32, width: u32| (field(at, width) << (32 - width)) as i32 >> (32 - width);
    Some((field(8, 30), field(sog, 10), signed(sog + 11, 28), signed(sog + 39, 27)))
}

/// Runs what may panic, silently.
fn quietly(work: impl FnOnce()) {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    work();
    std::panic::set_hook(hook);
}

/// Crate `ais`.
#[derive(Default)]
pub struct Ais {
    parser: ais::AisParser,
    panics: u64,
}

impl Contender for Ais {
    fn name(&self) -> &'static str {
        "ais"
    }

    fn read(&mut self, lines: &[u8]) {
        let Ais { parser, panics } = self;
        quietly(|| {
            each_line(lines, |line| {
                let run = AssertUnwindSafe(|| {
                    black_box(&parser.parse(line, true));
                });
                *panics += u64::from(catch_unwind(run).is_err());
            });
        });
    }

    fn remark(&self) -> String {
        panics(self.panics)
    }
}

/// Crate `nmea-parser`.
pub struct NmeaParser {
    parser: nmea_parser::NmeaParser,
    panics: u64,
}

impl NmeaParser {
    /// One that has read nothing.
    pub fn new() -> NmeaParser {
        NmeaParser { parser: nmea_parser::NmeaParser::new(), panics: 0 }
    }
}

impl Contender for NmeaParser {
    fn name(&self) -> &'static str {
        "nmea-parser"
    }

    fn read(&mut self, lines: &[u8]) {
        let NmeaParser { parser, panics } = self;
        quietly(|| {
            each_line(lines, |line| {
                let Ok(line) = std::str::from_utf8(line) else { return };
                let run = AssertUnwindSafe(|| {
                    black_box(&parser.parse_sentence(line));
                });
                *panics += u64::from(catch_unwind(run).is_err());
            });
        });
    }

    fn remark(&self) -> String {
        panics(self.panics)
    }
}

fn panics(count: u64) -> String {
    if count == 0 { String::new() } else { format!("panics {count} times") }
}

/// Crate `nmea-kit`.
pub struct NmeaKit(nmea_kit::ais::AisParser);

impl NmeaKit {
    /// One that has read nothing.
    pub fn new() -> NmeaKit {
        NmeaKit(nmea_kit::ais::AisParser::new())
    }
}

impl Contender for NmeaKit {
    fn name(&self) -> &'static str {
        "nmea-kit"
    }

    fn read(&mut self, lines: &[u8]) {
        each_line(lines, |line| {
            let Ok(line) = std::str::from_utf8(line) else { return };
            // It passes over TAG blocks by itself.
            if let Ok(frame) = nmea_kit::parse_frame(line) {
                black_box(self.0.decode(&frame));
            }
        });
    }
}

/// The columns of a row that a report needs, cut out by commas and read; nothing is judged.
pub struct Columns(pub [usize; 5]);

impl Contender for Columns {
    fn name(&self) -> &'static str {
        "needed columns (memchr)"
    }

    fn read(&mut self, lines: &[u8]) {
        let last = self.0.into_iter().max().unwrap_or(0);
        each_line(lines, |line| {
            let mut fields: [&[u8]; 26] = [&[]; 26];
            let mut from = 0;
            for (field, end) in
                fields.iter_mut().zip(memchr_iter(b',', line).chain([line.len()])).take(last + 1)
            {
                *field = &line[from..end];
                from = end + 1;
            }
            let [time, mmsi, lat, lon, sog] = self.0.map(|column| fields[column]);
            black_box((seconds(time), whole(mmsi), scaled(lat), scaled(lon), scaled(sog)));
        });
    }
}

/// The seconds of the day in the last eight characters.
fn seconds(time: &[u8]) -> Option<EventTime> {
    let [.., h1, h0, _, m1, m0, _, s1, s0] = time else { return None };
    let two =
        |high: &u8, low: &u8| i64::from(high.wrapping_sub(b'0')) * 10 + i64::from(low.wrapping_sub(b'0'));
    Some(EventTime((two(h1, h0) * 60 + two(m1, m0)) * 60 + two(s1, s0)))
}

fn whole(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit.wrapping_sub(b'0')))
}

/// A decimal without its point, and how many digits follow it.
fn scaled(text: &[u8]) -> (bool, u64, usize) {
    let (is_negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    match memchr(b'.', digits) {
        Some(point) => {
            let (before, after) = (&digits[..point], &digits[point + 1..]);
            (is_negative, whole(before) * 10_u64.pow(after.len().min(9) as u32) + whole(after), after.len())
        }
        None => (is_negative, whole(digits), 0),
    }
}

/// Crate `csv`, with numbers parsed by the standard library.
pub struct Csv(pub [usize; 5]);

impl Contender for Csv {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn read(&mut self, lines: &[u8]) {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(lines);
        let mut record = csv::StringRecord::new();
        let [time, mmsi, lat, lon, sog] = self.0;
        while matches!(reader.read_record(&mut record), Ok(true)) {
            let number = |column: usize| record.get(column).and_then(|text| text.parse::<f64>().ok());
            let mmsi = record.get(mmsi).and_then(|text| text.parse::<u32>().ok());
            let time = record.get(time).and_then(|text| seconds(text.as_bytes()));
            black_box((time, mmsi, number(lat), number(lon), number(sog)));
        }
    }
}
