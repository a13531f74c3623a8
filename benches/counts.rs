//! Instructions of each stage on small feeds that are always the same; `cargo xtask counts` runs it under callgrind and holds
//! them against `benches/counts.json`.
//!
//! ```text
//! counts make FOLDER     writes the feeds
//! counts list            the stages
//! counts STAGE FOLDER    runs one, and says how many lines it took
//! ```

#[path = "speed/fleet.rs"]
#[expect(dead_code, reason = "other benches need more of it")]
mod fleet;
#[path = "speed/lines.rs"]
mod lines;
#[path = "speed/stages.rs"]
#[expect(dead_code, reason = "other benches need more of it")]
mod stages;
#[path = "speed/symbols.rs"]
#[expect(dead_code, reason = "other benches need more of it")]
mod symbols;

use std::fs;
use std::hint::black_box;
use std::io::{Write, stdout};
use std::path::Path;

use fleet::{Fleet, Rows};
use geofence::Geofence;
use memchr::memchr_iter;
use model::{EventTime, Position};
use stages::{Format, Looker, Seen, Stage, WORLD, Way};

/// Lines and reports of a feed.
const LINES: usize = 20_000;
/// Ships of the fleet, and how often they report: three settlings of reception.
const SHIPS: usize = 2_000;
const INTERVAL_MS: i64 = 180_000;
/// This share of a feed is read before anything is counted, in tenths.
const WARM_TENTHS: usize = 4;
const STAGES: [&str; 5] = ["decode-nmea", "decode-table", "ingest", "whole", "ports"];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["make", folder] => make(Path::new(folder)),
        ["list"] => STAGES.iter().for_each(|stage| say(stage)),
        [stage, folder] => say(&count(stage, Path::new(folder)).to_string()),
        _ => say("make FOLDER, list, or STAGE FOLDER?"),
    }
}

fn say(text: &str) {
    // Nobody reads it: then it need not be said.
    let _ = writeln!(stdout().lock(), "{text}");
}

/// Something that is counted.
trait Work {
    fn work(&mut self) -> u64;
}

/// What happens in here is what is counted: callgrind knows the function by its name, which is in that of no other.
#[inline(never)]
fn counted_work(work: &mut dyn Work) -> u64 {
    let done = work.work();
    // Something is left to do, so that this function is there until the work is done.
    black_box(done).wrapping_add(1)
}

/// Sentences of all kinds from a generated harbour; sentences and rows of a fleet.
fn make(folder: &Path) {
    let write = |name: &str, text: &[u8]| fs::write(folder.join(name), text).expect("a file can be written");
    let mut harbour = Vec::new();
    sim::generate("harbour", 1, &mut harbour).expect("a vector takes everything").expect("a known scenario");
    let end = memchr_iter(b'\n', &harbour).nth(LINES - 1).map_or(harbour.len(), |at| at + 1);
    write("harbour.nmea", &harbour[..end]);
    let fleet = Fleet::new(SHIPS, WORLD.geofence()).every(INTERVAL_MS);
    let (mut sentences, mut rows) = (Vec::new(), Vec::new());
    fleet.clone().sentences(LINES, &mut sentences);
    fleet.clone().rows(Rows::Aisdk, LINES, &mut rows);
    write("fleet.nmea", &sentences);
    write("fleet.csv", &rows);
}

/// Runs a stage; gives the lines, or the positions, that are counted.
fn count(stage: &str, folder: &Path) -> usize {
    let read = |name: &str| fs::read(folder.join(name)).expect("`make` has written it");
    let table = Format::Table(Rows::Aisdk.header());
    match stage {
        "decode-nmea" => lines_read(&read("harbour.nmea"), Way::new(Format::Nmea, Stage::Decode, None)),
        "decode-table" => lines_read(&read("fleet.csv"), Way::new(table, Stage::Decode, None)),
        "ingest" => lines_read(&read("fleet.nmea"), Way::new(Format::Nmea, Stage::Ingest, None)),
        "whole" => lines_read(&read("fleet.nmea"), Way::new(Format::Nmea, Stage::Whole, Some(&WORLD))),
        "ports" => {
            let mut seen = Seen::default();
            Looker::new(Format::Nmea).look(&read("fleet.nmea"), &mut seen);
            let geofence = Geofence::new(connect::ports::built_in().ports);
            let count = seen.positions.len();
            black_box(counted_work(&mut Ports { geofence, positions: seen.positions }));
            count
        }
        other => panic!("{other} is none of {STAGES:?}"),
    }
}

/// The way of lines, once its tables are filled.
struct Lines<'a> {
    way: Way<'a>,
    text: &'a [u8],
}

impl Work for Lines<'_> {
    fn work(&mut self) -> u64 {
        self.way.read(self.text);
        self.way.accepted()
    }
}

fn lines_read<'a>(text: &'a [u8], mut way: Way<'a>) -> usize {
    let lines = memchr_iter(b'\n', text).count();
    let warm = lines * WARM_TENTHS / 10;
    let (before, counted) =
        text.split_at(memchr_iter(b'\n', text).nth(warm.saturating_sub(1)).map_or(0, |at| at + 1));
    way.read(before);
    black_box(counted_work(&mut Lines { way, text: counted }));
    lines - warm
}

/// Which ports hold each position.
struct Ports {
    geofence: Geofence,
    positions: Vec<(Position, EventTime)>,
}

impl Work for Ports {
    fn work(&mut self) -> u64 {
        let inside = |(position, t): &(Position, EventTime)| self.geofence.inside(*position, *t).len() as u64;
        self.positions.iter().map(inside).sum()
    }
}
