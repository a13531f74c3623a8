//! Feeds, made once for all tests of a run, and their lines taken apart just as far as these tests need it.

use sim::sphere::Position;
use sim::time::EventTime;
use sim::truth::{Kind, ShipTruth, Silence};
use sim::{Truth, generate};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// A line with its TAG block.
pub struct Line<'a> {
    pub tag: &'a str,
    pub sentence: &'a str,
    /// Time, for lines that have one: all but the second sentences.
    pub unix_s: Option<i64>,
    /// Its station, likewise.
    pub station: Option<&'a str>,
}

/// The message that begins in a line.
pub struct Message<'a> {
    pub mmsi: u32,
    /// Its true time: the stamp less what the station's clock is ahead.
    pub at: EventTime,
    pub message_type: u64,
    pub payload: &'a str,
    pub station: &'a str,
}

pub type Feed = Arc<(String, Truth)>;

/// A feed; made by the first who asks for it, while others wait for it alone.
pub fn feed(name: &'static str, seed: u64) -> Feed {
    type Made = BTreeMap<(&'static str, u64), Arc<OnceLock<Feed>>>;
    static MADE: Mutex<Made> = Mutex::new(BTreeMap::new());
    let made =
        Arc::clone(MADE.lock().unwrap_or_else(PoisonError::into_inner).entry((name, seed)).or_default());
    Arc::clone(made.get_or_init(|| {
        let mut bytes = Vec::new();
        let truth =
            generate(name, seed, &mut bytes).expect("a vector takes everything").expect("a known name");
        Arc::new((String::from_utf8(bytes).expect("ASCII"), truth))
    }))
}

/// FNV-1a, 64 bits, of what is written.
pub struct Fingerprint(pub u64);

impl Fingerprint {
    pub fn new() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }

    /// Of a feed that is made for this alone.
    pub fn fresh(name: &str, seed: u64) -> (u64, Truth) {
        let mut fingerprint = Self::new();
        let truth = generate(name, seed, &mut fingerprint).expect("a sink").expect("a known name");
        (fingerprint.0, truth)
    }

    pub fn of(text: &str) -> u64 {
        let mut fingerprint = Self::new();
        fingerprint.write_all(text.as_bytes()).expect("a sink");
        fingerprint.0
    }
}

impl Write for Fingerprint {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub fn lines(feed: &str) -> impl Iterator<Item = Line<'_>> {
    feed.lines().map(|line| {
        let (tag, sentence) = line[1..].split_once('\\').expect("a TAG block");
        let field = |key: &str| tag.split([',', '*']).find_map(|field| field.strip_prefix(key));
        let unix_s = field("c:").map(|time| time.parse().expect("a number"));
        Line { tag, sentence, unix_s, station: field("s:") }
    })
}

/// `count` bits of a payload from bit `from` on.
pub fn bits(payload: &str, from: usize, count: usize) -> u64 {
    let symbol = |index: usize| {
        let char = payload.as_bytes()[index];
        u64::from(if char < 96 { char - 48 } else { char - 56 })
    };
    (from..from + count).fold(0, |value, bit| value << 1 | symbol(bit / 6) >> (5 - bit % 6) & 1)
}

/// Every message, once for each station that heard it.
pub fn messages(made: &(String, Truth)) -> impl Iterator<Item = Message<'_>> {
    let (feed, truth) = made;
    lines(feed).filter_map(|line| {
        let (unix_s, station) = (line.unix_s?, line.station?);
        let clock = truth.clocks.iter().find(|clock| clock.station == station);
        let at = EventTime::from_unix_s(unix_s).after_ms(-clock.map_or(0, |clock| clock.ahead_ms));
        let payload = line.sentence.split(',').nth(5)?;
        let mmsi = u32::try_from(bits(payload, 8, 30)).ok()?;
        Some(Message { mmsi, at, message_type: bits(payload, 0, 6), payload, station })
    })
}

impl Message<'_> {
    /// The position of a class A or B report; 181, 91 if it is not available.
    pub fn position(&self) -> Option<Position> {
        let first = match self.message_type {
            1..=3 => 61,
            18 | 19 => 57,
            _ => return None,
        };
        let degrees = |from: usize, width: usize| {
            let raw = (bits(self.payload, from, width) << (64 - width)).cast_signed() >> (64 - width);
            raw as f64 / 600_000.0
        };
        Some(Position::new(degrees(first, 28), degrees(first + 28, 27)))
    }

    /// The IMO number of a class A static report.
    pub fn imo(&self) -> Option<u64> {
        (self.message_type == 5).then(|| bits(self.payload, 40, 30))
    }
}

/// The silences of a kind, with their ships.
pub fn silences(truth: &Truth, kind: Kind) -> Vec<(&ShipTruth, &Silence)> {
    truth
        .ships
        .iter()
        .flat_map(|ship| ship.silences.iter().map(move |silence| (ship, silence)))
        .filter(|(_, silence)| silence.kind == kind)
        .collect()
}
