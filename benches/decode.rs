//! Lines to reports: time per line of a mixed feed, against other decoders in the same run.
//!
//! Each iteration is one line, so the table shows nanoseconds per line, and `item/s` are lines a
//! second. The feed is the beginning of the scenario `rajin`: TAG blocks, types 1, 3, 4, 5, 18, 19,
//! 21 and 24. All get the same bytes; how much each makes of a line differs:
//!
//! - `line_scan` only looks for line ends, what no decoder can be faster than;
//! - `nmea_kit` and `nmea_parser` skip the TAG block, with the time of the line in it;
//! - `darkwake` gives a report with its time, place and payload bits, or the reason why there is
//!   none.

use std::hint::black_box;
use std::sync::LazyLock;

use decode::nmea::NmeaDecoder;
use decode::{Settings, TagChecksum};
use divan::Bencher;
use divan::counter::ItemsCount;
use model::{EventTime, Origin};
use nmea_kit::ais::AisParser;
use nmea_parser::NmeaParser;

/// Lines of the feed that are used: more than fits into a cache near the processor.
const LINES: usize = 200_000;
/// Lines of one sample, so that each holds all kinds.
const SAMPLE: u32 = 10_000;

static FEED: LazyLock<String> = LazyLock::new(|| {
    let mut feed = Vec::new();
    sim::generate("rajin", 1, &mut feed).expect("a vector takes everything").expect("a known scenario");
    let end = memchr::memchr_iter(b'\n', &feed).nth(LINES - 1).map_or(feed.len(), |at| at + 1);
    feed.truncate(end);
    String::from_utf8(feed).expect("ASCII")
});

/// Which lines.
#[derive(Clone, Copy, Debug)]
enum Lines {
    /// All, as they come.
    Mixed,
    /// Class A position reports alone.
    Position,
    /// Messages 5, each of two lines, alone.
    Static,
    /// Base stations and aids to navigation alone.
    Landmark,
}

impl Lines {
    const ALL: [Lines; 4] = [Lines::Mixed, Lines::Position, Lines::Static, Lines::Landmark];

    fn holds(self, line: &str) -> bool {
        let mut fields = line.rsplit('\\').next().unwrap_or_default().split(',');
        let total = fields.nth(1);
        let first = fields.nth(3).and_then(|payload| payload.bytes().next());
        match self {
            Lines::Mixed => true,
            Lines::Position => total == Some("1") && matches!(first, Some(b'1' | b'3')),
            Lines::Static => total == Some("2"),
            Lines::Landmark => total == Some("1") && matches!(first, Some(b'4' | b'E')),
        }
    }

    fn list(self) -> Vec<&'static str> {
        FEED.lines().filter(|line| self.holds(line)).collect()
    }
}

/// Runs `decode` once a line, round and round.
fn each(bencher: Bencher<'_, '_>, lines: &[&'static str], mut decode: impl FnMut(&'static str)) {
    let mut at = 0;
    bencher.counter(ItemsCount::new(1_u32)).bench_local(move || {
        decode(lines[at]);
        at = if at + 1 == lines.len() { 0 } else { at + 1 };
    });
}

#[divan::bench(sample_size = SAMPLE, sample_count = 60)]
fn line_scan(bencher: Bencher<'_, '_>) {
    let (feed, mut at) = (FEED.as_bytes(), 0);
    bencher.counter(ItemsCount::new(1_u32)).bench_local(move || {
        let length = memchr::memchr(b'\n', &feed[at..]).unwrap_or(0);
        black_box(&feed[at..at + length]);
        at = if at + length + 1 >= feed.len() { 0 } else { at + length + 1 };
    });
}

#[divan::bench(args = Lines::ALL, sample_size = SAMPLE, sample_count = 60)]
fn darkwake(bencher: Bencher<'_, '_>, lines: Lines) {
    let settings = Settings { latest: EventTime::MAX, tag_checksum: TagChecksum::Lenient };
    let mut decoder = NmeaDecoder::new(settings, None);
    let mut origin = Origin::default();
    each(bencher, &lines.list(), move |line| {
        origin.line += 1;
        decoder.decode(line.as_bytes(), origin, &mut |decoded| {
            black_box(decoded);
        });
    });
}

#[divan::bench(args = Lines::ALL, sample_size = SAMPLE, sample_count = 60)]
fn nmea_kit(bencher: Bencher<'_, '_>, lines: Lines) {
    let mut parser = AisParser::new();
    each(bencher, &lines.list(), move |line| {
        if let Ok(frame) = nmea_kit::parse_frame(line) {
            black_box(parser.decode(&frame));
        }
    });
}

#[divan::bench(args = Lines::ALL, sample_size = SAMPLE, sample_count = 30)]
fn nmea_parser(bencher: Bencher<'_, '_>, lines: Lines) {
    let mut parser = NmeaParser::new();
    each(bencher, &lines.list(), move |line| {
        let _ = black_box(parser.parse_sentence(line));
    });
}

fn main() {
    LazyLock::force(&FEED);
    divan::main();
}
